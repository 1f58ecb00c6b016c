"""Signing in and out: a session is new with every sign-in, known by one cookie, and dead when it ends."""

import re
from pathlib import Path

import pytest

from server.settings import read
from server.system import Unusable
from tenants.acts.events import Look, look
from tests.flow.town import Town, disable_user
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, TK, Pairs, authorize, changed, is_page, refused, returned
from tests.support.house import running_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

SESSION = "__Host-session"


async def signed_in(town: Town, cookies: str, host: str = "a.test") -> bool:
    """Whether whoever sends these cookies is taken for somebody."""
    answer = await town.ask("GET", authorize(AZ), host=host, headers=[("Cookie", cookies)] if cookies else [])
    return answer.status_code == 302 or form_of(answer)[0] != "/login"


@pytest.mark.parametrize("planted", [pytest.param("a" * 64, id="LG-01")])
async def test_a_sign_in_never_keeps_the_session_that_was_there(town: Town, planted: str) -> None:
    browser = Browser(town.house)
    browser.cookies[SESSION] = planted
    await browser.code()
    first = browser.cookies[SESSION]
    assert first != planted
    assert not await signed_in(town, f"{SESSION}={planted}")
    await browser.code([*AZ, ("prompt", "login")])
    assert browser.cookies[SESSION] != first
    assert not await signed_in(town, f"{SESSION}={first}")
    assert await signed_in(town, f"{SESSION}={browser.cookies[SESSION]}")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("Origin", "https://evil.test")], id="LG-02-origin"),
        pytest.param([("Sec-Fetch-Site", "cross-site")], id="LG-02-fetch-metadata"),
    ],
)
async def test_nobody_is_signed_in_from_another_site(town: Town, headers: Pairs) -> None:
    browser = Browser(town.house)
    page = await browser.get(authorize())
    answer = await browser.submit(page, headers, email="u@example.com", password="correct horse")
    is_page(answer, 403)
    assert SESSION not in browser.cookies


@pytest.mark.parametrize("victim", [pytest.param(1, id="LG-02-ticket")])
async def test_a_sign_in_page_of_one_browser_signs_nobody_else_in(town: Town, victim: int) -> None:
    page = await Browser(town.house).get(authorize())
    other = Browser(town.house, victim)
    await other.get(authorize())
    is_page(await other.submit(page, email="u@example.com", password="correct horse"))
    assert SESSION not in other.cookies


