"""A refresh token becomes the next one. The same one asked again soon is answered alike; later, it ends the grant."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tenants.acts.issue import MAX_LIVE
from tenants.oauth.refusal import Refusal
from tenants.records import DAY, Policy
from tests.acts.test_redeem_code import disable_all_users
from tests.support.tenant import ATenant, a_tenant, refusal_of


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
