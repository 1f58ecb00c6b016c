"""A tenant whose identity provider hangs, in a process of its own: its browsers sign in, each anew when it is refused.

They do so while they are told to. What they cost the driver is so not taken for what they cost its neighbour.
"""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Line

from tests.bench.server import Server
from tests.bench.visitor import Visitor
from tests.support import abroad
from tests.support.chaos import CALLS, Behaviour, chaos_provider, dripping_body, dripping_head, silent
from tests.support.openid_provider import CLIENT_ID, SECRET, OpenIdProvider

BEHAVIOURS: Mapping[str, Behaviour] = {"silent": silent, "head": dripping_head, "body": dripping_body}
CALL_SECONDS = 5.0
"""After so long a call to a provider is given up."""


class Neighbour:
    """The driver's side of it."""

    def __init__(self, server: Server, tenant: int, client_id: str, hanging: int) -> None:
        self._line, theirs = multiprocessing.Pipe()
        given = (theirs, server.port, server.hosts[tenant], client_id, hanging)
        self._process = multiprocessing.get_context("spawn").Process(target=_live, args=given, daemon=True)
        self._process.start()
        for name, uri in self._line.recv().items():
            known_as = ("--client-id", CLIENT_ID, "--client-secret-file", "-")
            where = ("--kind", "oidc", "--issuer-uri", uri)
            server.operator("provider", "create", f"bench{tenant}", name, *where, *known_as, given=SECRET)

    async def begin(self, spread: float) -> None:
        """Returns when all hang that were begun, one after the other, over `spread` seconds."""
        self._line.send(spread)
        await asyncio.to_thread(self._line.recv)

    async def end(self) -> list[float]:
        """Returns when none does: how long each sign-in took that was refused."""
        self._line.send(None)
        return await asyncio.to_thread(self._line.recv)

    def stop(self) -> None:
        self._line.close()
        self._process.join(30)


def _live(line: Line, port: int, host: str, client_id: str, hanging: int) -> None:
    os.nice(19)  # the driver goes first: it shares its core with this process
    asyncio.run(Hanging(port, host, client_id).live(line, hanging))


@dataclass
class Hanging:
    port: int
    host: str
    client_id: str
    providers: list[tuple[str, OpenIdProvider, abroad.Server]] = field(
        default_factory=list[tuple[str, OpenIdProvider, abroad.Server]]
    )
    ended: list[float] = field(default_factory=list[float])

    async def live(self, line: Line, hanging: int) -> None:
        async with AsyncExitStack() as parts:
            for name, behaviour in BEHAVIOURS.items():
                provider = OpenIdProvider(algorithm="ES256")
                outside = await parts.enter_async_context(chaos_provider(provider, behaviour, CALLS["token"]))
                self.providers.append((name, provider, outside))
            line.send({name: provider.uri for name, provider, _ in self.providers})
            while (spread := await self._told(line)) is not None:
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._sign_in_for_ever(number, number * spread / hanging))
                        for number in range(hanging)
                    ]
                    await asyncio.sleep(spread)
                    line.send("all hang")
                    await self._told(line)
                    for task in tasks:
                        task.cancel()
                for _, _, outside in self.providers:
                    await outside.reached(lambda server: server.open == 0)
                line.send(self.ended)
                self.ended = []

    @staticmethod
    async def _told(line: Line) -> float | None:
        """Over how many seconds to begin, or that it is over."""
        try:
            return await asyncio.to_thread(line.recv)
        except EOFError:
            return None

    async def _sign_in_for_ever(self, number: int, after: float) -> None:
        await asyncio.sleep(after)
        while True:
            await self._sign_in(*self.providers[number % len(self.providers)])

    async def _sign_in(self, name: str, provider: OpenIdProvider, _: abroad.Server) -> None:
        async with Visitor(self.port, self.host) as visitor:
            answer = await visitor.submit(await visitor.authorize(self.client_id), provider=name)
            began = time.perf_counter()
            answer = await visitor.http.get(provider.sign_in(answer.headers["location"]))
            self.ended.append(time.perf_counter() - began)
            if "error=server_error" not in answer.headers.get("location", answer.text):
                raise RuntimeError(f"it was not refused: {answer.status_code} {answer.text[:200]}")
