"""A message as people write it in a file, and back: durations as 15m, enum values as small words, secrets nowhere.

All else is as in the JSON form of the protos.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import typer

from server.cli import duration
from server.cli.declared.kinds import behaviours, settable

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

Secret = Callable[[Mapping[str, Any]], str]
"""Where a secret is said to lie, to what it is. Raises ValueError if it cannot be had."""
WHERE = "{env: NAME}"
"""What a file says of a secret, or else {file: PATH}."""
_DURATION = "google.protobuf.Duration"
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What cannot be in a file: where, and why."""

    path: str
    why: str


def spoken(message: Any) -> dict[str, Any]:
    """What a file would say of it: what can be set, and is not empty."""
    return {
        name: _spoken(field, value)
        for name, field in settable(message.DESCRIPTOR).items()
        if "INPUT_ONLY" not in behaviours(field) and (value := _value(message, field)) is not None
    }


def secrets(message: "Descriptor") -> list[str]:
    """The fields that no server tells."""
    return [name for name, field in settable(message).items() if "INPUT_ONLY" in behaviours(field)]


def left_out(message: Any) -> list[str]:
    """Its secrets that are set, which `spoken` leaves out."""
    return [name for name in secrets(message.DESCRIPTOR) if getattr(message, f"{name}_set", False)]


def heard(members: Mapping[str, Any], onto: Any, secret: Secret, path: str = "") -> Iterator[Wrong]:
    """Sets what a file says on the message. Yields what is wrong with it."""
    fields = settable(onto.DESCRIPTOR)
    for name, value in members.items():
        here = f"{path}{name}"
        field = fields.get(name)
        if field is None:
            known = name in onto.DESCRIPTOR.fields_by_name
            yield Wrong(here, "is set by the server" if known else f"is no field of {onto.DESCRIPTOR.name}")
        elif value is None:
            yield Wrong(here, "says nothing; leave it out to keep what there is, or give an empty text or list")
        else:
            yield from _hear(field, value, onto, secret, here)


def paths(members: Mapping[str, Any], message: "Descriptor") -> list[str]:
    """What a file says, as an update mask: fields, and of fields that are messages, the fields of those."""
    found: list[str] = []
    for name, value in members.items():
        field = message.fields_by_name[name]
        parts = cast("dict[str, Any]", value) if _has_parts(field) else {"": None}
        found += [f"{name}.{part}" if part else name for part in parts]
    return found


def at(message: Any, path: str) -> Any:
    """What a message says at a path, as people write it: None for nothing."""
    *outer, last = path.split(".")
    for name in outer:
        message = getattr(message, name)
    field = message.DESCRIPTOR.fields_by_name[last]
    value = _value(message, field)
    return None if value is None or "INPUT_ONLY" in behaviours(field) else _spoken(field, value)


def is_secret(message: "Descriptor", path: str) -> bool:
    return "INPUT_ONLY" in behaviours(message.fields_by_name[path.partition(".")[0]])


def _has_parts(field: "FieldDescriptor") -> bool:
    return _is_ours(field) and not field.is_repeated


def _is_ours(field: "FieldDescriptor") -> bool:
    kind = field.message_type
    return kind is not None and not kind.full_name.startswith("google.") and not kind.GetOptions().map_entry


def _value(message: Any, field: "FieldDescriptor") -> Any:
    """None where it says nothing."""
    value = getattr(message, field.name)
    if field.has_presence:
        return value if message.HasField(field.name) else None
    return value or None


def _spoken(field: "FieldDescriptor", value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict(value)
    return [_one(field, each) for each in value] if field.is_repeated else _one(field, value)


def _one(field: "FieldDescriptor", value: Any) -> Any:
    if field.enum_type is not None:
        name = field.enum_type.values_by_number[value].name
        return name.removeprefix(_prefix(field.enum_type)).lower()
    if field.message_type is None:
        return value
    if field.message_type.full_name == _DURATION:
        return duration.typed(value.seconds)
    return spoken(value)


def _hear(field: "FieldDescriptor", value: Any, onto: Any, secret: Secret, here: str) -> Iterator[Wrong]:
    if "INPUT_ONLY" in behaviours(field):
        yield from _hear_secret(field, value, onto, secret, here)
    elif _is_ours(field) and field.is_repeated:
        items = cast("list[Any]", value) if isinstance(value, list) else None
        if items is None:
            yield Wrong(here, "must be a list")
        for number, item in enumerate(items or []):
            yield from _hear_message(item, getattr(onto, field.name).add(), secret, f"{here}[{number}]")
    elif _is_ours(field):
        part = getattr(onto, field.name)
        part.SetInParent()
        yield from _hear_message(value, part, secret, here)
    else:
        yield from _hear_plain(field, value, onto, here)


def _hear_message(value: Any, onto: Any, secret: Secret, here: str) -> Iterator[Wrong]:
    if isinstance(value, dict):
        yield from heard(cast("dict[str, Any]", value), onto, secret, f"{here}.")
    else:
        yield Wrong(here, f"must have fields of {onto.DESCRIPTOR.name}")


def _hear_secret(field: "FieldDescriptor", value: Any, onto: Any, secret: Secret, here: str) -> Iterator[Wrong]:
    if not isinstance(value, dict):
        yield Wrong(here, f"is a secret, which no file may hold: say {WHERE} or {{file: PATH}}")
        return
    try:
        setattr(onto, field.name, secret(cast("dict[str, Any]", value)))
    except ValueError as error:
        yield Wrong(here, str(error))


def _hear_plain(field: "FieldDescriptor", value: Any, onto: Any, here: str) -> Iterator[Wrong]:
    from google.protobuf.json_format import ParseDict, ParseError

    try:
        ParseDict({field.name: _as_json(field, value)}, onto)
    except (ParseError, typer.BadParameter, TypeError, ValueError):
        yield Wrong(here, f"must be {_wanted(field)}, not {value!r}")


def _as_json(field: "FieldDescriptor", value: Any) -> Any:
    if isinstance(value, list) and field.is_repeated:
        return [_as_json_one(field, each) for each in cast("list[Any]", value)]
    return _as_json_one(field, value)


def _as_json_one(field: "FieldDescriptor", value: Any) -> Any:
    if field.enum_type is not None:
        word = str(value)
        return word if word in field.enum_type.values_by_name else _prefix(field.enum_type) + word.upper()
    if field.message_type is not None and field.message_type.full_name == _DURATION:
        return f"{duration.duration(str(value))}s"
    if field.cpp_type == field.CPPTYPE_STRING and isinstance(value, str) and not _is_text(value):
        raise ValueError("has half a character")
    return value


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _wanted(field: "FieldDescriptor") -> str:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return "texts by their names"
    one = "text"
    if field.enum_type is not None:
        names = [value.name.removeprefix(_prefix(field.enum_type)).lower() for value in field.enum_type.values]
        one = ", ".join(names[1:])
    elif field.message_type is not None:
        one = "a duration such as 15m"
    elif field.cpp_type == field.CPPTYPE_BOOL:
        one = "true or false"
    elif field.cpp_type != field.CPPTYPE_STRING:
        one = "a whole number"
    return f"a list, of {one}" if field.is_repeated else one


def _prefix(enum: "EnumDescriptor") -> str:
    """TokenFormat has values such as TOKEN_FORMAT_JWT."""
    return f"{_CAPITAL.sub('_', enum.name).upper()}_"
