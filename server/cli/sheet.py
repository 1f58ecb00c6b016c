"""One thing, for people: a line for each of its members."""

import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from server.cli import moment
from server.cli.readable import is_time, text

NAMES = 28
"""Characters that names of members have, with the colon, where none is longer."""
LINE = 80


def print_sheet(item: Mapping[str, Any], once: Collection[str] = ()) -> None:
    """`once` are the members that nobody shows again."""
    for line in _lines(item, once):
        print(line)


def _lines(item: Mapping[str, Any], once: Collection[str] = ()) -> Iterator[str]:
    width = max((len(name) + 1 for name in item), default=0)
    for name, value in item.items():
        if isinstance(value, dict):
            yield f"{name}:"
            yield from (f"  {line}" for line in _lines(cast("dict[str, Any]", value)))
        elif isinstance(value, list) and not _short(cast("list[Any]", value)):
            yield f"{name}:"
            for one in cast("list[Any]", value):
                yield from _marked(_lines(cast("dict[str, Any]", one)) if isinstance(one, dict) else [text("", one)])
        else:
            yield f"{name + ':':<{max(NAMES, width)}} {text(name, value)}{_aside(name, value, once)}"


def _aside(name: str, value: Any, once: Collection[str]) -> str:
    if name in once:
        return " (shown this once)"
    return f" ({moment.distance(value, time.time())})" if is_time(name, value) else ""


def _short(values: list[Any]) -> bool:
    """Whether they can be told apart on one line."""
    if any(isinstance(value, dict) for value in values):
        return False
    words = [str(value) for value in values]
    return len(words) < 2 or (not any(" " in word for word in words) and len(" ".join(words)) < LINE - NAMES)


def _marked(lines: Iterator[str] | list[str]) -> Iterator[str]:
    """One of a list."""
    for number, line in enumerate(lines):
        yield f"  {'  ' if number else '- '}{line}"
