"""The two storages, given the same random works side by side, tell the same and hold the same.

Short and the same each time; with STORAGE_TESTS=long it goes on for longer, and elsewhere each time.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, rule

from storage_sqlite.stores import RegistryStores, TenantStores
from tenants.memory.stores import MemoryRegistryStores, MemoryStores
from tenants.problems import Broken
from tenants.store import Done, Outcome
from tests.support.storage import samples, works
from tests.support.storage.batches import Unexpected
from tests.support.storage.everything import ALL, contents
from tests.support.storage.kept import Kept

SHORT = settings(
    max_examples=30,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LONG = settings(SHORT, max_examples=500, stateful_step_count=30, derandomize=False)

IN_MEMORY = Path("/dev/shm")
"""What is compared is what is told and held, not whether it outlives the power."""

DIGESTS = [samples.digest(str(n)) for n in range(4)]


class SideBySide(RuleBasedStateMachine):
    """One store of each kind. What the first does is what the second must do."""

    uid: str
    founding: Sequence[Callable[[Any], object]] = ()

    def cupboards(self, directory: Path) -> Sequence[Any]:
        raise NotImplementedError

    def look(self, tx: Any) -> object:
        """All that the store holds."""
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None)
        self.runner = asyncio.Runner()
        self.sides = [self.runner.run(self.made(each)) for each in self.cupboards(Path(self.directory.name))]

    async def made(self, stores: Any) -> Kept[Any]:
        await stores.create(self.uid, self.founding)
        return Kept(stores, self.uid, await stores.open(self.uid))

    def perform(self, batch: Sequence[works.Work]) -> None:
        first, second = (self.runner.run(told(kept, batch)) for kept in self.sides)
        assert repr(second[0]) == repr(first[0])
        assert second[1] or not first[1], "something changed, and the store says that nothing did"
        self.compare()

    @rule()
    def close_and_open(self) -> None:
        for kept in self.sides:
            self.runner.run(kept.reopen())
        self.compare()

    def compare(self) -> None:
        first, second = (self.runner.run(kept.do(self.look)) for kept in self.sides)
        assert repr(second) == repr(first)

    def teardown(self) -> None:
        for kept in self.sides:
            self.runner.run(kept.store.close())
        self.runner.close()
        self.directory.cleanup()


async def told(kept: Kept[Any], batch: Sequence[works.Work]) -> tuple[list[object], bool]:
    """What came of each work, in a form that compares, and whether the batch wrote. A broken store is opened again."""
    try:
        commit = await kept.batch(*batch)
    except Broken as error:
        await kept.reopen()
        return [type(error), error.args], False
    return [shown(outcome) for outcome in commit.outcomes], commit.wrote


def shown(outcome: Outcome) -> object:
    return outcome.value if isinstance(outcome, Done) else (type(outcome.error), outcome.error.args)


def spent(tx: Any) -> NoReturn:
    """Tell which tickets were spent, and spend none."""
    raise Unexpected([tx.tickets.spend(each, 0) for each in DIGESTS])


class TenantsSideBySide(SideBySide):
    uid = samples.ISSUER.uid
    founding = (lambda tx: tx.issuer.found(samples.ISSUER),)

    def cupboards(self, directory: Path) -> Sequence[Any]:
        return MemoryStores(), TenantStores(directory)

    def look(self, tx: Any) -> object:
        return contents(tx, DIGESTS)

    @rule(batch=works.tenant_works())
    def batch(self, batch: Sequence[works.Work]) -> None:
        self.perform(batch)

    @rule()
    def tickets(self) -> None:
        self.perform([works.Work(())])
        first, second = (self.runner.run(kept.batch(spent)) for kept in self.sides)
        assert list(map(shown, second.outcomes)) == list(map(shown, first.outcomes))


class RegistriesSideBySide(SideBySide):
    uid = "registry"

    def cupboards(self, directory: Path) -> Sequence[Any]:
        return MemoryRegistryStores(), RegistryStores(directory)

    def look(self, tx: Any) -> object:
        return list(tx.listings.all()), list(tx.operations.page("", ALL))

    @rule(batch=works.works(works.registry_steps))
    def batch(self, batch: Sequence[works.Work]) -> None:
        self.perform(batch)


TestTenants = TenantsSideBySide.TestCase
TestRegistries = RegistriesSideBySide.TestCase
TestTenants.settings = TestRegistries.settings = LONG if os.environ.get("STORAGE_TESTS") == "long" else SHORT
pytestmark = pytest.mark.timeout(1_800 if TestTenants.settings is LONG else 120)
