"""What becomes of a token, and who may ask: revocation, introspection, userinfo, and what an issuer publishes."""

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import Any

import pytest

from tenants.acts.signing_keys import roll
from tenants.turn import Turn
from tests.flow.town import POLICY, Town, disable_user
from tests.support.clients import AZ, ISSUER, PUBLIC, RESOURCE, RG, TK, Pairs, authorize, changed, is_page, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

INACTIVE = b'{"active":false}'
OPENID = changed(AZ, scope="openid email", resource=None)
WELL_KNOWN = ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource", "jwks.json")


async def give_back(town: Town, token: str, client_id: str = "P", **more: Any) -> int:
    answer = await town.ask("POST", "/revoke", form={"token": token, "client_id": client_id, **more})
    assert not answer.content
    return answer.status_code


async def userinfo(town: Town, *headers: tuple[str, str], target: str = "/userinfo", **more: Any) -> Any:
    return await town.ask("GET", target, headers=headers, **more)


def bearer(token: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {token}"


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
async def test_nobody_gives_back_what_another_client_holds(town: Town, kind: str) -> None:
    client_id = (await town.ask("POST", "/register", json=RG)).json()["client_id"]
    tokens = await town.tokens()
    assert await give_back(town, tokens[kind], client_id) == 200  # RV-01
    assert (await town.introspect(tokens["access_token"]))["active"] is True
    assert (await town.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("x", id="RV-02"),
        pytest.param("tnr_" + "A" * 48, id="RV-02-forged"),
        pytest.param("a.b.c", id="RV-02-jwt"),
        pytest.param("é" * 48, id="RV-02-non-ascii"),
        pytest.param("A" * 50_000, id="RV-02-long"),
    ],
)
async def test_giving_back_what_is_no_token_is_no_error(town: Town, token: str) -> None:
    assert await give_back(town, token) == 200


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        pytest.param("refresh_token", "access_token", id="RV-03"),
        pytest.param("access_token", "refresh_token", id="RV-03-other"),
        pytest.param("refresh_token", "nonsense", id="RV-03-unknown"),
    ],
)
async def test_a_wrong_hint_hinders_nothing(town: Town, kind: str, hint: str) -> None:
    tokens = await town.tokens()
    assert await give_back(town, tokens[kind], token_type_hint=hint) == 200
    assert await town.introspect(tokens["access_token"]) == {"active": False}


async def test_a_refresh_token_takes_its_access_tokens_along_and_not_the_other_way(town: Town) -> None:
    tokens = await town.tokens()
    second = (await town.refresh(tokens["refresh_token"])).json()
    assert await give_back(town, second["access_token"]) == 200
    assert await town.introspect(second["access_token"]) == {"active": False}
    assert (await town.introspect(tokens["access_token"]))["active"] is True
    assert await give_back(town, second["refresh_token"]) == 200  # RV-05
    assert await town.introspect(tokens["access_token"]) == {"active": False}
    refused(await town.refresh(second["refresh_token"]), 400, "invalid_grant")


@pytest.mark.parametrize("path", ["/revoke", "/introspect"])
async def test_a_token_is_shown_in_the_body_of_a_post_by_somebody_known(town: Town, path: str) -> None:
    token = (await town.tokens())["access_token"]
    answer = await town.ask("GET", f"{path}?token={token}&client_id=P")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")  # RV-06
    refused(await town.ask("POST", f"{path}?token={token}", form={"client_id": "P"}), 400, "invalid_request")
    refused(await town.ask("POST", path, form={"token": token}), 401, "invalid_client")  # IN-01
    refused(await town.ask("POST", path, form={"token": token, "client_id": "K"}), 401, "invalid_client")  # RV-04
    refused(await town.ask("POST", path, json={"token": token, "client_id": "P"}), 400, "invalid_request")
    refused(await town.ask("POST", path, form=[("token", token)] * 2, basic=town.basic("K")), 400, "invalid_request")
    assert (await town.introspect(token))["active"] is True


async def test_a_live_token_is_told_to_its_client_and_to_its_resource_only(town: Town) -> None:
    token = (await town.tokens())["access_token"]
    told = await town.introspect(token)
    assert told == {
        "active": True,
        "sub": told["sub"],
        "client_id": "P",
        "scope": "mcp",
        "aud": RESOURCE,
        "iss": ISSUER,
        "exp": town.clock.now + 3_600,
        "iat": town.clock.now,
        "token_type": "Bearer",
    }
    asked = {"token": token}
    assert (await town.ask("POST", "/introspect", form=asked, basic=town.basic("R"))).json() == told
    client_id = (await town.ask("POST", "/register", json=RG)).json()["client_id"]
    assert (await town.ask("POST", "/introspect", form={**asked, "client_id": client_id})).content == INACTIVE  # IN-02
    assert (await town.ask("POST", "/introspect", form=asked, basic=town.basic("K"))).content == INACTIVE
    elsewhere = await town.ask("POST", "/introspect", form={**asked, "client_id": "P"}, host="b.test")
    assert elsewhere.content == INACTIVE  # IN-03, HR-18
    other = (await town.tokens(changed(AZ, resource="https://mcp.test/other")))["access_token"]
    answer = await town.ask("POST", "/introspect", form={"token": other}, basic=town.basic("R"))
    assert answer.content == INACTIVE  # it speaks for another resource


