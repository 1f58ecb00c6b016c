"""What a client command prints: a table for people; json, yaml or names for scripts."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, cast

import typer

from server.cli import duration, rate


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


Output = Annotated[Format, typer.Option("-o", "--output", help="How to print.")]


def show_all(messages: Iterable[Any], columns: Sequence[str], how: Format) -> None:
    """Print resources as a list, also if there is one or none, so that scripts need not care."""
    items = [_members(message) for message in messages]
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


def _members(message: Any) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message, preserving_proto_field_name=True)


def _readable(message: Any) -> dict[str, Any]:
    """The members, with durations and limits as they may be typed."""
    members = _members(message)
    for field, value in message.ListFields():
        kind = "" if field.message_type is None else field.message_type.full_name
        if kind == "google.protobuf.Duration":
            members[field.name] = duration.typed(value.seconds)
        elif kind == "tenantry.admin.v1.RateLimit":
            members[field.name] = rate.typed(value.per_minute, value.burst)
        elif isinstance(members.get(field.name), dict):
            members[field.name] = _readable(value)
    return members


def _print(what: dict[str, Any] | list[dict[str, Any]], how: Format) -> None:
    if how is Format.JSON:
        print(json.dumps(what, indent=2))
    elif how is Format.YAML:
        import yaml

        yaml.safe_dump(what, sys.stdout, sort_keys=False)
    else:
        for item in what if isinstance(what, list) else [what]:
            print(item["name"])


def _table(items: list[dict[str, Any]], columns: Sequence[str]) -> None:
    rows = [[name.replace("_", " ").upper() for name in columns]]
    rows += [[_text(name, item.get(name, "")) for name in columns] for item in items]
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
            print(f"{indent}{name + ':':<28} {_text(name, value)}")


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
    return "".join(character for character in words if character.isprintable())
