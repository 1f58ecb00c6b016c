"""One call to the world: https, to an address that was checked, within a deadline, a size and a number of calls.

Whoever names the URL may be an enemy: it must lead to nothing that only this machine can reach, and hold up nobody.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, aclosing
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import cast

import httpcore

from server.outbound import addresses
from server.outbound.addresses import LOOPBACK, Address
from server.outbound.intake import CRUMB, MAX_CRUMBS, Intake, Measured, TooMuch
from server.outbound.places import TOTAL, Crowded, Places
from tenants.oauth import uri

ATTEMPT_SECONDS = 3.0
"""After which the next address of a host is tried."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a DNS name, as text. Raises OSError if there are none."""


class Unreachable(Exception):
    """No answer that may be used. The message is one line for the log: the host at most, and the reason."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Of any status, redirects too. The names of headers are in small letters; repeated ones are joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Destination:
    scheme: str
    host: Address | str
    port: int
    authority: str
    target: str


def _destination(url: str) -> _Destination:
    parts = uri.parse(url)
    scheme = parts.scheme.lower() if parts else ""
    if parts is None or scheme not in _DEFAULT_PORTS:
        raise Unreachable("not a URL of https")
    if parts.authority is None or parts.user is not None or parts.fragment is not None:
        raise Unreachable("a URL to fetch has a host, and neither user information nor a fragment")
    host = addresses.host(parts.host)
    if host is None:
        raise Unreachable("the host of the URL is neither a DNS name nor an address")
    target = (parts.path or "/") + ("" if parts.query is None else "?" + parts.query)
    return _Destination(scheme, host, parts.port or _DEFAULT_PORTS[scheme], parts.authority, target)


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that were checked, whatever name httpcore asks for."""

    def __init__(self, checked: Sequence[Address], intake: Intake) -> None:
        self._checked = checked
        self._intake = intake
        self._network = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())  # without anyio it would be none
        self._streams = AsyncExitStack()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore asks for it)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failed: Exception = httpcore.ConnectError()
        for address in self._checked:
            try:
                stream = await self._network.connect_tcp(str(address), port, ATTEMPT_SECONDS)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                self._streams.push_async_callback(stream.aclose)
                return Measured(stream, self._intake)
        raise failed

    async def aclose(self) -> None:
        """httpcore forgets a stream whose TLS handshake is cut off, and the loop would keep it open."""
        await self._streams.aclose()


def usual_trust() -> ssl.SSLContext:
    """What the system and certifi trust. It takes a quarter of a second to read: one is enough for all fetchers."""
    return httpcore.default_ssl_context()


