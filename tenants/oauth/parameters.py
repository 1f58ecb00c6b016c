"""Form and query parameters, read strictly: what two parsers could read in two ways is refused.

Percent-encoding must be whole, text must be UTF-8, no known parameter may stand twice (RFC 6749 §3.1, §3.2) or contain
a control character, and a parameter without a value counts as absent.
"""

import re
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from tenants.oauth.refusal import Refusal

MAX_PARAMETERS = 60
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Parameters:
    values: dict[str, list[str]]

    def all(self, name: str) -> list[str]:
        """Every value given for `name`, empty ones left out."""
        return [value for value in self.values.get(name, ()) if value]

    def one(self, name: str) -> str | None:
        """The only value of `name`. Refusal `invalid_request` if it is repeated or contains a control character."""
        value = self.raw(name)
        if value is not None and _CONTROL.search(value):
            raise Refusal("invalid_request", f"{name} contains a control character")
        return value

    def opaque(self, name: str) -> str | None:
        """The only value of `name`, which is handed back and never read (`state`): anything but NUL may stand in it."""
        value = self.raw(name)
        if value is not None and "\0" in value:
            raise Refusal("invalid_request", f"{name} contains a control character")
        return value

    def raw(self, name: str) -> str | None:
        """The only value of `name`, whatever stands in it: for a code, a verifier or a scope, whose own rule looks at
        every character and has an error of its own for a wrong one."""
        given = self.values.get(name)
        if given is None:
            return None
        if len(given) > 1:
            raise Refusal("invalid_request", f"{name} is given more than once")
        return given[0] or None

    def required(self, name: str) -> str:
        """The only value of `name`. Refusal `invalid_request` if it is missing or repeated."""
        value = self.one(name)
        if value is None:
            raise Refusal("invalid_request", f"{name} is missing")
        return value


def parse(raw: bytes) -> Parameters:
    """An `application/x-www-form-urlencoded` body or a query string, read. Refusal `invalid_request` if malformed."""
    values: dict[str, list[str]] = {}
    if not raw:
        return Parameters(values)
    pairs = raw.split(b"&", MAX_PARAMETERS)
    if len(pairs) > MAX_PARAMETERS:
        raise Refusal("invalid_request", "too many parameters")
    if b"%" in raw and _BROKEN_ESCAPE.search(raw):
        raise Refusal("invalid_request", "a percent-encoded character is incomplete")
    for pair in pairs:
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        values.setdefault(_text(name), []).append(_text(value))
    return Parameters(values)


def of_members(value: Any) -> Parameters:
    """The members of a JSON object as parameters. Refusal `invalid_request` unless each is a text."""
    if not isinstance(value, dict):
        raise Refusal("invalid_request", "the body must be a JSON object")
    members = cast("dict[str, object]", value)
    if not all(isinstance(member, str) for member in members.values()):
        raise Refusal("invalid_request", "each member of the JSON object must be a string")
    return Parameters({name: [str(member)] for name, member in members.items()})


def _text(raw: bytes) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("invalid_request", "a parameter is not UTF-8") from None
