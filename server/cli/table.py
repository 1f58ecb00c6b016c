"""Many things, for people: a line each, in the width of the terminal."""

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

from server.cli.readable import own_id, text

GAP = 2
NARROWEST = 8
"""Characters that a column keeps, if it has as many, while others stay whole."""
_WHOLE = ("id", "name", "kid", "client_id", "type", "state", "verb", "role")
_NAME = re.compile(r"(?:issuers|adminTokens)/\S+")
_NAMED = ("user", "client", "issuers")
"""Columns that say the names of other things."""


def print_table(items: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    rows = [[_cell(name, item) for name in columns] for item in items]
    if not sys.stdout.isatty():
        _aligned([[_head(name) for name in columns], *rows])
        return
    shown = [number for number, _ in enumerate(columns) if not rows or any(row[number] for row in rows)]
    _fitted([columns[number] for number in shown], [[row[number] for number in shown] for row in rows])


def _cell(column: str, item: Mapping[str, Any]) -> str:
    if column == "id" and "id" not in item:
        return text(column, own_id(item.get("name", "")))
    value: Any = item.get(column, "")
    if column in _NAMED:
        names = cast("list[str]", value) if isinstance(value, list) else [str(value)]
        return text(column, [own_id(name) if _NAME.fullmatch(name) else name for name in names])
    return text(column, value)


def _head(column: str) -> str:
    return column.replace("_", " ").upper()


def _fitted(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """What is too long goes on below, but not what is to be copied, or read at a glance."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = shutil.get_terminal_size().columns
    widths = _widths(columns, rows, width - GAP * (len(columns) - 1))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(_head(column), overflow="fold", width=widths.get(column))
    for row in rows:
        table.add_row(*map(Text, row))  # and no markup in what strangers wrote
    Console(highlight=False, width=width).print(table)


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> dict[str, int]:
    """Of each column, such that as many stay whole as leave the others room; none where not even that can be."""
    longest = {
        column: max(map(len, (_head(column), *(row[number] for row in rows)))) for number, column in enumerate(columns)
    }
    kept = {column for column in columns if column in _WHOLE}
    times = {column for column in columns if column.endswith("_time")}
    for whole in (kept | times, kept):
        widths = {
            column: longest[column] if column in whole else min(longest[column], _least(column)) for column in columns
        }
        if sum(widths.values()) <= room:
            return _grown(widths, longest, room)
    return {}


def _grown(widths: dict[str, int], longest: Mapping[str, int], room: int) -> dict[str, int]:
    """The room that is left goes first to who lacks the least, so that most are whole."""
    for _ in range(room - sum(widths.values())):
        short = [column for column in widths if widths[column] < longest[column]]
        if short:
            widths[min(short, key=lambda column: longest[column] - widths[column])] += 1
    return widths


def _least(column: str) -> int:
    """No word of the head is folded, and a time between day and hour."""
    return max(10 if column.endswith("_time") else NARROWEST, *map(len, _head(column).split()))


def _aligned(rows: Sequence[Sequence[str]]) -> None:
    """Each on its line, however long, for whoever cuts lines into words."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(each.ljust(width) for each, width in zip(row, widths, strict=True)).rstrip())
