"""HTTP/1.1 as it comes from strangers: what two parsers could read in two ways is refused before anyone reads it.

llhttp (in httptools) refuses Content-Length beside Transfer-Encoding, line ends without CR and folded header lines.
This protocol adds what it has no limit for: repeated Host fields, targets that name a host, fields behind the body, too
many or too large header fields, and clients that take for ever to send their headers, or a body that nobody reads.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32_768
MAX_PIPELINED = 32
"""Requests of one connection that wait for the answer of the one before."""
MAX_CONNECTIONS = 5_000
STALLED_SECONDS = 30.0
"""How long a client may leave an answer unread that does not fit into the socket."""
HEADER_SECONDS = 10.0
"""How long a client may take from its first byte, or from connecting, to the end of its headers."""
MAX_BODY_AT_ONCE = 262_144
"""What may come behind the header in the same read, which is as much as the loop reads at once."""
_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT"})
_REFUSED = (
    b"x-content-type-options: nosniff\r\n"
    b"referrer-policy: no-referrer\r\n"
    b"cache-control: no-store\r\n"
    b"content-length: 0\r\n"
    b"connection: close\r\n\r\n"
)


class _Corked:
    """A transport that sends what is written in one turn of the loop at once: head and body in one system call."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._written: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._written:
            self._loop.call_soon(self._flush)
        self._written.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._written:
            self._transport.write(b"".join(self._written))
            self._written.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class GuardedProtocol(HttpToolsProtocol):
    _waiting_since: float | None = None
    _head_bytes = 0
    _in_body = False
    _stalled_since: float | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", _Corked(transport, self.loop))
        self._waiting_since = self.loop.time()
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(503)

    def data_received(self, data: bytes) -> None:
        if not self._in_body:
            if self._waiting_since is None:
                self._waiting_since = self.loop.time()
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEADER_BYTES + MAX_BODY_AT_ONCE:
                self._refuse(431)
                return
        super().data_received(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        # a field behind the body is not one of the header: it passed whoever filters those (RFC 9110 §6.5.1)
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self.transport.is_closing():
            return
        if len(self.pipeline) >= MAX_PIPELINED:
            self.transport.close()  # uvicorn reads on after each answer, however many requests wait
            return
        self._waiting_since = None
        self._in_body = True
        self._head_bytes = 0
        names = [name for name, _ in self.headers]
        parser = cast("Any", self.parser)
        version, method = parser.get_http_version(), parser.get_method()
        if len(names) > MAX_HEADERS or sum(len(name) + len(value) for name, value in self.headers) > MAX_HEADER_BYTES:
            self._refuse(431)
        elif (
            names.count(b"content-length") > 1
            or names.count(b"host") > 1
            or (b"host" not in names and version == "1.1")
            or version not in ("1.0", "1.1")
            or method not in _METHODS
            or not self.url.startswith(b"/")  # the absolute form could name another host than Host does
            or b"#" in self.url
        ):
            self._refuse(400)
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._waiting_since = None
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_body:
            self._waiting_since = self.loop.time()  # nobody reads the rest of this body: it may not take for ever

    def send_400_response(self, msg: str) -> None:
        self._refuse(400)

    @staticmethod
    async def close_the_slow(connections: Iterable[Any]) -> None:
        """Hang up on whoever sends headers, or leaves answers unread, for too long. Runs until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1.0)
            for protocol in list(connections):
                since = protocol._waiting_since
                if since is not None and loop.time() - since > HEADER_SECONDS:
                    protocol.transport.close()
                if not protocol.flow.write_paused:
                    protocol._stalled_since = None
                elif protocol._stalled_since is None:
                    protocol._stalled_since = loop.time()
                elif loop.time() - protocol._stalled_since > STALLED_SECONDS:
                    protocol.transport.abort()

    def _refuse(self, status: int) -> None:
        if not self.transport.is_closing():
            if not self._owes_an_answer():
                self.transport.write(STATUS_LINE[status] + _REFUSED)
            self.transport.close()

    def _owes_an_answer(self) -> bool:
        """Whether what is written now would stand where the answer to an earlier request belongs (RFC 9112 §9.3.2)."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None or cycle.response_complete:
            return False
        own = cycle.more_body and not cycle.response_started  # its body is still being read
        return bool(self.pipeline) or not own
