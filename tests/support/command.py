"""The `tenantry` command, run as a process of its own, as an operator runs it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """What it printed, read as JSON."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    def failed(self, code: int) -> str:
        """The one line that it said, having printed nothing else."""
        assert self.code == code, self
        assert self.out == ""
        [line] = self.err.splitlines()
        assert line.startswith("tenantry: ")
        return line


def tenantry(*arguments: str, cwd: Path, stdin: str = "", **environment: str) -> Ran:
    """Run it to its end, with nothing of ours in the environment but `environment`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TENANTRY_")}
    done = subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=cwd,
        env=kept | {"XDG_CONFIG_HOME": str(cwd / ".config")} | environment,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
