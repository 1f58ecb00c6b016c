"""Rate limits, as an operator types and reads them: 60, 60,600, none."""

import re
from dataclasses import dataclass

import typer

_RATE = re.compile(r"([1-9][0-9]{0,8})(?:,([1-9][0-9]{0,8}))?")


@dataclass(frozen=True, slots=True)
class Rate:
    per_minute: int
    burst: int


def rate(text: str) -> Rate:
    """60,600 is 600 at once and 60 a minute after that; 60 alone is 60,60; none is no limit."""
    if text == "none":
        return Rate(0, 0)
    found = _RATE.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no limit such as 60 (a minute), 60,600 (and so many at once) or none")
    return Rate(int(found[1]), int(found[2] or found[1]))


def typed(per_minute: int, burst: int) -> str:
    """What `rate` reads these from."""
    return f"{per_minute},{burst}" if per_minute else "none"
