"""`tenantry serve` in a process of its own, as an init system starts it and as it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from tests.support.command import Ran, tenantry

WITHIN = 30
PORTS = tuple(word for name in ("http", "grpc", "management") for word in (f"--{name}", "127.0.0.1:0"))


class Serving:
    """A server that runs."""

    def __init__(self, process: "subprocess.Popen[str]", log: IO[str], data_dir: Path, said: list[str]) -> None:
        self.process = process
        self.data_dir = data_dir
        self.said = said
        """The lines on stdout up to the one that says it is ready."""
        addresses = dict(part.split("=", 1) for part in said[-1].split()[1:])
        self.http, self.grpc, self.management = (addresses[name] for name in ("http", "grpc", "management"))
        self._log = log

    @property
    def port(self) -> str:
        return self.http.rpartition(":")[2]

    def get(self, path: str, host: str) -> httpx.Response:
        return httpx.get(f"http://{self.http}{path}", headers={"Host": host}, trust_env=False, timeout=WITHIN)

    def health(self, path: str = "/readyz") -> int:
        return httpx.get(f"http://{self.management}{path}", trust_env=False, timeout=WITHIN).status_code

    def turns_unready(self) -> bool:
        while self.process.poll() is None:
            if self.health() == 503:
                return True
        return False

    def operator(self, *words: str, **variables: str) -> Ran:
        """A command of the operator, with this server's address and token."""
        token_file = str(self.data_dir / "admin.token")
        more = {"TENANTRY_ADDRESS": self.grpc, "TENANTRY_TOKEN_FILE": token_file, **variables}
        return tenantry(*words, cwd=self.data_dir, **more)

    def logged(self) -> str:
        """What is on stderr so far."""
        self._log.seek(0)
        return self._log.read()

    def stop(self, number: signal.Signals = signal.SIGTERM, within: float = WITHIN) -> int:
        """Send the signal, and wait for the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within)


@contextmanager
def serving(data_dir: Path, *words: str, mode: str = "serve", **variables: str) -> Generator[Serving]:
    """A server on free ports, ready. Killed at the end of the block if it still runs."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TENANTRY_")}
    with data_dir.with_suffix(".log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", mode, *PORTS, "--data-dir", str(data_dir), *words],
            stdout=subprocess.PIPE,
            stderr=log,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            env=kept | variables,
            cwd=data_dir.parent,
        )
        assert process.stdout is not None
        try:
            said: list[str] = []
            for line in process.stdout:
                said.append(line.rstrip("\n"))
                if line.startswith("ready "):
                    break
            else:
                log.seek(0)
                raise AssertionError(f"it never said that it was ready: {log.read()}")
            yield Serving(process, log, data_dir, said)
        finally:
            process.kill()
            process.wait(WITHIN)
            process.stdout.close()
