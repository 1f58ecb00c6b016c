"""Where clients show what they say of themselves: one web server on this machine, by https, for every name below .test.

It can be made to lie and to be silent. What it was asked is written down, and who connects is counted.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from server.outbound.fetcher import Fetcher
from tests.support.abroad import Server, certified, serving

NAMES = ("app.test", "*.app.test", "other.test", "evil.test", "localhost")


class ClientHost:
    """What it says by path. A path where nothing is said is not found; a silent one is never answered."""

    def __init__(self) -> None:
        self._said: dict[str, bytes] = {}
        self.silent: set[str] = set()
        self.server: Server
        self.asked: list[str] = []
        """Host and path of every request."""
        self._trusting, self._tls = certified(*NAMES)

    @property
    def connections(self) -> int:
        return self.server.connections

    @property
    def authority(self) -> str:
        """The certificate of whoever says that this is the host of these names (PEM)."""
        (certificate,) = self._trusting.get_ca_certs(binary_form=True)
        return ssl.DER_cert_to_PEM_cert(certificate)

    def url(self, path: str, host: str = "app.test") -> str:
        return f"https://{host}:{self.server.port}{path}"

    def show(self, path: str, value: Any, status: int = 200, **headers: str) -> str:
        """Say this from now on, as JSON unless it is bytes; the URL at which it stands. `_` in headers are `-`."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        lines = {"content-type": "application/json", "content-length": str(len(body))}
        lines |= {name.replace("_", "-"): line for name, line in headers.items()}
        head = "".join(f"{name}: {line}\r\n" for name, line in lines.items() if line)
        return self.answer(path, f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body)

    def answer(self, path: str, raw: bytes) -> str:
        """Answer with these bytes."""
        self._said[path] = raw
        return self.url(path)

    def hide(self, path: str) -> None:
        self._said.pop(path, None)

    def count(self, path: str) -> int:
        return sum(asked.endswith(path) for asked in self.asked)

    def fetcher(self) -> Fetcher:
        """One that knows these names and trusts this server."""
        return Fetcher(loopback=True, resolve=known_here, tls=self._trusting)

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator["ClientHost"]:
        async with serving(self._script, tls=self._tls) as self.server:
            yield self

    async def _script(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        host = next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: "))
        self.asked.append(f"{host.partition(':')[0]}{path}")
        if path in self.silent:
            await reader.read()
            return
        writer.write(self._said.get(path, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"))
        await writer.drain()


async def known_here(name: str) -> Sequence[str]:
    if not name.endswith(".test"):
        raise OSError("no such name")
    return ["127.0.0.1"]