async def test_cookies_are_for_this_host_and_no_script(town: Town) -> None:
    browser = Browser(town.house)
    page = await browser.get(authorize())
    answer = await browser.submit(page, email="u@example.com", password="correct horse")
    for line in (*page.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")):
        name, *attributes = [part.strip().lower() for part in line.split(";")]
        assert name.startswith("__host-")  # LG-03
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(attributes)
        assert not any(attribute.startswith("domain") for attribute in attributes)
    assert len(answer.headers.get_list("set-cookie")) == 1


async def test_on_loopback_the_cookie_names_the_tenant(town: Town) -> None:
    tenant = await town.house.issuer("local", "http://localhost:8080")
    await town.house.client("local", "P", redirect_uris=["https://app.test/cb"], token_endpoint_auth_method="none")
    page = await town.ask("GET", authorize(changed(AZ, scope="openid")), host="localhost:8080")
    line = page.headers["set-cookie"]
    assert line.startswith(f"browser.{tenant.listing.uid[:8]}=")
    assert "secure" not in line.lower()
    assert "strict-transport-security" not in page.headers


@pytest.mark.parametrize(
    "cookies",
    [
        pytest.param("sid=evil; session={good}", id="LG-04-unprefixed"),
        pytest.param("{name}=evil; {name}={good}", id="LG-04-first"),
        pytest.param("{name}={good}; {name}=evil", id="LG-04-second"),
        pytest.param("{name}={good}; {name}={good}", id="LG-04-twice"),
        pytest.param("__host-session={good}", id="LG-04-case"),
        pytest.param("{name}={good}x", id="LG-05-longer"),
        pytest.param("{name}={short}", id="LG-05-shorter"),
        pytest.param("{name}={upper}", id="LG-05-upper"),
        pytest.param('{name}="{good}"', id="LG-05-quoted"),
        pytest.param("{name}=" + "a" * 16_000, id="LG-05-oversize"),
        pytest.param("{name}=%00{good}", id="LG-05-escape"),
        pytest.param("{name}=;;;==", id="LG-05-empty"),
        pytest.param("{name}", id="LG-05-no-value"),
        pytest.param("", id="LG-05-none"),
    ],
)
async def test_a_cookie_that_is_not_exactly_ours_is_nobody(town: Town, cookies: str) -> None:
    good = town.user.cookies[SESSION]
    sent = cookies.format(name=SESSION, good=good, short=good[:-1], upper=good.upper())
    assert not await signed_in(town, sent)
    assert await signed_in(town, f"x=1; {SESSION}={good}; y=2")


@pytest.mark.parametrize("host", [pytest.param("b.test", id="HR-17")])
async def test_a_session_of_one_issuer_is_none_at_another(town: Town, host: str) -> None:
    assert not await signed_in(town, f"{SESSION}={town.user.cookies[SESSION]}", host)


@pytest.mark.parametrize(
    "email", [pytest.param("nobody@example.com", id="LG-06"), pytest.param("U@EXAMPLE.COM", id="LG-06-upper")]
)
async def test_a_wrong_password_and_an_unknown_user_look_the_same(town: Town, email: str) -> None:
    def shown(answer_text: str, typed: str) -> str:
        return re.sub(r'name="ticket" value="[^"]*"', "", answer_text).replace(typed, "")

    browser = Browser(town.house)
    page = await browser.get(authorize())
    wrong = await browser.submit(page, email="u@example.com", password="wrong")
    unknown = await browser.submit(page, email=email, password="wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert shown(wrong.text, "u@example.com") == shown(unknown.text, email)


async def test_a_wrong_password_is_remembered_without_what_was_typed(fresh: Town) -> None:
    browser = Browser(fresh.house)
    await browser.submit(await browser.get(authorize()), email="hunter2@example.com", password="hunter2")
    [*_, event] = (await fresh.house.registry.tenant("a").perform(look, Look(0, 1_000))).events
    assert (event.type, event.actor, event.address) == ("sign_in.refused", "system", "127.0.0.1")
    assert event.details == {"provider": "dev", "reason": "no such e-mail address and password"}


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("", id="LG-08-empty"),
        pytest.param("correct horse\0", id="LG-08-nul"),
        pytest.param("\U0001f434" * 2_000, id="LG-08-long"),
        pytest.param("correct horse" * 100, id="LG-08-truncation"),
    ],
)
async def test_an_odd_password_is_a_wrong_one(town: Town, password: str) -> None:
    browser = Browser(town.house)
    answer = await browser.submit(await browser.get(authorize()), email="u@example.com", password=password)
    assert answer.status_code in (400, 401)
    assert SESSION not in browser.cookies


async def test_without_an_identity_provider_nobody_signs_in(tmp_path: Path) -> None:
    async with running_house(tmp_path, provider=None) as house:
        await house.issuer("a", "https://a.test")
        await house.client("a", "P", redirect_uris=["https://app.test/cb"], token_endpoint_auth_method="none")
        browser = Browser(house)
        page = await browser.get(authorize(changed(AZ, scope="openid")))
        assert "password" not in page.text  # LG-09
        is_page(page, 503)
        is_page(await browser.ask("POST", "/login", {"email": "dev@example.com", "password": "dev"}))


