"""The `tenantry` command: its nouns and verbs."""

import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from server.cli import declare, doctor, serve
from server.cli.failing import USED_WRONGLY
from server.cli.noun import Verb

NOUNS = {
    "issuer": "Issuers: create, change, switch off and delete them.",
    "domain": "Further hosts of an issuer.",
    "client": "The clients of an issuer.",
    "registration-token": "Who may register clients, where not everybody may.",
    "user": "The users of an issuer.",
    "session": "Who is signed in, and where.",
    "grant": "What users allowed clients.",
    "operation": "What takes long.",
    "provider": "Identity providers: where an issuer's users sign in.",
    "resource": "Resources: the MCP servers that an issuer protects.",
    "workload-issuer": "Platforms whose workloads act as clients.",
    "key": "The keys that an issuer signs with.",
    "webhook": "The webhook: who is told that users sign in.",
    "event": "What happened, and who did it: the audit trail.",
    "token": "Who may call the admin API: tokens.",
    "context": "The servers that you know by a name.",
    "server": "The server itself.",
}
"""What there is to speak of, each in a module of its own."""
_MODULES = {"server": "server_info"}
INTERRUPTED = 130
_UsageError: Any = typer.BadParameter.__bases__[0]  # click's, or Typer's own copy of it


class _Commands(TyperGroup):
    """Loads a noun only when it is spoken of, and says in one line what was used wrongly."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *NOUNS]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except _UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx))
            if near:
                error.message = f"No such command {args[0]!r}. Did you mean {near[0]!r}?"
            raise

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in NOUNS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"server.cli.{_MODULES.get(cmd_name, cmd_name.replace('-', '_'))}")
        holder = typer.Typer(rich_markup_mode=None)
        holder.add_typer(module.app, name=cmd_name, help=NOUNS[cmd_name])
        built: Any = typer.main.get_group(holder)
        return built.commands[cmd_name]

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
app.command(cls=Verb)(serve.serve)
app.command(cls=Verb)(serve.dev)
app.command(cls=Verb)(doctor.doctor)
app.command(cls=Verb)(doctor.healthcheck)
app.command(cls=Verb)(declare.apply)
app.command(cls=Verb)(declare.diff)
app.command(cls=Verb)(declare.export)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # takes as long to load as all else

        typer.echo(f"tenantry {version('tenantry')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Many MCP authorization servers in one process."""
