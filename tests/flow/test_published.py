"""What an issuer publishes: metadata that is true, and keys that outlive their last token."""

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from tenants.acts.signing_keys import roll
from tenants.turn import Turn
from tests.flow.town import Town
from tests.support.clients import AZ, ISSUER, PUBLIC, RG, TK, authorize, changed, is_page, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

WELL_KNOWN = ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource", "jwks.json")


async def keys(town: Town, host: str = "a.test") -> list[dict[str, str]]:
    return (await town.ask("GET", "/.well-known/jwks.json", host=host)).json()["keys"]


async def test_only_public_halves_of_own_keys_are_published(town: Town) -> None:
    ours, theirs = await keys(town), await keys(town, "b.test")
    for key in ours:
        assert key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}  # JK-01
        assert (key["alg"], key["use"]) == ("ES256", "sig")
    for member in ("kid", "x"):
        assert len({key[member] for key in (*ours, *theirs)}) == len(ours) + len(theirs)  # JK-02


async def test_a_key_is_published_before_it_signs_and_after(fresh: Town) -> None:
    def do_roll(turn: Turn, _: None) -> None:
        roll(turn)

    before = [key["kid"] for key in await keys(fresh)]
    token = (await fresh.tokens())["access_token"]
    await fresh.house.registry.tenant("a").actor.run(do_roll, None)
    after = [key["kid"] for key in await keys(fresh)]
    assert set(before) < set(after)  # JK-03
    assert (await fresh.introspect(token))["active"] is True
    newer = (await fresh.tokens())["access_token"]
    assert kid_of(newer) in before
    assert kid_of(newer) != kid_of(token)
    fresh.clock.now += 86_400  # long after its last token has ended
    await fresh.house.registry.ring()
    assert kid_of(token) not in [key["kid"] for key in await keys(fresh)]  # JW-14
    assert await fresh.introspect(token) == {"active": False}


def kid_of(token: str) -> str:
    return json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))["kid"]


@pytest.mark.parametrize("name", WELL_KNOWN)
async def test_what_is_published_is_for_everyone_to_read_and_keep_a_while(town: Town, name: str) -> None:
    target = f"/.well-known/{name}"
    answer = await town.ask("GET", target)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert answer.headers["access-control-allow-origin"] == "*"  # JK-04
    assert "null" not in answer.text
    head = await town.ask("HEAD", target)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    assert (await town.ask("OPTIONS", target)).status_code == 204
    posted = await town.ask("POST", target)
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("host", ["A.TEST", "a.test:443", "A.test:443"])
@pytest.mark.parametrize("name", WELL_KNOWN[:3])
async def test_an_issuer_is_called_by_its_configured_name_alone(town: Town, name: str, host: str) -> None:
    headers = [("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Proto", "http"), ("Forwarded", "host=evil.test")]
    there = await town.ask("GET", f"/.well-known/{name}", host=host, headers=headers)
    assert there.content == (await town.ask("GET", f"/.well-known/{name}")).content  # MD-01
    assert (there.json().get("issuer") or there.json()["resource"]) == ISSUER


async def test_what_is_advertised_is_there_and_nothing_else(town: Town) -> None:
    published = (await town.ask("GET", "/.well-known/openid-configuration")).json()
    endpoints = [value for name, value in published.items() if name.endswith("_endpoint") or name == "jwks_uri"]
    assert len(endpoints) == 11
    for endpoint in endpoints:
        assert endpoint.startswith(f"{ISSUER}/")
        answer = await town.ask("GET", endpoint.removeprefix(ISSUER))
        assert answer.status_code != 404  # MD-02
    assert published["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ]
    assert published["response_types_supported"] == ["code"]
    assert published["id_token_signing_alg_values_supported"] == ["ES256"]
    for method in published["token_endpoint_auth_methods_supported"]:
        given = {**RG, "token_endpoint_auth_method": method, "jwks_uri": "https://app.test/jwks.json"}
        assert (await town.ask("POST", "/register", json=given)).is_success
    for scope in published["scopes_supported"]:
        answer = await town.user.get(authorize(changed(AZ, scope=scope)))
        assert answer.status_code == 200 or "error" not in answer.headers["location"]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/.well-known/oauth-authorization-server/x", id="MD-03"),
        pytest.param("/.well-known/oauth-authorization-server/", id="MD-03-slash"),
        pytest.param("/x/.well-known/openid-configuration", id="MD-03-appended"),
        pytest.param("/.well-known/openid-configuration/b.test", id="MD-03-host"),
        pytest.param("/.well-known/unknown", id="MD-03-unknown"),
        pytest.param("/.well-known/oauth-protected-resource/unknown", id="MD-03-resource"),
    ],
)
async def test_no_other_document_is_there(town: Town, target: str) -> None:
    refused(await town.ask("GET", target), 404, "not_found")


async def test_the_issuer_is_the_resource_of_its_own_userinfo(town: Town) -> None:
    told = (await town.ask("GET", "/.well-known/oauth-protected-resource")).json()
    assert (told["resource"], told["authorization_servers"]) == (ISSUER, [ISSUER])  # MD-04
    assert "offline_access" not in told["scopes_supported"]


@pytest.mark.parametrize("state", ["disabled"])
async def test_a_disabled_issuer_gives_nothing_and_still_lets_tokens_be_checked(fresh: Town, state: str) -> None:
    await fresh.house.client("a", "Z", **PUBLIC)
    await fresh.house.registry.disable("a")
    for path in ("/token", "/revoke", "/introspect", "/register"):
        body: dict[str, Any] = {"json": RG} if path == "/register" else {"form": [*TK, ("token", "x")]}
        refused(await fresh.ask("POST", path, **body), 503, "temporarily_unavailable")
    is_page(await fresh.user.get(authorize()), 403)
    for name in WELL_KNOWN:
        assert (await fresh.ask("GET", f"/.well-known/{name}")).status_code == 200
    await fresh.house.registry.enable("a")
    assert await fresh.tokens()
