"""A store under test: made, opened, and given one piece of work at a time."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import ClassVar, Generic, TypeVar

import pytest
import pytest_asyncio

from tenants.store import Commit, Done, Outcome, Store, Stores, Undone

X = TypeVar("X")
T = TypeVar("T")


class Kept(Generic[X]):
    """The open store of one uid."""

    def __init__(self, stores: Stores[X], uid: str, store: Store[X]) -> None:
        self.stores = stores
        self.uid = uid
        self.store = store

    async def do(self, work: Callable[[X], T]) -> T:
        """What `work` returns, in a batch of its own; raises what it raises."""
        returned: list[T] = []
        [outcome] = (await self.batch(lambda tx: returned.append(work(tx)))).outcomes
        if not isinstance(outcome, Done):
            raise outcome.error
        return returned[0]

    async def batch(self, *works: Callable[[X], object]) -> Commit:
        return await self.store.perform(works)

    async def reopen(self) -> None:
        await self.store.close()
        self.store = await self.stores.open(self.uid)


def values(commit: Commit) -> list[object]:
    """What the works returned, of which none raised."""
    assert all(isinstance(outcome, Done) for outcome in commit.outcomes), commit
    return [outcome.value for outcome in commit.outcomes if isinstance(outcome, Done)]


def error_of(outcome: Outcome) -> Exception:
    """What the work raised. To be asked of every work that asserts: a failed assertion, too, only undoes it."""
    assert isinstance(outcome, Undone), outcome
    return outcome.error


@pytest.mark.asyncio
class StoreConformance(Generic[X]):
    """What every part of the suite stands on."""

    uids: ClassVar[Sequence[str]]
    """Three names that a store can have."""

    founding: ClassVar[Sequence[Callable[..., object]]] = ()
    """What is written into a store when it is made."""

    @pytest.fixture
    def stores(self) -> Stores[X]:
        """An empty cupboard. To be overridden by whoever wants one proven."""
        raise NotImplementedError

    @pytest_asyncio.fixture
    async def kept(self, stores: Stores[X]) -> AsyncIterator[Kept[X]]:
        """A new store, open."""
        uid = self.uids[0]
        await stores.create(uid, self.founding)
        kept = Kept(stores, uid, await stores.open(uid))
        yield kept
        await kept.store.close()
