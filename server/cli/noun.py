"""A noun of the command: its verbs, and their help with the options that all have under a heading of their own."""

from typing import Any

import typer
from typer.core import TyperCommand

CONNECTION = "Connection"


class Verb(TyperCommand):
    """A command whose help has the options of a panel below the others."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for each in self.get_params(ctx):
            told = each.get_help_record(ctx)
            usual = "Arguments" if each.param_type_name == "argument" else "Options"
            if told is not None:
                sections.setdefault(getattr(each, "rich_help_panel", None) or usual, []).append(told)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


class Noun(typer.Typer):
    def __init__(self) -> None:
        super().__init__(no_args_is_help=True, rich_markup_mode=None)

    def command(self, name: str | None = None, *, cls: type[TyperCommand] | None = Verb, **how: Any) -> Any:
        return super().command(name, cls=cls, **how)
