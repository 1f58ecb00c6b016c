"""The MCP SDK's own client against the example MCP server, from the first 401 to a revoked grant."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from mcp.types import TextContent

from tests.e2e.person import Person
from tests.e2e.place import Place, Places
from tests.support.client_host import ClientHost
from tests.support.process import RunningTenantry, example_mcp_server, free_port, tenantry_dev
from tests.support.requirement import requirement

pytestmark = pytest.mark.e2e

CALLBACK = "http://127.0.0.1:33418/callback"


@dataclass
class Storage:
    """What the client remembers."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class App:
    """An MCP client as the SDK makes it, with a person who answers when it opens a browser."""

    place: Place
    auth_method: Any
    person: Person = field(default_factory=Person)
    storage: Storage = field(default_factory=Storage)
    document: str | None = None
    """Where it shows what it says of itself."""
    opened: list[str] = field(default_factory=list[str])
    requests: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])

    def __post_init__(self) -> None:
        metadata = OAuthClientMetadata.model_validate(
            {
                "client_name": "An MCP client",
                "redirect_uris": [CALLBACK],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": self.auth_method,
            }
        )
        self.provider = OAuthClientProvider(
            self.place.resource,
            metadata,
            self.storage,
            self._open,
            self._returned,
            client_metadata_url=self.document,
        )
        self._answer: dict[str, str] = {}

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[Client]:
        hooks = {"response": [self._saw]}
        async with (
            httpx2.AsyncClient(auth=self.provider, event_hooks=hooks, trust_env=False, timeout=20) as http,
            Client(streamable_http_client(self.place.resource, http_client=http)) as client,
        ):
            yield client

    def expire(self) -> None:
        """Let the client believe that its access token has expired."""
        self.provider.context.token_expiry_time = 1.0

    async def _open(self, url: str) -> None:
        self.opened.append(url)
        self._answer = await self.person.told(url)

    async def _returned(self) -> AuthorizationCodeResult:
        told = self._answer
        return AuthorizationCodeResult(code=told.get("code", ""), state=told.get("state"), iss=told.get("iss"))

    async def _saw(self, response: httpx2.Response) -> None:
        self.requests.append((response.request.method, str(response.request.url), response.status_code))


async def text_of(client: Client, tool: str, arguments: dict[str, Any] | None = None) -> str:
    result = await client.call_tool(tool, arguments or {})
    assert not result.is_error
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.parametrize("name", ["a", "b", "below"])
@pytest.mark.parametrize("auth_method", ["none", "client_secret_basic", "client_secret_post", None])
async def test_a_client_gets_from_a_401_to_a_tool_call_and_on_until_it_is_revoked(
    places: Places, name: str, auth_method: str | None
) -> None:
    place = places.named(name)
    app = App(place, auth_method)
    async with app.connected() as client, httpx.AsyncClient(trust_env=False, timeout=20) as http:
        assert await text_of(client, "add", {"a": 2, "b": 3}) == "5"
        registered, first = app.storage.client, app.storage.tokens
        assert registered is not None
        assert first is not None
        assert (await text_of(client, "whoami")).endswith(f" with {registered.client_id}")
        assert app.person.pages == ["/login", "/consent"]
        assert ("POST", place.resource, 401) in app.requests
        assert ("GET", place.metadata, 200) in app.requests
        assert ("POST", f"{place.issuer}/register", 201) in app.requests

        app.expire()
        assert await text_of(client, "add", {"a": 4, "b": 5}) == "9"
        second = app.storage.tokens
        assert second is not None
        assert second.refresh_token is not None
        assert second.refresh_token != first.refresh_token
        assert second.access_token != first.access_token
        assert len(app.opened) == 1, "a refresh asks nobody"

        form, headers = app.provider.context.prepare_token_auth({"client_id": registered.client_id or ""}, {})
        revoked = await http.post(
            f"{place.issuer}/revoke", data={**form, "token": second.refresh_token}, headers=headers
        )
        assert revoked.status_code == 200, revoked.text
        again = await http.post(
            f"{place.issuer}/token",
            data={**form, "grant_type": "refresh_token", "refresh_token": second.refresh_token},
            headers=headers,
        )
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        for token in (first.access_token, second.access_token):
            told = await http.post(f"{place.issuer}/introspect", data={**form, "token": token}, headers=headers)
            assert (told.status_code, told.json()) == (200, {"active": False})

    app.expire()
    app.person = Person("deny")
    with pytest.raises(BaseException, match=r".") as refused:
        async with app.connected():
            pass
    assert "No authorization code" in "".join(messages(refused.value))
    assert ("POST", f"{place.issuer}/token", 400) in app.requests
    assert app.person.pages == ["/login", "/consent"], "with its grant revoked it has to ask the person again"


