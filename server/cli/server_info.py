"""`tenantry server …`."""

import typer

from server.cli.connection import remote
from server.cli.output import show
from server.cli.server import Server

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def root() -> None:
    """The server itself."""


@app.command()
@remote
def info(server: Server) -> None:
    """Show what the server is, what it can do, and how much."""
    from protos.admin.v1.server_service_pb2 import GetServerInfoRequest

    show(server.call(GetServerInfoRequest()), server.output)
