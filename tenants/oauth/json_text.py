"""JSON from strangers, read strictly: bounded depth, no repeated member, no NaN, only real Unicode text."""

import json
from typing import Any, NoReturn

MAX_DEPTH = 16


class NotJson(ValueError):
    """What was sent is not JSON that has only one meaning."""


def parse(raw: bytes) -> Any:
    """The value that `raw` says in UTF-8. Raises NotJson."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotJson("not UTF-8") from None
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_constant, parse_float=_float)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error) if isinstance(error, NotJson) else "not well-formed JSON") from None
    _check(value, MAX_DEPTH)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotJson("a member stands twice")
    return members


def _constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not a JSON number")


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise NotJson("a number is too large")
    return number


def _check(value: Any, levels: int) -> None:
    """Real text only, and no deeper than `levels`."""
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise NotJson("a string contains half a character") from None
    elif isinstance(value, dict | list):
        if levels == 0:
            raise NotJson("nested too deeply")
        members = [*value, *value.values()] if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        for member in members:  # pyright: ignore[reportUnknownVariableType]
            _check(member, levels - 1)


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def write(value: Any) -> bytes:
    """The shortest JSON that says `value`."""
    return _ENCODER.encode(value).encode("utf-8")
