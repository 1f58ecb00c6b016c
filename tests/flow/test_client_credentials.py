"""POST /token for a client in its own name: no user, no browser, and no more than the operator gave it."""

from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio

from tests.flow.town import Town, disable_client
from tests.support.clients import (
    AZ,
    ISSUER,
    PUBLIC,
    RESOURCE,
    RF,
    RG,
    Pairs,
    authorize,
    changed,
    claims,
    is_page,
    refused,
)
from tests.support.holder import Holder
from tests.support.requirement import requirement
from tests.support.signer import Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")

CC: Pairs = [("grant_type", "client_credentials"), ("scope", "mcp"), ("resource", RESOURCE)]
ITSELF: dict[str, Any] = {"grant_types": ["client_credentials"]}
KEY = Signer("ES256")
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def machines(town: Town) -> None:
    """M is known by a secret in the header, N by one in the body, and J by its key; M may have less than all."""
    known: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("M", "client_secret_basic", {"scope": "mcp openid"}),
        ("N", "client_secret_post", {}),
        ("J", "private_key_jwt", {"jwks": KEY.jwks}),
    )
    for client_id, method, more in known:
        _, secret = await town.house.client("a", client_id, token_endpoint_auth_method=method, **ITSELF, **more)
        town.secrets[client_id] = secret or ""


async def asked(town: Town, client_id: str = "M", **changes: str | None) -> httpx.Response:
    return await town.token(changed(CC, **changes), basic=town.basic(client_id))


def assertion(town: Town, number: int, **changes: Any) -> dict[str, str]:
    now = town.clock.now
    said = {"iss": "J", "sub": "J", "aud": ISSUER, "jti": f"cc {number}", "iat": now, "exp": now + 60} | changes
    token = jwt.encode(said, KEY.key.private_key, KEY.algorithm, {"kid": KEY.kid})
    return {"client_assertion_type": JWT_BEARER, "client_assertion": token}


@requirement("rfc6749:a-client-may-ask-for-itself")
@pytest.mark.parametrize("by", ["header", "body", "key"])
async def test_a_client_that_proves_itself_gets_an_access_token_alone(town: Town, by: str) -> None:
    if by == "header":
        client_id, answer = "M", await asked(town)
    elif by == "body":
        client_id = "N"
        answer = await town.token([*CC, ("client_id", "N"), ("client_secret", town.secrets["N"])])
    else:  # the id stands in the assertion alone (MCP client credentials extension)
        client_id, answer = "J", await town.token([*CC, *assertion(town, 1).items()])
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3_600, "mcp")
    said = claims(tokens["access_token"])
    assert (said["sub"], said["client_id"], said["aud"], said["scope"]) == (client_id, client_id, RESOURCE, "mcp")
    told = (await town.ask("POST", "/introspect", form={"token": tokens["access_token"]}, basic=town.basic("R"))).json()
    assert (told["active"], told["sub"], told["client_id"], told["aud"]) == (True, client_id, client_id, RESOURCE)


async def test_an_assertion_asks_once(town: Town) -> None:
    shown = [*CC, *assertion(town, 2).items()]
    assert (await town.token(shown)).status_code == 200
    refused(await town.token(shown), 401, "invalid_client")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"scope": "mcp unheard-of"}, "invalid_scope", id="TK-21-scope"),
        pytest.param({"scope": "admin"}, "invalid_scope", id="TK-21-not-its-own"),
        pytest.param({"scope": 'm"cp'}, "invalid_scope", id="TK-21-malformed"),
        pytest.param({"resource": "https://other.test"}, "invalid_target", id="TK-21-resource"),
        pytest.param({"resource": "not a uri"}, "invalid_target", id="TK-21-no-uri"),
    ],
)
@requirement("rfc6749:a-client-gets-for-itself-what-the-operator-gave-it")
async def test_no_client_gets_more_than_the_operator_gave_it(town: Town, changes: dict[str, str], error: str) -> None:
    refused(await asked(town, **changes), 400, error)


async def test_two_resources_are_not_asked_for_at_once(town: Town) -> None:
    form = [*CC, ("resource", "https://mcp.test/other")]
    refused(await town.token(form, basic=town.basic("M")), 400, "invalid_target")


