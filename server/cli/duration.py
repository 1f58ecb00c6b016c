"""Durations, as an operator types and reads them: 900s, 15m, 1h, 30d."""

import re

import typer

_DURATION = re.compile(r"([0-9]{1,10})([smhd]?)")
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "": 1}


def duration(text: str) -> int:
    """Seconds, from 900, 900s, 15m, 1h or 30d."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration such as 900s, 15m, 1h or 30d")
    return int(found[1]) * _UNITS[found[2]]


def typed(seconds: int) -> str:
    """What `duration` reads these seconds from, in the largest unit that they are whole in."""
    unit = next(unit for unit, size in _UNITS.items() if seconds % size == 0) if seconds else "s"
    return f"{seconds // _UNITS[unit]}{unit}"
