"""What one value of a request must be, as its field in the proto says. What is empty is not looked at."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from google.api import field_behavior_pb2, field_info_pb2  # pyright: ignore[reportMissingTypeStubs]
from google.protobuf.descriptor import FieldDescriptor

LONGEST_TEXT = 8_192
"""Characters of a text, or bytes of bytes, where no rule says otherwise."""
LATEST = 253_402_300_799
"""The last second of the year 9999: the end of google.protobuf.Timestamp."""
LONGEST = 315_576_000_000
"""Seconds in 10,000 years: the end of google.protobuf.Duration."""
UNITS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NO_UUID = "00000000-0000-0000-0000-000000000000"

Wrong: TypeAlias = Callable[[Any], str]
"""What is wrong with a value; empty if nothing is."""


def wrong_of(described: FieldDescriptor, rules: Any) -> Wrong | None:
    """None for messages, which have fields themselves. Raises re.error where the pattern is none."""
    least = rules.least if rules.HasField("least") else None
    most = rules.most if rules.HasField("most") else None
    if described.type == FieldDescriptor.TYPE_STRING:
        if option(described, field_info_pb2.field_info).format == field_info_pb2.FieldInfo.UUID4:
            return _uuid
        return _text(rules.max_length or LONGEST_TEXT, rules.pattern, rules.must_be)
    if described.type == FieldDescriptor.TYPE_BYTES:
        return _text(rules.max_length or LONGEST_TEXT, unit="bytes")
    if described.enum_type is not None:
        numbers = frozenset(described.enum_type.values_by_number)
        return lambda value: "" if value in numbers else "must be one of the values that are defined"
    if described.message_type is None:
        if described.name == "page_size" and least is None:
            least = 0
        return _number(least, most)
    if described.message_type.full_name == "google.protobuf.Duration":
        return _duration(_number(max(least or 0, 0), min(LONGEST if most is None else most, LONGEST), _spoken))
    if described.message_type.full_name == "google.protobuf.Timestamp":
        return _time
    return None


def _text(longest: int, pattern: str = "", must_be: str = "", unit: str = "characters") -> Wrong:
    form = re.compile(pattern, re.DOTALL) if pattern else None

    def wrong(value: Any) -> str:
        if len(value) > longest:
            return f"must be at most {longest} {unit}"
        if form is not None and not form.fullmatch(value):
            return f"must be {must_be}"
        return "must not hold the character NUL" if unit == "characters" and "\0" in value else ""

    return wrong


KEY = _text(LONGEST_TEXT)
"""Of the keys of a map."""


def _number(least: int | None, most: int | None, spoken: Callable[[int], str] = str) -> Wrong:
    bounds = " and ".join(
        f"{words} {spoken(bound)}" for words, bound in (("at least", least), ("at most", most)) if bound is not None
    )

    def wrong(value: Any) -> str:
        right = (least is None or value >= least) and (most is None or value <= most)
        return "" if right else f"must be {bounds}"

    return wrong


def _spoken(seconds: int) -> str:
    unit = next(each for each in UNITS if seconds % UNITS[each] == 0)
    number = seconds // UNITS[unit]
    return f"{number:,} {unit}{'' if number == 1 else 's'}" if seconds else "0 seconds"


def _duration(wrong: Wrong) -> Wrong:
    return lambda value: "must be whole seconds" if value.nanos else wrong(value.seconds)


def _time(value: Any) -> str:
    right = 0 <= value.seconds <= LATEST and 0 <= value.nanos < 1_000_000_000
    return "" if right else "must be a time from 1970 to 9999"


def _uuid(value: Any) -> str:
    return "" if _UUID.fullmatch(value) and value != _NO_UUID else "must be a UUID, and not that of all zeros"


def option(described: FieldDescriptor, extension: Any) -> Any:
    options: Any = described.GetOptions()
    return options.Extensions[extension]


def behaves(described: FieldDescriptor, how: str) -> bool:
    kinds: Any = field_behavior_pb2.FieldBehavior
    return kinds.Value(how) in option(described, field_behavior_pb2.field_behavior)
