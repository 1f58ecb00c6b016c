"""What people read: the meaning of scopes, for who has to decide on them, and how long something takes."""

from collections.abc import Iterable
from dataclasses import replace

from tenants.acts.asked import ShownScope

SCOPES_IN_WORDS = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your e-mail address",
    "offline_access": "Stay connected while you are away",
}


def in_words(scopes: Iterable[ShownScope]) -> tuple[ShownScope, ...]:
    """With a description each: the operator's, or ours where there is none."""
    return tuple(
        replace(
            scope,
            description=scope.description or SCOPES_IN_WORDS.get(scope.name, ""),
            includes=in_words(scope.includes),
        )
        for scope in scopes
    )


def lasting(seconds: int) -> str:
    """As people say it, and never less than it is."""
    count, unit = (seconds, "second") if seconds < 60 else (-(-seconds // 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
