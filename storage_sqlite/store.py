"""One open file: an aiosqlite connection, whose thread is the tenant's thread, and the transaction of a batch.

One hop a batch, not one a statement: the whole batch goes to the connection's thread as one function. The commit there,
with `synchronous=FULL`, is the output gate: until it returns, nobody has heard anything.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import aiosqlite

from storage_sqlite.schema import bring_up, check_version
from tenants.problems import Broken, Unknown
from tenants.store import Commit, Done, Outcome, Undone

CHECKED_AT_OPENING = 4 * 1024 * 1024
"""Bytes. A file up to this size is checked for structural damage whenever it is opened, in about a millisecond."""

_PRAGMAS = (
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    # one process owns the file: no shared-memory file, one descriptor less, and nobody else gets in
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA journal_mode=WAL",
    # NORMAL loses acknowledged commits when the power fails
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-1024",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA journal_size_limit=4194304",
)


class Transaction(Protocol):
    """What a batch works on. It lives as long as the connection and may remember what it read."""

    def forget(self) -> None:
        """Something was undone: what was remembered may be wrong."""
        ...


X = TypeVar("X", bound=Transaction)


class Connection(aiosqlite.Connection):
    """An aiosqlite connection that also takes a whole batch in one hop."""

    _stopped: "asyncio.Future[Any] | None" = None

    async def send(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run `function(sqlite3 connection, *arguments)` on the connection's thread."""
        return await self._execute(function, self._conn, *arguments)  # pyright: ignore[reportUnknownMemberType]

    async def open(self) -> None:
        """As awaiting it does, and if that fails its thread has ended: it answers once more, when the event loop of
        whoever gives up could be closed already."""
        try:
            await self
        except BaseException:
            if self._stopped is not None:
                await asyncio.wait([self._stopped])
            raise

    def stop(self) -> "asyncio.Future[Any] | None":
        self._stopped = super().stop()  # pyright: ignore[reportUnknownMemberType]
        return self._stopped


class SqliteStore(Generic[X]):
    def __init__(self, connection: Connection, tx: X) -> None:
        self._connection = connection
        self._tx = tx

    async def perform(self, works: Sequence[Callable[[X], object]]) -> Commit:
        return await self._connection.send(_perform, self._tx, works)

    async def close(self) -> None:
        await self._connection.close()


async def open_file(
    path: Path, steps: Sequence[str], tx: Callable[[sqlite3.Connection], X], *, new: bool
) -> SqliteStore[X]:
    """Open `path`, check it and bring its schema up to date. Raises Broken or NewerSchema."""
    made: list[X] = []

    def connect() -> sqlite3.Connection:
        connection = _connect(path, steps, new=new)
        made.append(tx(connection))
        return connection

    connection = Connection(connect, iter_chunk_size=64)
    await connection.open()
    return SqliteStore(connection, made[0])


def _connect(path: Path, steps: Sequence[str], *, new: bool) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'rwc' if new else 'rw'}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # aiosqlite closes from its own thread; the batches all run on that one
            cached_statements=256,
        )
    except sqlite3.Error as error:
        raise Broken(f"cannot be opened: {error}") from error
    try:
        version = check_version(connection, steps)  # before a pragma could write to the file
        if version == 0 and not new:
            raise Broken("not a file of Tenantry")  # ours have their schema before they have their name
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        bring_up(connection, version, steps)
        if not new and path.stat().st_size <= CHECKED_AT_OPENING:
            [[verdict]] = connection.execute("PRAGMA quick_check(1)").fetchall()
            if verdict != "ok":
                raise Broken(f"damaged: {verdict}")
    except sqlite3.Error as error:
        connection.close()
        raise Broken(f"cannot be read: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def _perform(connection: sqlite3.Connection, tx: X, works: Sequence[Callable[[X], object]]) -> Commit:
    """On the connection's thread: every work in a savepoint of its own, all in one transaction, one commit."""
    changes = connection.total_changes
    try:
        connection.execute("BEGIN IMMEDIATE")
        outcomes = [_one(connection, tx, work) for work in works]
    except BaseException as error:
        tx.forget()
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise Broken(f"cannot be used: {error}") from error
        raise
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise Unknown(f"the commit failed: {error}") from error
    return Commit(outcomes, wrote=connection.total_changes != changes)


def _one(connection: sqlite3.Connection, tx: X, work: Callable[[X], object]) -> Outcome:
    connection.execute("SAVEPOINT turn")
    try:
        outcome: Outcome = Done(work(tx))
    except Exception as error:
        if isinstance(error, Broken) or _is_damage(error):
            raise
        tx.forget()
        connection.execute("ROLLBACK TO turn")
        outcome = Undone(error)
    connection.execute("RELEASE turn")
    return outcome


def _is_damage(error: Exception) -> bool:
    """Whether the file or the disk is to blame, and not the work: then nothing in this batch can be trusted."""
    return type(error) in (sqlite3.DatabaseError, sqlite3.OperationalError, sqlite3.InternalError)
