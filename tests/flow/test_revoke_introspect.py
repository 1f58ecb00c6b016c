"""What becomes of a token, and who may ask: revocation, introspection, userinfo."""

from dataclasses import replace
from typing import Any

import pytest

from tests.flow.town import POLICY, Town, disable_user
from tests.support.clients import AZ, ISSUER, RESOURCE, RG, Pairs, changed, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

BY_KEY = 'DPoP algs="ES256 Ed25519 EdDSA RS256 PS256"'
INACTIVE = b'{"active":false}'
OPENID = changed(AZ, scope="openid email", resource=None)


async def give_back(town: Town, token: str, client_id: str = "P", **more: Any) -> int:
    answer = await town.ask("POST", "/revoke", form={"token": token, "client_id": client_id, **more})
    assert not answer.content
    return answer.status_code


async def userinfo(town: Town, *headers: tuple[str, str], target: str = "/userinfo", **more: Any) -> Any:
    return await town.ask("GET", target, headers=headers, **more)


def bearer(token: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {token}"


async def test_a_resource_server_that_only_introspects_has_no_grant_type_and_gets_no_token(town: Town) -> None:
    made, secret = await town.house.client("a", "keeper", (RESOURCE,))
    assert secret is not None
    assert (made.grant_types, made.response_types, made.redirect_uris) == ((), (), ())
    tokens = await town.tokens()
    told = await town.ask("POST", "/introspect", form={"token": tokens["access_token"]}, basic=("keeper", secret))
    assert told.json()["active"] is True
    for form in (
        [("grant_type", "client_credentials"), ("resource", RESOURCE)],
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"])],
    ):
        refused(await town.token(form, basic=("keeper", secret)), 400, "unauthorized_client", "invalid_grant")


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
    assert answer.headers["www-authenticate"] == f"Bearer, {BY_KEY}"
    assert not answer.content


async def test_userinfo_is_for_tokens_of_the_issuer_itself_with_openid(town: Town) -> None:
    tokens = await town.tokens(OPENID)
    told = await userinfo(town, bearer(tokens["access_token"]))
    assert told.json() == {"sub": told.json()["sub"], "email": "u@example.com", "email_verified": True}
    assert (await town.ask("POST", "/userinfo", headers=[bearer(tokens["access_token"])])).json() == told.json()
    no_openid = (await town.tokens(changed(OPENID, scope="email")))["access_token"]
    answer = await userinfo(town, bearer(no_openid))
    refused(answer, 403, "insufficient_scope")  # UI-03
    assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", {BY_KEY}'
    for_resource = (await town.tokens(changed(AZ, scope="openid")))["access_token"]
    for token in (for_resource, tokens["id_token"], tokens["refresh_token"], "x"):
        answer = await userinfo(town, bearer(token))
        refused(answer, 401, "invalid_token")  # UI-05
        assert answer.headers["www-authenticate"] == f'Bearer error="invalid_token", {BY_KEY}'
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
