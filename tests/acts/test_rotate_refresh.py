"""A refresh token becomes the next one. The same one asked again soon is answered alike; later, it ends the grant."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tenants.acts.issue import MAX_LIVE
from tenants.oauth.refusal import Refusal
from tenants.records import DAY, Policy, TokenFormat
from tenants.turn import Turn
from tests.acts.test_redeem_code import claims, disable_all_users
from tests.support.tenant import ATenant, Registered, a_tenant, refusal_of


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


async def test_each_refresh_gives_the_next_token_and_the_chain_goes_on(t: ATenant) -> None:
    client = await t.client()
    tokens = await t.tokens(client)
    seen = {tokens.refresh_token}
    for _ in range(5):
        t.clock.forward(100)
        tokens = await t.refresh(client, tokens.refresh_token)
        assert tokens.refresh_token not in seen
        seen.add(tokens.refresh_token)
        assert await t.counts(client, tokens.access_token)


async def test_five_refreshes_at_once_get_one_answer(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client)
    answers = await asyncio.gather(*(t.refresh(client, first.refresh_token) for _ in range(5)))
    assert len({answer.refresh_token for answer in answers}) == 1
    assert all(answer == answers[0] for answer in answers)
    assert await t.refresh(client, answers[0].refresh_token)


async def test_a_replay_inside_the_window_gets_the_same_answer_and_writes_nothing(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client)
    second = await t.refresh(client, first.refresh_token)
    t.clock.forward(60)
    before = await t.dump()
    again = await t.refresh(client, first.refresh_token)
    assert again == replace(second, expires_in=second.expires_in - 60)
    assert await t.dump() == before


async def test_a_replay_after_the_window_ends_the_grant(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client)
    second = await t.refresh(client, first.refresh_token)
    t.clock.forward(61)
    await refusal_of(t.refresh(client, first.refresh_token), "invalid_grant")
    await refusal_of(t.refresh(client, second.refresh_token), "invalid_grant")
    assert not await t.counts(client, second.access_token)
    assert "refresh_token.reused" in await t.event_types()


async def test_a_replay_after_the_successor_was_used_ends_the_grant(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client)
    second = await t.refresh(client, first.refresh_token)
    third = await t.refresh(client, second.refresh_token)
    await refusal_of(t.refresh(client, first.refresh_token), "invalid_grant")
    await refusal_of(t.refresh(client, third.refresh_token), "invalid_grant")


async def test_without_a_window_the_second_use_ends_the_grant_at_once(tmp_path: Path) -> None:
    async with a_tenant(tmp_path, Policy(replay_window=0)) as t:
        client = await t.client()
        first = await t.tokens(client)
        second = await t.refresh(client, first.refresh_token)
        await refusal_of(t.refresh(client, first.refresh_token), "invalid_grant")
        await refusal_of(t.refresh(client, second.refresh_token), "invalid_grant")


async def test_a_replay_for_other_scopes_is_refused_and_the_chain_lives(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client, scope="openid email")
    second = await t.refresh(client, first.refresh_token, scope="openid")
    before = await t.dump()
    await refusal_of(t.refresh(client, first.refresh_token), "invalid_grant")
    await refusal_of(t.refresh(client, first.refresh_token, scope="profile"), "invalid_scope")
    assert await t.dump() == before
    assert await t.refresh(client, second.refresh_token)


async def test_a_replay_for_another_resource_is_refused_and_the_chain_lives(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client, resource="https://mcp.example/a")
    second = await t.refresh(client, first.refresh_token, resources=("https://mcp.example/a",))
    before = await t.dump()
    await refusal_of(t.refresh(client, first.refresh_token, resources=("https://mcp.example/b",)), "invalid_target")
    assert await t.dump() == before
    assert await t.refresh(client, second.refresh_token)


async def test_scopes_can_be_narrowed_for_one_access_token_and_come_back(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client, scope="openid email profile")
    second = await t.refresh(client, first.refresh_token, scope="email")
    assert second.scope == "email"
    assert (await t.introspect(client, second.access_token))["scope"] == "email"
    third = await t.refresh(client, second.refresh_token)
    assert third.scope == "openid email profile"


async def test_more_scopes_than_were_granted_are_refused_and_the_token_stays_good(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client, scope="openid")
    before = await t.dump()
    await refusal_of(t.refresh(client, first.refresh_token, scope="openid email"), "invalid_scope")
    assert await t.dump() == before
    assert await t.refresh(client, first.refresh_token)


# --- what the issuer or the client may no longer have


async def limit_client(t: ATenant, client: Registered, scopes: tuple[str, ...] | None) -> None:
    def act(turn: Turn, _: None) -> None:
        kept = turn.tx.clients.find(client.id)
        assert kept is not None
        turn.tx.clients.change(replace(kept, origin="admin", scopes=scopes))

    await t.run(act, None)


async def limit_issuer(t: ATenant, scopes: tuple[str, ...] | None) -> None:
    await t.policy(lambda policy: replace(policy, scopes=scopes or Policy().scopes))


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
@pytest.mark.parametrize("whose", ["issuer", "client"])
async def test_scopes_that_were_taken_away_are_gone_from_the_next_refresh_on_and_can_be_given_back(
    tmp_path: Path, whose: str, token_format: TokenFormat
) -> None:
    async with a_tenant(tmp_path, Policy(token_format=token_format)) as t:
        client = await t.client()
        tokens = await t.tokens(client, scope="openid email profile")
        for allowed, left in ((("openid", "email", "offline_access"), "openid email"), (("profile",), "profile")):
            await (limit_issuer(t, allowed) if whose == "issuer" else limit_client(t, client, allowed))
            tokens = await t.refresh(client, tokens.refresh_token)
            assert tokens.scope == left
            assert (await t.introspect(client, tokens.access_token))["scope"] == left
            if token_format == "jwt":
                assert (await claims(t, tokens.access_token, "at+jwt"))["scope"] == left
        await (limit_issuer(t, None) if whose == "issuer" else limit_client(t, client, None))
        tokens = await t.refresh(client, tokens.refresh_token)
        assert tokens.scope == "openid email profile"


async def test_a_part_of_the_scopes_is_a_part_of_what_is_left(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client, scope="openid email profile")
    await limit_issuer(t, ("openid", "profile"))
    await limit_client(t, client, ("openid", "email"))
    assert (await t.refresh(client, first.refresh_token, scope="openid email")).scope == "openid"


SERVED = ("https://mcp.example/a", "https://mcp.example/b")


async def test_a_resource_that_was_taken_away_gets_no_more_tokens_until_it_is_back(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        for name, uri in zip("ab", SERVED, strict=True):
            await t.resource(name, uri)
        client = await t.client()
        gone, stays = await t.tokens(client, resource=SERVED[0]), await t.tokens(client, resource=SERVED[1])
        code = await t.code(client, resource=SERVED[0])
        await t.change_resource("a", disabled=True)
        before = await t.dump()
        for resources in ((), SERVED[:1]):
            await refusal_of(t.refresh(client, gone.refresh_token, resources=resources), "invalid_target")
        await refusal_of(t.redeem(client, code), "invalid_target")
        assert await t.dump() == before
        assert await t.refresh(client, stays.refresh_token)
        await t.change_resource("a", disabled=False)
        assert await t.refresh(client, gone.refresh_token)
        assert await t.redeem(client, code)


@pytest.mark.parametrize(
    ("granted", "today"),
    [
        (SERVED[0], ()),
        (SERVED[0], ("HTTPS://MCP.example/a",)),
        ("https://mcp.example", ("https://mcp.example/",)),
        (None, SERVED[1:]),
    ],
)
async def test_a_resource_that_is_served_as_before_or_by_another_spelling_was_not_taken_away(
    t: ATenant, granted: str | None, today: tuple[str, ...]
) -> None:
    client = await t.client()
    tokens = await t.tokens(client, resource=granted)
    for number, uri in enumerate(today):
        await t.resource(f"r{number}", uri)
    assert await t.refresh(client, tokens.refresh_token)


# --- whose it is, and for how long


async def test_a_refresh_token_of_another_client_is_refused_and_stays_good(t: ATenant) -> None:
    client, thief = await t.client(), await t.client()
    first = await t.tokens(client)
    before = await t.dump()
    await refusal_of(t.refresh(thief, first.refresh_token), "invalid_grant")
    assert await t.dump() == before
    assert await t.refresh(client, first.refresh_token)


async def test_an_unused_refresh_token_ends_and_a_used_one_starts_anew(t: ATenant) -> None:
    client = await t.client()
    tokens = await t.tokens(client)
    for _ in range(3):
        t.clock.forward(30 * DAY - 1)
        tokens = await t.refresh(client, tokens.refresh_token)
    t.clock.forward(30 * DAY)
    await refusal_of(t.refresh(client, tokens.refresh_token), "invalid_grant")


async def test_a_grant_ends_however_often_it_is_refreshed(tmp_path: Path) -> None:
    async with a_tenant(tmp_path, Policy(grant_ttl=1_000)) as t:
        client = await t.client()
        tokens = await t.tokens(client)
        assert tokens.expires_in == 1_000  # no token outlives its grant
        t.clock.forward(900)
        tokens = await t.refresh(client, tokens.refresh_token)
        assert tokens.expires_in == 100
        t.clock.forward(100)
        await refusal_of(t.refresh(client, tokens.refresh_token), "invalid_grant")
        assert not await t.counts(client, tokens.access_token)


async def test_only_the_latest_access_tokens_of_a_grant_count(t: ATenant) -> None:
    client = await t.client()
    tokens = [await t.tokens(client)]
    for _ in range(MAX_LIVE):
        tokens.append(await t.refresh(client, tokens[-1].refresh_token))
    assert [await t.counts(client, each.access_token) for each in tokens] == [False] + [True] * MAX_LIVE


async def test_after_a_refresh_token_is_revoked_nothing_of_its_grant_works(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client)
    second = await t.refresh(client, first.refresh_token)
    await t.revoke(client, first.refresh_token)  # an old one names the grant as well
    for token in (first, second):
        await refusal_of(t.refresh(client, token.refresh_token), "invalid_grant")
        assert not await t.counts(client, token.access_token)


async def test_a_revoked_access_token_ends_alone(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client)
    second = await t.refresh(client, first.refresh_token)
    await t.revoke(client, first.access_token)
    assert not await t.counts(client, first.access_token)
    assert await t.counts(client, second.access_token)


async def test_nobody_revokes_the_tokens_of_another_client(t: ATenant) -> None:
    client, other = await t.client(), await t.client()
    tokens = await t.tokens(client)
    before = await t.dump()
    for token in (tokens.refresh_token, tokens.access_token, "tnr_" + "A" * 48, "x"):
        await t.revoke(other, token)
    assert await t.dump() == before
    assert await t.counts(client, tokens.access_token)


async def test_a_disabled_user_is_not_refreshed(t: ATenant) -> None:
    client = await t.client()
    tokens = await t.tokens(client)
    await disable_all_users(t)
    assert not await t.counts(client, tokens.access_token)
    await refusal_of(t.refresh(client, tokens.refresh_token), "invalid_grant")


async def test_a_refresh_token_survives_sleep(t: ATenant) -> None:
    client = await t.client()
    first = await t.tokens(client)
    await t.sleep()
    second = await t.refresh(client, first.refresh_token)
    await t.sleep()
    assert await t.refresh(client, first.refresh_token) == second


async def test_a_refusal_says_the_same_whatever_is_wrong(t: ATenant) -> None:
    client, other = await t.client(), await t.client()
    tokens = await t.tokens(client)
    told: set[str] = set()
    for who, token in ((other, tokens.refresh_token), (client, "tnr_" + "A" * 48), (client, "nonsense")):
        with pytest.raises(Refusal) as raised:
            await t.refresh(who, token)
        told.add(raised.value.description)
    assert len(told) == 1
