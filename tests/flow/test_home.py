"""The issuer's own address: a page for people, and for programs nothing, as before."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from tests.flow.town import Town
from tests.support.browser import Browser
from tests.support.clients import AZ, authorize, is_page, refused
from tests.support.house import running_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHROME = [("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8")]


def links(page: str) -> dict[str, str]:
    """Where each link leads, by its words."""
    found = re.findall(r'<a href="([^"]*)">([^<]*)</a>', page)
    return {words: unescape(where) for where, words in found}


async def test_it_says_whose_it_is_and_where_programs_read_on(town: Town) -> None:
    page = await town.ask("GET", "/", headers=CHROME)
    is_page(page, 200)
    assert "<h1><bdi>a</bdi></h1>" in page.text
    assert "MCP authorization server" in page.text
    assert "https://a.test</bdi>" in page.text
    assert "Nobody, in this browser." in page.text
    where = links(page.text)
    assert where == {"Authorization server metadata": "https://a.test/.well-known/oauth-authorization-server"}
    document = await town.ask("GET", "/.well-known/oauth-authorization-server")
    assert document.json()["issuer"] == "https://a.test"
    assert "set-cookie" not in page.headers


async def test_who_is_signed_in_sees_it_and_finds_the_way_out(town: Town) -> None:
    browser = Browser(town.house)
    await browser.sign_in(await browser.get(authorize(AZ)))
    page = await browser.ask("GET", "/", headers=CHROME)
    assert "<strong><bdi>u@example.com</bdi></strong>" in page.text
    assert links(page.text)["Sign out"] == "https://a.test/logout"
    elsewhere = Browser(town.house, host="b.test")
    elsewhere.cookies = browser.cookies
    assert "Nobody, in this browser." in (await elsewhere.ask("GET", "/", headers=CHROME)).text
    await browser.submit(await browser.get("/logout"))
    assert "Nobody, in this browser." in (await browser.ask("GET", "/", headers=CHROME)).text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/plain", ""])
async def test_programs_find_nothing_there(town: Town, accept: str) -> None:
    refused(await town.ask("GET", "/", headers=[("Accept", accept)]), 404, "not_found")


@pytest.mark.parametrize(("method", "target"), [("POST", "/"), ("HEAD", "/"), ("POST", "/nothing"), ("PUT", "//")])
async def test_there_is_one_such_page(town: Town, method: str, target: str) -> None:
    answer = await town.ask(method, target, headers=CHROME)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


@pytest.mark.parametrize(
    "target", ["/nothing", "//", "//authorize", "/%61uthorize", "/assets/", "/%ff", "/a%00b", "/device/"]
)
async def test_a_browser_that_is_lost_is_told_so_by_a_page(town: Town, target: str) -> None:
    page = await town.ask("GET", target, headers=CHROME)
    is_page(page, 404)
    assert "<h1>There is nothing here</h1>" in page.text
    assert "set-cookie" not in page.headers
    line = json.loads(town.house.logged().splitlines()[-1])
    assert (line["route"], line["status"], line["issuer"]) == ("other", 404, "a")


async def test_every_page_says_the_name_of_the_issuer_beside_its_host(town: Town) -> None:
    for page in (await town.ask("GET", "/nothing", headers=CHROME), await Browser(town.house).get(authorize(AZ))):
        assert '<bdi class="host" dir="ltr">a.test</bdi> <bdi class="name">a</bdi>' in page.text


async def test_at_a_host_that_is_nobodys_browsers_read_the_same_page_each_time(town: Town) -> None:
    pages = [
        await town.ask("GET", target, host=host, headers=CHROME)
        for host in ("x.test", "127.0.0.1")
        for target in ("/", "/x")
    ]
    is_page(pages[0], 404)
    assert {page.content for page in pages} == {pages[0].content}
    assert "localhost" not in pages[0].text
    refused(await town.ask("GET", "/", host="x.test"), 404, "not_found")
    refused(await town.ask("POST", "/", host="x.test", headers=CHROME), 404, "not_found")


async def test_an_issuer_below_a_path_has_its_own_with_and_without_a_slash(tmp_path: Path) -> None:
    async with running_house(tmp_path) as house:
        await house.issuer("deep", "https://deep.test/realms/acme")
        for target in ("/realms/acme", "/realms/acme/"):
            page = await house.ask("GET", target, host="deep.test", headers=CHROME)
            is_page(page, 200)
            metadata = links(page.text)["Authorization server metadata"]
            assert metadata == "https://deep.test/.well-known/oauth-authorization-server/realms/acme"
        document = await house.ask("GET", metadata.removeprefix("https://deep.test"), host="deep.test")
        assert document.json()["issuer"] == "https://deep.test/realms/acme"
        assert (await house.ask("GET", "/", host="deep.test", headers=CHROME)).status_code == 404
        lines = [json.loads(line) for line in house.logged().splitlines()]
    routes = [line["route"] for line in lines if line.get("route")]
    assert routes.count("/") == 2


async def test_a_disabled_issuer_says_so_there_too(fresh: Town) -> None:
    await fresh.house.registry.disable("a")
    is_page(await fresh.ask("GET", "/", headers=CHROME), 403)
