"""What goes wrong in our own house: a page, or else one word, and the reason for our log alone."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from server.listener import Listener
from server.web.app import Front
from tenants.oauth.refusal import Refusal
from tenants.records import Policy
from tests.flow.test_connections import ask, connected, listening, soon
from tests.flow.town import Town
from tests.support.browser import Browser
from tests.support.clients import AZ, CALLBACK, RG, TK, authorize, changed, is_page
from tests.support.house import RunningHouse, running_house
from tests.support.raw import DOCUMENT, LAST, answers, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = "what only the operator may read"


class Desk:
    """Where nobody can sign in: something goes wrong there each time."""

    automatic_consent = False

    def __init__(self, wrong: Exception) -> None:
        self._wrong = wrong

    @property
    def automatic_user(self) -> None:
        raise self._wrong


class Unspeakable(Exception):
    """One that breaks whoever wants to tell of it."""

    def __str__(self) -> str:
        raise RuntimeError(WORDS)


def a_house_with(directory: Path, wrong: Exception) -> Any:
    return running_house(directory, provider=cast("Any", Desk(wrong)))


def last_line(house: RunningHouse) -> dict[str, Any]:
    return json.loads(house.logged().splitlines()[-1])


async def exchanged(listener: Listener | RunningHouse, data: bytes) -> bytes:
    """All that comes until the server hangs up."""
    reader, writer = await connected(listener)
    writer.write(data)
    received = await soon(reader.read())
    writer.close()
    return received


# --- what the log says


@pytest.mark.parametrize("debug", [False, True])
async def test_the_log_always_says_what_was_told_and_only_in_debug_mode_why(tmp_path: Path, debug: bool) -> None:
    async with running_house(tmp_path) as house:
        await house.issuer("a", "https://a.test", replace(Policy(), debug=debug))
        answer = await house.ask("POST", "/token", form=changed(TK, client_id="nobody", code="c"))
        refused = last_line(house)
        page = await house.ask("GET", authorize(changed(AZ, client_id="nobody")))
        shown = last_line(house)
    assert (refused["error"], refused["description"]) == tuple(answer.json().values())
    assert shown["description"].rstrip(".").lower() in page.text.lower()
    assert shown["request_id"] in page.text
    assert ("detail" in refused) == debug


# --- bugs


async def test_a_bug_is_told_by_a_page_without_its_words(tmp_path: Path) -> None:
    async with a_house_with(tmp_path, RuntimeError(WORDS)) as house:
        await house.issuer("a", "https://a.test")
        [page] = answers(await exchanged(house, ask(authorize(), LAST)))
        line = last_line(house)
    assert (page.status, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert b"Something went wrong" in page.body
    assert line["request_id"].encode() in page.body
    assert WORDS.encode() not in page.body
    assert (line["route"], line["status"], line["detail"]) == ("/authorize", 500, f"RuntimeError: {WORDS}")


async def test_what_even_the_problem_page_cannot_tell_is_one_word_and_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async with a_house_with(tmp_path, Unspeakable()) as house:
        await house.issuer("a", "https://a.test")
        asked = ask(authorize()) + request(LAST, method=b"GET", target=DOCUMENT)
        word, document = answers(await exchanged(house, asked))
        lines = [json.loads(line) for line in house.logged().splitlines()]
    assert (word.status, word.body) == (500, b'{"error":"server_error"}')
    assert (word.headers["content-type"], word.headers["cache-control"]) == ("application/json", "no-store")
    assert word.headers["x-content-type-options"] == "nosniff"
    assert word.headers["strict-transport-security"]
    assert document.status == 200, "the connection is as good as new"
    [line] = [line for line in lines if line.get("route") == "/authorize"]
    assert (line["status"], line["issuer"], line["error"]) == (500, "a", "server_error")
    assert line["detail"] == f"RuntimeError: {WORDS}"
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


async def test_an_answer_that_breaks_off_is_not_begun_a_second_time(tmp_path: Path) -> None:
    async def breaks_off(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError(WORDS)

    async with running_house(tmp_path) as house:
        await house.issuer("a", "https://a.test")
        async with listening(Front(house.registry, breaks_off, house.world, house, lambda: "r")) as listener:
            received = await exchanged(listener, ask(authorize()))
        assert last_line(house)["error"] == "server_error"
    assert received.endswith(b"\r\n\r\nhalf")
    assert received.count(b"HTTP/1.1") == 1


# --- the way back


def ways_back(page: str) -> list[str]:
    return re.findall(r'<a class="button" href="[^"]*" rel="noreferrer">Return to <bdi dir="ltr">([^<]*)</bdi>', page)


@pytest.mark.parametrize(
    "where",
    [
        "https://[127.0.0.1]/cb",
        "https://[::1/cb",
        "https://a]b/cb",
        "https://[v1.x]/cb",
        "https://app.test:99999/cb",
        "https://app.test:x/cb",
        "https://bücher.test/cb",
        'https://app.test/"><script>',
        "https://app.test/\n",
        "https://" + "a" * 5_000,
        "//app.test/cb",
        "/cb",
        "x",
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "com.example.app:/cb",
    ],
)
async def test_an_address_that_no_browser_should_follow_is_no_way_back_and_breaks_no_page(
    tmp_path: Path, where: str
) -> None:
    async with a_house_with(tmp_path, Refusal("access_denied", "not you").sent_to(where, automatic=False)) as house:
        await house.issuer("a", "https://a.test")
        page = await house.ask("GET", authorize())
    is_page(page)
    assert "Not you." in page.text
    assert "Return to" not in page.text


@pytest.mark.parametrize(
    ("redirect", "state", "shown"),
    [
        (CALLBACK, "s1", ["app.test"]),
        ("https://app.test:8443/cb?a=b", "s1", ["app.test:8443"]),
        ("https://[2001:db8::1]:8443/cb", "s1", ["[2001:db8::1]:8443"]),
        (CALLBACK, "x" * 4_000, []),
        ("com.example.app://app.test/cb", "s1", []),
    ],
)
async def test_the_way_back_is_shown_with_its_host(town: Town, redirect: str, state: str, shown: list[str]) -> None:
    answer = await town.ask("POST", "/register", json={**RG, "redirect_uris": [redirect]})
    asked = changed(AZ, client_id=answer.json()["client_id"], redirect_uri=redirect, state=state, response_type="token")
    page = await Browser(town.house).get(authorize(asked))
    is_page(page)
    assert ways_back(page.text) == shown
