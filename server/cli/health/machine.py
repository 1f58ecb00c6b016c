"""The machine: room on the disk, the clock, and the SQLite that Python has."""

import shutil
import sqlite3
import time
from pathlib import Path

from server.cli.health.finding import Finding, fail, ok, warn

NEEDED_BYTES, WISHED_BYTES = 100 * 2**20, 2**30
NEEDED_SQLITE = (3, 37, 0)
"""The first that knows STRICT tables."""
BUILT_AT = 1_764_000_000
"""A time that is past: an earlier one is that of a clock that nobody set."""
LEEWAY = 60
"""Seconds that a file may seem to be from the future, by a clock that is being set."""


def disk(data_dir: Path) -> Finding:
    free = shutil.disk_usage(data_dir).free
    said = f"{free / 2**30:.1f} GiB free at {data_dir}"
    if free < NEEDED_BYTES:
        return fail("disk", said, "make room: without it nothing more can be written")
    return warn("disk", said, "make room before it fills up") if free < WISHED_BYTES else ok("disk", said)


def clock(data_dir: Path) -> Finding:
    """What was written in the future shows that the clock went back: tokens would live longer than they should."""
    now = time.time()
    said = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(now))
    newest = max((path.stat().st_mtime for path in data_dir.glob("*.db*")), default=0.0)
    if now < BUILT_AT or newest > now + LEEWAY:
        return fail("clock", f"it is {said}, and files were written later", "set the clock (NTP) before you start")
    return ok("clock", said)


def sqlite() -> Finding:
    if sqlite3.sqlite_version_info < NEEDED_SQLITE:
        needed = ".".join(map(str, NEEDED_SQLITE))
        return fail("sqlite", f"SQLite is {sqlite3.sqlite_version}", f"use a Python with SQLite {needed} or later")
    return ok("sqlite", f"SQLite is {sqlite3.sqlite_version}")
