"""`tenantry session …`."""

from typing import Annotated

import typer

from server.cli.confirm import Yes, agree
from server.cli.connection import remote
from server.cli.issuer import named
from server.cli.noun import Noun
from server.cli.output import show, show_all, show_deleted
from server.cli.server import Server
from server.cli.words import Issuer, filter_option

app = Noun()
COLUMNS = ("id", "user", "provider", "authenticate_time", "expire_time")

Session = Annotated[str, typer.Argument(metavar="SESSION", help="The last part of its name.")]


@app.command("list")
@remote
def list_sessions(
    server: Server,
    issuer: Issuer,
    user: Annotated[str, typer.Option("--user", metavar="USER", show_default=False, help="Of this user alone.")] = "",
    filter: Annotated[str, filter_option("Which, such as: provider = google")] = "",
) -> None:
    """List who is signed in, and since when."""
    from protos.admin.v1.session_service_pb2 import ListSessionsRequest

    parent = f"{named(issuer)}/users/{user.rpartition('/')[2]}" if user else named(issuer)
    show_all(server.pages(ListSessionsRequest(parent=parent, filter=filter), "sessions"), COLUMNS, server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, session: Session) -> None:
    """Show a session."""
    from protos.admin.v1.session_service_pb2 import GetSessionRequest

    show(server.call(GetSessionRequest(name=_named(issuer, session))), server.output)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, session: Session, yes: Yes = False) -> None:
    """End a session, as if its user had signed out."""
    from protos.admin.v1.session_service_pb2 import DeleteSessionRequest

    name = _named(issuer, session)
    agree("End this session", yes=yes)
    show_deleted(server.call(DeleteSessionRequest(name=name)), server.output, name)


def _named(issuer: str, session: str) -> str:
    return f"{named(issuer)}/sessions/{session.rpartition('/')[2]}"
