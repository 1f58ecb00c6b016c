"""Clients that nobody registered: what they say of themselves at the URL that is their id, and when it is believed."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio

from server.outbound import documents
from server.outbound.budget import OF_ADDRESS, OF_ADDRESS_AND_HOST, OF_HOST, OF_TENANT_AND_HOST
from server.outbound.documents import COOL_DOWN, Documents
from server.outbound.fetcher import Fetcher
from server.outbound.places import MAX_WAITING, PER_TENANT
from tenants.oauth.client_document import LEAST, MAX_BYTES, MOST, UNSAID
from tenants.records import DAY, Client, Event
from tenants.turn import Turn
from tests.flow.town import POLICY, Town, settle
from tests.support.browser import Browser, form_of
from tests.support.client_host import ClientHost, known_here
from tests.support.clients import AZ, CALLBACK, ISSUER, RF, TK, authorize, changed, is_page, refused, returned
from tests.support.house import running_house
from tests.support.requirement import requirement
from tests.support.signer import Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = itertools.count(1)
KEY, NEXT_KEY = Signer("RS256"), Signer("ES256")


@dataclass
class Described:
    """A client and its web page."""

    town: Town
    host: ClientHost
    path: str = field(default_factory=lambda: f"/{next(NUMBERS)}/client.json")
    name: str = "app.test"

    @property
    def url(self) -> str:
        return self.host.url(self.path, self.name)

    @property
    def asked(self) -> int:
        """How often its document was asked for."""
        return self.host.count(self.path)

    def says(self, status: int = 200, headers: dict[str, str] | None = None, **members: Any) -> "Described":
        said = {"client_id": self.url, "client_name": "App", "redirect_uris": [CALLBACK]} | members
        self.host.show(
            self.path, {n: value for n, value in said.items() if value is not None}, status, **(headers or {})
        )
        return self

    def answers(self, body: Any, status: int = 200, **headers: str) -> "Described":
        self.host.show(self.path, body, status, **headers)
        return self

    async def arrives(self, browser: Browser | None = None, **changes: str | None) -> httpx.Response:
        """What a browser is told that it sends to us."""
        return await (browser or self.town.user).get(authorize(changed(AZ, **{"client_id": self.url, **changes})))

    async def is_unknown(self) -> str:
        """It is told so on a page, which says why."""
        page = await self.arrives()
        is_page(page)
        return page.text

    async def tokens(self, to: str = CALLBACK, **more: str | None) -> dict[str, Any]:
        code = await self.town.user.code(changed(AZ, client_id=self.url, redirect_uri=to), to)
        form = {"client_id": self.url, "code": code, "redirect_uri": to, **more}
        answer = await self.town.token(changed(TK, **form))
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host() -> AsyncGenerator[ClientHost]:
    async with ClientHost().serving() as host:
        yield host


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, host: ClientHost) -> AsyncGenerator[Town]:
    async with running_house(tmp_path_factory.mktemp("house"), to_clients=host.fetcher) as house:
        yield await settle(house)


@pytest.fixture
def client(town: Town, host: ClientHost) -> Described:
    town.clock.now += 60  # what was asked of its host before is long ago
    return Described(town, host).says()


async def kept(town: Town, client_id: str, issuer: str = "a") -> Client | None:
    def act(turn: Turn, _: None) -> Client | None:
        return turn.tx.clients.find(client_id)

    return await town.house.registry.tenant(issuer).actor.run(act, None)


async def events(town: Town, client_id: str) -> list[Event]:
    def act(turn: Turn, _: None) -> list[Event]:
        return [event for event in turn.tx.events.page(0, 10_000) if event.subject == client_id]

    return await town.house.registry.tenant("a").actor.run(act, None)


# --- as it should be


@requirement("mcp:documents-are-advertised")
async def test_clients_are_told_that_they_may_come(town: Town) -> None:
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        said = (await town.ask("GET", path)).json()
        assert said["client_id_metadata_document_supported"] is True
        assert {"none", "private_key_jwt"} <= set(said["token_endpoint_auth_methods_supported"])


async def test_a_client_that_nobody_registered_gets_its_tokens(client: Described) -> None:
    tokens = await client.tokens()
    assert client.asked == 1
    refreshed = await client.town.refresh(tokens["refresh_token"], client_id=client.url)
    assert refreshed.status_code == 200, refreshed.text
    assert client.asked == 1
    known = await kept(client.town, client.url)
    assert known is not None
    assert (known.origin, known.name, known.auth_method) == ("document", "App", "none")


@requirement("mcp:the-host-of-the-id-is-shown")
async def test_the_user_sees_the_host_of_the_id_and_that_nobody_here_knows_the_client(client: Described) -> None:
    client.says(client_name="Claude", redirect_uris=["https://elsewhere.test/cb"])
    where = client.url.split("/")[2]
    newcomer = Browser(client.town.house, user=1)
    page = await client.arrives(newcomer, redirect_uri="https://elsewhere.test/cb")
    assert form_of(page)[0] == "/login"
    assert where in page.text
    page = await newcomer.sign_in(page)
    assert form_of(page)[0] == "/consent"
    assert where in page.text
    assert "elsewhere.test" in page.text
    assert "Not verified" in page.text
    assert "Known here" not in page.text


async def test_a_client_with_a_key_in_its_document_proves_itself_by_it(client: Described) -> None:
    client.says(token_endpoint_auth_method="private_key_jwt", jwks=KEY.jwks)
    code = await client.town.user.code(changed(AZ, client_id=client.url))
    form = changed(TK, client_id=client.url, code=code)
    refused(await client.town.token(form), 401, "invalid_client")
    answer = await client.town.token(changed(form, **proof(client, KEY)))
    assert answer.status_code == 200, answer.text


def proof(client: Described, signer: Signer, audience: str = ISSUER) -> dict[str, str]:
    now = client.town.clock.now
    claims = {"iss": client.url, "sub": client.url, "aud": audience, "jti": f"j{next(NUMBERS)}", "exp": now + 60}
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(claims, signer.key.private_key, signer.algorithm, {"kid": signer.kid}),
    }


# --- the documents of clients that are in use (their shapes, at a host of this test)


async def test_claude(client: Described) -> None:
    client.says(
        client_name="Claude",
        client_uri="https://claude.ai",
        redirect_uris=["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    for callback in ("https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"):
        assert (await client.tokens(callback))["refresh_token"]


@pytest.mark.parametrize("callback", ["http://localhost:54321/callback", "http://127.0.0.1:7/callback"])
async def test_claude_code_listens_on_whatever_port_is_free(client: Described, callback: str) -> None:
    client.says(
        client_name="Claude Code",
        client_uri="https://claude.ai",
        redirect_uris=["http://localhost/callback", "http://127.0.0.1/callback"],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    page = await client.arrives(redirect_uri=callback)
    assert "a program on this computer" in page.text
    assert (await client.tokens(callback))["access_token"]


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/token"])
async def test_chatgpt_proves_itself_by_a_key_that_lies_beside_its_document(client: Described, audience: str) -> None:
    jwks_uri = client.host.show(f"/{next(NUMBERS)}/jwks.json", KEY.jwks)
    client.says(
        client_name="ChatGPT",
        client_uri="https://chatgpt.com/",
        redirect_uris=["https://chatgpt.com/connector/oauth/abc"],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_methods_supported=["none", "private_key_jwt"],
        token_endpoint_auth_signing_alg="RS256",
        jwks_uri=jwks_uri,
    )
    tokens = await client.tokens("https://chatgpt.com/connector/oauth/abc", **proof(client, KEY, audience))
    form = changed(RF, refresh_token=tokens["refresh_token"], client_id=client.url, **proof(client, KEY, audience))
    assert (await client.town.token(form)).status_code == 200
    refused(await client.town.refresh(tokens["refresh_token"], client_id=client.url), 401, "invalid_client")


async def test_vs_code(client: Described) -> None:
    client.says(
        client_name="Visual Studio Code",
        client_uri="https://code.visualstudio.com",
        grant_types=["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        response_types=["code"],
        redirect_uris=[
            "https://vscode.dev/redirect",
            "https://insiders.vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        token_endpoint_auth_method="none",
        application_type="native",
    )
    for callback in ("http://127.0.0.1:33418/", "http://127.0.0.1:50000/", "https://vscode.dev/redirect"):
        assert (await client.tokens(callback))["access_token"]


async def test_a_private_use_scheme_that_is_not_allowed_does_not_spoil_the_rest(client: Described) -> None:
    cursor = "cursor://anysphere.cursor-mcp/oauth/callback"
    client.says(redirect_uris=[cursor, "http://localhost:8787/callback"])
    assert (await client.tokens("http://localhost:8787/callback"))["access_token"]
    is_page(await client.arrives(redirect_uri=cursor))
    await client.town.house.set_policy("a", replace(POLICY, private_redirect_schemes=("cursor",)))
    assert form_of(await client.arrives(redirect_uri=cursor))[0] == "/consent"
    await client.town.house.set_policy("a", POLICY)


# --- which ids lead to a document


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://{}/c", id="CI-01-http"),
        pytest.param("https://{}", id="CI-01-no-path"),
        pytest.param("https://{}/", id="CI-01-root"),
        pytest.param("https://{}/c#x", id="CI-01-fragment"),
        pytest.param("https://{}/c?x=y", id="CI-01-query"),
        pytest.param("https://u:p@{}/c", id="CI-01-userinfo"),
        pytest.param("https://{}/../c", id="CI-01-dots"),
        pytest.param("https://{}/./c", id="CI-01-dot"),
        pytest.param("https://{}/a/%2e%2e/c", id="CI-01-escaped-dots"),
        pytest.param("https://{}/a\tb", id="CI-01-tab"),
        pytest.param("https://127.0.0.1:{port}/c", id="CI-01-IPv4"),
        pytest.param("https://[::1]:{port}/c", id="CI-01-IPv6"),
        pytest.param("https://2130706433:{port}/c", id="SS-01-number"),
        pytest.param("https://localhost:{port}/c", id="SS-01-localhost"),
        pytest.param("https://a.localhost:{port}/c", id="SS-01-below-localhost"),
        pytest.param("file:///etc/passwd", id="SS-06-file"),
        pytest.param("gopher://{}/c", id="SS-06-gopher"),
        pytest.param("data:application/json,{{}}", id="SS-06-data"),
    ],
)
@requirement("cimd:the-id-is-an-https-url", "cimd:nothing-is-fetched-from-special-addresses")
async def test_an_id_that_may_not_be_fetched_makes_no_connection(town: Town, host: ClientHost, url: str) -> None:
    before = host.connections
    port = host.server.port
    is_page(await town.user.get(authorize(changed(AZ, client_id=url.format(f"app.test:{port}", port=port)))))
    assert host.connections == before


@pytest.mark.parametrize("name", ["app.test", "localhost.app.test", "other.test"])
@requirement("cimd:nothing-is-fetched-from-special-addresses")
async def test_a_name_that_leads_to_this_machine_makes_no_connection(
    tmp_path: Path, host: ClientHost, name: str
) -> None:
    """As in production, where this machine is not called, whatever a name says (SS-01, SS-02)."""
    careful = partial(Fetcher, loopback=False, resolve=known_here, ports=(host.server.port,))
    async with running_house(tmp_path, to_clients=careful) as house:
        client = Described(await settle(house), host, name=name).says()
        before = host.connections
        await client.is_unknown()
        key = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": client.url, "redirect_uris": [CALLBACK]}
        registered = (await client.town.ask("POST", "/register", json=key)).json()["client_id"]
        asked = {"token": "x", **proof(replace(client, path="", name=""), KEY)}
        claims = {"iss": registered, "sub": registered, "aud": ISSUER, "jti": "1", "exp": house.clock.now + 60}
        asked["client_assertion"] = jwt.encode(claims, KEY.key.private_key, "RS256")
        answer = await client.town.ask("POST", "/introspect", form=asked)
        refused(answer, 503, "temporarily_unavailable")
        assert host.connections == before


@requirement("mcp:documents-of-trusted-hosts")
async def test_a_client_that_was_registered_is_known_by_that_whatever_its_id(client: Described) -> None:  # CI-15
    def act(turn: Turn, _: None) -> None:
        known = turn.tx.clients.find("P")
        assert known is not None
        turn.tx.clients.add(replace(known, id=client.url, name="Registered"))

    await client.town.house.registry.tenant("a").actor.run(act, None)
    page = await client.arrives()
    assert "Registered" in page.text
    assert client.asked == 0


# --- what is no document


async def words_of(client: Described) -> str:
    """What its user reads, but for the name of the request."""
    return "".join(line for line in (await client.is_unknown()).splitlines() if "test-" not in line)


def odd(headers: str, body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        *(
            pytest.param(status, {}, None, id=f"CI-04-{status}")
            for status in (201, 202, 203, 206, 400, 401, 404, 410, 500, 503)
        ),
        pytest.param(204, {"content_type": ""}, b"", id="CI-04-204"),
        *(pytest.param(status, {"location": "{}"}, b"", id=f"CI-03-{status}") for status in (301, 302, 303, 307, 308)),
        pytest.param(302, {"location": "http://127.0.0.1:1/"}, b"", id="CI-03-internal"),
        pytest.param(200, {"location": "{}"}, b"", id="CI-03-200"),
        pytest.param(200, {"content_type": "text/html"}, None, id="CI-04-html"),
        pytest.param(200, {"content_type": ""}, None, id="CI-04-no-type"),
        pytest.param(200, {}, b"[]", id="CI-04-array"),
        pytest.param(200, {}, b"\xef\xbb\xbf{}", id="CI-04-BOM"),
        pytest.param(200, {}, b'{"client_id":"x","client_id":"y"}', id="CI-04-duplicates"),
        pytest.param(200, {}, b'{"client_id":"https://app.test/other.json"}', id="CI-02"),
        pytest.param(200, {"content_encoding": "gzip"}, b"\x1f\x8b\x08", id="CI-05-gzip"),
        pytest.param(200, {"content_length": str(MAX_BYTES + 1)}, b" " * (MAX_BYTES + 1), id="CI-05-5KiB+1"),
        pytest.param(200, {"content_length": "9999999"}, b"{", id="CI-05-a-lie"),
    ],
)
@requirement("cimd:one-answer-to-all-failures", "cimd:redirects-are-not-followed", "cimd:documents-are-small")
async def test_what_is_no_document_is_not_believed_nor_told(
    client: Described, status: int, headers: dict[str, str], body: bytes | None
) -> None:
    nothing = await words_of(Described(client.town, client.host))
    target = Described(client.town, client.host).says(client_id=client.url)
    said = {name: value.format(target.url) for name, value in headers.items()}
    if body is None:
        client.says(status, said)
    else:
        client.answers(body, status, **said)
    assert await words_of(client) == nothing
    assert target.asked == 0
    assert await kept(client.town, client.url) is None


@requirement("cimd:documents-are-small")
async def test_an_endless_document_ends(client: Described) -> None:  # CI-05
    piece = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    client.host.answer(
        client.path, odd("content-type: application/json\r\ntransfer-encoding: chunked\r\n", piece * 1_000)
    )
    await client.is_unknown()
    assert client.asked == 1


@requirement("cimd:documents-are-small")
async def test_a_silent_host_keeps_its_client_waiting_for_seconds_and_nobody_else(client: Described) -> None:  # CI-06
    client.host.silent.add(client.path)
    waiting = asyncio.create_task(client.is_unknown())
    while client.asked == 0:
        await asyncio.sleep(0)
    other = Described(client.town, client.host).says()
    assert await other.tokens()
    assert (await client.town.tokens())["access_token"]
    assert not waiting.done()
    async with asyncio.timeout(8):
        await waiting
    closed = Described(client.town, client.host)
    assert await words_of(client) == await words_of(closed), "nor is it told that it was silent (SS-04)"


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"token_endpoint_auth_method": "client_secret_post"}, id="CI-07-secret-method"),
        pytest.param({"client_secret": "x"}, id="CI-07-secret"),
        pytest.param({"jwks": {"keys": [KEY.key.as_dict(private=True)]}}, id="CI-07-private-key"),
        pytest.param({"client_name": None}, id="A7-no-name"),
        pytest.param({"redirect_uris": None}, id="A7-no-redirect-uris"),
    ],
)
@requirement("cimd:no-shared-secrets")
async def test_a_document_that_no_client_may_have_is_refused_with_the_reason(
    client: Described, members: dict[str, Any]
) -> None:
    assert "cannot be used" in await client.says(**members).is_unknown()
    assert await kept(client.town, client.url) is None


@pytest.mark.parametrize(
    "uri", ["https://app.test/other", CALLBACK + "/", "https://evil.test/cb", "http://localhost/cb"]
)
@requirement("mcp:redirect-uris-of-the-document")
async def test_a_redirect_uri_must_stand_in_the_document(client: Described, uri: str) -> None:  # CI-08
    is_page(await client.arrives(redirect_uri=uri))
    assert (await client.arrives()).status_code == 200


# --- for how long


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, UNSAID, id="nothing"),
        pytest.param({"cache_control": "max-age=31536000"}, MOST, id="CI-10-a-year"),
        pytest.param({"cache_control": "no-store"}, LEAST, id="CI-10-no-store"),
        pytest.param({"cache_control": "max-age=600", "age": "540"}, 60, id="CI-10-age"),
        pytest.param({"cache_control": "max-age=600"}, 600, id="A8"),
    ],
)
@requirement("mcp:documents-are-cached-as-they-say")
async def test_a_document_is_asked_for_again_when_it_has_expired(
    client: Described, headers: dict[str, str], seconds: int
) -> None:
    client.says(headers=headers)
    clock = client.town.clock
    for _ in range(2):
        assert (await client.arrives()).status_code == 200
    clock.now += seconds - 1
    assert (await client.arrives()).status_code == 200
    assert client.asked == 1
    clock.now += 1
    assert (await client.arrives()).status_code == 200
    assert client.asked == 2


@requirement("cimd:errors-are-not-cached")
async def test_what_was_wrong_a_moment_ago_may_be_right_now(client: Described) -> None:  # CI-11
    for wrong in (partial(client.answers, b"", 500), partial(client.says, client_name=None), partial(client.says, 404)):
        wrong()
        asked = client.asked
        for _ in range(3):
            await client.is_unknown()
        assert client.asked == asked + 1, "who asks again at once makes us ask nobody"
        client.town.clock.now += COOL_DOWN
    client.says()
    assert (await client.arrives()).status_code == 200


@requirement("mcp:documents-are-cached-as-they-say")
async def test_an_older_document_is_not_used_at_the_door_where_there_is_no_newer(client: Described) -> None:
    assert await client.tokens()
    client.answers(b"", 503)
    client.town.clock.now += UNSAID
    await client.is_unknown()
    client.says()
    client.town.clock.now += COOL_DOWN
    assert (await client.arrives()).status_code == 302, "what its users allowed is not forgotten"


@requirement("house:an-outage-of-their-host-ends-no-grant")
async def test_a_client_whose_host_is_dead_uses_what_it_was_granted(client: Described) -> None:  # CI-14
    code = await client.town.user.code(changed(AZ, client_id=client.url))
    client.answers(b"", 503)
    client.town.clock.now += 500
    answer = await client.town.token(changed(TK, client_id=client.url, code=code))
    assert answer.status_code == 200, answer.text
    token = answer.json()["refresh_token"]
    for _ in range(3):
        client.town.clock.now += 10 * MOST
        answer = await client.town.refresh(token, client_id=client.url)
        assert answer.status_code == 200, answer.text
        token = answer.json()["refresh_token"]
    form = {"token": token, "client_id": client.url}
    assert (await client.town.ask("POST", "/revoke", form=form)).status_code == 200
    assert client.asked == 1


@requirement("house:a-key-that-was-taken-back-proves-nothing")
async def test_a_key_that_its_document_holds_no_more_proves_nothing_once_the_document_has_expired(
    client: Described,
) -> None:
    client.says(token_endpoint_auth_method="private_key_jwt", jwks=KEY.jwks, headers={"cache_control": "max-age=60"})
    tokens = await client.tokens(**proof(client, KEY))
    client.says(token_endpoint_auth_method="private_key_jwt", jwks=NEXT_KEY.jwks)
    client.town.clock.now += 59
    again = await client.town.refresh(tokens["refresh_token"], client_id=client.url, **proof(client, KEY))
    assert again.status_code == 200, "until then it counts"
    client.town.clock.now += 1
    token = again.json()["refresh_token"]
    refused(await client.town.refresh(token, client_id=client.url, **proof(client, KEY)), 401, "invalid_client")
    answer = await client.town.refresh(token, client_id=client.url, **proof(client, NEXT_KEY))
    assert answer.status_code == 200, "the client is not locked out by having rolled its key"
    assert client.asked == 2


async def test_where_the_document_cannot_be_had_its_keys_count_for_another_day(client: Described) -> None:
    client.says(token_endpoint_auth_method="private_key_jwt", jwks=KEY.jwks, headers={"cache_control": "max-age=60"})
    token = (await client.tokens(**proof(client, KEY)))["refresh_token"]
    client.answers(b"", 503)
    client.town.clock.now += 60 + DAY - 1
    answer = await client.town.refresh(token, client_id=client.url, **proof(client, KEY))
    assert answer.status_code == 200, answer.text
    token = answer.json()["refresh_token"]
    client.town.clock.now += COOL_DOWN
    refused(await client.town.refresh(token, client_id=client.url, **proof(client, KEY)), 401, "invalid_client")
    client.says(token_endpoint_auth_method="private_key_jwt", jwks=KEY.jwks)
    client.town.clock.now += COOL_DOWN
    answer = await client.town.refresh(token, client_id=client.url, **proof(client, KEY))
    assert answer.status_code == 200, answer.text


async def test_a_user_who_is_halfway_through_goes_on_though_the_document_has_expired(client: Described) -> None:
    client.says(headers={"cache_control": "no-store"})
    newcomer = Browser(client.town.house, user=1)
    page = await newcomer.sign_in(await client.arrives(newcomer))
    assert form_of(page)[0] == "/consent"
    client.answers(b"", 503)
    client.town.clock.now += 500
    assert returned(await newcomer.allow(page))["code"]
    assert client.asked == 1


async def test_a_client_that_was_forgotten_meanwhile_is_asked_for_again(client: Described) -> None:
    newcomer = Browser(client.town.house, user=1)
    page = await client.arrives(newcomer)
    for step in (newcomer.sign_in, newcomer.allow):
        await forget(client)
        client.town.clock.now += COOL_DOWN
        page = await step(page)
    assert returned(page)["code"]
    assert client.asked > 1


async def forget(client: Described) -> None:
    def act(turn: Turn, _: None) -> bool:
        return turn.tx.clients.remove(client.url)

    assert await client.town.house.registry.tenant("a").actor.run(act, None)


# --- what has changed


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"redirect_uris": [CALLBACK, "https://app.test/more"]}, ["redirect_uris"], id="redirect-uris"),
        pytest.param({"jwks": KEY.jwks}, ["keys"], id="keys"),
        pytest.param(
            {"jwks": KEY.jwks, "token_endpoint_auth_method": "private_key_jwt"}, ["auth_method", "keys"], id="method"
        ),
        pytest.param({"client_name": "Another"}, None, id="name"),
        pytest.param({"client_uri": "https://app.test/"}, None, id="nothing-that-matters"),
    ],
)
@requirement("cimd:changes-are-consented-to-again")
async def test_a_client_that_says_something_else_is_consented_to_again(
    client: Described, changes: dict[str, Any], told: list[str] | None
) -> None:  # CI-09
    await client.town.user.code(changed(AZ, client_id=client.url))
    assert "location" in (await client.arrives()).headers
    client.says(**changes)
    assert "location" in (await client.arrives()).headers, "nobody has asked it again yet"
    client.town.clock.now += UNSAID
    answer = await client.arrives()
    if "client_uri" in changes:
        assert "location" in answer.headers
    else:
        assert form_of(answer)[0] == "/consent"
        assert returned(await client.town.user.allow(answer))["code"]
        assert "location" in (await client.arrives()).headers
    found = [event.details["changed"] for event in await events(client.town, client.url) if "changed" in event.type]
    assert [sorted(names) for names in found] == ([] if told is None else [told])


async def test_a_client_that_was_forgotten_and_comes_back_is_consented_to_again(client: Described) -> None:
    await client.town.user.code(changed(AZ, client_id=client.url))
    await forget(client)
    client.town.clock.now += COOL_DOWN
    assert form_of(await client.arrives())[0] == "/consent"


# --- crowds


@requirement("house:a-crowd-asks-once")
async def test_a_crowd_makes_us_ask_once(client: Described) -> None:  # CI-12
    pages = await asyncio.gather(*(client.arrives(Browser(client.town.house)) for _ in range(100)))
    assert {page.status_code for page in pages} == {200}
    assert client.asked == 1


async def test_one_who_leaves_takes_it_from_nobody(client: Described) -> None:
    fetcher = client.host.fetcher()
    asking = partial(
        Documents(fetcher, fetcher, client.town.clock).at, "a tenant", client.url, known=False, address="192.0.2.1"
    )
    first, second = (asyncio.create_task(asking()) for _ in range(2))
    while client.asked == 0:
        await asyncio.sleep(0)
    first.cancel()
    assert (await second).url == client.url
    assert client.asked == 1


async def test_strangers_cannot_make_us_throw_more_than_a_few_at_anybody(client: Described) -> None:  # CI-13
    host, town = client.host, client.town
    known = Described(town, host, name="evil.test").says(headers={"cache_control": "no-store"})
    assert (await known.arrives()).status_code == 200
    town.clock.now += 60
    many = [Described(town, host, name="evil.test").says() for _ in range(OF_ADDRESS_AND_HOST.burst + 20)]
    before = len(host.asked)
    answers = [(await one.arrives()).status_code for one in many]
    assert answers == [200] * OF_ADDRESS_AND_HOST.burst + [400] * 20
    assert len(host.asked) == before + OF_ADDRESS_AND_HOST.burst
    assert await words_of(many[-1]) == await words_of(Described(town, host)), "and we do not say why"
    assert (await known.arrives()).status_code == 200, "whoever is known already is asked for"
    assert known.asked == 2
    assert (await Described(town, host, name="other.test").says().arrives()).status_code == 200


def somebody(client: Described, number: int, host: str = "a.test") -> Browser:
    """At an address of their own."""
    return Browser(client.town.house, host=host, peer=f"127.0.1.{number}")


async def ask_for_what_is_not_there(client: Described, browser: Browser, times: int, name: str = "app.test") -> None:
    for _ in range(times):
        is_page(await Described(client.town, client.host, name=name).arrives(browser))


@requirement("house:junk-of-one-address-stops-nobody-else")
async def test_who_asks_for_junk_keeps_nobody_at_another_address_from_a_new_client(client: Described) -> None:
    await ask_for_what_is_not_there(client, somebody(client, 1), OF_ADDRESS_AND_HOST.burst)
    is_page(await client.arrives(somebody(client, 1)))
    assert client.asked == 0
    assert (await client.arrives(somebody(client, 2))).status_code == 200


async def test_one_address_cannot_make_us_ask_at_many_hosts_without_end(client: Described) -> None:
    for name in ("app.test", "other.test"):
        await ask_for_what_is_not_there(client, somebody(client, 1), OF_ADDRESS_AND_HOST.burst, name)
    assert 2 * OF_ADDRESS_AND_HOST.burst == OF_ADDRESS.burst
    is_page(await Described(client.town, client.host, name="evil.test").says().arrives(somebody(client, 1)))


@requirement("house:junk-of-one-address-stops-nobody-else")
async def test_a_document_that_was_read_before_is_read_again_though_many_addresses_asked_for_junk(
    client: Described,
) -> None:
    new = Described(client.town, client.host).says()
    assert (await client.arrives()).status_code == 200
    await forget(client)
    client.town.clock.now += 60
    for number in range(OF_TENANT_AND_HOST.burst // OF_ADDRESS_AND_HOST.burst):
        await ask_for_what_is_not_there(client, somebody(client, number + 1), OF_ADDRESS_AND_HOST.burst)
    is_page(await new.arrives(somebody(client, 100)))
    assert (await client.arrives(somebody(client, 100))).status_code == 200
    assert (new.asked, client.asked) == (0, 2)


async def test_a_page_that_is_no_document_of_a_client_was_never_read_well(client: Described) -> None:
    client.says(client_id="https://app.test/another.json")
    is_page(await client.arrives())
    client.town.clock.now += 60
    for number in range(OF_TENANT_AND_HOST.burst // OF_ADDRESS_AND_HOST.burst):
        await ask_for_what_is_not_there(client, somebody(client, number + 1), OF_ADDRESS_AND_HOST.burst)
    is_page(await client.arrives(somebody(client, 100)))
    assert client.asked == 1


async def test_one_issuer_cannot_use_up_what_all_may_ask(client: Described) -> None:
    house, host = client.town.house, client.host
    for issuer in ("i1", "i2", "i3"):
        await house.issuer(issuer, f"https://{issuer}.test")
    statuses: list[int] = []
    for issuer, number in itertools.product(("i1", "i2", "i3"), range(5)):
        browser = somebody(client, number, f"{issuer}.test")
        for _ in range(OF_ADDRESS_AND_HOST.burst):
            one = Described(client.town, host, name="many.app.test").says()
            target = authorize(changed(AZ, client_id=one.url, scope=None, resource=None))
            statuses.append((await browser.get(target)).status_code)
    assert OF_TENANT_AND_HOST.burst == 4 * OF_ADDRESS_AND_HOST.burst
    of_one = [200] * OF_TENANT_AND_HOST.burst + [400] * OF_ADDRESS_AND_HOST.burst
    rest = OF_HOST.burst - 2 * OF_TENANT_AND_HOST.burst
    assert statuses == of_one * 2 + [200] * rest + [400] * (len(of_one) - rest)


@requirement("house:junk-of-one-address-stops-nobody-else")
async def test_a_known_client_is_read_again_while_all_calls_for_new_ones_wait(
    client: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "SECONDS", 2.0)
    assert (await client.arrives()).status_code == 200
    client.town.clock.now += UNSAID
    crowd = [Described(client.town, client.host) for _ in range(PER_TENANT + MAX_WAITING)]
    client.host.silent.update(one.path for one in crowd)
    waiting = [asyncio.create_task(one.arrives(somebody(client, number % 3))) for number, one in enumerate(crowd)]
    while sum(one.asked for one in crowd) < PER_TENANT:
        await asyncio.sleep(0)
    assert (await client.arrives()).status_code == 200
    assert client.asked == 2
    assert not any(task.done() for task in waiting)
    for page in await asyncio.gather(*waiting):
        is_page(page)


# --- whose documents


@requirement("mcp:documents-of-trusted-hosts")
async def test_an_issuer_that_reads_no_documents_knows_no_client_by_one(client: Described) -> None:  # CI-16
    assert await client.tokens()
    asked = client.asked
    await client.town.house.set_policy("b", replace(POLICY, client_documents="none"))
    is_page(await Browser(client.town.house, host="b.test").get(authorize(changed(AZ, client_id=client.url))))
    assert client.asked == asked
    assert await kept(client.town, client.url, "b") is None
    said = (await client.town.ask("GET", "/.well-known/oauth-authorization-server", host="b.test")).json()
    assert "client_id_metadata_document_supported" not in said
    await client.town.house.set_policy("b", POLICY)
    page = await Browser(client.town.house, host="b.test").get(authorize(changed(AZ, client_id=client.url)))
    assert page.status_code == 200
    assert client.asked == asked + 1, "what one issuer has read no other has"


@requirement("mcp:documents-of-trusted-hosts")
async def test_a_host_that_is_trusted_no_more_loses_its_clients_at_once(client: Described) -> None:
    tokens = await client.tokens()
    other = Described(client.town, client.host, name="other.test").says()
    listed = replace(POLICY, client_documents="listed", client_document_hosts=("other.test",))
    await client.town.house.set_policy("a", listed)
    try:
        await client.is_unknown()
        refused(await client.town.refresh(tokens["refresh_token"], client_id=client.url), 401, "invalid_client")
        assert await other.tokens()
    finally:
        await client.town.house.set_policy("a", POLICY)
    assert (await client.town.refresh(tokens["refresh_token"], client_id=client.url)).status_code == 200


async def test_no_registered_client_can_be_mistaken_for_one_with_a_document(town: Town, host: ClientHost) -> None:
    before = host.connections
    for client_id in ("P", "K", "nobody", "c_0123", "app.test/c", "//app.test/c"):
        await town.user.get(authorize(changed(AZ, client_id=client_id)))
    refused(await town.token(changed(TK, client_id=host.url("/nobody.json"), code="x")), 401, "invalid_client")
    assert host.connections == before, "and at the token endpoint nobody becomes known"
