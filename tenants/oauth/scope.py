"""Scopes: space-separated tokens of printable ASCII without quote and backslash (RFC 6749 §3.3)."""

import re
from collections.abc import Collection, Sequence

from tenants.oauth.refusal import Refusal

MAX_SCOPES = 100
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
OFFLINE_ACCESS = "offline_access"


def is_scope(token: str) -> bool:
    return _TOKEN.fullmatch(token) is not None


def parse(text: str) -> tuple[str, ...]:
    """The scopes in `text`, each once, in order. Refusal `invalid_scope` if one is malformed."""
    scopes = tuple(dict.fromkeys(text.split(" "))) if text else ()
    scopes = tuple(scope for scope in scopes if scope)
    if len(scopes) > MAX_SCOPES:
        raise Refusal("invalid_scope", "too many scopes")
    if not all(is_scope(scope) for scope in scopes):
        raise Refusal("invalid_scope", "a scope contains a character that scopes cannot have")
    return scopes


def asked(text: str | None, *, offered: Sequence[str], allowed: Collection[str] | None) -> tuple[str, ...]:
    """What a client gets for asking `text`, where the issuer offers `offered` and the client is limited to `allowed`.

    Nothing asked is everything the client may have, `offline_access` left out. A scope that the issuer does not know
    is refused; one that it knows but the client may not have is left out, and the consent page and the answer say so
    (RFC 6749 §3.3). `offline_access` is always tolerated: MCP clients add it by themselves.
    """
    within = [scope for scope in offered if allowed is None or scope in allowed]
    wanted = parse(text or "")
    if not wanted:
        return tuple(scope for scope in within if scope != OFFLINE_ACCESS)
    if any(scope not in offered and scope != OFFLINE_ACCESS for scope in wanted):
        raise Refusal("invalid_scope", "a scope was asked for that this issuer does not offer")
    granted = tuple(scope for scope in wanted if scope in within)
    if not granted and wanted != (OFFLINE_ACCESS,):
        raise Refusal("invalid_scope", "this client may have none of the scopes it asked for")
    return granted


def still_allowed(
    granted: Sequence[str], *, offered: Sequence[str], allowed: Collection[str] | None
) -> tuple[str, ...]:
    """What is left of a grant's scopes when issuer or client have been narrowed since it was given."""
    return tuple(name for name in granted if name in offered and (allowed is None or name in allowed))


def narrowed(text: str | None, granted: Sequence[str]) -> tuple[str, ...]:
    """The scopes of one access token: `granted`, or a part of it. Refusal `invalid_scope` for more (RFC 6749 §6)."""
    if text is None:
        return tuple(granted)
    wanted = parse(text)
    if any(scope not in granted for scope in wanted):
        raise Refusal("invalid_scope", "a scope was asked for that was not granted")
    return wanted or tuple(granted)
