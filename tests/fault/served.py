"""A server in a process of its own, to be killed, and a client that speaks plain HTTP to it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ANSWERED_WITHIN = 15
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def members(self) -> dict[str, Any]:
        return json.loads(self.body)


class Unanswered(Exception):
    """The connection ended before the whole answer was here: what was asked for may or may not be done."""


class Caller:
    """One connection, opened anew when it is needed."""

    def __init__(self, port: int, host: str) -> None:
        self._port = port
        self._host = host
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] = {}) -> Answer:
        """Raises Unanswered."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWERED_WITHIN)
            self._connection.request(method, path, body, {"Host": self._host, **headers})
            response = self._connection.getresponse()
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, found, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered from error

    def get(self, path: str, **query: str) -> Answer:
        return self.ask("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, **form: str) -> Answer:
        return self.ask("POST", path, urlencode(form), FORM)

    def post_json(self, path: str, value: object) -> Answer:
        return self.ask("POST", path, json.dumps(value), {"Content-Type": "application/json"})

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Server:
    def __init__(self, process: "subprocess.Popen[str]", port: int, grpc: int, host: str) -> None:
        self.process = process
        self.port = port
        self.grpc = grpc
        self.host = host
        """The Host header of the issuer: that of the first start, whichever port is free at a later one."""

    def caller(self) -> Caller:
        return Caller(self.port, self.host)

    def get(self, path: str) -> Answer:
        caller = self.caller()
        try:
            return caller.get(path)
        finally:
            caller.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(ANSWERED_WITHIN)

    def kill_in(self, seconds: float) -> None:
        """Whatever it is doing then; this does not wait for it."""
        threading.Timer(seconds, self.process.kill).start()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(ANSWERED_WITHIN)


@contextmanager
def started(data: Path, *, host: str | None = None, **environment: str) -> Generator[Server]:
    """`tenantry dev` on `data`, where everyone is signed in and allows everything. Killed at the end of the block."""
    process = subprocess.Popen(
        _command(data), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=_env() | environment
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.match(r"ready http=[^ ]+:([0-9]+) grpc=[^ ]+:([0-9]+) ", line):
                break
        else:
            raise AssertionError("it never said that it was ready")
        port = int(found[1])
        yield Server(process, port, int(found[2]), host or f"localhost:{port}")
    finally:
        process.kill()
        process.wait(ANSWERED_WITHIN)
        if process.stdout is not None:
            process.stdout.close()


def once(data: Path) -> "subprocess.CompletedProcess[str]":
    """The same, waited for until it ends."""
    return subprocess.run(_command(data), capture_output=True, text=True, timeout=ANSWERED_WITHIN, env=_env())


def _command(data: Path) -> list[str]:
    listening = ("http", "grpc", "management")
    return [
        *(sys.executable, "-m", "server", "dev", "--data-dir", str(data)),
        *(word for name in listening for word in (f"--{name}", "127.0.0.1:0")),
        *("--auto-sign-in", "dev@example.com", "--auto-consent"),
    ]


def _env() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TENANTRY_")}
