"""What is read of one answer: so many bytes, few of them in crumbs, and in slices between which others have their turn.

The body has its own limit. These hold for all that stands before it and between. httpcore would read interim responses
(RFC 9110 §15.2) without end, and each of them costs as much as a whole answer.
"""

import ssl
from typing import Any

import httpcore

MAX_HEAD = 16_384
"""Bytes, as many as Node.js takes; interim responses are counted in, and what frames the chunks of a body."""
MAX_INTERIM = 50
SLICE = 8_192
CRUMB = 64
MAX_CRUMBS = 500
"""Pieces of less than CRUMB bytes: each costs the loop as much as a large one."""
_NEXT = b"\nHTTP/1."
"""What begins each response but the first."""


class TooMuch(Exception):
    """The message says of what."""


class Intake:
    def __init__(self) -> None:
        self._room = MAX_HEAD + SLICE  # the last slice of the head may bring some of the body
        self._crumbs = 0
        self._interim = 0
        self._end: bytes | None = b""
        """Of what was read last, while it is of the head."""

    def expect(self, more: int) -> None:
        """The head has come; a body of so many bytes may follow."""
        self._room = MAX_HEAD + more
        self._end = None

    def took(self, piece: bytes) -> None:
        """Raises TooMuch."""
        self._room -= len(piece)
        self._crumbs += len(piece) < CRUMB
        if self._end is not None:
            read = self._end + piece
            self._interim += read.count(_NEXT)
            self._end = read[1 - len(_NEXT) :]
        if self._room < 0:
            raise TooMuch("the answer has too much beside its body")
        if self._crumbs > MAX_CRUMBS:
            raise TooMuch("the answer comes in crumbs")
        if self._interim > MAX_INTERIM:
            raise TooMuch("the answer has too many interim ones before it")


class Measured(httpcore.AsyncNetworkStream):
    """A stream, of which is read what `intake` has room for."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, intake: Intake) -> None:
        self._stream = stream
        self._intake = intake

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (httpcore asks so)
        piece = await self._stream.read(min(max_bytes, SLICE), timeout)
        self._intake.took(piece)
        return piece

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        return Measured(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._intake)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
