"""What tests of the actor stand on: an act that stands still, a record of what is observed, a loop whose time jumps."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from tenants.turn import Turn

R = TypeVar("R")
LONG_ENOUGH = 20
"""Seconds after which something that should have happened will not."""


class Stuck:
    """An act that stands still in its turn until it is let go."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._go = threading.Event()

    def __call__(self, turn: Turn, request: object) -> object:
        self._begun.set()
        assert self._go.wait(LONG_ENOUGH), "never let go"
        return request

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._begun.wait, LONG_ENOUGH), "never begun"

    @property
    def has_begun(self) -> bool:
        return self._begun.is_set()

    def let_go(self) -> None:
        self._go.set()


class Noted:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.batches: list[int] = []

    def woke(self, seconds: float) -> None:
        self.told.append("woke")

    def slept(self) -> None:
        self.told.append("slept")

    def committed(self, turns: int, seconds: float, wrote: bool) -> None:
        self.batches.append(turns)

    def shed(self) -> None:
        self.told.append("shed")

    def broke(self, actor: str, error: Exception) -> None:
        self.told.append("broke")


async def asked(call: Coroutine[Any, Any, R]) -> "asyncio.Task[R]":
    """The call, in the mailbox."""
    task = asyncio.create_task(call)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


def jump(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """The running loop's clock goes forward."""
    loop = asyncio.get_running_loop()
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + seconds)


async def ended(call: "asyncio.Task[Any]") -> BaseException | None:
    """How a call ended, within reason."""
    async with asyncio.timeout(LONG_ENOUGH):
        return (await asyncio.gather(call, return_exceptions=True))[0]
