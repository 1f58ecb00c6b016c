"""`tenantry event …`."""

import re
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli import completion
from server.cli.connection import remote
from server.cli.failing import REFUSED, USED_WRONGLY, fail
from server.cli.issuer import named
from server.cli.noun import Noun
from server.cli.output import Format, show, show_all, show_line
from server.cli.readable import own_id
from server.cli.server import Server
from server.cli.words import OrName, filter_option
from server.unreadable import why

app = Noun()
COLUMNS = ("event_time", "type", "actor", "subject", "address", "id")
LONGEST_PAUSE = 30.0
"""Seconds between two attempts to go on with a stream that broke."""
_KNOWN = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")

Trail = Annotated[
    str,
    typer.Argument(
        metavar="ISSUER",
        show_default=False,
        help="Whose events; none: those of the server itself.",
        autocompletion=completion.issuers,
    ),
]
Filter = Annotated[
    str, filter_option('Which events, such as: type = "client.*" AND event_time >= "2026-01-01T00:00:00Z"')
]


@app.command("list")
@remote
def list_events(
    server: Server,
    issuer: Trail = "",
    filter: Filter = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="NUMBER", min=1, max=1_000_000, help="At most so many.")
    ] = 50,
) -> None:
    """List the newest events, the last one at the end."""
    from protos.admin.v1.event_service_pb2 import ListEventsRequest

    request = ListEventsRequest(parent=_trail(issuer), filter=filter, order_by="sequence desc", page_size=limit)
    found: list[Any] = []
    while len(found) < limit:
        page = server.call(request)
        found += page.events
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    show_all(reversed(found[:limit]), COLUMNS, server.output)


@app.command()
@remote
def get(
    server: Server,
    issuer: OrName,
    event: Annotated[str, typer.Argument(metavar="EVENT", show_default=False, help="The event's id, such as 7.")] = "",
) -> None:
    """Show an event.

    One of the server itself is events/7.
    """
    from protos.admin.v1.event_service_pb2 import GetEventRequest

    show(server.call(GetEventRequest(name=_named(issuer, event))), server.output)


@app.command()
@remote
def tail(
    server: Server,
    issuer: Trail = "",
    everywhere: Annotated[bool, typer.Option("--all", help="Of all issuers.")] = False,
    filter: Filter = "",
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", show_default=False, help="Begin then, such as 2026-01-01T00:00:00Z."),
    ] = None,
    resume_file: Annotated[
        Path | None,
        typer.Option(
            "--resume-file",
            metavar="FILE",
            show_default=False,
            help="Keep there how far it came, and go on from there next time.",
        ),
    ] = None,
) -> None:
    """Print events as they happen, until you stop it.

    Where the connection breaks it goes on behind the last event that it printed.
    """
    from protos.admin.v1.event_service_pb2 import StreamEventsRequest

    if everywhere and issuer:
        fail(USED_WRONGLY, "--all is of all issuers: name none")
    request = StreamEventsRequest(parent="issuers/-" if everywhere else _trail(issuer), filter=filter)
    request.resume_token = "" if resume_file is None else _read(resume_file)
    if since is not None and not request.resume_token:
        request.start_time.CopyFrom(_time(since))
    heard, pause = False, 1.0
    while True:
        for message in server.stream(request, heard=heard):
            for event in message.events:
                show_line(event, (*COLUMNS[:-1], "name"), server.output)
            sys.stdout.flush()
            if resume_file is not None and message.resume_token != request.resume_token:
                _keep(resume_file, message.resume_token)
            request.resume_token, heard, pause = message.resume_token, True, 1.0
            request.ClearField("start_time")
        print(f"tenantry: the stream broke; trying again in {pause:.0f} s", file=sys.stderr)
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


@app.command()
@remote
def verify(
    server: Server,
    issuer: Trail = "",
    known: Annotated[
        str | None,
        typer.Option(
            "--known",
            metavar="NUMBER:HASH",
            show_default=False,
            help="What it printed the last time: so you see also if the newest are gone.",
        ),
    ] = None,
) -> None:
    """Check that no event was changed, added or taken away.

    It ends with 1 if one was. Keep what it prints as known somewhere else.
    """
    from protos.admin.v1.event_service_pb2 import VerifyEventsRequest, VerifyEventsResponse

    found = re.fullmatch(_KNOWN, known) if known is not None else None
    if known is not None and found is None:
        fail(USED_WRONGLY, "--known must be a number, a colon and 64 hexadecimal digits, as verify prints it")
    request = VerifyEventsRequest(parent=_trail(issuer))
    if found is not None:
        request.known_sequence, request.known_hash = int(found[1]), found[2]
    told = VerifyEventsResponse()
    while True:
        checked = server.call(request)
        if checked.broken:
            fail(REFUSED, f"{checked.broken}: {checked.problem}")
        told.checked_count += checked.checked_count
        told.unhashed_count += checked.unhashed_count
        if not told.first_sequence:
            told.first_sequence, told.first_hash = checked.first_sequence, checked.first_hash
        told.newest_sequence, told.newest_hash = checked.newest_sequence, checked.newest_hash
        request.page_token = checked.next_page_token
        if not request.page_token:
            break
    show(told, server.output, name=issuer or "server", known=f"{told.newest_sequence}:{told.newest_hash}")


@app.command()
@remote
def export(server: Server, issuer: Trail = "", filter: Filter = "") -> None:
    """Print all events, each as a line of JSON, the oldest first.

    docs/events.md says how to check them without us.
    """
    from protos.admin.v1.event_service_pb2 import ListEventsRequest

    for event in server.pages(ListEventsRequest(parent=_trail(issuer), filter=filter), "events"):
        show_line(event, COLUMNS, Format.JSON)


def _named(issuer: str, event: str) -> str:
    if not event and "/" not in issuer:
        fail(USED_WRONGLY, "say ISSUER EVENT, or the whole name of the event, such as events/7")
    return f"{named(issuer)}/events/{own_id(event)}" if event else issuer


def _trail(issuer: str) -> str:
    return named(issuer) if issuer else ""


def _time(text: str) -> Any:
    from google.protobuf.timestamp_pb2 import Timestamp

    found = Timestamp()
    try:
        found.FromJsonString(text)
    except ValueError:
        fail(USED_WRONGLY, f"{text!r} is no time such as 2026-01-01T00:00:00Z")
    return found


def _read(resume_file: Path) -> str:
    try:
        return resume_file.read_text("ascii").strip() if resume_file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        fail(USED_WRONGLY, f"--resume-file {resume_file} cannot be read: {why(error)}")


def _keep(resume_file: Path, token: str) -> None:
    """Whole, whatever happens meanwhile."""
    try:
        unfinished = resume_file.with_name(f"{resume_file.name}.new")
        unfinished.write_text(f"{token}\n", "ascii")
        unfinished.rename(resume_file)
    except OSError as error:
        fail(USED_WRONGLY, f"--resume-file {resume_file} cannot be written: {why(error)}")
