"""What a client command prints: a table for people; json, yaml or names for scripts."""

import json
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, cast

import typer

from server.cli import duration, moment, rate


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


_COLOURS = {"red": 31, "green": 32, "yellow": 33}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")

Output = Annotated[Format, typer.Option("-o", "--output", help="How to print.")]


def show_all(messages: Iterable[Any], columns: Sequence[str], how: Format) -> None:
    """Print resources as a list, also if there is one or none, so that scripts need not care."""
    show_items([_members(message) for message in messages], columns, how)


def show_items(items: list[dict[str, Any]], columns: Sequence[str], how: Format) -> None:
    """The same of what is no message."""
    if how is Format.TABLE:
        _table(items, columns)
    else:
        _print(items, how)


def show(message: Any, how: Format, *, empty: Mapping[str, Mapping[str, str]] | None = None, **more: object) -> None:
    """Print one resource, with members that it does not have itself.

    `empty` is for people: what to read, in a member that is a message, where one of its own members is empty.
    """
    if how is Format.TABLE:
        item: dict[str, Any] = {**more, **_readable(message)}
        for name, words in (empty or {}).items():
            if name in item:
                item[name] |= {one: word for one, word in words.items() if one not in item[name]}
        _sheet(item)
    else:
        _print({**more, **_members(message)}, how)


def show_deleted(nothing: Any, how: Format, name: str) -> None:
    """Say that what was called `name` is gone."""
    if how is Format.TABLE:
        print(f"deleted {name}")
    else:
        show(nothing, how, name=name)


def show_line(message: Any, columns: Sequence[str], how: Format) -> None:
    """Print one resource of many as it comes, on a line of its own (but as a document, in YAML)."""
    item = _members(message)
    if how is Format.TABLE:
        print("  ".join(_text(name, item.get(name, "-")) for name in columns))
    elif how is Format.JSON:
        print(json.dumps(item, ensure_ascii=False))
    else:
        if how is Format.YAML:
            print("---")
        _print(item, how)


def _members(message: Any) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    return _whole(MessageToDict(message, preserving_proto_field_name=True))


def _whole(value: Any) -> Any:
    """Numbers of a google.protobuf.Struct are written with a point, also those that are whole."""
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_whole(each) for each in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _readable(message: Any) -> dict[str, Any]:
    """The members, with durations and limits as they may be typed."""
    readable = _members(message)
    for field, value in message.ListFields():
        kind = "" if field.message_type is None else field.message_type.full_name
        if kind == "google.protobuf.Duration":
            readable[field.name] = duration.typed(value.seconds)
        elif kind == "tenantry.admin.v1.RateLimit":
            readable[field.name] = rate.typed(value.per_minute, value.burst)
        elif isinstance(readable.get(field.name), dict) and kind != "google.protobuf.Struct":
            readable[field.name] = _readable(value)
    return readable


def _print(what: dict[str, Any] | list[dict[str, Any]], how: Format) -> None:
    if how is Format.JSON:
        print(json.dumps(what, indent=2))
    elif how is Format.YAML:
        import yaml

        yaml.safe_dump(what, sys.stdout, sort_keys=False)
    else:
        for item in what if isinstance(what, list) else [what]:
            print(item.get("name", next(iter(item.values()), "")))


def printable(text: str) -> str:
    """Without what a terminal obeys: some of this was written by strangers."""
    return "".join(character for character in text if character.isprintable())


def styled(line: str, colour: str) -> str:
    """In this colour, for who looks at a terminal and has nothing against it (no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return line
    return f"\033[{_COLOURS[colour]}m{line}\033[0m"


def _table(items: list[dict[str, Any]], columns: Sequence[str]) -> None:
    head = [name.replace("_", " ").upper() for name in columns]
    rows = [[_text(name, item.get(name, "")) for name in columns] for item in items]
    if sys.stdout.isatty():
        _fitted(head, rows)
    else:
        _aligned([head, *rows])


def _fitted(head: list[str], rows: list[list[str]]) -> None:
    """In the width of the terminal: what is longer goes on below, and what says nothing is left out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    shown = [number for number, _ in enumerate(head) if not rows or any(row[number] for row in rows)]
    for number in shown:
        table.add_column(head[number], overflow="fold", no_wrap=head[number].endswith(" TIME"))
    for row in rows:
        table.add_row(*(Text(row[number]) for number in shown))  # and no markup in what strangers wrote
    Console(highlight=False).print(table)


def _aligned(rows: list[list[str]]) -> None:
    """Each on its line, however long, for whoever cuts lines into words."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _sheet(item: dict[str, Any], indent: str = "") -> None:
    for name, value in item.items():
        inner = _inner(value)
        if inner:
            print(f"{indent}{name}:")
            for one in inner:
                _sheet(one, indent + "  ")
        else:
            away = f" ({moment.distance(value, time.time())})" if _is_time(name, value) else ""
            print(f"{indent}{name + ':':<28} {_text(name, value)}{away}")


def _is_time(name: str, value: Any) -> bool:
    return name.endswith("_time") and isinstance(value, str) and _TIME.fullmatch(value) is not None


def _inner(value: Any) -> list[dict[str, Any]]:
    """The members that it is made of, if it is a message or a list of such."""
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _text(name: str, value: Any) -> str:
    """Without control characters: some of this was written by strangers. STATE_ACTIVE of `state` is `active`."""
    words = " ".join(map(str, cast("list[Any]", value))) if isinstance(value, list) else str(value)
    if isinstance(value, bool):
        words = words.lower()
    prefix = f"{name.upper()}_"
    if words.startswith(prefix):
        words = words.removeprefix(prefix).lower()
    elif _is_time(name, value):
        words = moment.readable(words)
    return printable(words)
