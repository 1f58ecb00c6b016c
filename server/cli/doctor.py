"""`tenantry doctor` and `tenantry healthcheck`: whether all is well, with the server stopped or running."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.connection import check_address, file_bytes, is_near
from server.cli.failing import REFUSED, USED_WRONGLY, fail
from server.cli.health import certificates, house, machine
from server.cli.health.finding import Finding, State, ok, warn
from server.cli.health.finding import fail as failed
from server.cli.output import Format, Output, printable, show_items, styled
from server.cli.serve import Config, DataDir, Management
from server.cli.server import Server, Tls

if TYPE_CHECKING:
    from server.settings import Address, Settings

WITHIN = 0.7
"""Seconds that a health check waits for an answer."""
_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


def doctor(
    config: Config = None,
    data_dir: DataDir = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST:PORT",
            show_default="as in the settings",
            help="Where the admin API is.",
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option("--ca", metavar="FILE", show_default=False, help="Whose certificate the admin API has, for TLS."),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Look whether all is well, and say what to do.

    Files and who may read them, keys, the disk, the clock, certificates; and of a server that runs, whether its issuers
    and their identity providers can be reached. It reads the settings as tenantry serve does. While no server runs, it
    looks into every file, and changes none. Ends with 1 if something fails.
    """
    if address is not None:
        check_address(address)
    settings = _settings(config, data_dir=data_dir)
    worst = State.OK
    items: list[dict[str, str]] = []
    for finding in _findings(settings, address, ca):
        worst = max(worst, finding.state, key=list(State).index)
        if output is Format.TABLE:
            _print(finding)
        else:
            told = {"name": finding.check, "state": finding.state.value, "message": finding.message}
            items.append({**told, **({"advice": finding.advice} if finding.advice else {})})
    if output is not Format.TABLE:
        show_items(items, (), output)
    if worst is State.FAIL:
        raise typer.Exit(REFUSED)


def healthcheck(config: Config = None, management: Management = None) -> None:
    """Say whether the server here is ready.

    For containers: it ends with 0 or 1, and waits for less than a second.
    """
    where = _settings(config, management=management).management
    try:
        with socket.create_connection((_near(where), where.port), WITHIN) as line:
            line.settimeout(WITHIN)
            line.sendall(b"GET /readyz HTTP/1.1\r\nHost: management\r\nConnection: close\r\n\r\n")
            status = line.makefile("rb").readline(100)
    except OSError as error:
        fail(REFUSED, f"nothing answers at {where}: {error}")
    if b" 200 " not in status:
        fail(REFUSED, f"not ready: {status.decode('latin-1')}")
    print("ready")


def _settings(config: Path | None, **flags: object) -> "Settings":
    from server.settings import read
    from server.system import Unusable

    try:
        return read(flags, dev=False, config=config)
    except Unusable as unusable:
        fail(USED_WRONGLY, str(unusable))


def _findings(settings: "Settings", address: str | None, ca: Path | None) -> Iterator[Finding]:
    yield machine.sqlite()
    for certificate in (settings.grpc_certificate, settings.grpc_client_ca):
        if certificate is not None:
            yield from certificates.expiry(certificate)
    data_dir = settings.data_dir
    if not data_dir.is_dir():
        yield warn("directory", f"there is no {data_dir}", "tenantry serve makes it; or give --data-dir")
        return
    yield machine.disk(data_dir)
    yield machine.clock(data_dir)
    yield from house.modes(data_dir)
    with house.held(data_dir) as mine:
        if mine:
            yield ok("lock", "no server runs with this directory")
            yield from house.files(data_dir, settings.master_key)
            return
    yield ok("lock", "a server runs with this directory; it has the files open, so they are not looked at")
    yield from _running(settings, address, ca)


def _running(settings: "Settings", address: str | None, ca: Path | None) -> Iterator[Finding]:
    from server.cli.health import running

    where = address or _admin_address(settings)
    if settings.grpc_client_ca is not None:
        yield warn("server", "it wants a certificate, which the doctor has not", "see tenantry server info")
    elif settings.grpc_certificate is not None and ca is None:
        yield warn("server", "it was not asked anything", "give --ca, for TLS")
    elif ca is None and not is_near(where):
        yield warn("server", f"the admin token would go to {where} in the clear", "give --ca, for TLS")
    else:
        token = settings.admin_token
        try:
            token = (settings.data_dir / "admin.token").read_text("ascii").strip() if token is None else token
        except (OSError, UnicodeDecodeError) as error:
            yield failed("server", f"the admin token cannot be read: {error}", "run as the server's user")
            return
        tls = None if ca is None else Tls(file_bytes(ca), None, None)
        yield from running.admin_api(Server(where, token, tls, Format.JSON, {}))


def _admin_address(settings: "Settings") -> str:
    from server.settings import SocketFile

    at = settings.grpc
    if isinstance(at, SocketFile):
        return str(at)
    host = _near(at)
    return f"[{host}]:{at.port}" if ":" in host else f"{host}:{at.port}"


def _near(address: "Address") -> str:
    """Where to call what listens there, from this machine."""
    return "127.0.0.1" if address.host in ("", "0.0.0.0", "[::]") else address.host.strip("[]")  # noqa: S104


def _print(finding: Finding) -> None:
    advice = f"; {finding.advice}" if finding.advice else ""
    state = styled(f"{finding.state:<4}", _COLOURS[finding.state])
    print(f"{state}  {finding.check:<12}{printable(finding.message)}{printable(advice)}")
    sys.stdout.flush()
