"""Which pages of other origins may read what: the client's side, without credentials; never the browser's side."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.flow.town import POLICY, Town, settle
from tests.support.clients import AZ, RG, authorize, changed
from tests.support.house import running_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

APP = "https://app.test"
CLIENT_SIDE = (
    ("/token", "POST"),
    ("/register", "POST"),
    ("/revoke", "POST"),
    ("/introspect", "POST"),
    ("/exchange", "POST"),
    ("/par", "POST"),
    ("/userinfo", "GET"),
    ("/.well-known/jwks.json", "GET"),
    ("/.well-known/oauth-authorization-server", "GET"),
    ("/.well-known/openid-configuration", "GET"),
    ("/.well-known/oauth-protected-resource", "GET"),
)
BROWSER_SIDE = ("/authorize", "/login", "/consent", "/logout", "/callback/corp", "/assets/style.css", "/nothing")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def closed(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Town]:
    """A town whose issuer A names the origins that may read it."""
    path: Path = tmp_path_factory.mktemp("closed")
    async with running_house(path) as house:
        town = await settle(house)
        await house.set_policy("a", replace(POLICY, allowed_origins=(APP, "http://localhost:6274")))
        yield town


def granted(headers: httpx.Headers) -> list[str]:
    return [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(("path", "method"), [pytest.param(*pair, id=f"CR-01-{pair[0]}") for pair in CLIENT_SIDE])
async def test_a_page_may_ask_the_client_side(town: Town, path: str, method: str) -> None:
    asks = [("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", "authorization,content-type")]
    answer = await town.ask("OPTIONS", path, headers=[("Origin", APP), *asks])
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert method in answer.headers["access-control-allow-methods"]
    for name in ("authorization", "content-type", "mcp-protocol-version"):
        assert name in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", [pytest.param(path, id=f"CR-02-{path}") for path in BROWSER_SIDE])
async def test_no_page_may_read_the_browser_side(town: Town, path: str, method: str) -> None:
    target = authorize(AZ) if path == "/authorize" else path
    answer = await town.ask(method, target, headers=[("Origin", APP), ("Access-Control-Request-Method", "GET")])
    assert not granted(answer.headers)


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("null", id="CR-03"),
        pytest.param("https://app.test.evil.test", id="CR-04-suffix"),
        pytest.param("http://app.test", id="CR-04-scheme"),
        pytest.param("https://app.test:8443", id="CR-04-port"),
        pytest.param("https://APP.test", id="CR-04-case"),
        pytest.param("https://evil.test,https://app.test", id="CR-04-list"),
        pytest.param("*", id="CR-04-star"),
        pytest.param("", id="CR-04-empty"),
    ],
)
async def test_an_origin_that_is_not_named_is_not_reflected(closed: Town, origin: str) -> None:
    for method in ("OPTIONS", "POST"):
        answer = await closed.ask(method, "/token", headers=[("Origin", origin)])
        assert not granted(answer.headers)
        assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", [pytest.param("null", id="CR-03-any")])
async def test_an_opaque_origin_is_nobody(town: Town, origin: str) -> None:
    for method in ("OPTIONS", "POST"):
        assert not granted((await town.ask(method, "/token", headers=[("Origin", origin)])).headers)


@pytest.mark.parametrize(
    "origin", [pytest.param(APP, id="CR-05"), pytest.param("http://localhost:6274", id="CR-05-dev")]
)
async def test_a_named_origin_is_reflected_and_caches_are_told(closed: Town, origin: str) -> None:
    for method, target in (("OPTIONS", "/token"), ("POST", "/token"), ("GET", "/.well-known/jwks.json")):
        answer = await closed.ask(method, target, headers=[("Origin", origin)])
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in answer.headers


async def test_two_origins_are_none(closed: Town) -> None:
    headers = [("Origin", APP), ("Origin", APP)]
    assert not granted((await closed.ask("POST", "/token", headers=headers)).headers)


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        pytest.param("/token", [("grant_type", "x"), ("client_id", "P")], 400, id="CR-06-400"),
        pytest.param("/token", changed([("grant_type", "authorization_code"), ("code", "x")]), 401, id="CR-06-401"),
        pytest.param("/userinfo", [], 401, id="CR-06-userinfo"),
        pytest.param("/token", b"x" * 70_000, 413, id="CR-06-413"),
        pytest.param("/.well-known/jwks.json", [], 405, id="CR-06-405"),
    ],
)
async def test_a_page_may_read_what_went_wrong(town: Town, path: str, form: list[tuple[str, str]], status: int) -> None:
    answer = await town.ask("POST", path, form=form, headers=[("Origin", APP)])
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "*"
    for name in ("WWW-Authenticate", "Retry-After"):
        assert name in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("status", [pytest.param(503, id="CR-06-503")])
async def test_it_may_read_that_an_issuer_is_disabled(fresh: Town, status: int) -> None:
    await fresh.house.registry.disable("a")
    answer = await fresh.ask("POST", "/register", json=RG, headers=[("Origin", APP)])
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "*"