@pytest.mark.parametrize(
    ("dev", "flags"),
    [
        pytest.param(True, {"http": "0.0.0.0:8080"}, id="LG-09-public-dev"),
        pytest.param(True, {"http": "[::]:8080"}, id="LG-09-public-dev-6"),
        pytest.param(False, {"auto_sign_in": "dev@example.com"}, id="LG-09-auto-sign-in"),
        pytest.param(False, {"dev_users": "a@b.c:d"}, id="LG-09-users"),
        pytest.param(False, {"allow_any_credentials": True}, id="LG-09-any"),
        pytest.param(False, {"auto_consent": "true"}, id="LG-09-auto-consent"),
    ],
)
async def test_development_never_meets_the_public(dev: bool, flags: dict[str, object]) -> None:
    with pytest.raises(Unusable):
        read(flags, dev=dev)


async def test_a_session_that_was_signed_out_is_dead_for_every_copy_of_its_cookie(town: Town) -> None:
    browser = Browser(town.house)
    await browser.code()
    copy = f"{SESSION}={browser.cookies[SESSION]}"
    asked = await browser.get("/logout?post_logout_redirect_uri=https://evil.test/&id_token_hint=x")
    assert asked.status_code == 200
    assert "evil.test" not in asked.text  # LG-12
    assert await signed_in(town, copy)  # LG-11: asking is not doing
    left = await browser.submit(asked)
    assert left.status_code == 200
    assert "location" not in left.headers
    assert asked.headers["cache-control"] == left.headers["cache-control"] == "no-store"
    assert SESSION not in browser.cookies
    assert not await signed_in(town, copy)  # LG-10


@pytest.mark.parametrize(
    "headers",
    [pytest.param([("Origin", "https://evil.test")], id="LG-11-post"), pytest.param([], id="LG-11-no-ticket")],
)
async def test_nobody_is_signed_out_by_another_site(town: Town, headers: Pairs) -> None:
    answer = await town.user.ask("POST", "/logout", {"ticket": "x"}, headers)
    assert answer.status_code in (400, 403)
    assert await signed_in(town, f"{SESSION}={town.user.cookies[SESSION]}")


@pytest.mark.parametrize("email", [pytest.param("u@example.com", id="LG-13")])
async def test_a_disabled_user_is_out_at_once(fresh: Town, email: str) -> None:
    tokens = await fresh.tokens()
    await disable_user(fresh.house, email)
    assert not await signed_in(fresh, f"{SESSION}={fresh.user.cookies[SESSION]}")
    refused(await fresh.refresh(tokens["refresh_token"]), 400, "invalid_grant")
    assert await fresh.introspect(tokens["access_token"]) == {"active": False}
    browser = Browser(fresh.house)
    page = await browser.get(authorize())
    is_page(await browser.submit(page, email=email, password="correct horse"), 403)


async def test_a_session_ends_by_itself(fresh: Town) -> None:
    cookie = f"{SESSION}={fresh.user.cookies[SESSION]}"
    fresh.clock.now += 14 * 86_400 - 1
    assert await signed_in(fresh, cookie)
    fresh.clock.now += 1
    assert not await signed_in(fresh, cookie)


@pytest.mark.parametrize("clients", [pytest.param(("P", "K"), id="LG-14")])
async def test_two_tabs_each_go_back_to_their_own_client(town: Town, clients: tuple[str, str]) -> None:
    browser = Browser(town.house)
    pages = [await browser.get(authorize(changed(AZ, client_id=name, state=name))) for name in clients]
    for name, page in reversed(list(zip(clients, pages, strict=True))):
        answer = await browser.sign_in(page)
        if answer.status_code == 200:
            answer = await browser.allow(answer)
        told = returned(answer)
        assert told["state"] == name
        form = changed(TK, code=told["code"])
        if name == "P":
            assert (await town.token(form)).status_code == 200
        else:
            refused(await town.token(form), 400, "invalid_grant")
            basic = town.basic("K")
            assert (await town.token(changed(form, client_id=None), basic=basic)).status_code == 200
