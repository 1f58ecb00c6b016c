"""Who cannot go on is told how long to wait, and finds a way to try again or to go another way, without a script."""

import re
from collections.abc import AsyncGenerator
from dataclasses import fields, replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tenants.problems import Broken, Busy
from tenants.records import Policy, RateLimit
from tests.flow.at_provider import Abroad, somewhere_abroad
from tests.flow.test_problem_page import a_house_with, ways_back
from tests.flow.town import POLICY, Town
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, PUBLIC, RG, TK, authorize, changed, is_page, returned
from tests.support.house import running_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEW = RateLimit(per_minute=6, burst=3)
"""Three at once, and one every ten seconds."""


@pytest_asyncio.fixture(loop_scope="module")
async def abroad(fresh: Town) -> AsyncGenerator[Abroad]:
    async with somewhere_abroad(fresh) as there:
        await there.configure(provider_id="other", display_name="Other")
        yield there


async def limited(town: Town, **limits: RateLimit) -> None:
    none = {field.name: RateLimit() for field in fields(Policy) if field.name.endswith("_limit")}
    await town.house.set_policy("a", replace(POLICY, **(none | limits)))


def ways_on(page: httpx.Response) -> list[str]:
    """Where the links to try again lead, as targets of requests."""
    found = [unescape(uri) for uri in re.findall(r'<a class="button" href="([^"]*)">Try again</a>', page.text)]
    assert all(uri.startswith("https://a.test/") for uri in found)
    return [uri.removeprefix("https://a.test") for uri in found]


def told_to_wait(page: httpx.Response, seconds: int = 10) -> None:
    is_page(page, 429)
    assert page.headers["retry-after"] == str(seconds)
    assert f"There were too many attempts. Try again in {seconds} seconds." in page.text


# --- a provider that is away


async def test_where_a_provider_cannot_be_reached_another_one_can_be_chosen_at_once(abroad: Abroad) -> None:
    await abroad.configure(issuer_uri="http://127.0.0.1:1")
    page = await abroad.try_to_depart()
    is_page(page, 503)
    assert "Corp cannot be reached. Try again in a moment, or choose another way to sign in." in page.text
    onward = await abroad.browser.submit(page, provider="other")
    assert onward.status_code == 303
    assert onward.headers["location"].startswith(abroad.corp.uri)


async def test_the_provider_that_could_not_be_reached_can_be_tried_again_on_the_same_page(abroad: Abroad) -> None:
    await abroad.remove("other")
    await abroad.configure(issuer_uri="http://127.0.0.1:1")
    page = await abroad.try_to_depart()
    assert "Corp cannot be reached. Try again in a moment." in page.text
    await abroad.configure()
    assert (await abroad.browser.submit(page, provider="corp")).headers["location"].startswith(abroad.corp.uri)


# --- the way back from a provider


async def test_who_comes_back_and_must_wait_can_begin_anew_with_the_same_request(abroad: Abroad) -> None:
    town = abroad.town
    await limited(town, failure_limit=FEW)
    for _ in range(3):
        await town.token(changed(TK, client_id="nobody"))
    page = await abroad.come_back()
    told_to_wait(page)
    [target] = ways_on(page)
    assert target == authorize(changed(AZ, prompt="login"))
    assert form_of(await abroad.browser.get(target))[0] == "/login"


async def test_a_sign_in_that_failed_for_an_app_nobody_vouches_for_can_be_begun_anew(abroad: Abroad) -> None:
    client = (await abroad.town.ask("POST", "/register", json=RG)).json()
    asked = authorize(changed(AZ, client_id=client["client_id"]))
    there = await abroad.browser.submit(await abroad.browser.get(asked), provider="corp")
    abroad.corp.token_answer = 500, b"{}"
    page = await abroad.browser.get(abroad.corp.sign_in(there.headers["location"]))
    is_page(page)
    assert ways_on(page) == [asked]
    assert ways_back(page.text) == ["app.test"]


async def test_another_browser_is_shown_no_way_into_it(abroad: Abroad) -> None:
    back = abroad.corp.sign_in(await abroad.depart())
    page = await Browser(abroad.town.house).get(back)
    is_page(page)
    assert ways_on(page) == []


# --- too many attempts


async def test_who_typed_too_many_passwords_can_wait_on_the_same_page(fresh: Town) -> None:
    await limited(fresh, guess_limit=FEW)
    browser = Browser(fresh.house)
    page = await browser.get(authorize(AZ))
    for _ in range(3):
        page = await browser.submit(page, email=browser.user.email, password="wrong")
        assert page.status_code == 401
    page = await browser.submit(page, email=browser.user.email, password=browser.user.password)
    told_to_wait(page)
    assert f'value="{browser.user.email}"' in page.text
    fresh.clock.now += 10
    assert "code" in returned(await browser.sign_in(page))


async def test_who_signed_in_too_often_is_told_on_the_same_page_too(fresh: Town) -> None:
    await limited(fresh, session_limit=FEW)
    for _ in range(3):
        browser = Browser(fresh.house)
        await browser.sign_in(await browser.get(authorize(AZ)))
    browser = Browser(fresh.house)
    page = await browser.get(authorize(AZ))
    page = await browser.submit(page, email=browser.user.email, password=browser.user.password)
    told_to_wait(page)
    fresh.clock.now += 10
    assert "code" in returned(await browser.sign_in(page))


async def test_who_typed_too_many_codes_of_devices_finds_back_to_the_page(fresh: Town) -> None:
    await limited(fresh, guess_limit=FEW)
    page = await fresh.user.get("/device")
    for _ in range(3):
        await fresh.user.submit(page, user_code="BCDF-GHJK")
    stopped = await fresh.user.submit(page, user_code="BCDF-GHJK")
    told_to_wait(stopped)
    [target] = ways_on(stopped)
    assert form_of(await fresh.user.get(target))[0] == "/device"


@pytest.mark.parametrize(
    ("met", "seconds", "words"),
    [(Busy(1), 1, "1 second"), (Busy(59), 59, "59 seconds"), (Busy(61), 61, "2 minutes"), (Broken(), 5, "5 seconds")],
    ids=str,
)
async def test_how_long_to_wait_is_said_in_words(tmp_path: Path, met: Exception, seconds: int, words: str) -> None:
    async with a_house_with(tmp_path, met) as house:
        await house.issuer("a", "https://a.test")
        page = await house.ask("GET", authorize())
    is_page(page, 503)
    assert page.headers["retry-after"] == str(seconds)
    assert f"Try again in {words}." in page.text


# --- nobody to sign in with


async def test_an_issuer_without_an_identity_provider_says_the_same_everywhere(tmp_path: Path) -> None:
    async with running_house(tmp_path, provider=None) as house:
        await house.issuer("a", "https://a.test", POLICY)
        await house.client("a", "P", **PUBLIC)
        pages: list[Any] = [
            await house.ask("GET", target) for target in (authorize(changed(AZ, resource=None)), "/device")
        ]
    for page in pages:
        is_page(page, 503)
        assert "This issuer has no identity provider to sign in with yet." in page.text
