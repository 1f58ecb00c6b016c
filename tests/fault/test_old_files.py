"""A tenant's file that an earlier version made is brought up to date when it wakes, and loses nothing by it."""

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage_sqlite.schema import tenant
from storage_sqlite.stores import TenantStores
from tenants.problems import Broken
from tenants.store import Stores, Tx
from tests.support.storage import samples
from tests.support.storage.kept import Kept
from tests.support.tenant import dump_of

UID = samples.ISSUER.uid
OLDER = range(1, len(tenant.STEPS))


class EarlierStores(TenantStores):
    """The cupboard of a version that knew fewer steps, or other ones."""

    def __init__(self, directory: Path, steps: Sequence[str]) -> None:
        super().__init__(directory)
        self._steps = steps


def founded(tx: Tx) -> None:
    tx.issuer.found(samples.ISSUER)
    tx.clients.add(samples.CLIENT)
    tx.signing_keys.add(samples.KEY)


@asynccontextmanager
async def awake(stores: Stores[Tx]) -> AsyncGenerator[Kept[Tx]]:
    kept = Kept(stores, UID, await stores.open(UID))
    try:
        yield kept
    finally:
        await kept.store.close()


def version_of(path: Path) -> int:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
    [version] = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return version


def tables_of(path: Path) -> list[str]:
    return [line for line in dump_of(path) if line.startswith(("CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE"))]


@pytest.mark.parametrize("step", OLDER)
async def test_a_file_of_an_earlier_step_wakes_with_all_that_it_held_and_all_that_is_new(
    tmp_path: Path, step: int
) -> None:
    stores = TenantStores(tmp_path / "tenants")
    path = stores.path(UID)
    await EarlierStores(tmp_path / "tenants", tenant.STEPS[:step]).create(UID, [founded])
    assert version_of(path) == step
    async with awake(stores) as kept:
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER
        assert await kept.do(lambda tx: tx.clients.find(samples.CLIENT.id)) == samples.CLIENT
        assert list(await kept.do(lambda tx: tx.signing_keys.all())) == [samples.KEY]
        assert list(await kept.do(lambda tx: tx.identity_providers.all())) == []
        await kept.do(lambda tx: tx.identity_providers.add(samples.PROVIDER))
        await kept.reopen()
        assert await kept.do(lambda tx: tx.identity_providers.find(samples.PROVIDER.id)) == samples.PROVIDER
    assert version_of(path) == len(tenant.STEPS)


async def test_a_file_brought_up_to_date_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    old, new = (TenantStores(tmp_path / name) for name in ("old", "new"))
    await EarlierStores(tmp_path / "old", tenant.STEPS[:1]).create(UID, [founded])
    await (await old.open(UID)).close()
    await new.create(UID, [founded])
    assert tables_of(old.path(UID)) == tables_of(new.path(UID))


async def test_a_step_that_fails_half_way_leaves_the_file_at_the_step_before(tmp_path: Path) -> None:
    await EarlierStores(tmp_path, tenant.STEPS[:1]).create(UID, [founded])
    stores = TenantStores(tmp_path)
    before = tables_of(stores.path(UID))
    failing = (tenant.STEPS[0], f"{tenant.STEPS[1]}; CREATE TABLE clients (x)")
    with pytest.raises(Broken):
        await EarlierStores(tmp_path, failing).open(UID)
    assert tables_of(stores.path(UID)) == before
    assert version_of(stores.path(UID)) == 1
    async with awake(stores) as kept:
        assert await kept.do(lambda tx: tx.clients.find(samples.CLIENT.id)) == samples.CLIENT
        assert list(await kept.do(lambda tx: tx.identity_providers.all())) == []
