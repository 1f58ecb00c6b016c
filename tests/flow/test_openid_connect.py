"""OpenID Connect beyond the code: how well a user has proven who they are, which user is meant, what is asked for."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from tests.flow.at_provider import Abroad
from tests.flow.town import Town
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, ISSUER, TK, authorize, changed, claims, is_page, refused, returned, sent_back
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPENID = changed(AZ, scope="openid", resource=None)
STRONG = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:strong", "urn:stronger"]}}})


async def id_token(town: Town, browser: Browser, **asked: str) -> dict[str, Any]:
    code = await browser.code(changed(OPENID, **asked))
    return claims((await town.token(changed(TK, code=code))).json()["id_token"])


async def text_of_id_token(town: Town, browser: Browser) -> str:
    return (await town.token(changed(TK, code=await browser.code(OPENID)))).json()["id_token"]


async def through_corp(abroad: Abroad, browser: Browser, **asked: str) -> tuple[dict[str, list[str]], httpx.Response]:
    """What the provider was asked, and where the browser is when it has come back from there."""
    page = await browser.get(authorize(changed(OPENID, **asked)))
    answer = await browser.submit(page, provider="corp")
    location = answer.headers["location"]
    return parse_qs(urlsplit(location).query), await browser.get(abroad.corp.sign_in(location))


async def code_after(browser: Browser, answer: httpx.Response) -> str:
    page = await browser.follow(answer)
    return returned(await browser.allow(page) if page.status_code == 200 else page)["code"]


# --- how well


@requirement("oidc-core:what-the-provider-says-of-the-sign-in-is-told")
async def test_a_client_is_told_how_its_user_proved_who_they_are(town: Town, abroad: Abroad) -> None:
    abroad.corp.user |= {"amr": ["pwd", "otp", 7, "x" * 400], "acr": "urn:strong"}
    browser = Browser(town.house)
    _, back = await through_corp(abroad, browser)
    code = await code_after(browser, back)
    said = claims((await town.token(changed(TK, code=code))).json()["id_token"])
    assert (said["amr"], said["acr"]) == (["pwd", "otp"], "urn:strong")
    assert (await id_token(town, browser))["acr"] == "urn:strong"  # of the session too


async def test_where_nothing_is_known_of_it_nothing_is_said(town: Town) -> None:
    said = await id_token(town, Browser(town.house))
    assert not {"amr", "acr"} & said.keys()


async def test_a_wish_for_a_strong_sign_in_is_passed_on(town: Town, abroad: Abroad) -> None:
    abroad.corp.user.pop("acr", None)
    browser = Browser(town.house)
    asked, back = await through_corp(
        abroad, browser, acr_values="urn:strong urn:weak", ui_locales="de", display="popup"
    )
    assert asked["acr_values"] == ["urn:strong urn:weak"]
    assert await code_after(browser, back)  # it was but a wish


@requirement("oidc-core:an-essential-acr-is-met-or-refused")
async def test_a_sign_in_that_must_be_strong_is_strong_or_refused(town: Town, abroad: Abroad) -> None:
    browser = Browser(town.house)
    abroad.corp.user |= {"acr": "urn:weak"}
    _, back = await through_corp(abroad, browser)
    await code_after(browser, back)
    sent_back(await browser.get(authorize(changed(OPENID, claims=STRONG, prompt="none"))), "login_required")
    asked, back = await through_corp(abroad, browser, claims=STRONG)
    assert asked["acr_values"] == ["urn:strong urn:stronger"]
    sent_back(back, "unmet_authentication_requirements")
    abroad.corp.user |= {"acr": "urn:stronger"}
    _, back = await through_corp(abroad, browser, claims=STRONG)
    assert await code_after(browser, back)
    assert (await id_token(town, browser, claims=STRONG))["acr"] == "urn:stronger"


async def test_who_signs_in_with_us_does_so_in_no_way_that_was_required(town: Town) -> None:
    browser = Browser(town.house)
    page = await browser.get(authorize(changed(OPENID, claims=STRONG)))
    answer = await browser.submit(page, email=browser.user.email, password=browser.user.password)
    sent_back(answer, "unmet_authentication_requirements")
    is_page(await browser.submit(page, email=browser.user.email, password=browser.user.password))  # it was answered
    assert "__Host-session" not in browser.cookies


# --- who


@requirement("oidc-core:the-user-who-is-meant")
async def test_with_a_hint_only_the_user_who_is_meant_is_good_enough(town: Town) -> None:
    mine, other = Browser(town.house), Browser(town.house, 1)
    hint, stranger = await text_of_id_token(town, mine), await text_of_id_token(town, other)
    silent = {"prompt": "none", "client_id": "K"}
    await mine.code(changed(OPENID, client_id="K"))
    assert returned(await mine.get(authorize(changed(OPENID, id_token_hint=hint, **silent))))["code"]
    for unfit in (stranger, f"{hint}x", "nonsense"):
        sent_back(await mine.get(authorize(changed(OPENID, id_token_hint=unfit, **silent))), "login_required")
    page = await mine.get(authorize(changed(OPENID, id_token_hint=stranger)))
    assert form_of(page)[0] == "/login"
    sent_back(await mine.submit(page, email=mine.user.email, password=mine.user.password), "login_required")
    page = await mine.get(authorize(changed(OPENID, id_token_hint=stranger)))
    mine.user = other.user
    assert returned(await mine.sign_in(page))["code"]


async def test_an_expired_hint_is_a_hint_still(fresh: Town) -> None:
    browser = Browser(fresh.house)
    hint = await text_of_id_token(fresh, browser)
    fresh.clock.now += 10 * 86_400
    assert returned(await browser.get(authorize(changed(OPENID, id_token_hint=hint))))["code"]


async def test_a_client_may_ask_for_one_user_by_name(town: Town) -> None:
    mine, other = Browser(town.house), Browser(town.house, 1)
    sub = (await id_token(town, mine))["sub"]
    await id_token(town, other)
    meant = json.dumps({"id_token": {"sub": {"value": sub}}})
    assert returned(await mine.get(authorize(changed(OPENID, claims=meant))))["code"]
    assert form_of(await other.get(authorize(changed(OPENID, claims=meant))))[0] == "/login"
    sent_back(await other.get(authorize(changed(OPENID, claims=meant, prompt="none"))), "login_required")


# --- what


@requirement("oidc-core:claims-are-had-by-the-scope-that-covers-them")
async def test_claims_that_are_asked_for_are_on_the_page_and_in_the_answer(town: Town) -> None:
    browser = Browser(town.house)
    asked = changed(OPENID, claims=json.dumps({"userinfo": {"email": {"essential": True}, "unknown": None}}))
    page = await browser.sign_in(await browser.get(authorize(asked)))
    assert "See your e-mail address" in page.text
    code = returned(await browser.allow(page))["code"]
    tokens = (await town.token(changed(TK, code=code))).json()
    assert tokens["scope"] == "openid email"
    told = await town.ask("GET", "/userinfo", headers=[("Authorization", f"Bearer {tokens['access_token']}")])
    assert told.json()["email"] == browser.user.email
    page = await browser.get(authorize(changed(asked, scope="mcp")))
    assert "See your e-mail address" not in page.text  # without openid there are no claims to ask for


@pytest.mark.parametrize("text", ["x", "[]", '{"id_token":7}', json.dumps({"x": "y" * 5_000})])
async def test_malformed_claims_are_told_to_the_client(town: Town, text: str) -> None:
    sent_back(await town.user.get(authorize(changed(OPENID, claims=text))), "invalid_request")


@requirement("oidc-core:userinfo-may-be-signed")
async def test_a_client_may_have_userinfo_as_a_signed_token(town: Town) -> None:
    browser = Browser(town.house)
    about: dict[str, Any] = {"redirect_uris": ["https://app.test/cb"], "token_endpoint_auth_method": "none"}
    await town.house.client("a", "signed", **about, userinfo_signed_response_alg="ES256")
    code = await browser.code(changed(OPENID, client_id="signed", scope="openid email"))
    tokens = (await town.token(changed(TK, code=code, client_id="signed"))).json()
    bearer = [("Authorization", f"Bearer {tokens['access_token']}")]
    for method in ("GET", "POST"):
        answer = await town.ask(method, "/userinfo", headers=bearer)
        assert answer.headers["content-type"] == "application/jwt"
        keys = jwt.PyJWKSet.from_dict((await town.ask("GET", "/.well-known/jwks.json")).json())
        key = keys[jwt.get_unverified_header(answer.text)["kid"]]
        # the town's clock is not that of the world
        said = jwt.decode(
            answer.text, key, algorithms=["ES256"], audience="signed", issuer=ISSUER, options={"verify_iat": False}
        )
        assert said["email"] == browser.user.email
        assert said["sub"] == claims(tokens["id_token"])["sub"]
    silent = changed(OPENID, client_id="signed", prompt="none", id_token_hint=answer.text)
    sent_back(await browser.get(authorize(silent)), "login_required")  # it is no ID token
    asked = {"redirect_uris": ["https://app.test/cb"], "userinfo_signed_response_alg": "none"}
    refused(await town.ask("POST", "/register", json=asked), 400, "invalid_client_metadata")


async def test_metadata_says_so(town: Town) -> None:
    said = (await town.ask("GET", "/.well-known/openid-configuration")).json()
    assert said["claims_parameter_supported"] is True
    assert said["userinfo_signing_alg_values_supported"] == ["ES256"]
    assert {"acr", "amr", "sid", "auth_time"} <= set(said["claims_supported"])
    assert said["issuer"] == ISSUER