async def test_a_client_that_remembers_its_tokens_is_let_in_without_a_browser(places: Places) -> None:
    app = App(places.a, "none")
    async with app.connected() as client:
        await text_of(client, "whoami")
    restarted = App(places.a, "none", storage=app.storage)
    async with restarted.connected() as client:
        assert await text_of(client, "add", {"a": 20, "b": 22}) == "42"
    assert restarted.opened == []


async def test_a_client_is_known_by_its_document_and_registers_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    async with ClientHost().serving() as host:
        (tmp_path / "authority.pem").write_text(host.authority)
        document = host.url("/client.json", "localhost")
        host.show("/client.json", {"client_id": document, "client_name": "Described", "redirect_uris": [CALLBACK]})
        with tenantry_dev(tmp_path / "tenantry") as tenantry, example_mcp_server(tenantry.demo) as resource:
            app = App(Place(tenantry.demo, resource), "none", document=document)
            async with app.connected() as client:
                assert (await text_of(client, "whoami")).endswith(f" with {document}")
                app.expire()
                assert await text_of(client, "add", {"a": 4, "b": 5}) == "9"
    assert app.person.pages == ["/login", "/consent"]
    assert host.asked == ["localhost/client.json"]
    assert not any(url.endswith("/register") for _, url, _ in app.requests)


async def test_a_person_who_denies_keeps_the_client_out(places: Places) -> None:
    app = App(places.b, "none", Person("deny"))
    with pytest.raises(BaseException, match=r".") as refused:
        async with app.connected():
            pass
    assert "No authorization code" in "".join(messages(refused.value))
    assert app.storage.tokens is None


@requirement("mcp:a-client-may-step-up")
async def test_a_client_whose_server_comes_to_need_more_asks_for_more_and_keeps_what_it_had(
    tenantry: RunningTenantry,
) -> None:
    issuer, port = f"{tenantry.demo}/steps", free_port()
    tenantry.create_issuer("steps", issuer)
    scopes = [
        {"name": "files:write", "description": "Change your files"},
        {"name": "files:read", "description": "Read your files"},
    ]
    place = Place(issuer, f"http://localhost:{port}/mcp")
    tenantry.create_resource(issuer, "files", place.resource, display_name="Files", scopes=scopes)
    first = App(place, "none")
    with example_mcp_server(issuer, "files:read", port=port):
        async with first.connected() as client:
            assert await text_of(client, "add", {"a": 2, "b": 3}) == "5"
    before = first.storage.client
    assert before is not None
    assert (before.scope or "").split() == ["files:read", "offline_access"]
    with example_mcp_server(issuer, "files:read", "files:write", port=port):
        later = App(place, "none", first.person, first.storage)
        async with later.connected() as client:
            assert await text_of(client, "add", {"a": 4, "b": 5}) == "9"
    assert ("POST", place.resource, 403) in later.requests
    assert first.person.pages == ["/login", "/consent", "/consent"]
    assert first.storage.client == before, "it did not have to register again"
    tokens = later.storage.tokens
    assert tokens is not None
    assert set((tokens.scope or "").split()) == {"files:read", "files:write", "offline_access"}


def messages(met: BaseException) -> list[str]:
    """What an exception says, and those in it."""
    if isinstance(met, BaseExceptionGroup):
        inner = cast("tuple[BaseException, ...]", met.exceptions)  # pyright: ignore[reportUnknownMemberType]
        return [line for each in inner for line in messages(each)]
    return [str(met)]
