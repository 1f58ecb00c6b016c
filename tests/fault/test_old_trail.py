"""A trail from before there were hashes goes on with hashes, and nobody can pass a later event off as one of then."""

import sqlite3
from pathlib import Path
from types import SimpleNamespace

from storage_sqlite.schema import bring_up, tenant
from storage_sqlite.stores import TenantStores
from tenants import trail
from tenants.acts.events import Checked, Look, check_chain, look
from tenants.records import Origin
from tenants.store import Tx
from tests.support.storage import samples
from tests.support.storage.kept import Kept
from tests.support.storage.samples import event

UID = samples.ISSUER.uid
THEN = 3
"""The last step of before there were hashes."""


def made_then(path: Path) -> None:
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    bring_up(connection, 0, tenant.STEPS[:THEN])
    for number in range(5):
        connection.execute(
            "INSERT INTO events (type, at, actor, subject, details) VALUES ('old', ?, 'op', NULL, '{\"a\":1}')",
            (number,),
        )
    connection.close()


def checked(tx: Tx) -> Checked:
    return check_chain(SimpleNamespace(tx=tx), None)


async def test_events_of_then_are_kept_and_those_of_now_are_chained(tmp_path: Path) -> None:
    stores = TenantStores(tmp_path)
    made_then(stores.path(UID))
    kept = Kept(stores, UID, await stores.open(UID))
    for number in range(3):
        await kept.do(lambda tx, at=number: trail.add(tx.events, event("new", at), Origin("op", "127.0.0.1", "r")))
    await kept.reopen()
    found = await kept.do(checked)
    assert (found.count, found.unhashed, found.broken) == (8, 5, None)
    seen = await kept.do(lambda tx: look(SimpleNamespace(tx=tx), Look(0, 9)).events)
    assert [(each.type, each.details, bool(each.hash)) for each in seen[:5]] == [("old", {"a": 1}, False)] * 5
    assert seen[5].previous == b""
    await kept.store.close()
    connection = sqlite3.connect(stores.path(UID))
    with connection:
        connection.execute("UPDATE events SET hash = x'', previous = x'', actor = 'somebody' WHERE sequence = 6")
    connection.close()
    kept = Kept(stores, UID, await stores.open(UID))
    broken = (await kept.do(checked)).broken
    await kept.store.close()
    assert broken is not None
    assert broken.event.sequence == 7
