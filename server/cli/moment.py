"""Times, as people read them."""

from datetime import datetime

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def readable(text: str) -> str:
    """2026-01-31T12:00:00Z with a space in it."""
    return text.replace("T", " ")


def distance(text: str, now: float) -> str:
    """How far it is from `now`, to the nearest whole unit: `3 days ago`, `in 1 hour`."""
    seconds = round(datetime.fromisoformat(text).timestamp() - now)
    size, unit = next((each for each in _UNITS if abs(seconds) >= each[0]), _UNITS[-1])
    count = round(abs(seconds) / size)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"
