"""What scopes mean, for who has to decide on them."""

from collections.abc import Iterable

SCOPES_IN_WORDS = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your e-mail address",
    "offline_access": "Stay connected while you are away",
}


def in_words(scopes: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Names and descriptions: the operator's, or ours where there is none."""
    return [(scope, description or SCOPES_IN_WORDS.get(scope, "")) for scope, description in scopes]
