"""A tenant's file that is not what it should be makes that tenant Broken, nobody else, and is not touched."""

import asyncio
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tenants.actor import Limits
from tenants.problems import Broken, NewerSchema
from tests.fault.test_mailbox import read, write
from tests.support.standing import LONG_ENOUGH
from tests.support.tenant import a_house, dump_of


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database " * 1_000)


def garbage_behind_a_true_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8_000)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def damaged_inside(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    for page in range(4_096, len(whole), 4_096):
        whole[page : page + 64] = b"\xff" * 64
    path.write_bytes(whole)


def somebody_elses_database(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()


def another_tenants(path: Path) -> None:
    shutil.copy(path.parent.parent / "other.db", path)


def a_link_to_another_tenants(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent.parent / "other.db")


def a_link_to_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def gone(path: Path) -> None:
    path.unlink()


def state_of(path: Path) -> list[tuple[str, int, str, str]]:
    """What lies there and beside it: kind, content, and where links lead."""
    found: list[tuple[str, int, str, str]] = []
    for entry in sorted(path.parent.glob(f"{path.name}*")):
        info = entry.lstat()
        content = hashlib.sha256(entry.read_bytes()).hexdigest() if entry.is_file() else ""
        found.append((entry.name, info.st_mode, content, os.readlink(entry) if entry.is_symlink() else ""))
    return found


@pytest.mark.parametrize(
    "spoil",
    [
        empty,
        garbage,
        garbage_behind_a_true_header,
        cut_short,
        damaged_inside,
        somebody_elses_database,
        newer,
        another_tenants,
        a_link_to_another_tenants,
        a_link_to_nowhere,
        a_pipe,
        a_folder,
        gone,
    ],
)
async def test_only_that_tenant_is_broken_and_its_file_is_not_touched(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    async with a_house(tmp_path) as house:
        ill, other = await house.create("ill"), await house.create("other")
        await ill.run(write, "x")
        await other.run(write, "y")
        path = ill.path
    shutil.copy(other.path, tmp_path / "tenants" / "other.db")
    spoil(path)
    before = state_of(path)
    async with a_house(tmp_path, limits=Limits(reopen_after=0)) as house:
        for _ in range(2):
            async with asyncio.timeout(LONG_ENOUGH):
                with pytest.raises(Broken) as raised:
                    await house.find("ill").run(write, "z")
        assert isinstance(raised.value, NewerSchema) == (spoil is newer)
        assert await house.find("other").run(read, None) == ["y"]
        assert house.residence.awake == 1
    assert state_of(path) == before


async def test_what_a_newer_version_had_not_yet_written_into_its_file_is_neither_lost_nor_changed(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        await t.run(write, "x")
    work = tmp_path / "work.db"
    shutil.copy(t.path, work)
    connection = sqlite3.connect(work, isolation_level=None)
    connection.execute("CREATE TABLE newer (x)")
    connection.execute("PRAGMA user_version = 999")
    shutil.copy(work, t.path)  # as a kill leaves it: what makes it newer is in the log beside it
    shutil.copy(f"{work}-wal", f"{t.path}-wal")
    connection.close()
    async with a_house(tmp_path) as house:
        with pytest.raises(NewerSchema):
            await house.find("acme").run(read, None)
    assert dump_of(t.path) == dump_of(work)


async def test_a_tenant_works_again_when_its_file_is_back(tmp_path: Path) -> None:
    async with a_house(tmp_path, limits=Limits(reopen_after=0)) as house:
        t = await house.create("acme")
        await t.run(write, "x")
        await t.sleep()
        aside = tmp_path / "aside"
        shutil.copy(t.path, aside)
        garbage(t.path)
        with pytest.raises(Broken):
            await t.run(read, None)
        aside.replace(t.path)
        assert await t.run(read, None) == ["x"]
