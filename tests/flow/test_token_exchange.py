"""A resource server passes a user's access on to another one, and acts in their name there (RFC 8693)."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tenants.acts.client_changes import Named, remove_client
from tenants.acts.client_credentials import MAX_LIVE
from tenants.acts.operate import get_client
from tenants.acts.resources import (
    NewResource,
    ResourceChange,
    ResourceRemoval,
    Settings,
    add_resource,
    change_resource,
    remove_resource,
)
from tenants.acts.token_exchange import MAX_ACTORS
from tenants.oauth.requests import ACCESS_TOKEN, TOKEN_EXCHANGE
from tenants.records import ResourceScope
from tenants.turn import Turn
from tests.flow.town import Town, disable_client, disable_user
from tests.support.clients import AZ, ISSUER, PUBLIC, RESOURCE, RG, TK, Pairs, changed, claims, refused
from tests.support.holder import Holder
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "https://mcp.test/other"
THIRD = "https://mcp.test/third"
TX: Pairs = [("grant_type", TOKEN_EXCHANGE), ("subject_token_type", ACCESS_TOKEN), ("resource", OTHER)]


async def server(town: Town, client_id: str, speaks_for: str, *targets: str, **metadata: Any) -> None:
    """A resource server that may exchange what it is shown for tokens of `targets`."""
    given = {"grant_types": [TOKEN_EXCHANGE], **metadata}
    _, secret = await town.house.client("a", client_id, (speaks_for,), targets, **given)
    town.secrets[client_id] = secret or ""


async def with_servers(town: Town) -> None:
    """S is shown tokens for the one resource, and passes on to the other and the third; T passes on from the other."""
    await town.house.resource("a", "third", THIRD, scopes=(ResourceScope(name="third:own"),))
    await server(town, "S", RESOURCE, OTHER, THIRD)
    await server(town, "T", OTHER, THIRD)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def servers(town: Town) -> None:
    await with_servers(town)


@pytest_asyncio.fixture(loop_scope="module")
async def alone(fresh: Town) -> Town:
    await with_servers(fresh)
    return fresh


async def shown(town: Town, **changes: str | None) -> str:
    """What P shows to S: an access token of U."""
    return (await town.tokens(changed(AZ, scope="mcp admin email offline_access", **changes)))["access_token"]


async def asked(
    town: Town, token: str, client_id: str = "S", *more: tuple[str, str], **changes: str | None
) -> httpx.Response:
    form = [*changed(TX, subject_token=token, **changes), *more]
    return await town.token(form, basic=town.basic(client_id))


async def exchanged(town: Town, token: str, client_id: str = "S", **changes: str | None) -> str:
    answer = await asked(town, token, client_id, **changes)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


async def told(town: Town, token: str, client_id: str = "S") -> dict[str, Any]:
    return (await town.ask("POST", "/introspect", form={"token": token}, basic=town.basic(client_id))).json()


async def counts(town: Town, token: str, client_id: str = "S") -> bool:
    return (await told(town, token, client_id))["active"]


@requirement("rfc8693:a-resource-server-acts-for-its-user")
async def test_a_resource_server_gets_a_token_to_act_for_its_user_at_another(town: Town) -> None:
    before = await shown(town)
    answer = await asked(town, before)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    assert given.keys() == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert (given["issued_token_type"], given["token_type"]) == (ACCESS_TOKEN, "Bearer")
    assert given["scope"] == "mcp admin email"
    said, was = claims(given["access_token"]), claims(before)
    assert (said["sub"], said["client_id"], said["aud"], said["act"]) == (was["sub"], "S", OTHER, {"sub": "S"})
    assert said["auth_time"] == was["auth_time"]
    assert "act" not in was
    for client_id in ("S", "T"):
        seen = await told(town, given["access_token"], client_id)
        assert (seen["active"], seen["sub"], seen["act"], seen["aud"]) == (True, was["sub"], {"sub": "S"}, OTHER)
    assert await told(town, given["access_token"], "R") == {"active": False}
    assert (await town.introspect(before))["active"]


@requirement("rfc8693:the-chain-of-actors-is-told")
async def test_who_acted_before_is_told_behind_who_acts_now(town: Town) -> None:
    first = await exchanged(town, await shown(town))
    second = await exchanged(town, first, "T", resource=THIRD)
    said = claims(second)
    assert (said["client_id"], said["aud"], said["act"]) == ("T", THIRD, {"sub": "T", "act": {"sub": "S"}})


async def test_only_so_many_act_for_one_another(alone: Town) -> None:
    await server(alone, "back", OTHER, RESOURCE)
    token = await shown(alone)
    for number in range(MAX_ACTORS):
        client_id, target = (("S", OTHER), ("back", RESOURCE))[number % 2]
        token = await exchanged(alone, token, client_id, resource=target)
    refused(await asked(alone, token), 400, "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"resource": None}, "invalid_request", id="no-resource"),
        pytest.param({"resource": RESOURCE}, "invalid_target", id="its-own"),
        pytest.param({"resource": ISSUER}, "invalid_target", id="the-issuer"),
        pytest.param({"resource": "https://other.test"}, "invalid_target", id="unknown"),
        pytest.param({"resource": "x"}, "invalid_target", id="no-uri"),
        pytest.param({"audience": THIRD}, "invalid_target", id="two"),
        pytest.param({"subject_token_type": None}, "invalid_request", id="no-type"),
        pytest.param({"subject_token_type": ACCESS_TOKEN.replace("access", "id")}, "invalid_request", id="id-token"),
        pytest.param({"requested_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "invalid_request", id="jwt"),
        pytest.param({"actor_token": "x"}, "invalid_request", id="actor"),
        pytest.param({"actor_token_type": ACCESS_TOKEN}, "invalid_request", id="actor-type"),
        pytest.param({"scope": "openid"}, "invalid_scope", id="not-in-the-token"),
        pytest.param({"scope": "mcp offline_access"}, "invalid_scope", id="nothing-that-lasts"),
        pytest.param({"scope": "unheard-of"}, "invalid_scope", id="unknown-scope"),
    ],
)
@requirement("rfc8693:an-exchange-only-narrows")
async def test_what_is_more_than_it_was_shown_is_refused(town: Town, changes: dict[str, Any], error: str) -> None:
    refused(await asked(town, await shown(town), **changes), 400, error)


async def test_a_target_must_be_registered_whatever_the_operator_said_of_the_client(town: Town) -> None:
    await server(town, "loose", RESOURCE, ISSUER, "https://other.test")
    for target in (ISSUER, "https://other.test"):
        refused(await asked(town, await shown(town), "loose", resource=target), 400, "invalid_target")


async def test_the_target_may_be_named_as_audience(town: Town) -> None:
    token = await shown(town)
    assert claims(await exchanged(town, token, resource=None, audience=OTHER))["aud"] == OTHER
    assert claims(await exchanged(town, token, audience="HTTPS://mcp.test/other"))["aud"] == OTHER


async def test_fewer_scopes_are_given_where_fewer_are_asked_for_or_offered(town: Town) -> None:
    token = await shown(town)
    assert claims(await exchanged(town, token, scope="mcp"))["scope"] == "mcp"
    assert claims(await exchanged(town, token, scope="mcp"))["scope"] == "mcp"
    assert claims(await exchanged(town, token))["scope"] == "mcp admin email"
    assert claims(await exchanged(town, token, resource=THIRD))["scope"] == "mcp admin email"  # and not third:own
    await server(town, "little", RESOURCE, OTHER, scope="mcp")
    assert claims(await exchanged(town, token, "little"))["scope"] == "mcp"


async def test_it_lives_no_longer_than_what_it_was_exchanged_for(alone: Town) -> None:
    token = await shown(alone)
    alone.clock.now += 3_000
    answer = await asked(alone, token)
    assert answer.json()["expires_in"] == 600
    assert claims(answer.json()["access_token"])["exp"] == claims(token)["exp"]
    alone.clock.now += 600
    assert not await counts(alone, answer.json()["access_token"])
    refused(await asked(alone, token), 400, "invalid_request")


async def test_only_a_token_of_ours_can_be_exchanged(town: Town) -> None:
    token = await shown(town)
    for forged in (token[:-4] + "AAAA", token.rpartition(".")[0] + ".", "x"):
        refused(await asked(town, forged), 400, "invalid_request")


async def test_no_other_kind_of_token_can_be_exchanged(town: Town) -> None:
    given = await town.tokens(changed(AZ, scope="mcp openid"))
    for kind in ("id_token", "refresh_token"):
        refused(await asked(town, given[kind]), 400, "invalid_request")
    refused(await asked(town, await town.user.code()), 400, "invalid_request")


async def test_a_token_that_was_not_meant_for_it_is_of_no_use_to_a_client(town: Town) -> None:
    refused(await asked(town, await shown(town, resource=OTHER)), 400, "invalid_request")
    refused(await asked(town, await shown(town, resource=None)), 400, "invalid_request")
    refused(await asked(town, await shown(town), "T", resource=THIRD), 400, "invalid_request")


async def test_a_machine_has_no_user_to_act_for(town: Town) -> None:
    _, secret = await town.house.client("a", "machine", grant_types=["client_credentials"])
    form: Pairs = [("grant_type", "client_credentials"), ("resource", RESOURCE)]
    token = (await town.token(form, basic=("machine", secret or ""))).json()["access_token"]
    refused(await asked(town, token), 400, "invalid_request")


async def test_who_is_not_registered_for_it_cannot_exchange(town: Town) -> None:
    token = await shown(town)
    refused(await asked(town, token, "R"), 400, "unauthorized_client")
    refused(await town.token([*changed(TX, subject_token=token), ("client_id", "P")]), 400, "unauthorized_client")
    refused(await town.token(changed(TX, subject_token=token), basic=("S", "wrong")), 401, "invalid_client")
    metadata = {**RG, "grant_types": ["authorization_code", TOKEN_EXCHANGE]}
    refused(await town.ask("POST", "/register", json=metadata), 400, "invalid_client_metadata")


async def test_a_public_client_is_refused_whatever_is_kept_of_it(alone: Town) -> None:
    def make_public(turn: Turn, _: None) -> None:
        turn.tx.clients.change(replace(get_client(turn, "S"), auth_method="none"))

    await alone.house.registry.tenant("a").run(make_public, None)
    form = [*changed(TX, subject_token=await shown(alone)), ("client_id", "S")]
    refused(await alone.token(form), 400, "unauthorized_client")


@pytest.mark.parametrize(
    ("resources", "targets", "metadata", "field"),
    [
        ((), (OTHER,), {"grant_types": [TOKEN_EXCHANGE]}, "resources"),
        ((RESOURCE,), (), {"grant_types": [TOKEN_EXCHANGE]}, "target_resources"),
        ((RESOURCE,), (OTHER,), {"redirect_uris": ["https://app.test/cb"]}, "target_resources"),
        ((RESOURCE,), ("x",), {"grant_types": [TOKEN_EXCHANGE]}, "target_resources"),
        ((RESOURCE,), (OTHER,), {**PUBLIC, "grant_types": [TOKEN_EXCHANGE]}, "prove who they are"),
    ],
)
async def test_the_operator_says_from_where_to_where(
    town: Town, resources: tuple[str, ...], targets: tuple[str, ...], metadata: dict[str, Any], field: str
) -> None:
    with pytest.raises(Exception, match=field):
        await town.house.client("a", "half", resources, targets, **metadata)


@requirement("rfc8693:what-was-passed-on-falls-with-its-grant")
@pytest.mark.parametrize(
    "end",
    [
        *("refresh-token", "code-twice", "user", "first-client", "disabled-client", "removed-client"),
        *("resource", "disabled-resource", "sign-out", "between"),
    ],
)
async def test_what_ends_the_grant_ends_what_was_passed_on(alone: Town, end: str) -> None:
    tenant = alone.house.registry.tenant("a")
    scope = "mcp" if end == "sign-out" else "mcp offline_access"
    form = changed(TK, code=await alone.user.code(changed(AZ, scope=scope)))
    given = (await alone.token(form)).json()
    first = await exchanged(alone, given["access_token"])
    second = await exchanged(alone, first, "T", resource=THIRD)
    assert await counts(alone, first)
    assert await counts(alone, second, "T")
    if end == "refresh-token":
        await alone.ask("POST", "/revoke", form={"token": given["refresh_token"], "client_id": "P"})
    elif end == "code-twice":
        refused(await alone.token(form), 400, "invalid_grant")
    elif end == "user":
        await disable_user(alone.house, "u@example.com")
    elif end == "first-client":
        await tenant.run(lambda turn, _: turn.tx.grants.revoke_of_client("P", turn.now), None)
    elif end == "sign-out":
        await alone.user.submit(await alone.user.get("/logout"))
    elif end == "disabled-client":
        await disable_client(alone.house, "P")
    elif end == "disabled-resource":

        def disable(settings: Settings) -> Settings:
            return replace(settings, disabled=True)

        await tenant.run(change_resource, ResourceChange(id="mcp", change=disable, etag=""))
    elif end == "removed-client":
        await tenant.run(remove_client, Named(id="P"))
    elif end == "resource":
        await tenant.run(remove_resource, ResourceRemoval(id="mcp", etag=""))
    else:
        await disable_client(alone.house, "S")
        assert not await counts(alone, first, "T")
        await tenant.run(remove_client, Named(id="S"))
        assert not await counts(alone, second, "T")
        return
    assert not await counts(alone, first)
    assert not await counts(alone, second, "T")
    if "resource" not in end:
        refused(await asked(alone, first, "T", resource=THIRD), 400, "invalid_request")


async def test_an_access_token_given_back_ends_alone(town: Town) -> None:
    token = await shown(town)
    first, second = await exchanged(town, token), await exchanged(town, token)
    await town.ask("POST", "/revoke", form={"token": first}, basic=town.basic("S"))
    assert [await counts(town, each) for each in (first, second)] == [False, True]


async def test_however_often_it_is_exchanged_there_is_one_row_for_each_target(alone: Town) -> None:
    tenant = alone.house.registry.tenant("a")

    async def rows() -> int:
        found = await tenant.run(lambda turn, _: list(turn.tx.grants.page(0, 1_000)), None)
        return sum(grant.parent_id is not None for grant in found)

    token = await shown(alone)
    tokens = [await exchanged(alone, token) for _ in range(MAX_LIVE + 1)]
    assert [await counts(alone, each) for each in tokens] == [False] + [True] * MAX_LIVE
    await asyncio.gather(*(exchanged(alone, token, resource=THIRD) for _ in range(5)))
    assert await rows() == 2
    await exchanged(alone, await shown(alone))
    assert await rows() == 3
    alone.clock.now += 90_000
    await alone.house.ring()
    assert await rows() == 0


async def test_a_resource_that_comes_back_can_be_passed_on_to_again_and_nothing_of_before_counts(alone: Town) -> None:
    tenant, token = alone.house.registry.tenant("a"), await shown(alone)
    for _ in range(2):
        before = await exchanged(alone, token)
        await tenant.run(remove_resource, ResourceRemoval(id="other", etag=""))
        refused(await asked(alone, token), 400, "invalid_target")
        await tenant.run(add_resource, NewResource(id="other", uri=OTHER, settings=Settings()))
        assert not await counts(alone, before)
    assert await counts(alone, await exchanged(alone, token))


async def test_a_token_is_bound_to_the_key_that_the_server_proves(town: Town) -> None:
    holder = Holder()
    proof = [("DPoP", holder.proof("POST", f"{ISSUER}/token", town.clock.now))]
    form = changed(TX, subject_token=await shown(town))
    given = (await town.token(form, basic=town.basic("S"), headers=proof)).json()
    assert (given["token_type"], claims(given["access_token"])["cnf"]) == ("DPoP", {"jkt": holder.jkt})
