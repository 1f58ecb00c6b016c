"""What a client holds in its own name, as the tenant keeps it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.client_changes import Named, remove_client
from tenants.acts.client_credentials import MAX_LIVE
from tenants.acts.operate import get_client
from tenants.acts.userinfo import userinfo
from tenants.oauth.requests import ShownToken
from tenants.records import DAY, Policy
from tenants.turn import Turn
from tests.support.clients import claims
from tests.support.tenant import ATenant, Registered, a_tenant, refusal_of

POLICY = Policy(scopes=("mcp", "admin", "openid", "profile", "email", "offline_access"), grant_ttl=60)
ITSELF: dict[str, Any] = {"grant_types": ["client_credentials"]}
MCP = "https://mcp.example/mcp"


@pytest_asyncio.fixture(params=["jwt", "opaque"])
async def t(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path, POLICY) as made:
        await made.resource("mcp", MCP, token_format=request.param)
        yield made


async def machine(t: ATenant, name: str = "machine") -> Registered:
    return await t.operators_client(name, **ITSELF)


async def test_however_often_it_asks_there_is_one_row_for_each_resource(t: ATenant) -> None:
    client, other = await machine(t), await machine(t, "other")
    for _ in range(3):
        for each in (client, other):
            await t.tokens_for_itself(each, resources=(MCP,))
            await t.tokens_for_itself(each)
    kept = [(grant.client_id, grant.resource, grant.user_id, len(grant.access)) for grant in await t.grants()]
    wanted = [(name, uri, None, 3) for name in ("machine", "other") for uri in ("https://acme.example", MCP)]
    assert sorted(kept) == wanted  # type: ignore[type-var]


async def test_so_many_tokens_count_at_once_and_one_more_ends_the_oldest(t: ATenant) -> None:
    client = await machine(t)
    tokens = [(await t.tokens_for_itself(client, resources=(MCP,))).access_token for _ in range(MAX_LIVE + 1)]
    assert [await t.counts(client, token) for token in tokens] == [False] + [True] * MAX_LIVE


async def test_each_token_has_the_scopes_that_it_was_asked_for(t: ATenant) -> None:
    client = await machine(t)
    asked = ("mcp", "admin", None, "openid")
    tokens = [(await t.tokens_for_itself(client, scope=scope, resources=(MCP,))).access_token for scope in asked]
    told = [(await t.introspect(client, token))["scope"] for token in tokens]
    assert told == ["mcp", "admin", "mcp admin", ""]


async def test_nothing_is_left_when_the_last_token_has_ended(t: ATenant) -> None:
    client = await machine(t)
    for _ in range(2):
        first = await t.tokens_for_itself(client, resources=(MCP,))
        t.clock.forward(POLICY.access_token_ttl - 1)
        second = await t.tokens_for_itself(client, resources=(MCP,))
        assert first.expires_in == second.expires_in == POLICY.access_token_ttl  # whatever a user's grant lives for
        await t.maintain()
        assert [await t.counts(client, each.access_token) for each in (first, second)] == [True, True]
        t.clock.forward(1)
        assert [await t.counts(client, each.access_token) for each in (first, second)] == [False, True]
        t.clock.forward(POLICY.access_token_ttl - 1)
        await t.maintain()
        assert await t.grants() == []


async def test_a_token_given_back_ends_alone(t: ATenant) -> None:
    client = await machine(t)
    first, second = [(await t.tokens_for_itself(client, resources=(MCP,))).access_token for _ in range(2)]
    await t.revoke(await machine(t, "other"), first)
    assert await t.counts(client, first)
    await t.revoke(client, first)
    assert [await t.counts(client, each) for each in (first, second)] == [False, True]


async def test_what_ends_its_tokens_does_not_keep_it_from_new_ones(t: ATenant) -> None:
    client = await machine(t)
    before = (await t.tokens_for_itself(client, resources=(MCP,))).access_token
    await t.remove_resource("mcp")
    await t.resource("mcp", MCP)
    after = (await t.tokens_for_itself(client, resources=(MCP,))).access_token
    assert [await t.counts(client, each) for each in (before, after)] == [False, True]
    await t.run(remove_client, Named(id="machine"))
    client = await machine(t)
    again = (await t.tokens_for_itself(client, resources=(MCP,))).access_token
    assert [await t.counts(client, each) for each in (before, after, again)] == [False, False, True]


async def test_who_may_ask_for_itself(t: ATenant) -> None:
    app = await t.operators_client("app", redirect_uris=["https://app.example/cb"])
    for other in (app, await t.client(token_endpoint_auth_method="client_secret_basic")):
        await refusal_of(t.tokens_for_itself(other), "unauthorized_client")
    client = await machine(t)
    await refusal_of(t.tokens_for_itself(Registered(client.id, client.method, "wrong")), "invalid_client")
    await refusal_of(t.tokens_for_itself(Registered(client.id)), "invalid_client")
    assert await t.grants() == []


@pytest.mark.parametrize("change", [{"origin": "registration"}, {"origin": "document"}, {"auth_method": "none"}])
async def test_whatever_is_kept_of_it_a_client_of_strangers_is_refused(t: ATenant, change: dict[str, Any]) -> None:
    client = await machine(t)

    def act(turn: Turn, _: None) -> None:
        turn.tx.clients.change(replace(get_client(turn, client.id), **change))

    await t.run(act, None)
    shown = Registered(client.id) if "auth_method" in change else client
    await refusal_of(t.tokens_for_itself(shown), "unauthorized_client")


async def test_it_speaks_of_no_user(t: ATenant) -> None:
    client = await machine(t)
    await t.change_resource("mcp", token_format=None)
    tokens = await t.tokens_for_itself(client, scope="openid mcp email offline_access")
    assert (tokens.scope, tokens.refresh_token, tokens.id_token) == ("mcp", None, None)
    said = claims(tokens.access_token)
    assert (said["sub"], said["client_id"], said["aud"]) == ("machine", "machine", "https://acme.example")
    assert not said.keys() & {"auth_time", "roles", "org_id", "permissions"}
    assert (await t.introspect(client, tokens.access_token))["sub"] == "machine"
    await refusal_of(t.run(userinfo, ShownToken(tokens.access_token, None)), "invalid_token")


async def test_a_long_life_brings_no_grown_row(t: ATenant) -> None:
    client = await machine(t)
    for _ in range(5):
        await t.tokens_for_itself(client, resources=(MCP,))
        t.clock.forward(DAY)
    [grant] = await t.grants()
    assert len(grant.access) == 1
