"""Callers, cancellations, sleeps, failing commits in any order: turns never overlap, keep order, lose no reply.

The store here is one that the test holds by the hand: it runs a batch's works when it is given them, and commits, or
fails to, only when the test says so.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tenants.actor import Actor, Awake, Limits
from tenants.problems import Broken, Busy, Unknown
from tenants.residence import Residence
from tenants.store import Commit, Done

SHORT = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(SHORT, max_examples=10_000, stateful_step_count=80, derandomize=False)

SLOW = 4
"""Steps of the loop that opening and closing take."""
TICKS = 20
"""Enough steps of the loop for whatever can happen by itself to have happened."""


class Ledger:
    """What one actor has kept, over all the times that it was awake."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.kept: list[int] = []
        self.open: Held | None = None

    async def wake(self) -> "Awake[list[int], list[int]]":
        assert self.open is None, "opened while it was open"
        await ticks(SLOW)
        assert self.open is None
        self.open = Held(self)
        return Awake(self.open, lambda tx, _: tx)


class Held:
    """A store whose commit waits for the test."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.verdict: asyncio.Future[str] | None = None

    async def perform(self, works: Sequence[Callable[[list[int]], object]]) -> Commit:
        assert self.ledger.open is self, "given work after it was closed"
        assert self.verdict is None, "given a batch while it has one"
        self.verdict = asyncio.get_running_loop().create_future()
        written: list[int] = []
        outcomes = [Done(work(written)) for work in works]
        self.ledger.begun += written
        try:
            verdict = await self.verdict
        finally:
            self.verdict = None
        if verdict != "lost":
            self.ledger.kept += written
        if verdict != "committed":
            raise Unknown("the test said so")
        return Commit(outcomes, wrote=True)

    async def close(self) -> None:
        assert self.ledger.open is self, "closed twice"
        assert self.verdict is None, "closed with a batch in flight"
        await ticks(SLOW)
        assert self.verdict is None
        self.ledger.open = None


class Callers(RuleBasedStateMachine):
    """Two actors in a house with few places."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.loop = self.runner.get_loop()
        self.calls: list[tuple[int, asyncio.Task[int]]] = []
        self.left: set[int] = set()
        self.others: list[asyncio.Task[Any]] = []

    @initialize(places=st.integers(1, 2))
    def build(self, places: int) -> None:
        self.runner.run(self.built(places))

    async def built(self, places: int) -> None:
        house = Residence(lambda: 0, places=places, batches=2, idle_after=0)
        limits = Limits(waiting=5, age=float("inf"), batch=3, reopen_after=0)
        self.ledgers = [Ledger(), Ledger()]
        self.actors: list[Actor[list[int], list[int]]] = [
            Actor(str(n), ledger.wake, house, limits=limits) for n, ledger in enumerate(self.ledgers)
        ]

    @rule(who=st.sampled_from([0, 0, 0, 1]), times=st.integers(1, 4))
    def call(self, who: int, times: int) -> None:
        async def start() -> None:
            for _ in range(times):
                number = len(self.calls)
                self.calls.append((who, self.loop.create_task(self.actors[who].run(write, number))))

        self.runner.run(start())

    @rule(steps=st.integers(1, TICKS))
    def let_time_pass(self, steps: int) -> None:
        self.runner.run(ticks(steps))

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.waiting()))
        self.left.add(number)
        self.calls[number][1].cancel()

    @rule(who=st.integers(0, 1), verdict=st.sampled_from(["committed", "committed", "lost", "kept but not told"]))
    def commit(self, who: int, verdict: str) -> None:
        held = self.ledgers[who].open
        if held is not None and held.verdict is not None and not held.verdict.done():
            held.verdict.set_result(verdict)

    @rule(who=st.integers(0, 1))
    def sleep(self, who: int) -> None:
        async def start() -> None:
            self.others.append(self.loop.create_task(self.actors[who].sleep()))

        self.runner.run(start())

    def waiting(self) -> list[int]:
        return [n for n, (_, task) in enumerate(self.calls) if not task.done() and n not in self.left]

    def teardown(self) -> None:
        try:
            self.runner.run(asyncio.wait_for(self.finish(), 20))
            self.check()
        finally:
            self.runner.close()

    async def finish(self) -> None:
        """Let every commit succeed until nobody waits, and put both to sleep."""
        stops = [asyncio.create_task(actor.stop()) for actor in self.actors]
        everyone = [*stops, *self.others, *(task for _, task in self.calls)]
        while not all(task.done() for task in everyone):
            for ledger in self.ledgers:
                if ledger.open is not None and ledger.open.verdict is not None and not ledger.open.verdict.done():
                    ledger.open.verdict.set_result("committed")
            await asyncio.sleep(0)
        await asyncio.gather(*stops, *self.others)

    def check(self) -> None:
        for who, ledger in enumerate(self.ledgers):
            assert ledger.open is None, "a store was left open"
            assert ledger.begun == sorted(set(ledger.begun)), "turns out of order, or twice"
            assert set(ledger.kept) <= set(ledger.begun)
            assert all(self.calls[number][0] == who for number in ledger.begun), "a turn went to the wrong actor"
        for number, (who, task) in enumerate(self.calls):
            ledger = self.ledgers[who]
            if task.cancelled():
                assert number in self.left
            elif (error := task.exception()) is None:
                assert task.result() == number
                assert number in ledger.kept, "told to be done, and not kept"
            elif isinstance(error, Busy):
                assert number not in ledger.begun, "told that it was not begun, and it was"
            else:
                assert isinstance(error, Unknown | Broken)
                assert number in ledger.begun, "told that nobody knows, and nothing had happened"


class Ruined(Held):
    """A store that fails, and cannot even be closed."""

    async def close(self) -> None:
        await super().close()
        raise OSError("the test said so")


async def test_a_store_that_cannot_be_closed_keeps_nobody_waiting() -> None:
    ledger = Ledger()

    async def wake() -> Awake[list[int], list[int]]:
        ledger.open = Ruined(ledger)
        return Awake(ledger.open, lambda tx, _: tx)

    house = Residence(lambda: 0, places=1, batches=1, idle_after=0)
    actor: Actor[list[int], list[int]] = Actor("ruined", wake, house, limits=Limits(batch=1, reopen_after=0))
    calls = [asyncio.create_task(actor.run(write, number)) for number in range(3)]
    for verdict in ("lost", "lost", "committed"):
        await ticks(TICKS)
        assert ledger.open is not None
        assert ledger.open.verdict is not None, "whoever waited behind the failure is forgotten"
        ledger.open.verdict.set_result(verdict)
    ends = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 20)
    assert [type(end) for end in ends] == [Unknown, Unknown, int]


async def ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def write(turn: list[int], number: int) -> int:
    turn.append(number)
    return number


TestCallers = Callers.TestCase
TestCallers.settings = LONG if os.environ.get("STORAGE_TESTS") == "long" else SHORT
