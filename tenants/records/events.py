"""The audit trail, and the answers that are kept for requests which come again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that must be remembered. `details` never holds a secret."""

    type: str
    at: int
    actor: str
    address: str = ""
    """From where it was asked for, if it was."""
    request_id: str = ""
    """In which request, by the name that it has in the log."""
    subject: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    sequence: int = 0
    """Given by the store when it is added."""
    previous: bytes = b""
    """The hash of the event before it; empty for the first one."""
    hash: bytes = b""
    """Of all above but the sequence number, chained to the one before (tenants/trail.py). Empty: of before there were
    any."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked for a turn, from where, and in which request."""

    actor: str
    address: str = ""
    request_id: str = ""


SYSTEM = Origin("system")
"""The house itself."""


ACTORS = frozenset({"system", "root", "socket"})
"""What the trail calls those who are neither users, nor clients, nor have a name of their own as callers of the admin
API. No client is called so, lest what it does is taken for what they did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request was answered that bore a name of the caller's own, so that the same one is answered the same."""

    key: bytes
    """A digest of who asked and the request's name."""
    asked: bytes
    """A digest of the request."""
    sealed: bytes
    expires_at: int
