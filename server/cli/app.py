"""The `tenantry` command: its nouns and verbs."""

from importlib.metadata import version
from typing import Annotated

import typer

from server.cli import client, issuer, serve

app = typer.Typer(
    help="Many MCP authorization servers in one process.", no_args_is_help=True, pretty_exceptions_enable=False
)
app.command()(serve.serve)
app.command()(serve.dev)
app.add_typer(issuer.app, name="issuer", help="Issuers: create, look at, change, switch off and delete them.")
app.add_typer(client.app, name="client", help="The clients of an issuer.")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tenantry {version('tenantry')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Many MCP authorization servers in one process."""
