"""Sign-in to an app of the operator's own, as the tenant keeps it."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest_asyncio

from tenants.acts.authorize import Arrival, Redirect
from tenants.acts.first_party import enter, redeem
from tenants.acts.operate import NewClient, add_client
from tenants.acts.sign_in import AskSignIn
from tenants.oauth.client_auth import Credentials
from tenants.oauth.pkce import challenge_of
from tenants.oauth.requests import ExchangeRequest
from tenants.records import Grant, Policy
from tests.support.tenant import ALICE, BROWSER, VERIFIER, ATenant, a_tenant, parameters, refusal_of

POLICY = Policy(first_party_origins=("https://app.example",), authorization_code_ttl=300, grant_ttl=10 * 86_400)
QUERY = urlencode(
    {
        "returnTo": "https://app.example/page",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
).encode("ascii")


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path, POLICY) as made:
        yield made


async def code(t: ATenant, query: bytes = QUERY) -> str:
    answer = await t.run(enter, Arrival(query=query, browser=BROWSER, automatic_user=ALICE))
    assert isinstance(answer, Redirect)
    return parameters(answer.uri)["code"]


def with_verifier(
    code: str, verifier: str | None = VERIFIER, credentials: Credentials | None = None
) -> ExchangeRequest:
    return ExchangeRequest(credentials, code, verifier)


async def grants(t: ATenant) -> list[Grant]:
    return await t.run(lambda turn, _: list(turn.tx.grants.page(0, 10)), None)


async def test_asking_for_the_page_writes_nothing(t: ATenant) -> None:
    before = await t.dump()
    for _ in range(3):
        assert isinstance(await t.run(enter, Arrival(query=QUERY, browser=BROWSER)), AskSignIn)
    assert await t.dump() == before


async def test_the_grant_lives_as_long_as_code_and_token_and_no_longer(t: ATenant) -> None:
    given = await code(t)
    [grant] = await grants(t)
    assert (grant.client_id, grant.resource, grant.redirect_uri) == (
        "first-party",
        t.tenant.uri,
        "https://app.example/callback",
    )
    assert (grant.code_expires_at, grant.expires_at) == (t.clock.now + 60, t.clock.now + 60 + POLICY.access_token_ttl)
    t.clock.forward(59)
    tokens = await t.run(redeem, with_verifier(given))
    assert tokens.expires_in == POLICY.access_token_ttl
    assert (tokens.refresh_token, tokens.id_token) == (None, None)
    [grant] = await grants(t)
    assert (grant.generation, grant.code_spent_at, grant.refresh_digest) == (1, t.clock.now, None)
    t.clock.forward(POLICY.access_token_ttl)
    await t.maintain()
    assert await grants(t) == []


async def test_a_client_gets_an_access_token_alone_for_what_it_may_have(t: ATenant) -> None:
    metadata = {"redirect_uris": ["https://app.example/cb"], "scope": "openid offline_access"}
    client, secret = await t.run(add_client, NewClient(client_id="K", metadata=metadata, resources=()))
    assert "refresh_token" in client.grant_types
    given = await code(t, QUERY + b"&client_id=K")
    [grant] = await grants(t)
    assert (grant.client_id, grant.scopes) == ("K", ("openid",))
    tokens = await t.run(redeem, with_verifier(given, credentials=Credentials("K", client.auth_method, secret)))
    assert (tokens.refresh_token, tokens.id_token) == (None, None)
    [grant] = await grants(t)
    assert grant.refresh_digest is None


async def test_only_the_digest_of_a_code_is_kept(t: ATenant) -> None:
    given = await code(t)
    kept = "\n".join(await t.dump())
    assert "first-party" in kept
    assert given not in kept


async def test_who_only_knows_a_code_changes_nothing(t: ATenant) -> None:
    given = await code(t)
    stranger = await t.client()
    before = await t.dump()
    await refusal_of(t.run(redeem, with_verifier(given, credentials=stranger.credentials)), "invalid_grant")
    await refusal_of(t.run(redeem, with_verifier(given[:-4] + "AAAA")), "invalid_grant")
    await refusal_of(t.redeem(stranger, given), "invalid_grant")
    assert await t.dump() == before
    assert await t.run(redeem, with_verifier(given))


async def test_what_looks_like_theft_is_remembered(t: ATenant) -> None:
    await refusal_of(t.run(redeem, with_verifier(await code(t), "w" * 43)), "invalid_grant")
    given = await code(t)
    await t.run(redeem, with_verifier(given))
    await refusal_of(t.run(redeem, with_verifier(given)), "invalid_grant")
    told = [(event.type, event.actor) for event in await t.events() if event.type.startswith("code.")]
    assert told == [("code.not_proven", "first-party"), ("code.reused", "first-party")]
    assert all(grant.revoked_at == t.clock.now for grant in await grants(t))
