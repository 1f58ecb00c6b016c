"""The actor: one store, one turn at a time, the reply after the commit.

Whoever wants something puts an act into the mailbox. When the tenant's thread comes free, all that waits goes over in
one batch: one transaction, a savepoint a turn, one commit. Only then are the replies let out. A caller who leaves does
not stop a turn that has begun; a turn that nobody waits for any more is not begun.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from tenants.oauth.refusal import Refusal
from tenants.problems import Broken, Busy, Unknown
from tenants.store import Commit, Done, Store

T = TypeVar("T")
"""The turn: all that an act is given."""
X = TypeVar("X")
"""The transaction of a store."""
Q = TypeVar("Q")
R = TypeVar("R")


LARGEST_STEP_BACK = 86_400
"""Seconds. A clock that goes back further was wrong before, and is followed."""


class Observer(Protocol):
    """Told what an actor does. Every hook may be ignored."""

    def woke(self, seconds: float) -> None: ...
    def slept(self) -> None: ...
    def committed(self, turns: int, seconds: float, wrote: bool) -> None: ...
    def shed(self) -> None: ...
    def broke(self, actor: str, error: Exception) -> None: ...


class Unobserved:
    def woke(self, seconds: float) -> None: ...
    def slept(self) -> None: ...
    def committed(self, turns: int, seconds: float, wrote: bool) -> None: ...
    def shed(self) -> None: ...
    def broke(self, actor: str, error: Exception) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one actor takes on. Nothing waits without bound."""

    waiting: int = 1_000
    """Acts in the mailbox; one more is Busy."""
    age: float = 5.0
    """Seconds that an act may wait for its turn; then it is Busy, and was not begun."""
    batch: int = 256
    """Turns in one transaction."""
    reopen_after: float = 1.0
    """Seconds before a store that broke is tried again; until then whoever asks is told at once."""


@dataclass(frozen=True, slots=True)
class Awake(Generic[X, T]):
    """An open store, and how to make a turn of its transaction at an instant."""

    store: Store[X]
    turn: Callable[[X, int], T]


class House(Protocol):
    """What all actors of a process share."""

    @property
    def batches(self) -> asyncio.Semaphore:
        """How many batches run at once: about twice the cores, more only fight for the interpreter."""
        ...

    def now(self) -> int:
        """The instant, in whole seconds since 1970-01-01 UTC."""
        ...

    async def admit(self, actor: "Sleeper") -> None:
        """Make room among the awake. Busy if everyone there is at work."""
        ...

    def left(self, actor: "Sleeper") -> None:
        """The actor sleeps; its place is free."""
        ...


class Sleeper(Protocol):
    """How the house sees an actor: something that can be put to sleep."""

    @property
    def idle_since(self) -> float | None:
        """Loop time of its last turn; None while it works."""
        ...

    async def sleep(self) -> bool:
        """Close the store if nothing is going on. False if something is."""
        ...


@dataclass(slots=True)
class _Call:
    act: Callable[[Any, Any], Any]
    request: Any
    reply: asyncio.Future[Any]
    since: float


AfterCommit = Callable[[str, Commit], Awaitable[None]]
"""Awaited after each commit that wrote, before any reply leaves: where a copy can be waited for."""


