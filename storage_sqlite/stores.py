"""The cupboard: which files there are, and how one comes to be and goes. A file under its true name is always whole."""

import asyncio
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic

from storage_sqlite.schema import registry, tenant
from storage_sqlite.store import SqliteStore, X, open_file
from storage_sqlite.tx import SqliteRegistryTx, SqliteTx
from tenants.problems import AlreadyThere, Broken
from tenants.store import Undone

_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UNFINISHED = ".new"
_COMPANIONS = ("-wal", "-shm", "-journal")


class SqliteStores(Generic[X]):
    """SQLite files of one schema."""

    def __init__(self, steps: Sequence[str], tx: Callable[[sqlite3.Connection], X]) -> None:
        self._steps = steps
        self._tx = tx

    def path(self, uid: str) -> Path:
        raise NotImplementedError

    async def create(self, uid: str, works: Sequence[Callable[[X], object]]) -> None:
        path = self.path(uid)
        unfinished = _unfinished(path)
        if await asyncio.to_thread(_prepare, path, unfinished):
            raise AlreadyThere(uid)
        store = await open_file(unfinished, self._steps, self._tx, new=True)
        try:
            for outcome in (await store.perform(works)).outcomes:
                if isinstance(outcome, Undone):
                    raise outcome.error
        except BaseException:
            await store.close()
            await asyncio.to_thread(_delete, unfinished)
            raise
        await store.close()
        await asyncio.to_thread(_rename, unfinished, path)

    async def open(self, uid: str) -> SqliteStore[X]:
        path = self.path(uid)
        await asyncio.to_thread(_refuse_oddities, path)
        return await open_file(path, self._steps, self._tx, new=False)

    async def remove(self, uid: str) -> None:
        path = self.path(uid)
        await asyncio.to_thread(_delete, path)
        await asyncio.to_thread(_delete, _unfinished(path))

    async def uids(self) -> Sequence[str]:
        raise NotImplementedError


class TenantStores(SqliteStores[SqliteTx]):
    """`<directory>/<first two of uid>/<uid>.db`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(tenant.STEPS, SqliteTx)
        self._directory = directory

    def path(self, uid: str) -> Path:
        if not _UID.fullmatch(uid):
            raise ValueError("not a uid")
        return self._directory / uid[:2] / f"{uid}.db"

    async def uids(self) -> Sequence[str]:
        return await asyncio.to_thread(self._walk)

    def _walk(self) -> list[str]:
        found = (entry for entry in self._directory.glob("??/*.db") if _UID.fullmatch(entry.stem))
        return sorted(entry.stem for entry in found)


class RegistryStores(SqliteStores[SqliteRegistryTx]):
    """`<directory>/<uid>.db`; there is only the one, `registry`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(registry.STEPS, SqliteRegistryTx)
        self._directory = directory

    def path(self, uid: str) -> Path:
        if not uid.isalpha():
            raise ValueError("not a uid")
        return self._directory / f"{uid}.db"

    async def uids(self) -> Sequence[str]:
        return await asyncio.to_thread(lambda: sorted(entry.stem for entry in self._directory.glob("*.db")))


def _unfinished(path: Path) -> Path:
    """What a store is called until it is whole."""
    return path.with_name(path.name + _UNFINISHED)


def _prepare(path: Path, unfinished: Path) -> bool:
    """Make the folder, and clear away what a crash left of an earlier attempt. True if the store is there already."""
    if path.exists():
        return True
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        _sync_folder(path.parent.parent)
    _delete(unfinished)
    return False


def _refuse_oddities(path: Path) -> None:
    """A link is not followed, a pipe not waited for, and an empty file not taken for a new database."""
    try:
        found = path.lstat()
    except OSError as error:
        raise Broken(f"cannot be found: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode) or found.st_size == 0:
        raise Broken("not a database file")


def _rename(unfinished: Path, path: Path) -> None:
    descriptor = os.open(unfinished, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.rename(path)
    _sync_folder(path.parent)


def _delete(path: Path) -> None:
    for suffix in ("", *_COMPANIONS):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if path.parent.is_dir():
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """A name is durable only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
