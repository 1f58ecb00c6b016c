"""Calling out: to whom it goes, what is taken back, and when it ends. The servers are real; the border is watched."""

import asyncio
import gc
import gzip
import socket
import ssl
import threading
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any, cast

import httpcore
import pytest

from server.outbound import addresses, intake
from server.outbound import fetcher as fetcher_module
from server.outbound.fetcher import Answer, Fetcher, Unreachable
from server.outbound.intake import MAX_CRUMBS, SLICE, Intake, Measured
from server.outbound.places import MAX_WAITING, PER_TENANT, TOTAL
from tests.support.abroad import (
    GREETING,
    Border,
    Connection,
    Server,
    answering,
    certified,
    hears_nothing,
    serving,
)

ABROAD, ABROAD_6 = "93.184.215.14", "2a00:1450::14"
SOON = 0.3
"""Seconds: the deadline of calls that must not end before it."""
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts none of the servers here; made once, for the default takes long to make."""


@pytest.fixture
def border(monkeypatch: pytest.MonkeyPatch) -> Border:
    return Border(monkeypatch)


class Resolver:
    """Answers as it is told, each name with one answer after the other, and the last for ever."""

    def __init__(self, **names: Sequence[Sequence[str]]) -> None:
        self._names = {name.replace("_", "."): list(answers) for name, answers in names.items()}
        self.asked: list[str] = []

    async def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        answers = self._names.get(name)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]


@asynccontextmanager
async def fetching(**given: Any) -> AsyncGenerator[Fetcher]:
    with_defaults: dict[str, Any] = {"loopback": False, "tls": NOBODY} | given
    fetcher = Fetcher(**with_defaults)
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def get(fetcher: Fetcher, url: str, tenant: str = "a", seconds: float = 10, max_bytes: int = 65_536) -> Answer:
    return await fetcher.fetch(tenant, "GET", url, max_bytes=max_bytes, seconds=seconds)


async def refused(fetcher: Fetcher, url: str, because: str, seconds: float = 10, max_bytes: int = 65_536) -> None:
    with pytest.raises(Unreachable, match=because) as refusal:
        await get(fetcher, url, seconds=seconds, max_bytes=max_bytes)
    assert "\n" not in str(refusal.value)


# --- who may be called: production


LOCAL = ("127.0.0.1", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]")
KEPT = (
    *("0.0.0.0", "169.254.169.254", "192.0.0.192", "100.64.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "198.18.0.1"),
    *("192.0.2.1", "192.88.99.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[::]", "[::ffff:169.254.169.254]"),
    *("[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]"),
    *("[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:a9fe:a9fe::]", "[fc00::1]", "[fd00:ec2::254]", "[fe80::1]"),
    *("[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "168.63.129.16"),
)
ODD = (
    *("127.1", "0", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001", "169.254.43518", "localhost."),
    *("①②⑦.⓪.⓪.①", "[fe80::1%25lo]", "[fe80::1%lo]", "ex。ample.test", "127.0.0.1%00.idp.test", "127.0.0.1."),
)


@pytest.mark.parametrize("host", [pytest.param(host, id=f"SS-01-{host}") for host in LOCAL + KEPT])
async def test_an_address_that_is_not_public_is_never_dialled(border: Border, host: str) -> None:
    async with answering(everywhere=True) as server, fetching(ports=(443, server.port)) as fetcher:
        for url in (f"https://{host}:{server.port}/", f"http://{host}:{server.port}/", f"https://{host}/"):
            await refused(fetcher, url, "not a public address")
        assert (border.dialled, server.connections) == ([], 0)


@pytest.mark.parametrize("host", [pytest.param(host, id=f"SS-01-{host}") for host in ODD])
async def test_an_odd_spelling_of_an_address_is_no_host(border: Border, host: str) -> None:
    resolver = Resolver()
    async with answering(everywhere=True) as server:
        async with fetching(ports=(443, server.port), resolve=resolver, loopback=True) as fetcher:
            for url in (f"https://{host}:{server.port}/", f"http://{host}:{server.port}/"):
                await refused(fetcher, url, "not a URL|neither a DNS name nor an address")
        assert (border.dialled, server.connections, resolver.asked) == ([], 0, [])


@pytest.mark.parametrize("host", [pytest.param(host.strip("[]"), id=f"SS-01-{host}") for host in LOCAL + KEPT])
async def test_a_name_of_an_address_that_is_not_public_is_never_dialled(border: Border, host: str) -> None:
    resolver = Resolver(metadata_google_internal=[[host]])
    async with answering(everywhere=True) as server:
        async with fetching(ports=(443, server.port), resolve=resolver) as fetcher:
            for url in (f"https://metadata.google.internal:{server.port}/", "https://METADATA.google.internal/"):
                await refused(fetcher, url, "metadata.google.internal: not a public address")
        assert (border.dialled, server.connections) == ([], 0)


@pytest.mark.parametrize("host", [pytest.param(host, id=f"SS-01-{host}") for host in ("localhost", "LOCALHOST")])
async def test_the_resolver_of_the_system_is_not_believed_either(border: Border, host: str) -> None:
    async with answering(everywhere=True) as server, fetching(ports=(server.port,)) as fetcher:
        await refused(fetcher, f"https://{host}:{server.port}/", r"localhost: not a public address: loopback")
        assert (border.dialled, server.connections) == ([], 0)


async def test_an_address_of_this_machine_is_refused_even_if_it_is_public(
    border: Border, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_IPV4", {})
    async with answering() as server, fetching(ports=(server.port,)) as fetcher:
        await refused(fetcher, f"https://127.0.0.1:{server.port}/", "an address of this machine")
        assert (border.dialled, server.connections) == ([], 0)


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([ABROAD, "127.0.0.1"], id="SS-03-private-last"),
        pytest.param(["10.0.0.1", ABROAD], id="SS-03-private-first"),
        pytest.param([ABROAD, ABROAD_6, "::ffff:169.254.169.254"], id="SS-03-mapped"),
        pytest.param([ABROAD_6, "fe80::1%1"], id="SS-03-zone"),
    ],
)
async def test_one_bad_address_among_good_ones_is_enough(border: Border, answers: list[str]) -> None:
    async with fetching(resolve=Resolver(idp_test=[answers])) as fetcher:
        await refused(fetcher, "https://idp.test/", "idp.test: not a public address")
    assert border.dialled == []


async def test_a_name_without_an_address_is_unreachable(border: Border) -> None:
    async with fetching(resolve=Resolver(idp_test=[[]])) as fetcher:
        await refused(fetcher, "https://idp.test/", "idp.test: its name has no address")
        await refused(fetcher, "https://unknown.test/", "unknown.test: its name has no address")
    assert border.dialled == []


@pytest.mark.parametrize(
    ("url", "because"),
    [
        pytest.param("http://idp.test/", "must be called by https", id="http"),
        pytest.param(f"http://{ABROAD}/", "must be called by https", id="http-address"),
        pytest.param("http://idp.test:443/", "must be called by https", id="http-443"),
        pytest.param("file:///etc/passwd", "not a URL", id="SS-06-file"),
        pytest.param("gopher://idp.test/", "not a URL", id="SS-06-gopher"),
        pytest.param("ftp://idp.test/", "not a URL", id="SS-06-ftp"),
        pytest.param("data:text/plain,x", "not a URL", id="SS-06-data"),
        pytest.param("unix:/run/docker.sock", "not a URL", id="SS-06-unix"),
        pytest.param("https://u:p@idp.test/", "user information", id="CI-01-user"),
        pytest.param("https://@idp.test/", "user information", id="CI-01-empty-user"),
        pytest.param("https://idp.test/#x", "fragment", id="CI-01-fragment"),
        pytest.param("https://idp.test/#", "fragment", id="CI-01-empty-fragment"),
        pytest.param("https:idp.test/", "has a host", id="no-authority"),
        pytest.param("https:///x", "neither a DNS name", id="no-host"),
        pytest.param("https://idp.test\\@evil.test/", "not a URL", id="backslash"),
        pytest.param("https://idp.test/a\tb", "not a URL", id="CI-01-tab"),
        pytest.param("https://idp.test/a\r\nX: y", "not a URL", id="line-break"),
        pytest.param("https://idp.test:0/", "not a URL", id="port-0"),
        pytest.param("https://idp.test:65536/", "not a URL", id="port-65536"),
        pytest.param("https://idp.test:22/", "port 22 may not be called", id="SS-07-22"),
        pytest.param("https://idp.test:25/", "port 25 may not be called", id="SS-07-25"),
        pytest.param("https://idp.test:6379/", "port 6379 may not be called", id="SS-07-6379"),
        pytest.param("https://idp.test:11211/", "port 11211 may not be called", id="SS-07-11211"),
        pytest.param("https://idp.test:80/", "port 80 may not be called", id="SS-07-80"),
    ],
)
@pytest.mark.parametrize("loopback", [False, True])
async def test_what_is_no_plain_https_url_is_refused(border: Border, url: str, because: str, loopback: bool) -> None:
    async with fetching(resolve=Resolver(idp_test=[[ABROAD]]), loopback=loopback) as fetcher:
        await refused(fetcher, url, because)
    assert border.dialled == []


# --- who is called


async def test_the_address_that_was_checked_is_the_one_that_is_called(border: Border) -> None:
    trusting, tls = certified("idp.test")
    resolver = Resolver(idp_test=[[ABROAD]])
    async with answering(tls=tls) as server, fetching(resolve=resolver, tls=trusting) as fetcher:
        border.leads(ABROAD, 443, server.port)
        answer = await get(fetcher, "https://IdP.test/a?b=c%20d")
        assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"hello", "text/plain")
        assert border.dialled == [(ABROAD, 443)]
        head = server.requests[0].decode().split("\r\n")
        assert head[0] == "GET /a?b=c%20d HTTP/1.1"
        assert {"host: IdP.test", "accept-encoding: identity", "connection: close"} <= set(head)


@pytest.mark.parametrize("second", [pytest.param(["127.0.0.1"], id="SS-02"), pytest.param(["::1"], id="SS-02-v6")])
async def test_a_name_is_asked_once_and_has_no_second_chance(border: Border, second: list[str]) -> None:
    trusting, tls = certified("idp.test")
    resolver = Resolver(idp_test=[[ABROAD], second])
    async with answering(everywhere=True) as inner, answering(tls=tls) as server:
        async with fetching(resolve=resolver, tls=trusting, ports=(inner.port,)) as fetcher:
            border.leads(ABROAD, inner.port, server.port)
            await get(fetcher, f"https://idp.test:{inner.port}/")
            assert (resolver.asked, border.dialled) == (["idp.test"], [(ABROAD, inner.port)])
            await refused(fetcher, f"https://idp.test:{inner.port}/", "not a public address")
        assert (len(border.dialled), inner.connections, server.connections) == (1, 0, 1)


async def test_another_checked_address_is_called_where_the_first_does_not_answer(border: Border) -> None:
    trusting, tls = certified("idp.test")
    resolver = Resolver(idp_test=[[ABROAD_6, ABROAD]])
    async with answering(tls=tls) as server, fetching(resolve=resolver, tls=trusting) as fetcher:
        border.leads(ABROAD, 443, server.port)
        assert (await get(fetcher, "https://idp.test/")).body == b"hello"
    assert border.dialled == [(ABROAD_6, 443), (ABROAD, 443)]


@pytest.mark.parametrize("host", [ABROAD, f"[{ABROAD_6}]"])
async def test_a_public_address_may_be_named_itself(border: Border, host: str) -> None:
    address = host.strip("[]")
    trusting, tls = certified(address)
    async with (
        answering(tls=tls, everywhere=True) as server,
        fetching(tls=trusting, ports=(8443,)) as fetcher,
    ):
        border.leads(address, 8443, server.port)
        assert (await get(fetcher, f"https://{host}:8443/")).status == 200
        assert f"host: {host}:8443".encode() in server.requests[0].split(b"\r\n")


@pytest.mark.parametrize("name", [pytest.param(f"{of}_proxy", id=f"SS-05-{of}") for of in ("https", "http", "all")])
async def test_proxies_of_the_environment_are_not_asked(
    border: Border, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    trusting, tls = certified("idp.test")
    async with answering(tls=tls) as server, answering() as proxy:
        for spelling in (name, name.upper()):
            monkeypatch.setenv(spelling, f"http://127.0.0.1:{proxy.port}")
        async with fetching(resolve=Resolver(idp_test=[[ABROAD]]), tls=trusting) as fetcher:
            border.leads(ABROAD, 443, server.port)
            await get(fetcher, "https://idp.test/")
        assert (proxy.connections, server.connections) == (0, 1)


# --- TLS


@pytest.mark.parametrize(
    ("names", "days", "because"),
    [
        pytest.param(("other.test",), 1, "idp.test: its certificate is refused: Hostname mismatch", id="SS-08-name"),
        pytest.param((ABROAD,), 1, "idp.test: its certificate is refused: Hostname mismatch", id="SS-08-address"),
        pytest.param(("idp.test",), -1, "idp.test: its certificate is refused: .*expired", id="SS-08-expired"),
    ],
)
async def test_a_certificate_must_be_valid_for_the_host(
    border: Border, names: tuple[str, ...], days: int, because: str
) -> None:
    trusting, tls = certified(*names, days=days)
    async with answering(tls=tls) as server:
        async with fetching(resolve=Resolver(idp_test=[[ABROAD]]), tls=trusting) as fetcher:
            border.leads(ABROAD, 443, server.port)
            await refused(fetcher, "https://idp.test/", because)
        assert server.requests == []


@pytest.mark.parametrize("loopback", [pytest.param(False, id="SS-08-serve"), pytest.param(True, id="SS-08-dev")])
async def test_an_unknown_authority_is_not_trusted(border: Border, loopback: bool) -> None:
    _, tls = certified("idp.test")
    async with answering(tls=tls) as server:
        async with fetching(resolve=Resolver(idp_test=[[ABROAD]]), loopback=loopback, tls=None) as fetcher:
            border.leads(ABROAD, 443, server.port)
            await refused(fetcher, "https://idp.test/", "idp.test: its certificate is refused")
        assert server.requests == []


async def test_https_is_not_spoken_without_tls(border: Border) -> None:
    async def speaks_first(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        await writer.drain()

    async with serving(speaks_first) as server, fetching() as fetcher:
        border.leads(ABROAD, 443, server.port)
        await refused(fetcher, f"https://{ABROAD}/", f"{ABROAD}: TLS failed")


# --- dev mode


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "127.0.0.2"])
async def test_in_dev_mode_this_machine_is_called_by_http(host: str) -> None:
    async with answering(everywhere=True) as server, fetching(loopback=True) as fetcher:
        assert (await get(fetcher, f"http://{host}:{server.port}/")).body == b"hello"


async def test_in_dev_mode_this_machine_is_called_by_https_too(border: Border) -> None:
    trusting, tls = certified("idp.localhost")
    resolver = Resolver(idp_localhost=[["127.0.0.1"]])
    async with answering(tls=tls) as server, fetching(loopback=True, resolve=resolver, tls=trusting) as fetcher:
        assert (await get(fetcher, f"https://idp.localhost:{server.port}/")).body == b"hello"


@pytest.mark.parametrize("host", [pytest.param(host, id=f"SS-01-{host}") for host in KEPT])
async def test_in_dev_mode_nothing_else_of_the_inside_is_called(border: Border, host: str) -> None:
    async with fetching(loopback=True, resolve=Resolver(idp_test=[["127.0.0.1", host.strip("[]")]])) as fetcher:
        await refused(fetcher, f"https://{host}/", "not a public address")
        await refused(fetcher, "http://idp.test/", "not a public address")
    assert border.dialled == []


async def test_in_dev_mode_a_name_that_is_only_sometimes_this_machine_needs_https(border: Border) -> None:
    async with fetching(loopback=True, resolve=Resolver(idp_test=[["127.0.0.1", ABROAD]])) as fetcher:
        await refused(fetcher, "http://idp.test/", "must be called by https")
    assert border.dialled == []


# --- what is sent


@asynccontextmanager
async def near(
    script: Connection | bytes | Mapping[str, bytes], **given: Any
) -> AsyncGenerator[tuple[Fetcher, Server]]:
    """A fetcher in dev mode, and a server on this machine."""
    server = serving(script) if callable(script) else answering(script)
    async with server as here, fetching(loopback=True, **given) as fetcher:
        yield fetcher, here


def at(server: Server, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


async def test_a_request_is_sent_as_it_was_given() -> None:
    async with near(GREETING) as (fetcher, server):
        given = {"Authorization": "Bearer t", "Content-Type": "text/plain", "Host": "other.test", "Connection": "x"}
        await fetcher.fetch("a", "POST", at(server, "/p"), headers=given, body=b"\x00body", max_bytes=9, seconds=10)
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0] == "POST /p HTTP/1.1"
        assert set(lines[1:]) == {
            f"host: 127.0.0.1:{server.port}",
            "accept-encoding: identity",
            "connection: close",
            "authorization: Bearer t",
            "content-type: text/plain",
            "Content-Length: 5",
        }
        assert body == b"\x00body"


@pytest.mark.parametrize(
    "value", [pytest.param("s3cret\r\nX: y", id="line-break"), pytest.param("s3cret\ud800", id="no-text")]
)
async def test_a_header_that_would_break_the_request_is_not_sent_and_not_told(value: str) -> None:
    async with near(GREETING) as (fetcher, server):
        with pytest.raises(Unreachable) as refusal:
            await fetcher.fetch("a", "GET", at(server), headers={"Authorization": value}, max_bytes=9, seconds=10)
        assert str(refusal.value) == "127.0.0.1: the request cannot be sent"
        assert server.requests == []


async def test_no_cookie_and_no_connection_is_kept() -> None:
    cookie = GREETING.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n")
    async with near(cookie) as (fetcher, server):
        for _ in range(2):
            await get(fetcher, at(server))
        await server.reached(lambda server: server.open == 0)
        assert server.connections == 2
        assert not any(b"cookie" in request.lower() for request in server.requests)


async def test_what_is_logged_tells_no_secrets() -> None:
    async with near(b"garbage\r\n\r\n") as (fetcher, server):
        with pytest.raises(Unreachable) as refusal:
            await fetcher.fetch("a", "POST", at(server, "/p?code=s3cret"), body=b"s3cret", max_bytes=9, seconds=10)
        assert str(refusal.value) == "127.0.0.1: the answer breaks off, or is no HTTP/1.1"
        with pytest.raises(Unreachable) as refusal:
            await get(fetcher, "https://s3cret:s3cret@idp.test/s3cret?s3cret#s3cret")
        assert "s3cret" not in str(refusal.value)


# --- what comes back


@pytest.mark.parametrize("status", [pytest.param(status, id=f"CI-03-{status}") for status in (301, 302, 303, 307, 308)])
async def test_a_redirect_is_an_answer_and_not_followed(border: Border, status: int) -> None:
    async with answering() as target:
        moved = b"HTTP/1.1 %d Moved\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n"
        async with near(moved % (status, target.port)) as (fetcher, server):
            answer = await get(fetcher, at(server))
            assert (answer.status, answer.headers["location"]) == (status, f"http://127.0.0.1:{target.port}/")
            assert (target.connections, len(border.dialled)) == (0, 1)


async def test_headers_that_stand_twice_are_joined() -> None:
    async with near(b"HTTP/1.1 404 No\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n") as (fetcher, server):
        answer = await get(fetcher, at(server))
        assert (answer.status, answer.headers["x-a"], answer.body) == (404, "1, 2", b"")


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


HEAD, CHUNKED = b"HTTP/1.1 200 OK\r\n", b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(HEAD + b"Content-Length: 100\r\n\r\n" + b"a" * 100, id="length"),
        pytest.param(HEAD + CHUNKED + chunked(b"a" * 50, b"a" * 50, b""), id="chunked"),
        pytest.param(HEAD + b"\r\n" + b"a" * 100, id="until-the-end"),
        pytest.param(HEAD + b"Content-Encoding: identity\r\nContent-Length: 100\r\n\r\n" + b"a" * 100, id="identity"),
    ],
)
async def test_a_body_may_be_as_large_as_allowed_and_no_larger(answer: bytes) -> None:
    async with near(answer) as (fetcher, server):
        assert (await get(fetcher, at(server), max_bytes=100)).body == b"a" * 100
        await refused(fetcher, at(server), "127.0.0.1: the answer is larger than 99 bytes", max_bytes=99)


async def test_what_stands_beside_a_body_takes_nothing_from_its_size() -> None:
    interim, fields = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 20, b"X: y\r\n" * 2_000
    body = b"Content-Length: 65536\r\n\r\n" + b"a" * 65_536
    async with near(interim + HEAD + fields + body) as (fetcher, server):
        assert (await get(fetcher, at(server))).body == b"a" * 65_536


async def test_no_answer_is_read_in_large_portions_that_would_hold_up_all_others() -> None:
    async with answering(b"a" * 3 * SLICE) as server:
        network = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())
        stream = await network.connect_tcp("127.0.0.1", server.port)
        read, measured = 0, Measured(stream, Intake())
        await measured.write(b"GET / HTTP/1.1\r\n\r\n")
        while read < 3 * SLICE:
            piece = await measured.read(65_536)
            assert 0 < len(piece) <= SLICE
            read += len(piece)
        await measured.aclose()


BESIDE = "too much beside its body|breaks off, or is no HTTP"


def endless(head: bytes, piece: bytes) -> Connection:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return script


@pytest.mark.parametrize(
    ("head", "piece", "because"),
    [
        pytest.param(HEAD + CHUNKED, chunked(b"a" * 1_000), "larger than", id="CI-05-chunked"),
        pytest.param(HEAD + b"\r\n", b"a" * 1_000, "larger than", id="CI-05-no-length"),
        pytest.param(HEAD + b"Content-Length: 10000000000\r\n\r\n", b"a" * 1_000, "larger than", id="CI-05-length"),
        pytest.param(HEAD, b"X: y\r\n", BESIDE, id="headers"),
        pytest.param(b"", b"a" * 1_000, BESIDE, id="no-status"),
        pytest.param(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, "too many interim ones", id="interim"),
        pytest.param(HEAD + CHUNKED, b"1;" + b"a" * 1_000, BESIDE, id="chunk-extension"),
        pytest.param(HEAD + CHUNKED + b"0\r\n", b"X: y\r\n", BESIDE, id="trailers"),
    ],
)
async def test_an_answer_without_end_is_given_up_early(head: bytes, piece: bytes, because: str) -> None:
    async with near(endless(head, piece)) as (fetcher, server):
        await refused(fetcher, at(server), because)
        await server.reached(lambda server: server.open == 0)


@pytest.mark.parametrize(
    "encoding",
    [pytest.param(encoding, id=f"CI-05-{encoding}") for encoding in ("gzip", "GZIP", "br", "identity, gzip", "x")],
)
async def test_a_compressed_answer_is_refused_unread(encoding: str) -> None:
    bomb = gzip.compress(b"\0" * 1_000_000)
    head = f"Content-Encoding: {encoding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with near(HEAD + head + bomb) as (fetcher, server):
        await refused(fetcher, at(server), "compressed")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x16\x03\x01\x00\x00", id="tls"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="ssh"),
        pytest.param(b"-ERR unknown command\r\n", id="redis"),
        pytest.param(b"HTTP/2 200 OK\r\n\r\n", id="http2"),
        pytest.param(b"HTTP/1.1 20 OK\r\n\r\n", id="status"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", id="upgrade"),
        pytest.param(HEAD + b"Content-Length: 100\r\n\r\nshort", id="CI-05-short"),
        pytest.param(HEAD + b"Content-Length: -1\r\n\r\n", id="negative"),
        pytest.param(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", id="two-lengths"),
        pytest.param(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", id="CI-05-transfer-encoding"),
        pytest.param(HEAD + CHUNKED + b"5\r\nhel", id="chunk-breaks-off"),
        pytest.param(HEAD + CHUNKED + b"xyz\r\n", id="chunk-garbage"),
    ],
)
async def test_what_is_no_whole_http_answer_is_unreachable(answer: bytes) -> None:
    async with near(answer) as (fetcher, server):
        await refused(fetcher, at(server), "127.0.0.1: the answer breaks off, or is no HTTP/1.1")


@pytest.mark.parametrize(
    "first", [pytest.param(b"", id="at-once"), pytest.param(HEAD + b"Content-Le", id="in-the-head")]
)
async def test_a_reset_is_unreachable(first: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(first)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with near(script) as (fetcher, server):
        await refused(fetcher, at(server), "127.0.0.1: the connection broke off|breaks off")


async def test_a_closed_port_is_unreachable() -> None:
    async with answering() as server:
        pass
    async with fetching(loopback=True) as fetcher:
        await refused(fetcher, at(server), "127.0.0.1: no connection")


# --- when it ends


def drip(head: bytes, piece: bytes) -> Connection:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        gone = asyncio.ensure_future(reader.read(1))
        while not gone.done():
            writer.write(piece)
            await writer.drain()
            await asyncio.wait([gone], timeout=0.01)

    return script


@asynccontextmanager
async def ends_at_the_deadline() -> AsyncGenerator[None]:
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=f"no whole answer within {SOON} s"):
        yield
    assert SOON <= time.monotonic() - begun < SOON + 2


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(hears_nothing, id="CI-06-never"),
        pytest.param(drip(b"", b"H"), id="CI-06-status"),
        pytest.param(drip(b"HTTP/1.1 200 O", b"K"), id="CI-06-head"),
        pytest.param(drip(HEAD + b"Content-Length: 60000\r\n\r\n", b"a"), id="CI-06-body"),
        pytest.param(drip(HEAD + CHUNKED, chunked(b"a")), id="CI-06-chunks"),
        pytest.param(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="CI-06-continue"),
    ],
)
async def test_a_slow_answer_ends_at_the_deadline(script: Connection) -> None:
    async with near(script) as (fetcher, server):
        async with ends_at_the_deadline():
            await get(fetcher, at(server), seconds=SOON)
        await server.reached(lambda server: server.open == 0)


async def test_an_answer_in_crumbs_is_given_up() -> None:
    async def crumbs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + CHUNKED + chunked(b"a") * (MAX_CRUMBS + 1))
        await reader.read()

    async with near(crumbs) as (fetcher, server):
        await refused(fetcher, at(server), "127.0.0.1: the answer comes in crumbs")


async def test_a_head_in_crumbs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MAX_CRUMBS", 20)
    async with near(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n")) as (fetcher, server):
        await refused(fetcher, at(server), "127.0.0.1: the answer comes in crumbs")
        await server.reached(lambda server: server.open == 0)


async def test_a_tls_handshake_that_never_ends_ends_at_the_deadline_and_is_hung_up(border: Border) -> None:
    async with serving(hears_nothing) as server, fetching() as fetcher:
        border.leads(ABROAD, 443, server.port)
        async with ends_at_the_deadline():
            await get(fetcher, f"https://{ABROAD}/", seconds=SOON)
        assert server.connections == 1
        await server.reached(lambda server: server.open == 0)


@contextmanager
def never_accepting() -> Generator[int]:
    """A port at which no connection is ever made: more of them wait there than may."""
    with ExitStack() as waiting:
        full = waiting.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        yield full.getsockname()[1]


async def test_a_connection_that_is_never_made_ends_at_the_deadline() -> None:
    with never_accepting() as port:
        async with fetching(loopback=True) as fetcher, ends_at_the_deadline():
            await get(fetcher, f"http://127.0.0.1:{port}/", seconds=SOON)


async def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    border: Border, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetcher_module, "ATTEMPT_SECONDS", 0.2)
    trusting, tls = certified("idp.test")
    resolver = Resolver(idp_test=[["93.184.215.13", ABROAD]])
    with never_accepting() as silent:
        async with answering(tls=tls) as server, fetching(resolve=resolver, tls=trusting) as fetcher:
            border.leads("93.184.215.13", 443, silent)
            border.leads(ABROAD, 443, server.port)
            assert (await get(fetcher, "https://idp.test/")).body == b"hello"


async def test_a_body_that_nobody_reads_ends_at_the_deadline() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.wait_closed()

    async with near(script) as (fetcher, server), ends_at_the_deadline():
        await fetcher.fetch("a", "POST", at(server), body=b"a" * 50_000_000, max_bytes=9, seconds=SOON)


# --- how many at once


class Doors:
    """Servers whose answers wait, and names that are never found, until they are opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def script(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await self.opened.wait()
        writer.write(GREETING)
        await writer.drain()

    async def resolve(self, name: str) -> Sequence[str]:
        if name == "slow.test":
            await self.opened.wait()
        return ["127.0.0.1"]


async def all_of(calls: list[asyncio.Task[Answer]]) -> list[bytes]:
    async with asyncio.timeout(20):
        return [(await call).body for call in calls]


async def test_a_tenant_has_so_many_calls_at_once_and_others_do_not_wait_for_them() -> None:
    doors = Doors()
    async with near(doors.script) as (fetcher, slow), answering() as quick:
        calls = [asyncio.create_task(get(fetcher, at(slow))) for _ in range(3 * PER_TENANT)]
        await slow.reached(lambda server: server.open == PER_TENANT)
        assert (await get(fetcher, at(quick), tenant="b")).body == b"hello"
        with pytest.raises(Unreachable, match="no whole answer within"):
            await get(fetcher, at(quick), tenant="a", seconds=SOON)
        assert quick.connections == 1
        doors.opened.set()
        assert await all_of(calls) == [b"hello"] * len(calls)
        assert (slow.most, slow.connections) == (PER_TENANT, len(calls))


async def test_the_line_of_a_tenant_has_an_end() -> None:
    doors = Doors()
    async with near(doors.script) as (fetcher, slow):
        calls = [asyncio.create_task(get(fetcher, at(slow))) for _ in range(PER_TENANT + MAX_WAITING)]
        await slow.reached(lambda server: server.open == PER_TENANT)
        with pytest.raises(Unreachable, match="too many calls of this tenant wait"):
            await get(fetcher, at(slow))
        doors.opened.set()
        assert await all_of(calls) == [b"hello"] * len(calls)
        assert (await get(fetcher, at(slow))).body == b"hello"


async def test_all_tenants_together_have_so_many_calls_at_once() -> None:
    doors = Doors()
    async with near(doors.script) as (fetcher, slow):
        calls = [asyncio.create_task(get(fetcher, at(slow), f"t{n}")) for n in range(2 * TOTAL)]
        await slow.reached(lambda server: server.open == TOTAL)
        with pytest.raises(Unreachable, match="no whole answer within"):
            await get(fetcher, at(slow), tenant="late", seconds=SOON)
        doors.opened.set()
        assert await all_of(calls) == [b"hello"] * len(calls)
        assert (slow.most, slow.connections) == (TOTAL, len(calls))


async def test_silent_providers_of_some_tenants_leave_places_to_all_others() -> None:
    doors = Doors()
    async with near(doors.script) as (fetcher, slow), answering() as quick:
        tenants = [f"t{n}" for n in range(TOTAL // PER_TENANT)]
        calls = [asyncio.create_task(get(fetcher, at(slow), tenant)) for tenant in tenants for _ in range(PER_TENANT)]
        await slow.reached(lambda server: server.open > TOTAL - 2 * PER_TENANT)
        assert (await get(fetcher, at(quick), "late")).body == b"hello"
        doors.opened.set()
        assert await all_of(calls) == [b"hello"] * len(calls)


async def test_names_that_are_not_found_hold_up_their_own_tenant_only() -> None:
    doors = Doors()
    async with near(GREETING, resolve=doors.resolve) as (fetcher, server):

        async def ask(name: str, tenant: str) -> Answer:
            return await get(fetcher, f"http://{name}:{server.port}/", tenant, SOON)

        lost = await asyncio.gather(*(ask("slow.test", "a") for _ in range(PER_TENANT)), return_exceptions=True)
        assert [type(one) for one in lost] == [Unreachable] * PER_TENANT
        with pytest.raises(Unreachable, match="no whole answer within"):
            await ask("quick.test", "a")
        assert (await ask("quick.test", "b")).body == b"hello"
        doors.opened.set()
        assert (await ask("quick.test", "a")).body == b"hello"


async def test_names_are_found_while_all_threads_of_the_loop_are_taken() -> None:
    may_end = threading.Event()
    async with near(GREETING) as (fetcher, server):
        loop = asyncio.get_running_loop()
        taken = [loop.run_in_executor(None, may_end.wait, 20) for _ in range(64)]
        try:
            assert (await get(fetcher, f"http://localhost:{server.port}/", seconds=5)).body == b"hello"
        finally:
            may_end.set()
            await asyncio.gather(*taken)


async def test_a_caller_that_leaves_gives_back_its_place_and_hangs_up() -> None:
    async with near(hears_nothing) as (fetcher, server), answering() as quick:
        calls = [asyncio.create_task(get(fetcher, at(server))) for _ in range(PER_TENANT)]
        await server.reached(lambda server: server.open == PER_TENANT)
        for call in calls:
            call.cancel()
        assert (await get(fetcher, at(quick))).body == b"hello"
        await server.reached(lambda server: server.open == 0)
        assert [call.cancelled() for call in calls] == [True] * PER_TENANT


async def test_a_tenant_that_calls_nobody_is_forgotten() -> None:
    def semaphores() -> int:
        gc.collect()
        return sum(isinstance(thing, asyncio.Semaphore) for thing in gc.get_objects())

    async with near(GREETING) as (fetcher, server):
        before = semaphores()
        for n in range(20):
            await get(fetcher, at(server), tenant=f"t{n}")
            await refused(fetcher, "https://10.0.0.1/", "not a public")
        assert semaphores() == before


async def test_after_the_end_nobody_is_called() -> None:
    async with near(GREETING) as (fetcher, server):
        await get(fetcher, f"http://localhost:{server.port}/")
        await fetcher.close()
        await refused(fetcher, f"http://localhost:{server.port}/", "localhost: we call nobody any more")
        await refused(fetcher, at(server), "127.0.0.1: we call nobody any more")
        assert server.connections == 1
