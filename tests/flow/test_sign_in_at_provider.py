"""Sign-in at an identity provider: out with a state that only this browser can use, and back once."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from server.web.cookies import MAX_OF_OTHERS, MAX_OF_TRIPS
from tenants.acts.upstream import MAX_LUGGAGE
from tenants.records import AccessRule, Identity
from tenants.turn import Turn
from tests.flow.at_provider import Abroad
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, TK, authorize, changed, is_page, sent_back
from tests.support.openid_provider import CLIENT_ID

pytestmark = pytest.mark.asyncio(loop_scope="module")


# --- out


async def test_who_asks_is_shown_before_anyone_is_sent_away(abroad: Abroad) -> None:
    page = await abroad.browser.get(authorize(AZ))
    is_page(page, 200)
    for shown in ("app.test", "https://mcp.test/mcp", "mcp", "Continue with <bdi>Corp</bdi>"):
        assert shown in page.text
    assert abroad.corp.asked == []  # CO-01


async def test_the_provider_is_asked_as_its_client(abroad: Abroad) -> None:
    asked = dict(parse_qsl(urlsplit(await abroad.depart()).query))
    assert asked["client_id"] == CLIENT_ID
    assert asked["redirect_uri"] == "https://a.test/callback/corp"
    assert asked["scope"] == "openid profile email"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["nonce"]
    assert asked["prompt"] == "login"
    again = dict(parse_qsl(urlsplit(await abroad.depart()).query))
    for fresh in ("state", "nonce", "code_challenge"):
        assert again[fresh] != asked[fresh]


async def test_a_hint_leads_to_the_provider_of_its_domain(abroad: Abroad) -> None:
    await abroad.configure(provider_id="other", display_name="Other", login_domains=("other.test",))
    page = await abroad.browser.get(authorize(AZ))
    assert "Corp" in page.text
    assert "Other" in page.text
    page = await abroad.browser.get(authorize(changed(AZ, login_hint="eve@Other.test")))
    assert "Corp" not in page.text
    assert "login_hint=eve%40Other.test" in (await abroad.browser.submit(page, provider="other")).headers["location"]


@pytest.mark.parametrize("provider_id", ["nobody", "", "../corp", "off"])
async def test_only_a_provider_that_is_there_and_on_is_gone_to(abroad: Abroad, provider_id: str) -> None:
    await abroad.configure(provider_id="off", disabled_at=1)
    page = await abroad.browser.get(authorize(AZ))
    assert 'value="off"' not in page.text
    answer = await abroad.browser.submit(page, provider=provider_id)
    assert answer.status_code in (400, 401)
    assert "location" not in answer.headers


# --- and back


async def test_a_user_comes_back_consents_and_the_client_gets_tokens(abroad: Abroad) -> None:
    answer = await abroad.town.token(changed(TK, code=await abroad.code()))
    assert answer.status_code == 200, answer.text
    for token in abroad.corp.tokens:
        assert token not in answer.text  # FB-15
    [user] = await abroad.users()
    assert user.identities == (Identity("corp", "248"),)
    assert (user.email, user.name) == ("eve@corp.test", "Eve")
    assert user.email_verified
    assert (await abroad.browser.get(authorize(AZ))).status_code == 302  # consent is remembered


async def test_the_same_subject_comes_back_as_the_same_user_as_the_provider_says_now(abroad: Abroad) -> None:
    await abroad.come_back()
    abroad.corp.user |= {"email": "new@corp.test", "roles": ["admin"], "groups": ["all"], "permissions": ["a:b"]}
    await abroad.come_back()
    [user] = await abroad.users()
    assert (user.email, user.roles, user.permissions) == ("new@corp.test", ("admin",), ("a:b",))
    assert user.metadata["groups"] == ["all"]


async def test_a_subject_of_two_providers_is_two_users(abroad: Abroad) -> None:
    await abroad.configure(provider_id="other")
    await abroad.come_back()
    await abroad.browser.get(abroad.corp.sign_in(await abroad.depart(provider_id="other")))
    expected = {(Identity("corp", "248"),), (Identity("other", "248"),)}
    assert {user.identities for user in await abroad.users()} == expected  # FB-12


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_we_authenticate_as_configured(abroad: Abroad, method: str) -> None:
    await abroad.configure(auth_method=method)
    assert await abroad.code()


async def test_what_the_id_token_leaves_out_userinfo_says(abroad: Abroad) -> None:
    abroad.corp.says = {"email": None, "name": None}
    await abroad.come_back()
    [user] = await abroad.users()
    assert (user.email, user.name) == ("eve@corp.test", "Eve")


# --- what must not come back


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/callback/corp", id="FB-01-nothing"),
        pytest.param("/callback/corp?code=x", id="FB-01-missing"),
        pytest.param("/callback/corp?code=x&state=", id="FB-01-empty"),
        pytest.param(f"/callback/corp?code=x&state={'0' * 40}", id="FB-01-unknown"),
        pytest.param("/callback/corp?code=x&state=%C3%A4", id="FB-01-odd"),
    ],
)
async def test_without_a_state_of_ours_nobody_is_asked(abroad: Abroad, target: str) -> None:
    await abroad.depart()
    before = list(abroad.corp.asked)
    is_page(await abroad.browser.get(target))
    assert abroad.corp.asked == before


async def test_a_state_that_is_too_old_is_refused(abroad: Abroad) -> None:
    back = abroad.corp.sign_in(await abroad.depart())
    abroad.town.clock.now += 600
    is_page(await abroad.browser.get(back))  # FB-01
    assert "/token" not in abroad.corp.asked


async def test_another_browser_cannot_come_back_with_it(abroad: Abroad) -> None:
    back = abroad.corp.sign_in(await abroad.depart())
    thief = Browser(abroad.town.house)
    is_page(await thief.get(back))  # FB-02, CO-02
    await thief.get(authorize(AZ))
    thief.cookies |= {name: value for name, value in abroad.browser.cookies.items() if "upstream" in name}
    is_page(await thief.get(back))
    assert "/token" not in abroad.corp.asked
    assert await abroad.users() == []


async def test_one_return_is_one_session(abroad: Abroad) -> None:
    back = abroad.corp.sign_in(await abroad.depart())
    answers = await asyncio.gather(*(abroad.browser.get(back) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400]  # FB-03
    is_page(await abroad.browser.get(back))
    assert abroad.corp.asked.count("/token") == 1


async def test_a_state_of_one_issuer_is_nothing_at_another(abroad: Abroad) -> None:
    await abroad.configure("b")
    back = abroad.corp.sign_in(await abroad.depart())
    elsewhere = Browser(abroad.town.house, host="b.test")
    elsewhere.cookies = dict(abroad.browser.cookies)
    is_page(await elsewhere.get(back))  # FB-04
    assert "/token" not in abroad.corp.asked


async def test_a_code_that_was_given_to_another_is_refused_there(abroad: Abroad) -> None:
    attacker = Browser(abroad.town.house)
    theirs = dict(parse_qsl(urlsplit(abroad.corp.sign_in(await abroad.depart(attacker))).query))["code"]
    failed(await abroad.come_back(code=theirs))  # FB-17
    assert await abroad.users() == []


async def test_a_code_of_one_provider_is_taken_to_no_other(abroad: Abroad) -> None:
    await abroad.configure(provider_id="other")
    theirs = abroad.corp.sign_in(await abroad.depart(provider_id="other"))
    is_page(await abroad.browser.get(theirs.replace("/callback/other", "/callback/corp")))  # FB-05
    is_page(await abroad.browser.get(theirs.replace("/callback/other", "/callback/nobody")))
    assert "/token" not in abroad.corp.asked


async def test_a_provider_that_is_changed_meanwhile_says_nothing_that_counts(abroad: Abroad) -> None:
    back = abroad.corp.sign_in(await abroad.depart())
    await abroad.configure(version=2)
    failed(await abroad.browser.get(back))
    assert "/token" not in abroad.corp.asked
    abroad.corp.silent_at = "/token"
    back = asyncio.ensure_future(abroad.come_back())
    await asyncio.wait_for(abroad.corp.waiting.wait(), 10)
    await abroad.configure(version=3)
    abroad.corp.go_on.set()
    failed(await back)
    assert await abroad.users() == []


async def test_head_does_nothing(abroad: Abroad) -> None:
    back = abroad.corp.sign_in(await abroad.depart())
    assert (await abroad.browser.ask("HEAD", back)).status_code == 405
    assert "/token" not in abroad.corp.asked
    assert (await abroad.browser.get(back)).status_code == 303


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize("bits", [1_024, 1_536])
async def test_a_key_that_is_too_small_proves_nothing(abroad: Abroad, bits: int) -> None:
    abroad.corp.keys["first"] = RSAKey.generate_key(bits)
    failed(await abroad.come_back())
    assert await abroad.users() == []


# --- trips


async def test_what_a_trip_leaves_in_the_browser_goes_when_it_ends(abroad: Abroad) -> None:
    for ending in ({}, {"error": "access_denied"}, {"code": "wrong"}):
        await abroad.come_back(**ending)
        assert not [name for name in abroad.browser.cookies if "upstream" in name]


@pytest.mark.parametrize("length", [10, 500, 1_900])
async def test_a_browser_takes_along_only_the_latest_trips(abroad: Abroad, length: int) -> None:
    """And all that it sends of us fits into the 8 KiB that a proxy may allow a header field."""
    asked = authorize(changed(AZ, prompt="login", state="s" * length))
    trips: list[str] = []
    for _ in range(9):
        answer = await abroad.browser.submit(await abroad.browser.get(asked), provider="corp")
        assert answer.status_code == 303, answer.text
        trips.append(answer.headers["location"])
        carried = sum(len(f"{name}={value}") for name, value in abroad.browser.cookies.items() if "upstream" in name)
        assert carried <= MAX_OF_TRIPS
    assert MAX_OF_TRIPS + MAX_OF_OTHERS < 8_192 - 300
    is_page(await abroad.browser.get(abroad.corp.sign_in(trips[0])))
    assert (await abroad.browser.get(abroad.corp.sign_in(trips[-1]))).status_code == 303


async def test_the_longest_request_that_can_be_taken_along_comes_back(abroad: Abroad) -> None:
    async def depart(length: int) -> str:
        page = await abroad.browser.get(authorize(changed(AZ, prompt="login", state="s" * length)))
        return (await abroad.browser.submit(page, provider="corp")).headers["location"]

    ways = [way for n in range(1_600, 2_800, 24) if (way := await depart(n)).startswith(abroad.corp.uri)]
    luggage = [value for name, value in abroad.browser.cookies.items() if "upstream" in name]
    assert [MAX_LUGGAGE - 100 < len(value) <= MAX_LUGGAGE for value in luggage] == [True]
    assert (await abroad.browser.get(abroad.corp.sign_in(ways[-1]))).status_code == 303


async def test_a_browser_that_hangs_up_on_its_way_back_is_no_fault_of_ours(abroad: Abroad) -> None:
    house = abroad.town.house
    before = len(house.logged())
    abroad.corp.silent_at = "/token"
    back = asyncio.ensure_future(abroad.come_back())
    await asyncio.wait_for(abroad.corp.waiting.wait(), 10)
    back.cancel()
    await asyncio.wait([back])
    async with asyncio.timeout(10):
        while not (lines := [line for line in house.logged()[before:].splitlines() if '"/callback"' in line]):
            await asyncio.sleep(0)
    assert [json.loads(line)["status"] for line in lines] == [499]


async def test_two_tabs_each_come_back_to_their_own_client(abroad: Abroad) -> None:
    one, two = await abroad.depart(), await abroad.depart()
    assert (await abroad.browser.get(abroad.corp.sign_in(one))).status_code == 303  # LG-14
    assert (await abroad.browser.get(abroad.corp.sign_in(two))).status_code == 303


async def test_a_request_too_long_to_be_taken_along_is_told_to_the_client(abroad: Abroad) -> None:
    asked = changed(AZ, state="s" * 4_000)
    answer = await abroad.browser.submit(await abroad.browser.get(authorize(asked)), provider="corp")
    assert "error=invalid_request" in answer.text or "error=invalid_request" in answer.headers.get("location", "")
    assert abroad.corp.asked == []


# --- fresh sign-ins


@pytest.mark.parametrize(
    ("wish", "prompt", "age"),
    [
        ({"prompt": "login"}, "login", None),
        ({"prompt": "select_account"}, "select_account", None),
        ({"prompt": "login select_account"}, "login select_account", None),
        ({"max_age": "60"}, "login", "60"),
        ({"prompt": "consent"}, None, None),
    ],
    ids=str,
)
async def test_a_wish_for_a_fresh_sign_in_is_passed_on(
    abroad: Abroad, wish: dict[str, str], prompt: str | None, age: str | None
) -> None:
    page = await abroad.browser.get(authorize(changed(AZ, **wish)))
    answer = await abroad.browser.submit(page, provider="corp")
    asked = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert (asked.get("prompt"), asked.get("max_age")) == (prompt, age)


async def test_a_sign_in_of_last_week_is_no_fresh_one(abroad: Abroad) -> None:
    abroad.corp.says = {"auth_time": abroad.town.clock.now - 7 * 86_400}
    sent_back(await abroad.come_back(), "login_required")
    page = await abroad.browser.get(authorize(AZ))
    location = (await abroad.browser.submit(page, provider="corp")).headers["location"]
    page = await abroad.browser.follow(await abroad.browser.get(abroad.corp.sign_in(location)))
    assert form_of(page)[0] == "/consent"  # where none was asked for it will do
    page = await abroad.browser.get(authorize(changed(AZ, max_age="3600")))
    assert form_of(page)[0] == "/login"  # and is known for what it is


@pytest.mark.parametrize("at", [-(10**30), -1, 10**30])
async def test_a_time_of_no_clock_keeps_nobody_from_signing_in(abroad: Abroad, at: int) -> None:
    abroad.corp.says = {"auth_time": at}
    page = await abroad.browser.get(authorize(AZ))
    location = (await abroad.browser.submit(page, provider="corp")).headers["location"]
    page = await abroad.browser.follow(await abroad.browser.get(abroad.corp.sign_in(location)))
    assert form_of(page)[0] == "/consent"


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"error": "access_denied", "code": None}, "access_denied"),
        ({"error": "access_denied"}, "access_denied"),
        ({"error": "<script>alert(1)</script>", "error_description": "<b>no</b>", "code": None}, "server_error"),
        ({"error": "temporarily_unavailable", "error_uri": "https://evil.test", "code": None}, "server_error"),
        ({"code": None}, "server_error"),
        ({"iss": "https://evil.test"}, "server_error"),
    ],
    ids=["denied", "FB-08", "FB-07", "unavailable", "nothing", "FB-06"],
)
async def test_a_failure_is_told_to_the_client_in_our_own_words(
    abroad: Abroad, parameters: dict[str, str | None], error: str
) -> None:
    answer = await abroad.come_back(**parameters)
    sent_back(answer, error)
    for theirs in ("%3C", "evil", "alert"):
        assert theirs not in answer.headers["location"]
    assert "/token" not in abroad.corp.asked


async def test_a_promised_iss_must_come(abroad: Abroad) -> None:
    abroad.corp.discovery = {"authorization_response_iss_parameter_supported": True}
    failed(await abroad.come_back())
    assert "/token" not in abroad.corp.asked
    assert (await abroad.come_back(iss=abroad.corp.uri)).status_code == 303


@pytest.mark.parametrize(
    ("says", "header"),
    [
        ({"aud": "another"}, {}),
        ({"aud": [CLIENT_ID, "another"]}, {}),
        ({"aud": [CLIENT_ID], "azp": "another"}, {}),
        ({"iss": "https://evil.test"}, {}),
        ({"iss": "SLASH"}, {}),
        ({"nonce": "another"}, {}),
        ({"nonce": None}, {}),
        ({"exp": -100}, {}),
        ({"exp": None}, {}),
        ({"exp": "9999999999"}, {}),
        ({"iat": 10_000}, {}),
        ({"nbf": 10_000}, {}),
        ({"at_hash": "wrong"}, {}),
        ({"sub": ""}, {}),
        ({"sub": None}, {}),
        ({"sub": "x" * 10_240}, {}),
        ({"sub": "a\0b"}, {}),
        ({"sub": ["248"]}, {}),
        ({"sub": 248}, {}),
        ({}, {"typ": "at+jwt"}),
        ({}, {"typ": "logout+jwt"}),
        ({}, {"alg": "none", "kid": None}),
        ({}, {"alg": "HS256", "kid": None}),
        ({}, {"kid": "unknown"}),
    ],
    ids=lambda value: "-".join(f"{key}:{str(each)[:12]}" for key, each in value.items()) or "-",
)
async def test_an_id_token_that_is_not_right_signs_nobody_in(
    abroad: Abroad, says: dict[str, Any], header: dict[str, Any]
) -> None:
    if says.get("iss") == "SLASH":
        says = {"iss": f"{abroad.corp.uri}/"}
    now = abroad.town.clock.now
    times = {name: now + value for name, value in says.items() if isinstance(value, int) and name != "sub"}
    abroad.corp.says, abroad.corp.header = says | times, header
    failed(await abroad.come_back())  # FB-09
    assert await abroad.users() == []
    abroad.corp.says = abroad.corp.header = {}
    assert (await abroad.come_back()).status_code == 303  # and it was only this that was wrong


async def test_a_key_that_the_provider_does_not_show_proves_nothing(abroad: Abroad) -> None:
    abroad.corp.signing = "second"
    abroad.corp.header = {"kid": "first"}
    failed(await abroad.come_back())  # FB-10
    assert await abroad.users() == []


async def test_a_provider_may_roll_its_keys(abroad: Abroad) -> None:
    await abroad.come_back()
    abroad.corp.shown, abroad.corp.signing = ["second"], "second"
    failed(await abroad.come_back())  # seen a moment ago: we do not look again at once
    abroad.town.clock.now += 31
    assert (await abroad.come_back()).status_code == 303
    abroad.corp.header = {"kid": "third"}
    before = abroad.corp.asked.count("/jwks")
    for _ in range(5):
        failed(await abroad.come_back())
    assert abroad.corp.asked.count("/jwks") == before  # R-15


async def test_userinfo_of_somebody_else_signs_nobody_in(abroad: Abroad) -> None:
    abroad.corp.says = {"email": None}
    abroad.corp.userinfo = {**abroad.corp.user, "sub": "249"}
    failed(await abroad.come_back())
    assert await abroad.users() == []


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.test"},
        {"issuer": None},
        {"token_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "http://example.com/jwks"},
        {"token_endpoint": "https://user@example.com/token"},
        {"token_endpoint": 5},
    ],
    ids=str,
)
async def test_a_provider_whose_discovery_is_odd_is_not_gone_to(abroad: Abroad, said: dict[str, Any]) -> None:
    abroad.corp.discovery = said
    page = await abroad.browser.get(authorize(AZ))
    is_page(await abroad.browser.submit(page, provider="corp"), 503)  # FB-13, FB-14


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}"),
        (200, b"no json"),
        (200, b"[]"),
        (200, b'{"access_token":"x"}'),
        (302, b""),
        (400, b'{"error":"x"}'),
    ],
    ids=str,
)
async def test_a_token_endpoint_that_gives_no_id_token_signs_nobody_in(
    abroad: Abroad, answer: tuple[int, bytes]
) -> None:
    abroad.corp.token_answer = answer
    failed(await abroad.come_back())
    assert await abroad.users() == []


# --- a provider that is not well


async def test_a_provider_that_is_away_is_told_on_a_page(abroad: Abroad) -> None:
    await abroad.configure(issuer_uri="http://127.0.0.1:1")
    answer = await abroad.try_to_depart()
    is_page(answer, 503)
    assert "Corp cannot be reached" in answer.text


async def test_a_provider_whose_secret_is_damaged_takes_nothing_else_down(abroad: Abroad) -> None:
    await abroad.configure(sealed_secret=bytes(64))
    sent_back(await abroad.come_back(), "server_error")
    assert "/token" not in abroad.corp.asked
    assert await abroad.town.introspect("x") == {"active": False}


@pytest.mark.parametrize("path", ["/token", "/jwks", "/.well-known/openid-configuration"])
async def test_a_silent_provider_holds_nobody_up_and_is_given_up(
    abroad: Abroad, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await abroad.configure(authorization_uri=f"{abroad.corp.uri}/authorize")
    abroad.corp.silent_at = path
    back = asyncio.ensure_future(abroad.come_back())
    await asyncio.wait_for(abroad.corp.waiting.wait(), 10)
    assert await abroad.town.tokens()  # of the same tenant, while it waits
    assert (await abroad.town.ask("GET", "/.well-known/oauth-authorization-server", host="b.test")).status_code == 200
    assert not back.done()
    back.cancel()
    monkeypatch.setattr("server.outbound.upstream.TOTAL_SECONDS", 0.05)
    failed(await abroad.come_back())
    assert await abroad.users() == []


async def test_a_crowd_asks_the_provider_once_and_one_who_leaves_takes_it_from_nobody(abroad: Abroad) -> None:
    abroad.corp.silent_at = "/.well-known/openid-configuration"
    crowd = [asyncio.ensure_future(abroad.depart(Browser(abroad.town.house))) for _ in range(8)]
    await asyncio.wait_for(abroad.corp.waiting.wait(), 10)
    crowd.pop(0).cancel()
    abroad.corp.go_on.set()
    assert len(set(await asyncio.gather(*crowd))) == len(crowd)
    assert abroad.corp.asked.count("/.well-known/openid-configuration") == 1


# --- who may come in


@pytest.mark.parametrize(
    ("rule", "says", "comes_in"),
    [
        (AccessRule(email_domains=("corp.test",)), {}, True),
        (AccessRule(email_domains=("corp.test",)), {"email": "eve@CORP.test"}, True),
        (AccessRule(email_domains=("corp.test",)), {"email": "eve@evil.test"}, False),
        (AccessRule(email_domains=("corp.test",)), {"email": "eve@evil.test@corp.test.evil"}, False),
        (AccessRule(email_domains=("korp.test",)), {"email": "eve@\u212aorp.test"}, False),
        (AccessRule(email_domains=("corp.test",)), {"email": "corp.test"}, False),
        (AccessRule(email_domains=("corp.test",)), {"email": "@corp.test"}, False),
        (AccessRule(email_domains=("corp.test",)), {"email": "a@b@corp.test"}, False),
        (AccessRule(email_domains=("corp.test",)), {"email_verified": False}, False),
        (AccessRule(email_domains=("corp.test",)), {"email_verified": "true"}, False),
        (AccessRule(email_domains=("corp.test",)), {"email_verified": None}, False),
        (AccessRule(groups=("staff",)), {"groups": ["all", "staff"]}, True),
        (AccessRule(groups=("staff",)), {"groups": "staff"}, True),
        (AccessRule(groups=("staff",)), {"groups": ["all"]}, False),
        (AccessRule(groups=("staff",)), {}, False),
        (AccessRule(organizations=("org_1",)), {"org_id": "org_1"}, True),
        (AccessRule(organizations=("org_1",)), {"org_id": "org_2"}, False),
    ],
    ids=str,
)
async def test_only_whom_the_rule_lets_in_comes_in(
    abroad: Abroad, rule: AccessRule, says: dict[str, Any], comes_in: bool
) -> None:
    await abroad.configure(access=rule)
    abroad.corp.user |= says
    answer = await abroad.come_back()
    if comes_in:
        assert form_of(await abroad.browser.follow(answer))[0] == "/consent"
    else:
        sent_back(answer, "access_denied")
        assert await abroad.users() == []


@pytest.mark.parametrize("off", [True, False], ids=["disabled", "removed"])
async def test_nothing_that_came_of_a_provider_counts_once_it_is_off(abroad: Abroad, off: bool) -> None:
    tokens = (await abroad.town.token(changed(TK, code=await abroad.code()))).json()
    code = await abroad.code()
    assert (await abroad.browser.get(authorize(AZ))).status_code == 302
    if off:
        await abroad.configure(disabled_at=1)
    else:
        await abroad.configure(provider_id="other")
        await abroad.remove("corp")
    assert form_of(await abroad.browser.get(authorize(AZ)))[0] in ("/login", "")
    assert (await abroad.town.token(changed(TK, code=code))).json()["error"] == "invalid_grant"
    assert (await abroad.town.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert not (await abroad.town.introspect(tokens["access_token"]))["active"]


async def test_a_disabled_user_is_refused_everywhere_at_once(abroad: Abroad) -> None:
    tokens = (await abroad.town.token(changed(TK, code=await abroad.code()))).json()

    def disable(turn: Turn, _: None) -> None:
        user = turn.tx.users.find_identity("corp", "248")
        assert user is not None
        turn.tx.users.change(replace(user, disabled_at=turn.now))

    await abroad.town.house.registry.tenant("a").actor.run(disable, None)
    assert (await abroad.town.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert not (await abroad.town.introspect(tokens["access_token"]))["active"]
    assert form_of(await abroad.browser.get(authorize(AZ)))[0] == "/login"
    sent_back(await abroad.come_back(), "access_denied")


@pytest.mark.parametrize(
    ("tied", "says", "organization"),
    [
        ({"access": AccessRule(organizations=("org_big",))}, {"org_id": "org_big"}, "org_big"),
        ({"access": AccessRule(email_domains=("big.test",))}, {"email": "eve@big.test"}, "org_big"),
        ({"login_domains": ("big.test",)}, {"email": "eve@Big.test"}, "org_big"),
        ({"login_domains": ("big.test",)}, {"email": "eve@big.test", "email_verified": False}, None),
        ({}, {"email": "eve@big.test"}, None),
        ({}, {"org_id": "org_big"}, None),
    ],
    ids=str,
)
async def test_a_provider_speaks_only_for_the_organizations_that_are_tied_to_it(
    abroad: Abroad, tied: dict[str, Any], says: dict[str, Any], organization: str | None
) -> None:
    await abroad.organization("org_big", "big.test")
    await abroad.configure(**tied)
    abroad.corp.user |= says
    await abroad.come_back()
    [user] = await abroad.users()
    assert user.organization_id == organization


def failed(answer: httpx.Response) -> None:
    """The client is told that the sign-in failed, and nothing of why."""
    sent_back(answer, "server_error")
