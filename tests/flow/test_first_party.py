"""Sign-in to the operator's own apps: from any page of theirs to a token, and never anywhere else."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
import pytest_asyncio

from server.outbound.providers.dev import DevProvider
from tenants.acts.operate import NewClient, add_client
from tenants.problems import Invalid
from tenants.records import Policy
from tests.flow.at_provider import Abroad
from tests.flow.town import POLICY, Town, disable_client, disable_user, settle
from tests.support.browser import Browser, form_of
from tests.support.clients import (
    AZ,
    CALLBACK,
    CHALLENGE,
    CONFIDENTIAL,
    ISSUER,
    TK,
    VERIFIER,
    Pairs,
    authorize,
    changed,
    claims,
    is_page,
    refused,
    returned,
    sent_back,
)
from tests.support.holder import Holder
from tests.support.house import USERS, running_house
from tests.support.requirement import requirement
from tests.unit.test_first_party import BAD_PAGES

pytestmark = pytest.mark.asyncio(loop_scope="module")

APP = "https://app.test/callback"
LOGIN: Pairs = [
    ("returnTo", "https://app.test/page?x=1"),
    ("state", "s1"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
]
BY_CLIENT = changed(LOGIN, client_id="K", code_challenge=None, code_challenge_method=None)
BOTH = changed(LOGIN, client_id="K")
APPS = replace(POLICY, first_party_origins=("https://app.test", "https://second.test", "http://localhost:3000"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Town]:
    """A town in which both issuers have apps of their own; U has signed in."""
    async with running_house(tmp_path_factory.mktemp("house")) as house:
        yield await with_apps(await settle(house))


@pytest_asyncio.fixture(loop_scope="module")
async def alone(fresh: Town) -> Town:
    """The same, of its own."""
    return await with_apps(fresh)


async def with_apps(town: Town) -> Town:
    for issuer_id in ("a", "b"):
        await town.house.set_policy(issuer_id, APPS)
    return town


def login(parameters: Pairs | str = LOGIN) -> str:
    return f"/login?{parameters if isinstance(parameters, str) else urlencode(parameters)}"


async def code(browser: Browser, parameters: Pairs = LOGIN, to: str = APP) -> str:
    """The code that an app gets, wherever the browser has to sign in for it."""
    answer = await browser.get(login(parameters))
    if answer.status_code == 200:
        answer = await browser.sign_in(answer)
    return returned(answer, to)["code"]


async def exchange(
    town: Town, code: str, *, basic: tuple[str, str] | None = None, proof: str | None = None, **members: str
) -> httpx.Response:
    headers = [] if proof is None else [("DPoP", proof)]
    return await town.ask("POST", "/exchange", json={"code": code, **members}, basic=basic, headers=headers)


async def token(town: Town, **changes: str | None) -> str:
    """What an app gets for U, bound by PKCE."""
    answer = await exchange(town, await code(town.user, changed(LOGIN, **changes)), code_verifier=VERIFIER)
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


async def about(town: Town, token: str, client_id: str = "first-party") -> dict[str, Any]:
    answer = await town.ask("POST", "/introspect", form={"token": token, "client_id": client_id})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def userinfo(town: Town, token: str) -> httpx.Response:
    return await town.ask("GET", "/userinfo", headers=[("Authorization", f"Bearer {token}")])


# --- the way


async def test_a_user_signs_in_allows_nothing_and_the_app_gets_a_token(town: Town) -> None:
    browser = Browser(town.house)
    page = await browser.get(login())
    is_page(page, 200)
    assert form_of(page)[0] == "/login"
    assert 'Sign in to go on to <bdi class="address" id="destination" dir="ltr">app.test</bdi>' in page.text
    signed_in = await browser.submit(page, email=browser.user.email, password=browser.user.password)
    assert signed_in.status_code == 303
    assert signed_in.headers["location"].startswith(f"{ISSUER}/login?returnTo=")
    answer = await browser.follow(signed_in)
    assert answer.status_code == 302
    told = parse_qsl(urlsplit(answer.headers["location"]).query)
    assert told == [("code", told[0][1]), ("returnTo", "/page?x=1"), ("state", "s1"), ("iss", ISSUER)]
    assert "&returnTo=%2Fpage%3Fx%3D1&" in answer.headers["location"]
    given = await exchange(town, told[0][1], code_verifier=VERIFIER)
    assert given.status_code == 200
    assert given.headers["cache-control"] == "no-store"
    assert given.json() == {
        "token": given.json()["token"],
        "expiresIn": 3_600,
        "token_type": "Bearer",
        "scope": "mcp admin openid profile email",
    }


async def test_the_token_is_for_the_issuer_itself_and_says_who_it_is(town: Town) -> None:
    given = await token(town)
    told = claims(given)
    assert (told["aud"], told["iss"], told["client_id"]) == (ISSUER, ISSUER, "first-party")
    assert told["auth_time"] <= told["iat"]
    assert (await userinfo(town, given)).json() == {
        "sub": told["sub"],
        "name": "U",
        "email": "u@example.com",
        "email_verified": True,
    }


async def test_who_is_signed_in_goes_on_at_once(town: Town) -> None:
    answer = await town.user.get(login())
    assert answer.status_code == 302
    assert returned(answer, APP)["returnTo"] == "/page?x=1"
    assert "set-cookie" not in answer.headers


async def test_a_wrong_password_shows_the_same_page_again(town: Town) -> None:
    browser = Browser(town.house)
    wrong = await browser.submit(await browser.get(login()), email="u@example.com", password="wrong")
    is_page(wrong, 401)
    assert ">app.test</bdi>" in wrong.text
    assert (await browser.sign_in(wrong)).status_code == 302


async def test_an_opaque_token_does_as_well(alone: Town) -> None:
    await alone.house.set_policy("a", replace(APPS, token_format="opaque"))
    given = await token(alone)
    assert given.startswith("tna_")
    assert (await userinfo(alone, given)).status_code == 200


@pytest.mark.parametrize("body", ["json", "form"])
async def test_an_app_may_send_json_or_a_form(town: Town, body: str) -> None:
    members = {"code": await code(town.user), "code_verifier": VERIFIER}
    answer = await town.ask("POST", "/exchange", **{body: members})
    assert answer.status_code == 200, answer.text


async def test_an_issuer_with_a_path_has_apps_of_its_own(town: Town) -> None:
    uri = f"{ISSUER}/below"
    await town.house.issuer("below", uri, Policy(first_party_origins=("https://below.test",)))
    browser = Browser(town.house)
    browser.cookies = dict(town.user.cookies)
    asked = changed(LOGIN, returnTo="https://below.test/page")
    is_page(await browser.get(login(asked)))  # none of the issuer above it
    page = await browser.get(f"/below{login(asked)}")
    is_page(page, 200)
    told = returned(await browser.sign_in(page), "https://below.test/callback")
    assert told["iss"] == uri
    refused(await exchange(town, told["code"], code_verifier=VERIFIER), 400, "invalid_grant")
    given = await town.ask("POST", "/below/exchange", json={"code": told["code"], "code_verifier": VERIFIER})
    assert claims(given.json()["token"])["aud"] == uri


async def test_metadata_says_nothing_of_it(town: Town) -> None:
    async def published() -> list[bytes]:
        names = ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource")
        return [(await town.ask("GET", f"/.well-known/{name}")).content for name in names]

    with_apps = await published()
    await town.house.set_policy("a", POLICY)
    assert await published() == with_apps
    await town.house.set_policy("a", APPS)


# --- where a user is sent


@pytest.mark.parametrize("page", BAD_PAGES)
@pytest.mark.parametrize("name", [pytest.param("returnTo", id="FB-18"), pytest.param("return_to", id="seed-48")])
@requirement("seed:a-sign-in-leads-to-known-apps-only")
async def test_nobody_is_sent_to_a_page_of_no_app(town: Town, name: str, page: str) -> None:
    asked = [(name, page), *LOGIN[1:]]
    is_page(await town.user.get(login(asked)))
    assert "password" not in (await Browser(town.house).get(login(asked))).text


async def test_what_is_missing_is_called_by_its_own_name(town: Town) -> None:
    assert "<bdi>returnTo must be given, once.</bdi>" in (await town.user.get("/login")).text


async def test_where_the_browser_comes_from_is_not_where_it_goes(town: Town) -> None:
    referer = [("Referer", "https://app.test/page"), ("Origin", "https://app.test")]
    is_page(await town.user.ask("GET", login(LOGIN[1:]), headers=referer))


@requirement("seed:a-sign-in-leads-to-known-apps-only")
async def test_an_issuer_without_apps_signs_nobody_in_to_any(alone: Town) -> None:
    good = await code(alone.user)
    await alone.house.set_policy("a", POLICY)
    for target in ("/login", login(), login(changed(LOGIN, returnTo="https://evil.test/"))):
        page = await alone.user.get(target)
        is_page(page)
        assert "This issuer has no apps of its own" in page.text
    refused(await exchange(alone, good, code_verifier=VERIFIER), 400, "invalid_grant")


async def test_an_app_that_is_none_any_more_gets_nothing_for_a_code(alone: Town) -> None:
    by_pkce, by_client = await code(alone.user), await code(alone.user, BY_CLIENT)
    await alone.house.set_policy("a", replace(APPS, first_party_origins=("https://second.test",)))
    refused(await exchange(alone, by_pkce, code_verifier=VERIFIER), 400, "invalid_grant")
    refused(await exchange(alone, by_client, basic=alone.basic("K")), 400, "invalid_grant")


async def test_what_the_app_did_wrong_is_told_to_the_app(town: Town) -> None:
    for wrong in ({"code_challenge_method": "plain"}, {"prompt": "x"}, {"prompt": "consent"}, {"max_age": "x"}):
        sent_back(await Browser(town.house).get(login(changed(LOGIN, **wrong))), "invalid_request", to=APP)
    too_long = await town.user.get(login(changed(LOGIN, state="s" * 4_097)))
    sent_back(too_long, "invalid_request", state=None, to=APP)


async def test_a_state_comes_back_as_it_was(town: Town) -> None:
    for state in ("ä&=#?+ %", "s" * 4_096):
        assert returned(await town.user.get(login(changed(LOGIN, state=state))), APP)["state"] == state
    assert "state" not in returned(await town.user.get(login(changed(LOGIN, state=None))), APP)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT"])
async def test_only_a_get_gives_a_code(town: Town, method: str) -> None:
    answer = await town.user.ask(method, login())
    assert answer.status_code == 405
    assert "location" not in answer.headers


# --- whose code it is


@requirement("seed:a-code-of-an-app-is-bound")
async def test_a_code_for_anybody_is_not_given(town: Town) -> None:
    for method in ("S256", None):
        page = await town.user.get(login(changed(LOGIN, code_challenge=None, code_challenge_method=method)))
        is_page(page)
        assert "code_challenge" in page.text


@requirement("seed:a-code-of-an-app-is-bound")
async def test_a_code_alone_is_worth_nothing(town: Town) -> None:
    good = await code(town.user)
    refused(await exchange(town, good), 400, "invalid_request")
    refused(await exchange(town, good, code_verifier=""), 400, "invalid_request")
    assert (await exchange(town, good, code_verifier=VERIFIER)).status_code == 200


@pytest.mark.parametrize("wrong", ["x" * 43, VERIFIER[:-1], f"{VERIFIER}x", "short", CHALLENGE, "ä" * 43])
@requirement("seed:a-code-of-an-app-is-bound")
async def test_a_wrong_verifier_burns_the_code(town: Town, wrong: str) -> None:
    good = await code(town.user)
    refused(await exchange(town, good, code_verifier=wrong), 400, "invalid_grant")
    refused(await exchange(town, good, code_verifier=VERIFIER), 400, "invalid_grant")


async def test_a_verifier_that_was_asked_for_is_needed_whoever_is_asking(town: Town) -> None:
    good = await code(town.user)
    refused(await exchange(town, good, client_id="first-party"), 400, "invalid_grant")
    refused(await exchange(town, good, code_verifier=VERIFIER), 400, "invalid_grant")


@requirement("seed:a-code-of-an-app-is-bound")
async def test_a_code_of_a_client_is_for_that_client_alone(town: Town) -> None:
    good = await code(town.user, BY_CLIENT)
    basic, secret = town.basic("K"), town.secrets["K"]
    refused(await exchange(town, good, code_verifier=VERIFIER), 400, "invalid_grant")
    refused(await exchange(town, good, client_id="P"), 400, "invalid_grant")
    refused(await exchange(town, good, client_id="first-party"), 400, "invalid_grant")
    refused(await exchange(town, good, client_id="L", client_secret=town.secrets["L"]), 400, "invalid_grant")
    refused(await exchange(town, good, basic=town.basic("R")), 400, "invalid_grant")
    refused(await exchange(town, good, client_id="K"), 401, "invalid_client")
    refused(await exchange(town, good, client_id="K", client_secret=secret), 401, "invalid_client")  # not its method
    refused(await exchange(town, good, basic=("K", f"{secret}x")), 401, "invalid_client")
    refused(await exchange(town, good, basic=basic, client_secret=secret), 400, "invalid_request")
    refused(await exchange(town, good, client_secret=secret), 401, "invalid_client")
    answer = await exchange(town, good, basic=basic)  # nobody who only knows it can burn it
    assert answer.status_code == 200, answer.text
    given = answer.json()["token"]
    assert claims(given)["client_id"] == "K"
    assert answer.json().keys() == {"token", "expiresIn", "token_type", "scope"}
    asked = await town.ask("POST", "/introspect", form={"token": given}, basic=basic)
    assert asked.json()["active"] is True


async def test_a_client_may_prove_itself_in_the_body(town: Town) -> None:
    good = await code(town.user, changed(BY_CLIENT, client_id="L"))
    assert (await exchange(town, good, client_id="L", client_secret=town.secrets["L"])).status_code == 200


async def test_a_client_gets_no_more_than_it_may_have(town: Town) -> None:
    await town.house.client("a", "narrow", **CONFIDENTIAL, scope="openid offline_access")
    good = await code(town.user, changed(LOGIN, client_id="narrow"))
    assert "narrow" not in (await exchange(town, good, code_verifier=VERIFIER)).text
    _, secret = await town.house.client("a", "narrower", **CONFIDENTIAL, scope="openid offline_access")
    good = await code(town.user, changed(BY_CLIENT, client_id="narrower"))
    answer = await exchange(town, good, basic=("narrower", str(secret)))
    assert answer.json()["scope"] == "openid"


async def test_where_both_were_given_both_are_needed(town: Town) -> None:
    good = await code(town.user, BOTH)
    refused(await exchange(town, good, code_verifier=VERIFIER), 400, "invalid_grant")  # nobody's, so nothing is burnt
    assert (await exchange(town, good, basic=town.basic("K"), code_verifier=VERIFIER)).status_code == 200
    for wrong in ({}, {"code_verifier": "x" * 43}):
        good = await code(town.user, BOTH)
        refused(await exchange(town, good, basic=town.basic("K"), **wrong), 400, "invalid_grant")
        refused(await exchange(town, good, basic=town.basic("K"), code_verifier=VERIFIER), 400, "invalid_grant")


async def test_a_verifier_for_a_challenge_that_did_not_arrive_burns_the_code(town: Town) -> None:
    good = await code(town.user, BY_CLIENT)
    refused(await exchange(town, good, basic=town.basic("K"), code_verifier=VERIFIER), 400, "invalid_grant")
    refused(await exchange(town, good, basic=town.basic("K")), 400, "invalid_grant")


async def test_only_a_client_of_the_operators_with_a_secret_may_be_named(alone: Town) -> None:
    registered = (await alone.ask("POST", "/register", json={"redirect_uris": [CALLBACK]})).json()
    await disable_client(alone.house, "L")
    for client_id in ("nobody", "P", "first-party", "L", registered["client_id"]):
        is_page(await alone.user.get(login(changed(BOTH, client_id=client_id))))


@requirement("seed:a-code-of-an-app-is-used-once-within-a-minute")
async def test_a_code_that_comes_twice_ends_what_it_gave(town: Town) -> None:
    good = await code(town.user)
    given = (await exchange(town, good, code_verifier=VERIFIER)).json()["token"]
    assert (await about(town, given))["active"] is True
    refused(await exchange(town, good, code_verifier=VERIFIER), 400, "invalid_grant")
    assert await about(town, given) == {"active": False}
    assert (await userinfo(town, given)).status_code == 401


async def test_a_code_that_comes_five_times_at_once_gives_one_token(town: Town) -> None:
    good = await code(town.user)
    answers = await asyncio.gather(*(exchange(town, good, code_verifier=VERIFIER) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


@requirement("seed:a-code-of-an-app-is-used-once-within-a-minute")
async def test_a_code_lives_for_a_minute(town: Town) -> None:
    in_time, late = await code(town.user), await code(town.user)
    town.clock.now += 59
    assert (await exchange(town, in_time, code_verifier=VERIFIER)).status_code == 200
    town.clock.now += 1
    refused(await exchange(town, late, code_verifier=VERIFIER), 400, "invalid_grant")


async def test_a_code_is_good_at_one_endpoint_of_one_issuer(town: Town) -> None:
    of_app, of_client, elsewhere = await code(town.user), await town.user.code(), Browser(town.house, host="b.test")
    refused(await town.token(changed(TK, code=of_app)), 400, "invalid_grant")
    refused(await town.token(changed(TK, code=of_app, redirect_uri=None)), 400, "invalid_grant")
    refused(await town.token(changed(TK, code=of_app.replace("tnx_", "tnc_"), redirect_uri=None)), 400, "invalid_grant")
    for theirs in (of_client, of_client.replace("tnc_", "tnx_"), of_app.replace("tnx_", "tnc_"), of_app[:-1], "x"):
        refused(await exchange(town, theirs, code_verifier=VERIFIER), 400, "invalid_grant")
        refused(await exchange(town, theirs, code_verifier=VERIFIER, client_id="P"), 400, "invalid_grant")
    refused(await exchange(town, await code(elsewhere), code_verifier=VERIFIER), 400, "invalid_grant")
    assert (await exchange(town, of_app, code_verifier=VERIFIER)).status_code == 200
    assert (await town.token(changed(TK, code=of_client))).status_code == 200


# --- the browser that signs in


async def test_a_sign_in_page_of_one_browser_signs_nobody_else_in(town: Town) -> None:
    page = await Browser(town.house).get(login())
    other = Browser(town.house, 1)
    await other.get(login())
    is_page(await other.submit(page, email="u@example.com", password="correct horse"))  # LG-02


async def test_two_tabs_each_go_back_to_where_they_came_from(town: Town) -> None:
    browser = Browser(town.house)
    app = await browser.get(login())
    other = await browser.get(login(changed(LOGIN, returnTo="https://second.test/o", state="other")))
    client = await browser.get(authorize(changed(AZ, state="client")))
    assert returned(await browser.sign_in(client))["state"] == "client"
    told = returned(await browser.sign_in(other), "https://second.test/callback")
    assert (told["state"], told["returnTo"]) == ("other", "/o")
    told = returned(await browser.sign_in(app), APP)
    assert (told["state"], told["returnTo"]) == ("s1", "/page?x=1")


async def test_a_page_is_answered_once(town: Town) -> None:
    browser = Browser(town.house)
    page = await browser.get(login())
    await browser.sign_in(page)
    is_page(await browser.submit(page, email="u@example.com", password="correct horse"))


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}], ids=str)
async def test_a_fresh_sign_in_is_asked_for_once(town: Town, wish: dict[str, str]) -> None:
    browser = Browser(town.house)
    await code(browser)
    former = browser.cookies["__Host-session"]
    town.clock.now += 1
    page = await browser.get(login(changed(LOGIN, **wish)))
    is_page(page, 200)
    assert returned(await browser.sign_in(page), APP)["returnTo"] == "/page?x=1"
    assert browser.cookies["__Host-session"] != former  # LG-01


async def test_a_sign_in_that_is_recent_enough_will_do(town: Town) -> None:
    browser = Browser(town.house)
    await code(browser)
    town.clock.now += 50
    assert (await browser.get(login(changed(LOGIN, max_age="60")))).status_code == 302
    town.clock.now += 10
    is_page(await browser.get(login(changed(LOGIN, max_age="60"))), 200)


async def test_without_pages_the_app_is_told_that_nobody_is_there(town: Town) -> None:
    sent_back(await Browser(town.house).get(login(changed(LOGIN, prompt="none"))), "login_required", to=APP)
    assert "code" in returned(await town.user.get(login(changed(LOGIN, prompt="none"))), APP)


async def test_in_development_a_user_can_be_signed_in_without_being_asked(tmp_path: Path) -> None:
    automatic = DevProvider(USERS, auto_sign_in="u@example.com")
    async with running_house(tmp_path, provider=automatic) as house:
        await house.issuer("a", ISSUER, Policy(first_party_origins=("https://app.test",)))
        answer = await Browser(house).get(login())
        assert "set-cookie" not in answer.headers
        members = {"code": returned(answer, APP)["code"], "code_verifier": VERIFIER}
        given = await house.ask("POST", "/exchange", json=members)
        assert given.json()["scope"] == "openid profile email"


# --- the token afterwards


async def test_whoever_holds_it_may_ask_about_it_and_give_it_back(town: Town) -> None:
    given, kept = await token(town), await token(town)
    told = await about(town, given)
    assert (told["active"], told["client_id"], told["aud"]) == (True, "first-party", ISSUER)
    assert await about(town, given, "P") == {"active": False}
    for form, basic in (({"client_id": "P"}, None), ({}, town.basic("K"))):
        await town.ask("POST", "/revoke", form={"token": given, **form}, basic=basic)
        assert (await about(town, given))["active"] is True
    await town.ask("POST", "/revoke", form={"token": given, "client_id": "first-party"})
    assert await about(town, given) == {"active": False}
    assert (await about(town, kept))["active"] is True


async def test_the_apps_are_no_client_elsewhere(town: Town) -> None:
    is_page(await town.user.get(authorize(changed(AZ, client_id="first-party"))))
    is_page(await town.user.get(authorize(changed(AZ, client_id="first-party", redirect_uri=None))))
    of_client = await town.user.code()
    form = changed(TK, code=of_client, client_id="first-party")
    refused(await town.token(form), 400, "unauthorized_client")
    refresh = (await town.token(changed(TK, code=of_client))).json()["refresh_token"]
    refused(await town.refresh(refresh, client_id="first-party"), 400, "unauthorized_client")
    refused(await town.token(form, basic=("first-party", "x")), 401, "invalid_client")


async def test_no_client_may_be_called_as_the_apps_are(town: Town) -> None:
    new = NewClient(client_id="first-party", metadata=CONFIDENTIAL, resources=())
    with pytest.raises(Invalid) as raised:
        await town.house.registry.tenant("a").actor.run(add_client, new)
    assert raised.value.field == "client_id"


async def test_it_ends_with_its_hour(town: Town) -> None:
    given = await token(town)
    town.clock.now += 3_599
    assert (await about(town, given))["active"] is True
    town.clock.now += 1
    assert await about(town, given) == {"active": False}


async def test_it_ends_when_its_user_is_disabled(alone: Town) -> None:
    given, good = await token(alone), await code(alone.user)
    await disable_user(alone.house, "u@example.com")
    assert await about(alone, given) == {"active": False}
    assert (await userinfo(alone, given)).status_code == 401
    refused(await exchange(alone, good, code_verifier=VERIFIER), 400, "invalid_grant")
    is_page(await alone.user.get(login()), 200)


async def test_it_ends_when_there_are_no_apps_any_more(alone: Town) -> None:
    given = await token(alone)
    await alone.house.set_policy("a", POLICY)
    assert (await userinfo(alone, given)).status_code == 401
    form = {"token": given, "client_id": "first-party"}
    refused(await alone.ask("POST", "/introspect", form=form), 401, "invalid_client")


# --- what is no request


@pytest.mark.parametrize(
    ("body", "media"),
    [
        pytest.param(b"", "application/json", id="seed-32-empty"),
        pytest.param(b"null", "application/json", id="seed-32-null"),
        pytest.param(b"{", "application/json", id="seed-32-cut"),
        pytest.param(b"[]", "application/json", id="list"),
        pytest.param(b'"x"', "application/json", id="text"),
        pytest.param(b"{}", "application/json", id="nothing"),
        pytest.param(b'{"code":null,"code_verifier":"x"}', "application/json", id="null"),
        pytest.param(b'{"code":1,"code_verifier":"x"}', "application/json", id="number"),
        pytest.param(b'{"code":["x"],"code_verifier":"x"}', "application/json", id="nested"),
        pytest.param(b'{"code":"","code_verifier":"x"}', "application/json", id="empty-code"),
        pytest.param(b'{"code":"x","code":"y","code_verifier":"x"}', "application/json", id="RG-19-twice"),
        pytest.param(b'{"code":"\xff","code_verifier":"x"}', "application/json", id="not-utf-8"),
        pytest.param(b'{"code":"\\ud800","code_verifier":"x"}', "application/json", id="half-a-character"),
        pytest.param(b"code=x&code=y&code_verifier=x", "application/x-www-form-urlencoded", id="form-twice"),
        pytest.param(b"code=%zz&code_verifier=x", "application/x-www-form-urlencoded", id="form-escape"),
        pytest.param(b"code_verifier=x", "application/x-www-form-urlencoded", id="form-no-code"),
        pytest.param(b'{"code":"x","code_verifier":"x"}', "text/plain", id="plain"),
        pytest.param(b'{"code":"x","code_verifier":"x"}', "application/x-www-form-urlencoded", id="json-as-form"),
        pytest.param(b"code=x&code_verifier=x", "application/json", id="form-as-json"),
    ],
)
async def test_what_says_nothing_gets_nothing(town: Town, body: bytes, media: str) -> None:
    answer = await town.ask("POST", "/exchange", content=body, headers=[("Content-Type", media)])
    refused(answer, 400, "invalid_request")


async def test_a_body_is_bounded_and_posted(town: Town) -> None:
    huge = json.dumps({"code": "x" * 65_536, "code_verifier": "x"}).encode()
    answer = await town.ask("POST", "/exchange", content=huge, headers=[("Content-Type", "application/json")])
    refused(answer, 413, "invalid_request")
    refused(await town.ask("GET", "/exchange?code=x&code_verifier=x"), 405, "invalid_request")


@pytest.mark.parametrize(
    ("scheme", "status"), [("Bearer x", 401), ("Basic", 401), ("Basic %%%", 401), ("DPoP x", 401)], ids=str
)
async def test_a_malformed_proof_is_not_taken_for_none(town: Town, scheme: str, status: int) -> None:
    members = {"code": await code(town.user), "code_verifier": VERIFIER}
    refused(
        await town.ask("POST", "/exchange", json=members, headers=[("Authorization", scheme)]), status, "invalid_client"
    )
    assertion = await exchange(town, members["code"], code_verifier=VERIFIER, client_id="K", client_assertion="x")
    refused(assertion, 401, "invalid_client")
    assert (await exchange(town, members["code"], code_verifier=VERIFIER)).status_code == 200


async def test_no_code_of_an_app_is_found_in_the_log_or_the_files(tmp_path: Path) -> None:
    async with running_house(tmp_path) as house:
        town = await with_apps(await settle(house))
        page = await Browser(house).get(login())
        good = await code(town.user)
        given = (await exchange(town, good, code_verifier=VERIFIER)).json()["token"]
        refused(await exchange(town, good, code_verifier=VERIFIER), 400, "invalid_grant")
        logged = house.logged()
    files = b"".join(file.read_bytes() for file in tmp_path.rglob("*.db"))
    assert b"first-party" in files
    for secret in (good, given, VERIFIER, form_of(page)[1]["ticket"]):
        assert secret not in logged
        assert secret.encode("ascii") not in files


# --- through an identity provider


async def depart(abroad: Abroad, parameters: Pairs = LOGIN) -> str:
    page = await abroad.browser.get(login(changed(parameters, prompt="login")))
    answer = await abroad.browser.submit(page, provider="corp")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def come_back(abroad: Abroad, **changes: str | None) -> httpx.Response:
    return await abroad.browser.get(abroad.corp.sign_in(await depart(abroad), **changes))


async def token_of(abroad: Abroad) -> str:
    told = returned(await abroad.browser.follow(await come_back(abroad)), APP)
    return (await exchange(abroad.town, told["code"], code_verifier=VERIFIER)).json()["token"]


async def test_the_page_says_where_the_user_will_go_before_anyone_is_sent_away(abroad: Abroad) -> None:
    page = await abroad.browser.get(login())
    is_page(page, 200)
    assert 'Sign in to go on to <bdi class="address" id="destination" dir="ltr">app.test</bdi>' in page.text
    assert "Continue with <bdi>Corp</bdi>" in page.text
    assert "asks for access" not in page.text
    assert abroad.corp.asked == []


async def test_a_user_of_a_provider_comes_back_to_the_app(abroad: Abroad) -> None:
    answer = await abroad.browser.follow(await come_back(abroad))
    told = returned(answer, APP)
    assert (told["returnTo"], told["state"], told["iss"]) == ("/page?x=1", "s1", ISSUER)
    given = await exchange(abroad.town, told["code"], code_verifier=VERIFIER)
    assert (await userinfo(abroad.town, given.json()["token"])).json()["email"] == "eve@corp.test"
    for theirs in abroad.corp.tokens:
        assert theirs not in given.text  # FB-15


async def test_a_sign_in_of_a_moment_ago_is_not_asked_for_again_and_again(abroad: Abroad) -> None:
    abroad.corp.says = {"auth_time": abroad.town.clock.now - 300}
    page = await abroad.browser.get(login(changed(LOGIN, max_age="60")))
    away = (await abroad.browser.submit(page, provider="corp")).headers["location"]
    back = await abroad.browser.get(abroad.corp.sign_in(away))
    assert "code" in returned(await abroad.browser.follow(back), APP)


async def test_a_hint_leads_to_the_provider_of_its_domain(abroad: Abroad) -> None:
    await abroad.configure(provider_id="other", display_name="Other", login_domains=("other.test",))
    page = await abroad.browser.get(login(changed(LOGIN, login_hint="eve@other.test")))
    assert "Other" in page.text
    assert "Corp" not in page.text


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"error": "access_denied", "code": None}, "access_denied"),
        ({"error": "<script>alert(1)</script>", "error_description": "secret", "code": None}, "server_error"),
        ({"code": None}, "server_error"),
        ({"code": "wrong"}, "server_error"),
    ],
    ids=["denied", "seed-17", "nothing", "wrong-code"],
)
async def test_a_failure_is_told_to_the_app_in_our_own_words(
    abroad: Abroad, parameters: dict[str, str | None], error: str
) -> None:
    answer = await come_back(abroad, **parameters)
    sent_back(answer, error, to=APP)
    for theirs in ("%3C", "alert", "secret", "%3F"):
        assert theirs not in answer.headers["location"]


async def test_a_request_too_long_to_be_taken_along_is_told_to_the_app(abroad: Abroad) -> None:
    asked = changed(LOGIN, state="s" * 4_000)
    answer = await abroad.browser.submit(await abroad.browser.get(login(asked)), provider="corp")
    sent_back(answer, "invalid_request", state="s" * 4_000, to=APP)


async def test_who_is_away_does_not_come_back_to_an_app_that_is_none_any_more(abroad: Abroad) -> None:
    for failure in ({}, {"error": "access_denied", "code": None}):
        back = abroad.corp.sign_in(await depart(abroad), **failure)
        await abroad.town.house.set_policy("a", replace(APPS, first_party_origins=("https://second.test",)))
        answer = await abroad.browser.get(back)
        if answer.status_code == 303:
            answer = await abroad.browser.follow(answer)
        is_page(answer)
        await abroad.town.house.set_policy("a", APPS)


@pytest.mark.parametrize("end", ["disabled", "removed"])
async def test_a_token_ends_with_the_provider_of_its_user(abroad: Abroad, end: str) -> None:
    given = await token_of(abroad)
    assert (await about(abroad.town, given))["active"] is True
    await (abroad.configure(disabled_at=1) if end == "disabled" else abroad.remove("corp"))
    assert await about(abroad.town, given) == {"active": False}


async def test_a_trip_for_an_app_and_one_for_a_client_do_not_meet(abroad: Abroad) -> None:
    for_app, for_client = await depart(abroad), await abroad.depart()
    to: Callable[[str], str] = abroad.corp.sign_in
    page = await abroad.browser.follow(await abroad.browser.get(to(for_client)))
    assert form_of(page)[0] == "/consent"
    assert returned(await abroad.browser.allow(page))["state"] == "s1"
    assert "returnTo" in returned(await abroad.browser.follow(await abroad.browser.get(to(for_app))), APP)


# --- tokens that are bound


@requirement("rfc9449:a-bound-token-opens-nothing-without-its-key")
async def test_an_app_may_bind_its_token_to_a_key(town: Town) -> None:
    holder, at = Holder(), f"{ISSUER}/exchange"
    elsewhere = holder.proof("POST", f"{ISSUER}/token", town.clock.now)
    given = await code(town.user)
    refused(await exchange(town, given, code_verifier=VERIFIER, proof=elsewhere), 400, "invalid_dpop_proof")
    proof = holder.proof("POST", at, town.clock.now)
    answer = await exchange(town, given, code_verifier=VERIFIER, proof=proof)
    assert answer.json()["token_type"] == "DPoP"
    bound = answer.json()["token"]
    assert claims(bound)["cnf"] == {"jkt": holder.jkt}
    assert (await about(town, bound))["token_type"] == "DPoP"
    refused(await userinfo(town, bound), 401, "invalid_token")
    given = await code(town.user)
    refused(await exchange(town, given, code_verifier=VERIFIER, proof=proof), 400, "invalid_dpop_proof")


@requirement("rfc9449:it-can-be-demanded")
async def test_a_client_that_binds_all_its_tokens_gets_no_other_here(alone: Town) -> None:
    _, secret = await alone.house.client("a", "bound", **CONFIDENTIAL, dpop_bound_access_tokens=True)
    assert secret is not None
    given = await code(alone.user, changed(BOTH, client_id="bound"))
    shown: dict[str, Any] = {"basic": ("bound", secret), "code_verifier": VERIFIER}
    refused(await exchange(alone, given, **shown), 400, "invalid_dpop_proof")
    await alone.house.set_policy("a", replace(APPS, dpop_nonce_required=True))
    holder, at = Holder(), f"{ISSUER}/exchange"
    answer = await exchange(alone, given, **shown, proof=holder.proof("POST", at, alone.clock.now))
    refused(answer, 400, "use_dpop_nonce")
    proof = holder.proof("POST", at, alone.clock.now, nonce=answer.headers["dpop-nonce"])
    answer = await exchange(alone, given, **shown, proof=proof)
    assert claims(answer.json()["token"])["cnf"] == {"jkt": holder.jkt}
    assert answer.headers["dpop-nonce"]
