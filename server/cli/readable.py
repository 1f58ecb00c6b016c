"""What the server says, as people read it in a terminal."""

import os
import re
import sys
from typing import Any, cast
from urllib.parse import unquote

from server.cli import moment

_COLOURS = {"red": 31, "green": 32, "yellow": 33}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def printable(text: str) -> str:
    """Without what a terminal obeys: some of this was written by strangers."""
    return "".join(character for character in text if character.isprintable())


def styled(line: str, colour: str) -> str:
    """In this colour, for who looks at a terminal and has nothing against it (no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return line
    return f"\033[{_COLOURS[colour]}m{line}\033[0m"


def text(name: str, value: Any) -> str:
    """Of a member. STATE_ACTIVE of `state` is `active`, ROLE_ISSUER_ADMIN of `role` is `issuer-admin`."""
    words = " ".join(map(str, cast("list[Any]", value))) if isinstance(value, list) else str(value)
    if isinstance(value, bool):
        words = words.lower()
    prefix = f"{name.upper()}_"
    if words.startswith(prefix):
        words = words.removeprefix(prefix).lower().replace("_", "-")
    elif is_time(name, value):
        words = moment.readable(words)
    return printable(words)


def is_time(name: str, value: Any) -> bool:
    return name.endswith("_time") and isinstance(value, str) and _TIME.fullmatch(value) is not None


def own_id(name: str) -> str:
    """The last part of a name, as a command takes it: app of issuers/acme/clients/app."""
    return unquote(name.rpartition("/")[2])
