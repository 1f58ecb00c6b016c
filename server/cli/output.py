"""What a client command prints: a table for people; json, yaml or names for scripts."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, cast

import typer

from server.cli import duration, rate
from server.cli.readable import text
from server.cli.sheet import print_sheet
from server.cli.table import print_table


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


Output = Annotated[Format, typer.Option("-o", "--output", help="How to print.")]


def show_all(messages: Iterable[Any], columns: Sequence[str], how: Format) -> None:
    """Print resources as a list, also if there is one or none, so that scripts need not care."""
    show_items([members(message) for message in messages], columns, how)


def show_items(items: list[dict[str, Any]], columns: Sequence[str], how: Format) -> None:
    """The same of what is no message."""
    if how is Format.TABLE:
        print_table(items, columns)
    else:
        _print(items, how)


def show_item(item: dict[str, Any], how: Format) -> None:
    """Print one thing that is no message."""
    if how is Format.TABLE:
        print_sheet(item)
    else:
        _print(item, how)


def show(message: Any, how: Format, *, empty: Mapping[str, Mapping[str, str]] | None = None, **more: object) -> None:
    """Print one resource, with members that it does not have itself.

    `empty` is for people: what to read, in a member that is a message, where one of its own members is empty.
    """
    if how is Format.TABLE:
        item: dict[str, Any] = {**more, **_readable(message)}
        for name, words in (empty or {}).items():
            if name in item:
                item[name] |= {one: word for one, word in words.items() if one not in item[name]}
        print_sheet(item, shown_once(message))
    else:
        _print({**more, **members(message)}, how)


def show_deleted(nothing: Any, how: Format, name: str) -> None:
    """Say that what was called `name` is gone."""
    if how is Format.TABLE:
        print(f"deleted {name}")
    else:
        show(nothing, how, name=name)


def show_line(message: Any, columns: Sequence[str], how: Format) -> None:
    """Print one resource of many as it comes, on a line of its own (but as a document, in YAML)."""
    item = members(message)
    if how is Format.TABLE:
        print("  ".join(text(name, item.get(name, "-")) for name in columns))
    elif how is Format.JSON:
        print(json.dumps(item, ensure_ascii=False))
    else:
        if how is Format.YAML:
            print("---")
        _print(item, how)


def members(message: Any) -> dict[str, Any]:
    """As JSON has them."""
    from google.protobuf.json_format import MessageToDict

    return _whole(MessageToDict(message, preserving_proto_field_name=True))


def shown_once(message: Any) -> list[str]:
    """The names of the fields that a server tells this once."""
    from protos.admin.v1.annotations_pb2 import shown_once as once

    return [field.name for field in message.DESCRIPTOR.fields if field.GetOptions().Extensions[once]]


def _whole(value: Any) -> Any:
    """Numbers of a google.protobuf.Struct are written with a point, also those that are whole."""
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_whole(each) for each in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _readable(message: Any) -> dict[str, Any]:
    """The members, with durations and limits as they may be typed."""
    readable = members(message)
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
