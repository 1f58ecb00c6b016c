"""`tenantry server …`."""

from server.cli.connection import remote
from server.cli.noun import Noun
from server.cli.output import show
from server.cli.server import Server

app = Noun()


@app.callback()
def root() -> None:
    """The server itself."""


@app.command()
@remote
def info(server: Server) -> None:
    """Show what the server is, what it can do, and how much."""
    from protos.admin.v1.server_service_pb2 import GetServerInfoRequest

    show(server.call(GetServerInfoRequest()), server.output)
