"""What a client command prints: a table for people; json, yaml or names for scripts."""

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


Output = Annotated[Format, typer.Option("-o", "--output", help="How to print.")]


def show(messages: Sequence[Message], columns: Sequence[str], how: Format, *, many: bool) -> None:
    """Print resources. `many` prints a list even if there is one, so that scripts need not care."""
    items = [MessageToDict(message, preserving_proto_field_name=True) for message in messages]
    whole: Any = items if many else items[0]
    if how is Format.JSON:
        print(json.dumps(whole, indent=2, ensure_ascii=False))
    elif how is Format.YAML:
        import yaml

        yaml.safe_dump(whole, sys.stdout, sort_keys=False, allow_unicode=True)
    elif how is Format.NAME:
        for item in items:
            print(item["name"])
    elif many:
        _table(items, columns)
    else:
        _sheet(items[0])


def _table(items: list[dict[str, Any]], columns: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.upper().replace("_", " "), overflow="fold")
    for item in items:
        table.add_row(*(_text(item.get(column, "")) for column in columns))
    Console(highlight=False, markup=False).print(table)


def _sheet(item: dict[str, Any], indent: str = "") -> None:
    for name, value in item.items():
        if isinstance(value, dict):
            print(f"{indent}{name}:")
            _sheet(value, indent + "  ")  # pyright: ignore[reportUnknownArgumentType]
        else:
            print(f"{indent}{name + ':':<28} {_text(value)}")


def _text(value: Any) -> str:
    """Without control characters: some of this was written by strangers."""
    words = " ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return "".join(character for character in words if character.isprintable())
