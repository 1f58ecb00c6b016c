"""An HTTP request as the doors see it: read once, with its body, and never changed."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

MAX_BODY = 65_536
BODY_SECONDS = 5.0
_SEALED = re.compile(r"[A-Za-z0-9_-]{1,4000}={0,2}")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class BodyTooLarge(Exception):
    """The body is, or says that it will be, larger than MAX_BODY bytes."""


class BodyTooSlow(Exception):
    """The body did not come within BODY_SECONDS."""


@dataclass(frozen=True, slots=True)
class WebRequest:
    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    """Names in lower case, as they came."""
    body: bytes = b""
    certificates: tuple[str, ...] = ()
    """The fields in which a trusted proxy says which certificate the client has shown. From anybody else, none."""

    def all(self, name: bytes) -> list[str]:
        """Every value of a header field, in order."""
        return [value.decode("latin-1") for key, value in self.headers if key == name]

    def one(self, name: bytes) -> str | None:
        """A header field that stands exactly once; None if it is missing or repeated."""
        values = self.all(name)
        return values[0] if len(values) == 1 else None

    def cookie(self, name: str) -> str | None:
        """A cookie that was sent exactly once. Two of one name are the work of a neighbour (cookie tossing)."""
        value = self._cookie(name)
        return value if 0 < len(value) <= 200 and value.isalnum() else None

    def sealed_cookie(self, name: str) -> str | None:
        """The same for one that holds base64url."""
        value = self._cookie(name)
        return value if _SEALED.fullmatch(value) else None

    def cookie_pairs(self) -> list[str]:
        """All cookies as `name=value`, in the order in which they came: of those for one path, the oldest first."""
        return [pair.strip() for line in self.all(b"cookie") for pair in line.split(";")]

    def _cookie(self, name: str) -> str:
        values = [pair.partition("=")[2] for pair in self.cookie_pairs() if pair.partition("=")[0] == name]
        return values[0] if len(values) == 1 else ""


async def read_body(headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
    """The whole body. Raises BodyTooLarge before reading on, BodyTooSlow, or ConnectionError if the client left."""
    for name, value in headers:
        if name == b"content-length" and (len(value) > 9 or int(value) > MAX_BODY):
            raise BodyTooLarge
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise ConnectionError("the client left")
                body += message.get("body", b"")
                if len(body) > MAX_BODY:
                    raise BodyTooLarge
                if not message.get("more_body", False):
                    return body
    except TimeoutError:
        raise BodyTooSlow from None
