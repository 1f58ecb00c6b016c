"""What a file says of itself, read without changing a byte of it. For files that no server has open."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage_sqlite.schema import check_version, registry, tenant
from tenants.problems import Broken


@dataclass(frozen=True, slots=True)
class Listed:
    id: str
    uid: str
    state: str


@dataclass(frozen=True, slots=True)
class RegistryGlance:
    behind: int
    """So many schema steps will be taken when it is opened."""
    listings: Sequence[Listed]


@dataclass(frozen=True, slots=True)
class TenantGlance:
    behind: int
    uid: str
    sealed_data_key: bytes


def at_registry(path: Path) -> RegistryGlance:
    """Raises Broken or NewerSchema."""
    with _reading(path) as connection:
        behind = len(registry.STEPS) - check_version(connection, registry.STEPS)
        rows = connection.execute("SELECT id, uid, state FROM listings ORDER BY id").fetchall()
        return RegistryGlance(behind, [Listed(*row) for row in rows])


def at_tenant(path: Path) -> TenantGlance:
    """Raises Broken or NewerSchema."""
    with _reading(path) as connection:
        behind = len(tenant.STEPS) - check_version(connection, tenant.STEPS)
        row = connection.execute("SELECT uid, sealed_data_key FROM issuer").fetchone()
        if row is None:
            raise Broken("has no issuer in it")
        return TenantGlance(behind, *row)


@contextmanager
def _reading(path: Path) -> Generator[sqlite3.Connection]:
    """What a crash left in the log is read too; where there is none, SQLite needs no lock and makes no file."""
    log = path.with_name(f"{path.name}-wal")
    how = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise Broken(f"cannot be opened: {error}") from error
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        yield connection
    except sqlite3.Error as error:
        raise Broken(f"cannot be read: {error}") from error
    finally:
        connection.close()
