"""Programs in processes of their own: `tenantry dev` as people start it, and what else the end-to-end tests need.

Whatever is started here is stopped by its process id when the block ends.
"""

# gRPC ships without complete types
# pyright: reportUnknownMemberType=false, reportUnknownParameterType=false, reportInvalidTypeForm=false

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from protos.admin.v1.client_service_pb2 import Client, CreateClientRequest
from protos.admin.v1.client_service_pb2_grpc import ClientServiceStub
from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, Issuer, ListIssuersRequest
from protos.admin.v1.issuer_service_pb2_grpc import IssuerServiceStub
from protos.admin.v1.resource_service_pb2 import CreateResourceRequest, Resource
from protos.admin.v1.resource_service_pb2_grpc import ResourceServiceStub

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 30


class Program:
    """A program that runs, and all that it has said so far."""

    def __init__(self, command: Sequence[str], env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
        self.command = command
        self.said: list[str] = []
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, wanted: Callable[[str], bool], seconds: float = START_SECONDS) -> str:
        """The next line that is wanted."""
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                raise AssertionError(f"nothing said for {seconds} s:\n{self}") from None
            if line is None:
                raise AssertionError(f"ended too early:\n{self}")
            if wanted(line):
                return line

    def ended(self, seconds: float) -> int:
        """Wait for its end. Returns the exit code."""
        code = self._process.wait(seconds)
        self._reader.join(seconds)
        return code

    def stop(self) -> int:
        """Ask it to end, and make it end if it does not. Returns the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self.ended(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self.ended(STOP_SECONDS)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._process.kill()
        self.ended(STOP_SECONDS)

    def __str__(self) -> str:
        return f"{' '.join(self.command)}\n{''.join(self.said)}"

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.said.append(line)
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


@contextmanager
def running(command: Sequence[str], env: dict[str, str] | None = None, cwd: Path = ROOT) -> Generator[Program]:
    program = Program(command, env, cwd)
    try:
        yield program
    finally:
        program.stop()


def free_port() -> int:
    """A port that nobody listens at, for a program that cannot pick one itself."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@dataclass(frozen=True, slots=True)
class RunningTenantry:
    """`tenantry dev`, running. Its operator speaks to it over gRPC, as operators do."""

    program: Program
    http: str
    grpc: str
    management: str
    admin_token: str

    @property
    def port(self) -> int:
        return int(self.http.rpartition(":")[2])

    @property
    def demo(self) -> str:
        """The issuer that it starts with."""
        return f"http://localhost:{self.port}"

    def admin(self, stub: Callable[[Any], Any], method: str, request: Any) -> Any:
        """The answer of one call of the admin API."""
        with grpc.insecure_channel(self.grpc) as channel:
            call = getattr(stub(channel), method)
            return call(request, timeout=30, metadata=(("authorization", f"Bearer {self.admin_token}"),))

    def issuer_ids(self) -> dict[str, str]:
        """The issuers' ids by their URIs."""
        answer = self.admin(IssuerServiceStub, "ListIssuers", ListIssuersRequest())
        return {issuer.issuer_uri: issuer.name.removeprefix("issuers/") for issuer in answer.issuers}

    def create_issuer(self, issuer_id: str, uri: str) -> Any:
        request = CreateIssuerRequest(issuer_id=issuer_id, issuer=Issuer(issuer_uri=uri, display_name=issuer_id))
        return self.admin(IssuerServiceStub, "CreateIssuer", request)

    def create_client(self, issuer: str, client_id: str, **members: Any) -> Any:
        """A client made by the operator of the issuer with the URI `issuer`."""
        request = CreateClientRequest(
            parent=f"issuers/{self.issuer_ids()[issuer]}",
            client_id=client_id,
            client=Client(**members),
        )
        return self.admin(ClientServiceStub, "CreateClient", request)

    def create_resource(self, issuer: str, resource_id: str, uri: str, **members: Any) -> Any:
        """A resource that the operator of the issuer with the URI `issuer` registers."""
        request = CreateResourceRequest(
            parent=f"issuers/{self.issuer_ids()[issuer]}",
            resource_id=resource_id,
            resource=Resource(uri=uri, **members),
        )
        return self.admin(ResourceServiceStub, "CreateResource", request)


@contextmanager
def tenantry_dev(data_dir: Path, *flags: str) -> Generator[RunningTenantry]:
    """`tenantry dev` on free ports, ready to serve."""
    addresses = [part for name in ("http", "grpc", "management") for part in (f"--{name}", "127.0.0.1:0")]
    command = [sys.executable, "-m", "server", "dev", "--data-dir", str(data_dir), *addresses, *flags]
    with running(command) as program:
        ready = program.wait_for(lambda line: line.startswith("ready "))
        said = dict(part.split("=", 1) for part in ready.split()[1:])
        token = (data_dir / "admin.token").read_text("ascii").strip()
        yield RunningTenantry(program, said["http"], said["grpc"], said["management"], token)


@contextmanager
def example_mcp_server(issuer: str, *scopes: str, port: int | None = None) -> Generator[str]:
    """The MCP server of the examples behind `issuer`, which needs these scopes, or its own. Yields its URL."""
    port = free_port() if port is None else port
    command = [sys.executable, "examples/protected_mcp_server.py", "--issuer", issuer, "--port", str(port)]
    command += [word for scope in scopes for word in ("--scope", scope)]
    with running(command) as program:
        program.wait_for(lambda line: "Uvicorn running" in line)
        yield f"http://localhost:{port}/mcp"
