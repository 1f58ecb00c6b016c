"""One thing that was looked at, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

NAMED = 5


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    state: State
    message: str
    advice: str = ""


def ok(check: str, message: str) -> Finding:
    return Finding(check, State.OK, message)


def warn(check: str, message: str, advice: str) -> Finding:
    return Finding(check, State.WARN, message, advice)


def fail(check: str, message: str, advice: str) -> Finding:
    return Finding(check, State.FAIL, message, advice)


def counted(count: int, what: str) -> str:
    """1 issuer, 2 issuers."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def some(names: Sequence[str]) -> str:
    """Of many with the same trouble, the first few."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
