"""`tenantry doctor` and `tenantry healthcheck`: whether all is well, with the server stopped or running."""

import socket
import sys
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.connection import DATA_DIRECTORIES, TOKEN, Reach, is_near, said, tls_by, usual_data_dir
from server.cli.failing import REFUSED, USED_WRONGLY, fail
from server.cli.health import certificates, house, machine
from server.cli.health.finding import Finding, State, ok, warn
from server.cli.health.finding import fail as failed
from server.cli.output import Format, Output, show_items
from server.cli.readable import printable, styled
from server.cli.serve import Config, Management
from server.cli.server import Server
from server.unreadable import why

if TYPE_CHECKING:
    from server.settings import Address, Settings

WITHIN = 0.7
"""Seconds that a health check waits for an answer."""
_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


@said
def doctor(
    reach: Reach,
    config: Config = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            envvar="TENANTRY_DATA_DIR",
            show_default="as in the settings, or where tenantry dev keeps it",
            help="Where everything is kept.",
        ),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Look whether all is well, and say what to do.

    Files and who may read them, keys, the disk, the clock, certificates; and of a server that runs, whether its issuers
    and their identity providers can be reached. It reads the settings as tenantry serve does, and asks the server that
    other commands would call. While no server runs, it looks into every file, and changes none. Ends with 1 if
    something fails.
    """
    settings = _settings(config, data_dir=data_dir)
    if data_dir is None and settings.data_dir.absolute() == DATA_DIRECTORIES[0].absolute():
        settings = replace(settings, data_dir=usual_data_dir() or settings.data_dir)
    worst = State.OK
    items: list[dict[str, str]] = []
    for finding in _findings(settings, reach):
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
        fail(REFUSED, f"nothing answers at {where}: {why(error)}")
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


def _findings(settings: "Settings", reach: Reach) -> Iterator[Finding]:
    yield machine.sqlite()
    for certificate in (settings.grpc_certificate, settings.grpc_client_ca):
        if certificate is not None:
            yield from certificates.expiry(certificate)
    runs = settings.data_dir.is_dir()
    if runs:
        runs = yield from _here(settings)
    else:
        advice = "tenantry serve makes it; or give --data-dir"
        yield warn("directory", f"there is no {settings.data_dir}", advice)
    if runs or reach.address:
        yield from _running(settings, reach)


def _here(settings: "Settings") -> Generator[Finding, None, bool]:
    """Whether a server runs with the directory, in the end."""
    data_dir = settings.data_dir
    yield machine.disk(data_dir)
    yield machine.clock(data_dir)
    yield from house.modes(data_dir)
    with house.held(data_dir) as mine:
        if mine:
            yield ok("lock", "no server runs with this directory")
            yield from house.files(data_dir, settings.master_key)
        else:
            yield ok("lock", "a server runs with this directory; it has the files open, so they are not looked at")
    return not mine


def _running(settings: "Settings", reach: Reach) -> Iterator[Finding]:
    from server.cli.health import running

    where = reach.address or _admin_address(settings)
    tls = tls_by(reach)
    if not reach.address and settings.grpc_client_ca is not None and reach.cert is None:
        yield warn("server", "it was not asked: it wants a certificate", "give --cert and --key, and --ca")
    elif not reach.address and settings.grpc_certificate is not None and tls is None:
        yield warn("server", "it was not asked anything", "give --ca, for TLS")
    elif tls is None and not is_near(where):
        yield warn("server", f"the admin token would go to {where} in the clear", "give --ca, for TLS")
    else:
        try:
            token = _token(settings, reach)
        except ValueError as unreadable:
            yield failed("server", str(unreadable), "run as the server's user")
            return
        yield from running.admin_api(Server(where, token, tls, Format.JSON, {}))


def _token(settings: "Settings", reach: Reach) -> str | None:
    """None where a certificate says who calls. Raises ValueError, with why it cannot be read."""
    if reach.token is not None:
        return reach.token
    if reach.token_file is None and reach.cert is not None:
        return None
    if reach.token_file is None and settings.admin_token:
        return settings.admin_token
    place = reach.token_file or settings.data_dir / TOKEN
    try:
        return place.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the admin token cannot be read from {place}: {why(error)}") from None


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
