"""A webhook receiver, as its owner would write it: checks every message with the library that Standard Webhooks has."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

from standardwebhooks import Webhook

from tests.support.abroad import Server, serving

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True)
class Message:
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    raw: bytes
    """The whole request."""
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    server: Server
    answers: deque[bytes]
    """What the next messages are answered with, whatever they say; when there are none left, 204."""
    messages: list[Message] = field(default_factory=list[Message])

    def told(self, secret: str) -> list[dict[str, Any]]:
        """What all messages say, each proven to be signed with the secret a short time ago."""
        return [Webhook(secret).verify(one.body, dict(one.headers)) for one in self.messages]

    async def has(self, number: int) -> list[Message]:
        """The messages, once there are so many."""
        await self.server.reached(lambda _: len(self.messages) >= number)
        assert len(self.messages) == number
        return self.messages


@asynccontextmanager
async def receiving(*answers: bytes, tls: SSLContext | None = None) -> AsyncGenerator[Receiver]:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        start, *lines = head.decode("ascii").rstrip("\r\n").split("\r\n")
        method, target, _ = start.split(" ")
        assert method == "POST"
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        answer = receiver.answers.popleft() if receiver.answers else TAKEN
        receiver.messages.append(Message(target, headers, head + body, body))
        await receiver.server.heard(head + body)
        writer.write(answer)
        await writer.drain()

    async with serving(script, tls=tls) as server:
        receiver = Receiver(server, deque(answers))
        yield receiver


async def errands_done() -> None:
    """Until no tenant has an errand under way."""
    async with asyncio.timeout(20):
        while under_way := await _errands():
            await asyncio.wait(under_way)


async def _errands() -> list["asyncio.Task[None]"]:
    for _ in range(3):
        await asyncio.sleep(0)  # one that has just ended is about to be followed by another
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("errands of ")]
