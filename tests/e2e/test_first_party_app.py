"""The example of a web app of one's own signs its users in, and nobody else."""

import re
import sys
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.e2e.person import EMAIL, PASSWORD
from tests.support.browser import form_of
from tests.support.command import tenantry
from tests.support.process import ROOT, free_port, running, tenantry_dev

pytestmark = pytest.mark.e2e


@dataclass
class Street:
    issuer: str
    app: str


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Generator[Street]:
    """An issuer in development and the app, as the example says to start them."""
    port = free_port()
    app = f"http://localhost:{port}"
    with tenantry_dev(tmp_path_factory.mktemp("work")) as server:
        [issuer_id] = server.issuer_ids().values()
        given = {"TENANTRY_ADDRESS": server.grpc, "TENANTRY_TOKEN": server.admin_token}
        told = tenantry(
            "issuer", "update", issuer_id, "--first-party-origin", app, "-o", "json", cwd=Path(ROOT), **given
        )
        assert told.value["policy"]["first_party_origins"] == [app]
        example = [sys.executable, "examples/first_party_app.py", "--issuer", server.demo, "--port", str(port)]
        with running(example) as program:
            program.wait_for(lambda line: line == f"open {app}/hello")
            yield Street(server.demo, app)


@pytest.fixture
async def browser() -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as browser:
        yield browser


async def step(browser: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    assert answer.has_redirect_location, answer.text
    return await browser.get(answer.url.join(answer.headers["location"]))


async def to_callback(browser: httpx.AsyncClient, street: Street, path: str) -> str:
    """Open a page of the app and sign in, up to the address that the issuer sends the browser back to."""
    answer = await step(browser, await browser.get(street.app + path))
    if answer.status_code == 200:
        action, hidden = form_of(answer)
        signed_in = await browser.post(street.issuer + action, data={**hidden, "email": EMAIL, "password": PASSWORD})
        answer = await step(browser, signed_in)
    return answer.headers["location"]


async def test_a_user_comes_back_to_the_page_signed_in(street: Street, browser: httpx.AsyncClient) -> None:
    back = await to_callback(browser, street, "/hello?a=1&b=2")
    page = await step(browser, await browser.get(back))
    assert page.status_code == 200
    assert f"Hello {EMAIL}, this is /hello?a=1&amp;b=2" in page.text
    assert "Hello" in (await browser.get(f"{street.app}/other")).text


async def test_nobody_is_signed_in_by_a_link_of_somebody_else(street: Street, browser: httpx.AsyncClient) -> None:
    back = await to_callback(browser, street, "/hello")
    async with httpx.AsyncClient(trust_env=False) as victim:
        await victim.get(f"{street.app}/hello")
        assert (await victim.get(back)).status_code == 400
        assert (await victim.get(f"{street.app}/hello")).has_redirect_location
    foreign = re.sub(r"iss=[^&]*", "iss=https%3A%2F%2Fevil.test", back)
    assert (await browser.get(foreign)).status_code == 400


@pytest.mark.parametrize(
    "page",
    [
        *("https%3A%2F%2Fevil.test", "%2F%2Fevil.test", "%2F%5Cevil.test", ""),
        *("%2F%09%2Fevil.test", "%2Fa%0D%0ASet-Cookie%3A%20app-session%3Dx", "%2F%E2%82%AC"),
    ],
)
async def test_a_page_that_somebody_wrote_into_the_answer_leads_nowhere(
    street: Street, browser: httpx.AsyncClient, page: str
) -> None:
    back = await to_callback(browser, street, "/hello")
    answer = await browser.get(re.sub(r"returnTo=[^&]*", f"returnTo={page}", back))
    assert answer.headers["location"] == "/"


async def test_a_code_is_exchanged_once(street: Street, browser: httpx.AsyncClient) -> None:
    back = await to_callback(browser, street, "/hello")
    cookies = dict(browser.cookies)
    await browser.get(back)
    again = await browser.get(back, headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())})
    assert again.status_code == 403
    assert "not signed in" in again.text
