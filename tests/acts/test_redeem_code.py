"""A code becomes tokens once. What can be mended leaves it whole; what looks like theft ends its grant."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.issue import Tokens
from tenants.oauth import jwt
from tenants.oauth.refusal import Refusal
from tenants.records import Policy
from tests.support.tenant import ATenant, Registered, a_tenant, refusal_of


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


async def claims(t: ATenant, token: str, typ: str) -> Any:
    return await t.run(lambda turn, _: jwt.verify(token, turn.tx.signing_keys.all(), typ=typ), None)


async def test_a_code_yields_tokens_that_count(t: ATenant) -> None:
    client = await t.client()
    tokens = await t.redeem(client, await t.code(client, scope="openid email"))
    answer = await t.introspect(client, tokens.access_token)
    assert answer["active"]
    assert (answer["scope"], answer["aud"], answer["iss"]) == ("openid email", t.tenant.uri, t.tenant.uri)
    assert tokens.expires_in == Policy().access_token_ttl
    assert await t.refresh(client, tokens.refresh_token)


async def test_a_code_yields_tokens_once_and_its_second_use_ends_what_the_first_gave(t: ATenant) -> None:
    client = await t.client()
    code = await t.code(client)
    tokens = await t.redeem(client, code)
    await refusal_of(t.redeem(client, code), "invalid_grant")
    assert not await t.counts(client, tokens.access_token)
    await refusal_of(t.refresh(client, tokens.refresh_token), "invalid_grant")
    assert "code.reused" in await t.event_types()


async def test_a_code_used_twice_in_one_batch_yields_tokens_once(t: ATenant) -> None:
    client = await t.client()
    code = await t.code(client)
    answers = await asyncio.gather(*(t.redeem(client, code) for _ in range(5)), return_exceptions=True)
    assert [isinstance(answer, Tokens) for answer in answers] == [True, False, False, False, False]
    assert all(isinstance(answer, Refusal) and answer.code == "invalid_grant" for answer in answers[1:])


async def test_a_code_that_is_reused_after_it_expired_still_ends_its_grant(t: ATenant) -> None:
    client = await t.client()
    code = await t.code(client)
    tokens = await t.redeem(client, code)
    t.clock.forward(700)
    await refusal_of(t.redeem(client, code), "invalid_grant")
    assert not await t.counts(client, tokens.access_token)


async def test_a_code_lives_to_the_second_before_its_end(t: ATenant) -> None:
    client = await t.client()
    code, late = await t.code(client), await t.code(client)
    t.clock.forward(599)
    assert await t.redeem(client, code)
    t.clock.forward(1)
    await refusal_of(t.redeem(client, late), "invalid_grant")


async def test_a_code_of_another_client_is_refused_and_stays_good_for_its_own(t: ATenant) -> None:
    client, thief = await t.client(), await t.client()
    code = await t.code(client)
    before = await t.dump()
    await refusal_of(t.redeem(thief, code), "invalid_grant")
    assert await t.dump() == before
    assert await t.redeem(client, code)


@pytest.mark.parametrize("verifier", [None, "", "w" * 43, "short"])
async def test_a_wrong_verifier_burns_the_code(t: ATenant, verifier: str | None) -> None:
    client = await t.client()
    code = await t.code(client)
    await refusal_of(t.redeem(client, code, verifier=verifier), "invalid_grant")
    await refusal_of(t.redeem(client, code), "invalid_grant")
    assert (await t.event_types())[-1] == "code.not_proven"


async def test_another_redirect_uri_is_refused_and_the_code_stays_good(t: ATenant) -> None:
    client = await t.client()
    code = await t.code(client)
    before = await t.dump()
    await refusal_of(t.redeem(client, code, redirect_uri="https://client.example/other"), "invalid_grant")
    assert await t.dump() == before
    assert await t.redeem(client, code, redirect_uri=None)  # OAuth 2.1 dropped the parameter


async def test_a_code_is_redeemed_for_the_resource_it_was_granted_for(t: ATenant) -> None:
    client = await t.client()
    code = await t.code(client, resource="https://mcp.example/a")
    before = await t.dump()
    await refusal_of(t.redeem(client, code, resources=("https://mcp.example/b",)), "invalid_target")
    both = ("https://mcp.example/a", "https://mcp.example/b")
    await refusal_of(t.redeem(client, code, resources=both), "invalid_target")
    assert await t.dump() == before
    tokens = await t.redeem(client, code, resources=("https://mcp.example/a",))
    assert (await claims(t, tokens.access_token, "at+jwt"))["aud"] == "https://mcp.example/a"


@pytest.mark.parametrize("code", ["", "tnc_", "tnc_" + "A" * 48, "x" * 4_000, "tnc_é" + "A" * 47])
async def test_a_code_that_was_never_made_is_refused_and_leaves_nothing(t: ATenant, code: str) -> None:
    client = await t.client()
    before = await t.dump()
    await refusal_of(t.redeem(client, code), "invalid_grant")
    assert await t.dump() == before


async def test_a_refresh_token_is_no_code_and_a_code_no_refresh_token(t: ATenant) -> None:
    client = await t.client()
    code = await t.code(client)
    await refusal_of(t.refresh(client, code), "invalid_grant")
    tokens = await t.redeem(client, code)
    await refusal_of(t.redeem(client, tokens.refresh_token or ""), "invalid_grant")
    assert await t.counts(client, tokens.access_token)


async def test_a_client_that_does_not_refresh_gets_no_refresh_token(t: ATenant) -> None:
    client = await t.client(grant_types=["authorization_code"])
    tokens = await t.tokens(client)
    assert tokens.refresh_token is None
    assert "refresh_token" not in tokens.members()


async def test_an_id_token_comes_with_openid_and_with_the_nonce(t: ATenant) -> None:
    client = await t.client()
    tokens = await t.tokens(client, scope="openid email", nonce="n-1")
    told = await claims(t, tokens.id_token or "", "JWT")
    assert (told["aud"], told["nonce"], told["email"]) == (client.id, "n-1", "alice@example.com")
    assert (await t.tokens(client, scope="email")).id_token is None


async def test_scopes_that_were_taken_away_before_the_code_was_redeemed_tell_nothing(t: ATenant) -> None:
    client = await t.client()
    code = await t.code(client, scope="openid email profile")
    await t.policy(lambda policy: replace(policy, scopes=("openid", "profile")))
    tokens = await t.redeem(client, code)
    assert tokens.scope == "openid profile"
    told = await claims(t, tokens.id_token or "", "JWT")
    assert told["name"] == "Alice"
    assert not {"email", "email_verified"} & told.keys()


async def test_what_is_not_openid_never_reaches_the_token_of_another_kind(t: ATenant) -> None:
    client = await t.client()
    tokens = await t.tokens(client, scope="openid")
    assert await claims(t, tokens.id_token or "", "at+jwt") is None
    assert not await t.counts(client, tokens.id_token or "")


async def test_a_disabled_user_gets_no_tokens_for_a_code(t: ATenant) -> None:
    client = await t.client()
    code = await t.code(client)
    await disable_all_users(t)
    await refusal_of(t.redeem(client, code), "invalid_grant")


async def test_a_confidential_client_must_prove_itself(t: ATenant) -> None:
    client = await t.client(token_endpoint_auth_method="client_secret_post")
    code = await t.code(client)
    before = await t.dump()
    for shown in (
        Registered(client.id, "client_secret_post", "wrong"),
        Registered(client.id, "client_secret_basic", client.secret),
        Registered(client.id),
        Registered("c_unknown", "client_secret_post", client.secret),
    ):
        await refusal_of(t.redeem(shown, code), "invalid_client")
    assert await t.dump() == before
    assert await t.redeem(client, code)


async def test_opaque_tokens_count_as_well(tmp_path: Path) -> None:
    async with a_tenant(tmp_path, Policy(token_format="opaque")) as t:
        client = await t.client()
        tokens = await t.tokens(client)
        assert tokens.access_token.startswith("tna_")
        assert await t.counts(client, tokens.access_token)
        t.clock.forward(3_600)
        assert not await t.counts(client, tokens.access_token)


async def disable_all_users(t: ATenant) -> None:
    def disable(turn: Any, _: None) -> None:
        for user in turn.tx.users.page("", 100):
            turn.tx.users.change(replace(user, disabled_at=turn.now))

    await t.run(disable, None)