async def test_whatever_does_not_count_is_inactive_without_a_reason(town: Town) -> None:
    tokens = await town.tokens(OPENID)
    revoked = (await town.tokens())["access_token"]
    await give_back(town, revoked)
    expired = (await town.tokens())["access_token"]
    town.clock.now += 3_600
    fresh = await town.tokens(OPENID)
    for token in (
        expired,
        revoked,
        fresh["refresh_token"],
        fresh["id_token"],
        tokens["access_token"],
        "x",
        "a.b.c",
        f"{fresh['access_token']}=",
        await town.user.code(),
    ):
        answer = await town.ask("POST", "/introspect", form={"token": token, "client_id": "P"})
        assert answer.content == INACTIVE, token  # IN-04, IN-05
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("form", ["opaque"])
async def test_an_opaque_token_is_known_here_too(fresh: Town, form: str) -> None:
    await fresh.house.set_policy("a", replace(POLICY, token_format="opaque"))
    tokens = await fresh.tokens(OPENID)
    assert "." not in tokens["access_token"]
    assert (await fresh.introspect(tokens["access_token"]))["active"] is True
    assert (await userinfo(fresh, bearer(tokens["access_token"]))).status_code == 200
    assert await give_back(fresh, tokens["access_token"]) == 200
    assert await fresh.introspect(tokens["access_token"]) == {"active": False}


@pytest.mark.parametrize(
    ("headers", "target"),
    [
        pytest.param([], "/userinfo", id="UI-01"),
        pytest.param([("Authorization", "Basic eDp5")], "/userinfo", id="UI-01-scheme"),
        pytest.param([("Authorization", "Bearer")], "/userinfo", id="UI-01-empty"),
        pytest.param([], "/userinfo?access_token=$TOKEN", id="UI-02"),
    ],
)
async def test_who_shows_no_token_is_told_how_to(town: Town, headers: Pairs, target: str) -> None:
    token = (await town.tokens(OPENID))["access_token"]
    answer = await userinfo(town, *headers, target=target.replace("$TOKEN", token))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not answer.content


async def test_userinfo_is_for_tokens_of_the_issuer_itself_with_openid(town: Town) -> None:
    tokens = await town.tokens(OPENID)
    told = await userinfo(town, bearer(tokens["access_token"]))
    assert told.json() == {"sub": told.json()["sub"], "email": "u@example.com", "email_verified": True}
    assert (await town.ask("POST", "/userinfo", headers=[bearer(tokens["access_token"])])).json() == told.json()
    no_openid = (await town.tokens(changed(OPENID, scope="email")))["access_token"]
    answer = await userinfo(town, bearer(no_openid))
    refused(answer, 403, "insufficient_scope")  # UI-03
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    for_resource = (await town.tokens(changed(AZ, scope="openid")))["access_token"]
    for token in (for_resource, tokens["id_token"], tokens["refresh_token"], "x"):
        answer = await userinfo(town, bearer(token))
        refused(answer, 401, "invalid_token")  # UI-05
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    refused(await userinfo(town, bearer(tokens["access_token"]), host="b.test"), 401, "invalid_token")  # HR-18


async def test_two_tokens_at_once_are_refused(town: Town) -> None:
    token = (await town.tokens(OPENID))["access_token"]
    refused(await userinfo(town, bearer(token), bearer(token)), 400, "invalid_request")  # UI-04
    both = await town.ask("POST", "/userinfo", form={"access_token": token}, headers=[bearer(token)])
    refused(both, 400, "invalid_request")


@pytest.mark.parametrize("email", [pytest.param("u@example.com", id="UI-06")])
async def test_a_disabled_user_is_told_of_to_nobody(fresh: Town, email: str) -> None:
    token = (await fresh.tokens(OPENID))["access_token"]
    await disable_user(fresh.house, email)
    refused(await userinfo(fresh, bearer(token)), 401, "invalid_token")


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
        roll(turn, "test")

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
    assert len(endpoints) == 7
    for endpoint in endpoints:
        assert endpoint.startswith(f"{ISSUER}/")
        answer = await town.ask("GET", endpoint.removeprefix(ISSUER))
        assert answer.status_code != 404  # MD-02
    assert published["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert published["response_types_supported"] == ["code"]
    assert published["id_token_signing_alg_values_supported"] == ["ES256"]
    for method in published["token_endpoint_auth_methods_supported"]:
        assert (await town.ask("POST", "/register", json={**RG, "token_endpoint_auth_method": method})).is_success
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
        pytest.param("/.well-known/oauth-protected-resource/mcp", id="MD-03-resource"),
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
