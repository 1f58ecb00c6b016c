"""Filters of lists: conditions joined by AND, a strict part of what AIP-160 describes.

    type = "client.*" AND event_time >= "2026-01-01T00:00:00Z"

A condition is a field, an operator and a value. Values stand in double quotes, in which a \\ stands before " and \\;
words and numbers need none. What is not understood is refused: a filter that is read wrongly shows the wrong things.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Generic, TypeVar

from tenants.problems import Invalid

MOST = 20
"""Conditions."""
_SPACE = re.compile(r"[ \t\r\n]*")
_FIELD = re.compile(r"[a-z][a-z0-9_.]*")
_OPERATOR = re.compile(r"!=|<=|>=|[=<>:]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_WORD = re.compile(r"[A-Za-z0-9_.*@+-]+")
_AND = re.compile(r"AND\b")
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """Something that a filter may speak of."""

    of: Callable[[T], Any]
    """Its value, of a thing; None where the thing has none."""
    operators: Collection[str]
    read: Callable[[str], Any]
    """The value that a text stands for. Raises ValueError, which says what it must be."""
    compare: Callable[[str, Any, Any], bool]
    """Operator, a thing's value that is not None, and the filter's."""


@dataclass(frozen=True, slots=True)
class Condition(Generic[T]):
    name: str
    field: Field[T]
    operator: str
    value: Any

    def holds(self, thing: T) -> bool:
        """What a thing does not have is equal to nothing, and differs from everything."""
        value = self.field.of(thing)
        return self.operator == "!=" if value is None else self.field.compare(self.operator, value, self.value)


@dataclass(frozen=True, slots=True)
class Filter(Generic[T]):
    conditions: tuple[Condition[T], ...]

    def __call__(self, thing: T) -> bool:
        return all(condition.holds(thing) for condition in self.conditions)

    def least(self, name: str) -> int | None:
        """The smallest number or time that the field may be, if the filter says."""
        bounds = [
            condition.value + (condition.operator == ">")
            for condition in self.conditions
            if condition.name == name and condition.operator in (">", ">=", "=")
        ]
        return max(bounds, default=None)


def text(of: Callable[[T], str | None]) -> Field[T]:
    """Equal or not, where a * at the end of the value stands for anything."""
    return Field(of, ("=", "!="), _as_it_is, _like)


def choice(of: Callable[[T], str | None], among: Collection[str]) -> Field[T]:
    return Field(of, ("=", "!="), _one_of(among), _ordered)


def flag(of: Callable[[T], bool]) -> Field[T]:
    return Field(of, ("=", "!="), _true_or_false, _ordered)


def number(of: Callable[[T], int | None]) -> Field[T]:
    return Field(of, tuple(_ORDER), _whole, _ordered)


def time(of: Callable[[T], int | None]) -> Field[T]:
    """In whole seconds; written as RFC 3339 has it."""
    return Field(of, tuple(_ORDER), _instant, _ordered)


def several(of: Callable[[T], Collection[str]]) -> Field[T]:
    """Of which the value is one."""
    return Field(of, (":",), _as_it_is, lambda _, values, value: value in values)


def parse(given: str, fields: Mapping[str, Field[T]], field: str = "filter") -> Filter[T]:
    """An empty filter holds of everything. Raises Invalid, with the place that is not understood."""
    return Filter(tuple(_conditions(_Reader(given, field), fields)))


def _conditions(reader: "_Reader", fields: Mapping[str, Field[T]]) -> list[Condition[T]]:
    if reader.at_end():
        return []
    found = [_condition(reader, fields)]
    while not reader.at_end():
        if reader.take(_AND) is None:
            raise reader.expected("AND")
        if len(found) == MOST:
            raise reader.wrong(f"at most {MOST} conditions can be joined")
        found.append(_condition(reader, fields))
    return found


def _condition(reader: "_Reader", fields: Mapping[str, Field[T]]) -> Condition[T]:
    begin = reader.next_place()
    name = reader.take(_FIELD)
    known = None if name is None else fields.get(name[0])
    if name is None or known is None:
        raise reader.expected(f"one of {', '.join(fields)}", begin)
    begin = reader.next_place()
    operator = reader.take(_OPERATOR)
    if operator is None or operator[0] not in known.operators:
        raise reader.expected(f"{' or '.join(known.operators)} behind {name[0]}", begin)
    begin = reader.next_place()
    quoted = reader.take(_QUOTED)
    word = None if quoted is not None else reader.take(_WORD)
    if quoted is None and word is None:
        raise reader.expected('a word, or a text in "quotes"', begin)
    said = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted is not None else word[0] if word is not None else ""
    try:
        return Condition(name[0], known, operator[0], known.read(said))
    except ValueError as error:
        raise reader.wrong(f"{name[0]} must be {error}", begin) from None


class _Reader:
    def __init__(self, given: str, field: str) -> None:
        self._given = given
        self._field = field
        self._place = 0

    def next_place(self) -> int:
        found = _SPACE.match(self._given, self._place)
        self._place = found.end() if found is not None else self._place
        return self._place

    def at_end(self) -> bool:
        return self.next_place() == len(self._given)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._given, self.next_place())
        self._place = self._place if found is None else found.end()
        return found

    def expected(self, what: str, place: int | None = None) -> Invalid:
        return self.wrong(f"expected {what}", place)

    def wrong(self, why: str, place: int | None = None) -> Invalid:
        return Invalid(self._field, f"{why}, at character {(self._place if place is None else place) + 1}")


def _as_it_is(said: str) -> str:
    return said


def _one_of(among: Collection[str]) -> Callable[[str], str]:
    def read(said: str) -> str:
        if said not in among:
            raise ValueError(f"one of {', '.join(among)}")
        return said

    return read


def _true_or_false(said: str) -> bool:
    if said not in ("true", "false"):
        raise ValueError("true or false")
    return said == "true"


def _whole(said: str) -> int:
    if not _NUMBER.fullmatch(said):
        raise ValueError("a whole number")
    return int(said)


def _instant(said: str) -> int:
    if not _TIME.fullmatch(said):
        raise ValueError('a time such as "2026-01-01T00:00:00Z"')
    try:
        return int(datetime.fromisoformat(said).timestamp())
    except (ValueError, OverflowError):
        raise ValueError("a time that there is") from None


def _like(operator: str, value: str, wanted: str) -> bool:
    beginning = wanted.removesuffix("*")
    alike = value == wanted if beginning == wanted else value.startswith(beginning)
    return alike == (operator == "=")


def _ordered(operator: str, value: Any, wanted: Any) -> bool:
    return _ORDER[operator](value, wanted)