class Fetcher:
    """Calls out for all tenants; nothing of one call is left for the next, neither connection nor cookie.

    `loopback`: whether this machine itself may be called, and by http too (dev mode). `resolve`: by default the
    resolver of the system. `tls`: by default what the system and certifi trust. `ports`: which may be called on other
    machines.
    """

    def __init__(
        self,
        *,
        loopback: bool,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        ports: Collection[int] = (443,),
    ) -> None:
        self.loopback = loopback
        self._resolve = resolve or self._ask_the_system
        self._tls = tls or usual_trust()
        self._ports = frozenset(ports)
        # threads of our own, as many as calls: the loop has too few for names whose servers do not answer
        self._threads = ThreadPoolExecutor(TOTAL, "resolve")
        self._places = Places()
        self._closed = False

    async def fetch(
        self,
        tenant: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes | None = None,
        max_bytes: int | None,
        seconds: float,
    ) -> Answer:
        """The answer to one request; `seconds` cover all of it, waiting for a place too. Raises Unreachable.

        Of a body, `max_bytes` are read at most; None reads nothing of it, and the answer has an empty one. Host,
        Accept-Encoding and Connection are ours, whatever `headers` say.
        """
        destination = _destination(url)
        try:
            async with asyncio.timeout(seconds):
                with ExitStack() as place:
                    await self._places.take(tenant)
                    place.callback(self._places.leave, tenant)
                    if self._closed:
                        raise Unreachable("we call nobody any more")
                    checked = self._check(destination, await self._addresses(destination.host, place))
                    return await self._exchange(destination, checked, method, headers, body, max_bytes)
        except (Unreachable, TooMuch, Crowded, OSError, UnicodeError, *_FAILURES) as error:
            raise Unreachable(f"{destination.host}: {_reason(error, seconds)}") from None

    async def close(self) -> None:
        """No call begins after this; those that run end by their deadlines."""
        self._closed = True
        self._threads.shutdown(wait=False)

    def _ask_the_system(self, name: str) -> Awaitable[Sequence[str]]:
        return asyncio.get_running_loop().run_in_executor(self._threads, _known_to_the_system, name)

    async def _addresses(self, host: Address | str, place: ExitStack) -> list[Address]:
        if not isinstance(host, str):
            return [host]
        lookup = asyncio.ensure_future(self._resolve(host))
        try:
            return [ip_address(text) for text in await asyncio.shield(lookup)]
        except OSError:
            raise Unreachable("its name has no address") from None
        finally:
            if not lookup.done():
                # a lookup cannot be stopped: it keeps its thread, so it keeps its place
                kept = place.pop_all()
                lookup.add_done_callback(lambda _: kept.close())

    def _check(self, destination: _Destination, found: list[Address]) -> list[Address]:
        """All that was found, or Unreachable if any of it may not be called: who mixes addresses means no good."""
        if not found:
            raise Unreachable("its name has no address")
        purposes = {addresses.special(address) for address in found}
        denied = purposes - ({None, LOOPBACK} if self.loopback else {None})
        if denied:
            raise Unreachable(f"not a public address: {', '.join(sorted(map(str, denied)))}")
        if purposes != {LOOPBACK}:
            if destination.scheme != "https":
                raise Unreachable("must be called by https")
            if destination.port not in self._ports:
                raise Unreachable(f"port {destination.port} may not be called")
        if not self.loopback and any(map(addresses.is_this_machine, found)):
            raise Unreachable("an address of this machine")
        return found

    async def _exchange(
        self,
        destination: _Destination,
        checked: Sequence[Address],
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
        max_bytes: int | None,
    ) -> Answer:
        ours = {"host": destination.authority, "accept-encoding": "identity", "connection": "close"}
        sent = {name.lower(): value for name, value in headers.items()} | ours
        url = httpcore.URL(
            scheme=destination.scheme, host=str(destination.host), port=destination.port, target=destination.target
        )
        intake = Intake()
        async with (
            aclosing(_Checked(checked, intake)) as network,
            httpcore.AsyncConnectionPool(self._tls, network_backend=network) as connections,
            connections.stream(
                method, url, headers=[(name.encode(), value.encode()) for name, value in sent.items()], content=body
            ) as response,
        ):
            received = _joined(response.headers)
            if max_bytes is None:
                return Answer(response.status, received, b"")
            if received.get("content-encoding", "identity").lower() not in ("", "identity"):
                raise Unreachable("the answer is compressed, though we asked for none of it")
            intake.expect(max_bytes)
            read, crumbs = bytearray(), 0
            async for piece in response.aiter_stream():
                read += piece
                crumbs += len(piece) < CRUMB
                if crumbs > MAX_CRUMBS:
                    raise Unreachable("the answer comes in crumbs")
                if len(read) > max_bytes:
                    raise Unreachable(f"the answer is larger than {max_bytes} bytes")
            return Answer(response.status, received, bytes(read))


def _known_to_the_system(name: str) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]


def _joined(fields: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in fields:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return MappingProxyType(joined)


def _reason(error: Exception, seconds: float) -> str:
    """In our own words: what httpcore says may repeat a header."""
    match error, error.__context__:
        case ((Unreachable() | TooMuch()), _):
            return str(error)
        case Crowded(), _:
            return "too many calls of this tenant wait already"
        case TimeoutError(), _:
            return f"no whole answer within {seconds:g} s"
        case _, ssl.SSLCertVerificationError() as certificate:
            return f"its certificate is refused: {certificate.verify_message}"
        case _, ssl.SSLError():
            return "TLS failed"
        case ((httpcore.ConnectError() | httpcore.ConnectTimeout()), _):
            return "no connection"
        case ((httpcore.LocalProtocolError() | UnicodeError()), _):
            return "the request cannot be sent"
        case httpcore.RemoteProtocolError(), _:
            return "the answer breaks off, or is no HTTP/1.1"
        case _:
            return "the connection broke off"
