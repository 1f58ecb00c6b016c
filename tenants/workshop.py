"""Where operations are carried out: each by a task, that goes on after a restart where its last checkpoint stands.

A work says now and then how far it is. That is written down before it goes on, so what it does behind a checkpoint can
be done twice, and must then be as if it had been done once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol
from weakref import WeakValueDictionary

from tenants import operations
from tenants.listings import Perform
from tenants.operations import How, Note, Outcome
from tenants.patience import patiently
from tenants.problems import OperationCancelled, Problem
from tenants.records import Operation
from tenants.turn import asked_by

AT_ONCE = 4
OF_ONE_AT_ONCE = 2
"""Of one issuer, lest the others have to wait for all that is asked for there."""

Checkpoint = Callable[[Mapping[str, Any], int], Awaitable[None]]
"""Writes down the progress, and how much of a hundred that is. Raises OperationCancelled if it is to end there."""


class Work(Protocol):
    async def __call__(self, operation: Operation, checkpoint: Checkpoint) -> bytes:
        """Go on from `operation.progress`; what came of it. Whatever it raises ends the operation, but for Busy and
        Broken, after which it is called again."""
        ...


class Workshop:
    def __init__(
        self, perform: Perform, works: Mapping[str, Work], failed: Callable[[Operation, Exception], bytes]
    ) -> None:
        """`works` by the verbs of their operations; `failed` says in bytes why one has failed."""
        self._perform = perform
        self._works = works
        self._failed = failed
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._places_of: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        """Those of each issuer that something is under way for."""
        self._released = asyncio.Event()

    async def start(self) -> None:
        """Go on with all that a former process has left unfinished."""
        for operation in await self._perform(operations.under_way, None):
            self._begin(operation)

    async def carry_on(self, operation_id: str) -> None:
        """Let it be carried out, if it is under way and nobody does yet."""
        for operation in await self._perform(operations.under_way, None):
            if operation.id == operation_id:
                self._begin(operation)

    async def wait(self, operation_id: str, seconds: float) -> None:
        """Until it has ended, or for so long, or until nobody is to wait any more."""
        task = self._tasks.get(operation_id)
        if task is not None:
            released = asyncio.create_task(self._released.wait())
            await asyncio.wait({task, released}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            released.cancel()

    def release(self) -> None:
        """Nobody is to wait any more: the server stops."""
        self._released.set()

    async def close(self) -> None:
        """Leave off, wherever each stands: it goes on at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, operation: Operation) -> None:
        # one of a verb that this version does not know is left to the version that does
        if operation.ended_at is None and operation.id not in self._tasks and operation.verb in self._works:
            task = asyncio.create_task(self._carry_out(operation), name=f"operation {operation.id}")
            self._tasks[operation.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(operation.id))

    async def _carry_out(self, operation: Operation) -> None:
        own = self._places_of.setdefault(operation.issuer_id, asyncio.Semaphore(OF_ONE_AT_ONCE))
        async with own, self._places:
            how: How = "done"
            try:
                told = await patiently(partial(self._work, operation))
            except Exception as error:
                how = "cancelled" if isinstance(error, OperationCancelled) else "failed"
                told = self._failed(operation, error)
            end = asked_by(operation.origin, operations.end)
            outcome = Outcome(id=operation.id, how=how, told=told)
            try:
                await patiently(lambda: self._perform(end, outcome))
            except Problem as problem:  # it stays under way, and the next start tries again
                self._failed(operation, problem)

    async def _work(self, asked: Operation) -> bytes:
        operation: Operation = await self._perform(operations.get, asked.id)
        if operation.cancelled_at is not None:
            raise OperationCancelled("cancelled before it began")

        async def checkpoint(progress: Mapping[str, Any], percent: int) -> None:
            how_far = Note(id=operation.id, progress=progress, percent=percent)
            noted: Operation = await self._perform(operations.note, how_far)
            if noted.cancelled_at is not None:
                raise OperationCancelled(f"cancelled at {percent} %")

        return await self._works[operation.verb](operation, checkpoint)