class Actor(Generic[X, T]):
    """Alone owns one store. Safe to call from any task of one event loop."""

    def __init__(
        self,
        name: str,
        wake: Callable[[], Awaitable[Awake[X, T]]],
        house: House,
        *,
        limits: Limits | None = None,
        observer: Observer | None = None,
        after_commit: AfterCommit | None = None,
    ) -> None:
        self.name = name
        self._wake = wake
        self._house = house
        self._limits = limits or Limits()
        self._observer = observer or Unobserved()
        self._after_commit = after_commit
        self._mailbox: deque[_Call] = deque()
        self._awake: Awake[X, T] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._door = asyncio.Lock()  # one store is never opened while the former one still closes
        self._latest = 0
        self._broken: tuple[float, Exception] | None = None
        self._idle_since: float | None = None

    async def run(self, act: Callable[[T, Q], R | Refusal], request: Q) -> R:
        """Give `act` its turn, and its reply once what it wrote is durable.

        Raises the act's own Refusal or Problem, Busy if the mailbox is full, Broken or Unknown if the store fails.
        """
        loop = asyncio.get_running_loop()
        if len(self._mailbox) >= self._limits.waiting:
            self._observer.shed()
            raise Busy
        call = _Call(act, request, loop.create_future(), loop.time())
        self._mailbox.append(call)
        if self._worker is None:
            self._worker = loop.create_task(self._work(), name=f"actor {self.name}")
        return await call.reply

    @property
    def idle_since(self) -> float | None:
        return None if self._worker is not None else self._idle_since

    async def sleep(self) -> bool:
        if self._worker is not None:
            return False
        await self._close()
        return True

    async def stop(self) -> None:
        """Finish what waits, then sleep."""
        while self._worker is not None:
            await asyncio.wait([self._worker])
        await self._close()

    async def _work(self) -> None:
        """The one task that sends batches, for as long as somebody waits."""
        try:
            while self._mailbox:
                async with self._house.batches:
                    calls = self._take()
                    if calls:
                        await self._perform(calls)
        finally:
            self._idle_since = asyncio.get_running_loop().time()
            self._worker = None

    def _take(self) -> list[_Call]:
        """What goes into the next batch: whoever still waits, and has not waited too long."""
        now = asyncio.get_running_loop().time()
        calls: list[_Call] = []
        while self._mailbox and len(calls) < self._limits.batch:
            call = self._mailbox.popleft()
            if call.reply.done():
                continue
            if now - call.since > self._limits.age:
                self._observer.shed()
                call.reply.set_exception(Busy())
                continue
            calls.append(call)
        return calls

    async def _perform(self, calls: list[_Call]) -> None:
        if (still := self._still_broken()) is not None:
            _tell(calls, still)
            return
        try:
            awake = await self._woken()
            started = asyncio.get_running_loop().time()
            self._latest = _not_back(self._latest, self._house.now())
            commit = await awake.store.perform([partial(_turn, awake, self._latest, call) for call in calls])
            if commit.wrote and self._after_commit is not None:
                await self._copied(commit)
        except Exception as error:
            await self._fail(calls, error)
            return
        self._observer.committed(len(calls), asyncio.get_running_loop().time() - started, commit.wrote)
        for call, outcome in zip(calls, commit.outcomes, strict=True):
            if call.reply.done():
                continue
            if not isinstance(outcome, Done):
                call.reply.set_exception(outcome.error)
            elif isinstance(outcome.value, Refusal):
                call.reply.set_exception(outcome.value)
            else:
                call.reply.set_result(outcome.value)

    async def _woken(self) -> Awake[X, T]:
        if self._awake is not None:
            return self._awake
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with self._door:
            await self._house.admit(self)
            try:
                self._awake = await self._wake()
            except BaseException:
                self._house.left(self)
                raise
        self._broken = None
        self._observer.woke(loop.time() - started)
        return self._awake

    async def _copied(self, commit: Commit) -> None:
        assert self._after_commit is not None
        try:
            await self._after_commit(self.name, commit)
        except Exception as error:
            raise Unknown(f"committed here, but not copied: {error}") from error

    def _still_broken(self) -> Broken | None:
        """What to say while a store that broke is let be. Whoever asks meanwhile does not make that time longer."""
        if self._broken is None:
            return None
        since, error = self._broken
        left = self._limits.reopen_after - (asyncio.get_running_loop().time() - since)
        return Broken(str(error)) if left > 0 else None

    async def _fail(self, calls: list[_Call], error: Exception) -> None:
        """Nobody knows what the store holds now: tell everyone so, and read it anew next time."""
        if not isinstance(error, Busy):
            self._broken = (asyncio.get_running_loop().time(), error)
            self._observer.broke(self.name, error)
        told = error if isinstance(error, Busy | Broken) else Broken(f"the store of {self.name} failed")
        _tell(calls, told)
        with suppress(Exception):  # it is of no more use, and whoever waits behind these calls is still to be answered
            await self._close()

    async def _close(self) -> None:
        async with self._door:
            awake, self._awake = self._awake, None
            if awake is None:
                return
            try:
                await awake.store.close()
            finally:
                self._house.left(self)
                self._observer.slept()


def _not_back(latest: int, now: int) -> int:
    """The instant of a turn: never before that of an earlier one, unless the clock had been far ahead by mistake."""
    return now if latest - now > LARGEST_STEP_BACK else max(latest, now)


def _tell(calls: list[_Call], error: Exception) -> None:
    for call in calls:
        if not call.reply.done():
            call.reply.set_exception(error)


def _turn(awake: Awake[X, T], now: int, call: _Call, tx: X) -> object:
    try:
        return call.act(awake.turn(tx, now), call.request)
    except StopIteration as error:
        raise RuntimeError("an act raised StopIteration") from error  # no future takes one (PEP 479)
