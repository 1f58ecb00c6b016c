"""The `tenantry` command: its nouns and verbs."""

import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from server.cli import client, issuer, provider, registration_token, resource, serve, webhook
from server.cli.connection import USED_WRONGLY

INTERRUPTED = 130
_UsageError: Any = typer.BadParameter.__bases__[0]  # click's, or Typer's own copy of it


class _Commands(TyperGroup):
    """Says in one line what was used wrongly."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except typer.Abort:
            code = INTERRUPTED
        except _UsageError as error:
            code = USED_WRONGLY
            words = error.format_message()
            if isinstance(error, typer.BadParameter):  # which lists the choices one on a line
                words = " ".join(words.split())
            if "\n" not in words:  # else it is the whole help, of a command that was given nothing
                path = error.ctx.command_path if error.ctx else "tenantry"
                words = words.replace(": Value error, ", ": ").rstrip(".")
                words = f"tenantry: {words}{'' if words.endswith('?') else ';'} see {path} --help"
            print(words, file=sys.stderr)
        sys.exit(code or 0)


app = typer.Typer(
    cls=_Commands,
    help="Many MCP authorization servers in one process.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve.serve)
app.command()(serve.dev)
app.add_typer(issuer.app, name="issuer", help="Issuers: create, change, switch off and delete them.")
app.add_typer(client.app, name="client", help="The clients of an issuer.")
app.add_typer(
    registration_token.app, name="registration-token", help="Who may register clients, where not everybody may."
)
app.add_typer(provider.app, name="provider", help="Identity providers: where an issuer's users sign in.")
app.add_typer(resource.app, name="resource", help="Resources: the MCP servers that an issuer protects.")
app.add_typer(webhook.app, name="webhook", help="The webhook: who is told that users sign in.")


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
