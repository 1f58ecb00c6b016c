"""Node and the programs that run on it, as pinned in tests/e2e/node: installed once, outside what git keeps.

No install script runs: Node itself comes as a package that holds the binary, checked against the lock file.
"""

import hashlib
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.process import ROOT

PINNED = ROOT / "tests" / "e2e" / "node"
PLACE = ROOT / "var" / "node"
INSTALL_SECONDS = 300


class NotToBeHad(Exception):
    """These programs cannot be had on this machine; why, in one line."""


@dataclass(frozen=True, slots=True)
class NodePrograms:
    folder: Path

    def command(self, name: str) -> list[str]:
        """How to run the program `name`."""
        return [self._node(), str((self.folder / "node_modules" / ".bin" / name).resolve(strict=True))]

    def script(self, name: str) -> list[str]:
        """How to run the script `name` of ours, in `folder`: it looks for its packages there."""
        return [self._node(), str(PINNED / name)]

    def _node(self) -> str:
        (node,) = self.folder.glob("node_modules/node-linux-*/bin/node")
        return str(node)


def installed() -> NodePrograms:
    """The programs. Installs them if that was not done yet for this lock file; raises NotToBeHad."""
    pinned = [PINNED / "package.json", PINNED / "package-lock.json"]
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in pinned)).hexdigest()
    folder = PLACE / f"{digest[:16]}-{platform.machine()}"
    if not folder.is_dir():
        _install(pinned, folder)
    return NodePrograms(folder)


def _install(pinned: list[Path], folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotToBeHad("there is no npm (Debian: apt-get install npm)")
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    try:
        for file in pinned:
            shutil.copy(file, unfinished)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                command, cwd=unfinished, capture_output=True, encoding="utf-8", timeout=INSTALL_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise NotToBeHad(f"npm ci did not end within {INSTALL_SECONDS} s") from None
        if done.returncode != 0:
            reasons = [line for line in done.stderr.splitlines() if line.startswith(("npm error", "npm ERR!"))]
            raise NotToBeHad(f"npm ci failed: {(reasons or ['it did not say why'])[0]}")
        if not any(unfinished.glob("node_modules/node-linux-*/bin/node")):
            raise NotToBeHad(f"no Node is pinned for {platform.system()} {platform.machine()}")
        if not folder.exists():
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
