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
    if _depth(text) > MAX_DEPTH:
        raise NotJson("nested too deeply")
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_constant, parse_float=_float)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error) if isinstance(error, NotJson) else "not well-formed JSON") from None
    _only_real_text(value)
    return value


def _depth(text: str) -> int:
    """The deepest nesting, strings counted too: an upper bound is all that a limit needs."""
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


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


def _only_real_text(value: Any) -> None:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise NotJson("a string contains half a character") from None
    elif isinstance(value, dict):
        for name, member in value.items():  # pyright: ignore[reportUnknownVariableType]
            _only_real_text(name)
            _only_real_text(member)
    elif isinstance(value, list):
        for member in value:  # pyright: ignore[reportUnknownVariableType]
            _only_real_text(member)


def write(value: Any) -> bytes:
    """The shortest JSON that says `value`."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
