"""The cupboard in memory. What a store keeps lives as long as the cupboard, open or closed."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from tenants.memory.table import Journal
from tenants.memory.tx import MemoryRegistryTx, MemoryTx, RegistryRows, TenantRows
from tenants.problems import AlreadyThere, Broken
from tenants.store import Commit, Done, Outcome, Undone

X = TypeVar("X")
R = TypeVar("R")


class MemoryStore(Generic[X]):
    """One store, open. A batch is done within one step of the event loop, and durable as long as the process lives."""

    def __init__(self, tx: X, journal: Journal) -> None:
        self._tx = tx
        self._journal = journal
        self._unusable = ""

    async def perform(self, works: Sequence[Callable[[X], object]]) -> Commit:
        if self._unusable:
            raise Broken(self._unusable)
        try:
            outcomes = [self._one(work) for work in works]
        except BaseException:
            self._unusable = "an earlier batch broke off"
            self._journal.undo(0)
            raise
        wrote = self._journal.mark > 0
        self._journal.forget()
        return Commit(outcomes, wrote)

    async def close(self) -> None:
        self._unusable = "closed"

    def _one(self, work: Callable[[X], object]) -> Outcome:
        before = self._journal.mark
        try:
            return Done(work(self._tx))
        except Broken:
            raise
        except Exception as error:
            self._journal.undo(before)
            return Undone(error)


class _Cupboard(Generic[X, R]):
    def __init__(self, new: Callable[[], R], tx: Callable[[R, Journal], X]) -> None:
        self._new = new
        self._tx = tx
        self._kept: dict[str, R] = {}

    async def create(self, uid: str, works: Sequence[Callable[[X], object]]) -> None:
        if uid in self._kept:
            raise AlreadyThere(uid)
        rows = self._new()
        commit = await self._over(rows).perform(works)
        for outcome in commit.outcomes:
            if isinstance(outcome, Undone):
                raise outcome.error
        self._kept[uid] = rows

    async def open(self, uid: str) -> MemoryStore[X]:
        if uid not in self._kept:
            raise Broken(f"there is no store {uid}")
        return self._over(self._kept[uid])

    async def remove(self, uid: str) -> None:
        self._kept.pop(uid, None)

    async def uids(self) -> Sequence[str]:
        return sorted(self._kept)

    def _over(self, rows: R) -> MemoryStore[X]:
        journal = Journal()
        return MemoryStore(self._tx(rows, journal), journal)


class MemoryStores(_Cupboard[MemoryTx, TenantRows]):
    """The stores of tenants. Implements tenants.store.Stores[Tx]."""

    def __init__(self) -> None:
        super().__init__(TenantRows, MemoryTx)


class MemoryRegistryStores(_Cupboard[MemoryRegistryTx, RegistryRows]):
    """The store of the registry. Implements tenants.store.Stores[RegistryTx]."""

    def __init__(self) -> None:
        super().__init__(RegistryRows, MemoryRegistryTx)
