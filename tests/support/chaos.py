"""An identity provider that answers as it should, but for one call, at which it misbehaves in a way of its own.

It misbehaves until the other side has had enough: what ends, ends because the house ends it.
"""

import asyncio
import socket
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.abroad import Server, serving
from tests.support.openid_provider import OpenIdProvider

LATENCY = 3.0
DRIP = 0.1
"""Seconds between two bytes of an answer that drips."""
HUGE = 100_000_000
CALLS: Mapping[str, str] = {
    "discovery": "/.well-known/openid-configuration",
    "jwks": "/jwks",
    "token": "/token",
    "userinfo": "/userinfo",
}
"""What the house asks a provider for, and where."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_PIECE = b" " * 65_536


@dataclass(frozen=True, slots=True)
class Call:
    """One connection on which something was asked."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    right: bytes
    """What a provider that is well would answer: head and body."""

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
        await self.writer.drain()

    async def flood(self, piece: bytes, length: int | None = None) -> None:
        """The same again and again, so many bytes in all or without end."""
        said = 0
        while length is None or said < length:
            await self.say(piece)
            said += len(piece)

    async def drip(self, text: bytes) -> None:
        for byte in text:
            await self.say(bytes((byte,)))
            await self.wait(DRIP)

    async def wait(self, seconds: float | None) -> None:
        """Raises ConnectionError as soon as the other side hangs up."""
        try:
            if not await asyncio.wait_for(self.reader.read(1), seconds):
                raise ConnectionResetError
        except TimeoutError:
            pass


async def late(call: Call) -> None:
    await call.wait(LATENCY)
    await call.say(call.right)


async def silent(call: Call) -> None:
    await call.wait(None)


async def dripping_head(call: Call) -> None:
    await call.drip(call.right)


async def dripping_body(call: Call) -> None:
    head, _, body = call.right.partition(b"\r\n\r\n")
    await call.say(head, b"\r\n\r\n")
    await call.drip(body)


async def reset(call: Call) -> None:
    await call.say(call.right[: len(call.right) // 2])
    call.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    call.writer.transport.abort()


async def garbage(call: Call) -> None:
    await call.say(bytes(range(256)) * 16)


async def huge(call: Call) -> None:
    await call.say(_HEAD, b"Content-Length: %d\r\n\r\n" % HUGE)
    await call.flood(_PIECE, HUGE)


async def huge_of_unknown_length(call: Call) -> None:
    await call.say(_HEAD, b"Transfer-Encoding: chunked\r\n\r\n")
    await call.flood(b"%x\r\n%b\r\n" % (len(_PIECE), _PIECE), HUGE)
    await call.say(b"0\r\n\r\n")


async def bomb(call: Call) -> None:
    deflate = zlib.compressobj(1, wbits=31)
    packed = b"".join([*(deflate.compress(_PIECE) for _ in range(HUGE // len(_PIECE))), deflate.flush()])
    await call.say(_HEAD, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed), packed)


async def redirect_to_itself(call: Call) -> None:
    await call.say(b"HTTP/1.1 307 Elsewhere\r\nLocation: ?\r\nContent-Length: 0\r\n\r\n")


async def endless_informational(call: Call) -> None:
    await call.flood(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000)


async def endless_headers(call: Call) -> None:
    await call.say(_HEAD)
    await call.flood(b"X-Header: more of it\r\n" * 1_000)


Behaviour = Callable[[Call], Awaitable[None]]
BEHAVIOURS: tuple[Behaviour, ...] = (
    late,
    silent,
    dripping_head,
    dripping_body,
    reset,
    garbage,
    huge,
    huge_of_unknown_length,
    bomb,
    redirect_to_itself,
    endless_informational,
    endless_headers,
)


@asynccontextmanager
async def chaos_provider(provider: OpenIdProvider, behaviour: Behaviour, path: str) -> AsyncGenerator[Server]:
    """`provider` on loopback, which misbehaves when it is asked at `path`."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        call = Call(reader, writer, await _answer(provider, method, target, headers, body))
        await (behaviour(call) if target == path else call.say(call.right))

    async with serving(script) as server:
        provider.uri = f"http://127.0.0.1:{server.port}"
        yield server


async def _answer(provider: OpenIdProvider, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """What `provider` says, as it stands on the wire."""
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    await provider({"method": method, "path": path, "query_string": b"", "headers": lines}, receive, send)
    start, rest = told
    fields = b"".join(b"%b: %b\r\n" % field for field in start["headers"])
    return b"HTTP/1.1 %d \r\n%bContent-Length: %d\r\n\r\n%b" % (
        start["status"],
        fields,
        len(rest["body"]),
        rest["body"],
    )