@pytest.mark.parametrize(
    ("client_id", "scope", "granted"),
    [
        pytest.param("M", None, "mcp", id="nothing-is-all-that-it-may-have"),
        pytest.param("N", None, "mcp admin", id="nothing-is-all-that-there-is"),
        pytest.param("M", "mcp admin", "mcp", id="less-than-it-asked-for"),
        pytest.param("N", "openid mcp email offline_access", "mcp", id="no-scope-of-a-user"),
        pytest.param("N", "openid", "", id="only-scopes-of-a-user"),
    ],
)
async def test_which_scopes_it_gets(town: Town, client_id: str, scope: str | None, granted: str) -> None:
    form = changed(CC, scope=scope, client_id="N", client_secret=town.secrets["N"])
    answer = await town.token(form) if client_id == "N" else await asked(town, scope=scope)
    assert answer.json()["scope"] == granted


async def test_it_opens_nothing_of_a_user(town: Town) -> None:
    token = (await asked(town, resource=None)).json()["access_token"]
    assert claims(token)["aud"] == ISSUER
    answer = await town.ask("GET", "/userinfo", headers=[("Authorization", f"Bearer {token}")])
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("client_id", [pytest.param("P", id="TK-20-public"), pytest.param("K", id="TK-20-registered")])
async def test_who_is_not_registered_for_it_does_not_get_it(town: Town, client_id: str) -> None:
    if client_id == "P":
        refused(await town.token([*CC, ("client_id", "P")]), 400, "unauthorized_client")
    else:
        refused(await asked(town, client_id), 400, "unauthorized_client")


async def test_no_client_can_register_itself_for_it(town: Town) -> None:
    for grant_types in (["client_credentials"], ["authorization_code", "client_credentials"]):
        metadata = {**RG, "grant_types": grant_types, "token_endpoint_auth_method": "client_secret_basic"}
        refused(await town.ask("POST", "/register", json=metadata), 400, "invalid_client_metadata")
    made = (await town.ask("POST", "/register", json={**RG, "token_endpoint_auth_method": "client_secret_post"})).json()
    form = [*CC, ("client_id", made["client_id"]), ("client_secret", made["client_secret"])]
    refused(await town.token(form), 400, "unauthorized_client")


async def test_it_has_no_way_into_a_browser(town: Town) -> None:
    for redirect in ("https://app.test/cb", None):
        is_page(await town.user.get(authorize(changed(AZ, client_id="M", redirect_uri=redirect))))
    refused(await town.token(changed(RF, client_id=None), basic=town.basic("M")), 400, "unauthorized_client")


async def test_a_token_is_given_back(town: Town) -> None:
    token = (await asked(town)).json()["access_token"]
    assert (await town.ask("POST", "/revoke", form={"token": token}, basic=town.basic("M"))).status_code == 200
    told = await town.ask("POST", "/introspect", form={"token": token}, basic=town.basic("M"))
    assert told.json() == {"active": False}


async def test_a_token_is_bound_to_the_key_that_was_proven(town: Town) -> None:
    holder = Holder()
    shown = [("DPoP", holder.proof("POST", f"{ISSUER}/token", town.clock.now))]
    tokens = (await town.token(CC, basic=town.basic("M"), headers=shown)).json()
    assert (tokens["token_type"], claims(tokens["access_token"])["cnf"]) == ("DPoP", {"jkt": holder.jkt})
    told = (await town.ask("POST", "/introspect", form={"token": tokens["access_token"]}, basic=town.basic("M"))).json()
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": holder.jkt})
    assert (await asked(town)).json()["token_type"] == "Bearer"


async def test_a_disabled_client_and_its_tokens_are_worth_nothing(fresh: Town) -> None:
    _, secret = await fresh.house.client("a", "M", **ITSELF)
    fresh.secrets["M"] = secret or ""
    token = (await asked(fresh)).json()["access_token"]
    await disable_client(fresh.house, "M")
    refused(await asked(fresh), 401, "invalid_client")
    told = await fresh.ask("POST", "/introspect", form={"token": token}, basic=fresh.basic("R"))
    assert told.json() == {"active": False}


async def test_a_public_client_cannot_be_made_for_it(town: Town) -> None:
    with pytest.raises(Exception, match="prove who they are"):
        await town.house.client("a", "open", **PUBLIC, **ITSELF)
