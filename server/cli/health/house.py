"""The data directory: who may read it, who has it, and whether what is in it can be opened.

Files that a server has open are not touched: to close a descriptor of one would take its locks away.
"""

import fcntl
import os
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from server.cli.health.finding import Finding, counted, fail, ok, some, warn

if TYPE_CHECKING:
    from storage_sqlite.glance import RegistryGlance

SECRETS = ("master.key", "admin.token")
_OTHERS = 0o077
_NEEDING_A_FILE = ("active", "disabled", "deleted")


@contextmanager
def held(data_dir: Path) -> Generator[bool]:
    """Whether this process has the directory, until the block ends: False while a server has it."""
    try:
        lock = os.open(data_dir / "LOCK", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield True  # no server was ever here
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine = True
    except OSError:
        mine = False
    try:
        yield mine
    finally:
        os.close(lock)


def modes(data_dir: Path) -> Iterable[Finding]:
    wrong: list[Finding] = []
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        wrong.append(fail("directory", f"{data_dir} cannot be written", "run as its owner, or give it to this user"))
    if data_dir.stat().st_mode & _OTHERS:
        wrong.append(warn("directory", f"others may look into {data_dir}", f"chmod 700 {data_dir}"))
    for path in (data_dir / name for name in SECRETS):
        if path.exists() and path.stat().st_mode & _OTHERS:
            wrong.append(fail("directory", f"others may read {path}", f"chmod 600 {path}, and make another secret"))
        if path.is_symlink() or (path.exists() and not stat.S_ISREG(path.stat().st_mode)):
            wrong.append(warn("directory", f"{path} is no plain file", "make sure that it leads where you think"))
    return wrong or [ok("directory", f"{data_dir} is for its owner alone")]


def files(data_dir: Path, configured_key: str | None) -> Iterator[Finding]:
    """All that is kept, read while no server has it."""
    from storage_sqlite.glance import at_registry
    from tenants.problems import Problem

    path = data_dir / "registry.db"
    if not path.exists():
        yield warn("registry", f"there is no {path}", "nothing was ever served from here, or it is lost")
        return
    try:
        registry = at_registry(path)
    except Problem as problem:
        yield fail("registry", f"{path}: {problem}", "put a good copy of it in its place")
        return
    yield ok("registry", f"{counted(len(registry.listings), 'issuer')}{_behind(registry.behind)}")
    yield from _tenants(data_dir, registry, configured_key)


def _tenants(data_dir: Path, registry: "RegistryGlance", configured_key: str | None) -> Iterator[Finding]:
    from server.system import Unusable, master_key_of
    from storage_sqlite.glance import at_tenant
    from storage_sqlite.stores import TenantStores
    from tenants.problems import Broken, NewerSchema, Problem

    try:
        master_key = master_key_of(data_dir, configured_key)
    except Unusable as unusable:
        yield fail("master key", str(unusable), "without it no tenant can be opened")
        return
    stores, behind = TenantStores(data_dir / "tenants"), 0
    unreadable: list[str] = []
    sealed_by_another: list[str] = []
    there = [listed for listed in registry.listings if listed.state in _NEEDING_A_FILE]
    for listed in there:
        try:
            glance = at_tenant(stores.path(listed.uid))
            behind += glance.behind > 0
            master_key.unwrap(listed.uid, glance.sealed_data_key)
        except NewerSchema as newer:
            unreadable.append(f"{listed.id} ({newer})")
        except Broken as broken:
            to = sealed_by_another if "master key" in str(broken) else unreadable
            to.append(f"{listed.id} ({broken})")
        except Problem as problem:
            unreadable.append(f"{listed.id} ({problem})")
    readable = f"{counted(len(there), 'file')} can be read"
    late = f"; of {behind} the schema is brought up to date when they are opened" if behind else ""
    bad = fail("tenants", f"cannot be read: {some(unreadable)}", "restore these from a backup")
    yield bad if unreadable else ok("tenants", f"{readable}{late}")
    bad = fail("master key", f"does not open {some(sealed_by_another)}", "use the key that they were sealed with")
    yield bad if sealed_by_another else ok("master key", _opens(len(there) - len(unreadable)))
    known = {listed.uid for listed in registry.listings}
    strange = [path.name for path in (data_dir / "tenants").glob("??/*.db") if path.stem not in known]
    if strange:
        yield warn("tenants", f"no issuer is listed for {some(strange)}", "keep a copy of them, then take them away")


def _opens(data_keys: int) -> str:
    if not data_keys:
        return "there is no issuer yet whose data key it opens"
    return "opens the data key of the one issuer" if data_keys == 1 else f"opens the data keys of all {data_keys}"


def _behind(steps: int) -> str:
    return f"; it gets {counted(steps, 'schema step')} when it is opened" if steps else ""
