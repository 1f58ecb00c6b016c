"""Scopes: space-separated tokens of printable ASCII without quote and backslash (RFC 6749 §3.3)."""

import re
from collections.abc import Collection, Sequence

from tenants.oauth.hierarchy import with_implied
from tenants.oauth.refusal import Refusal
from tenants.records import Client, Policy, Resource

MAX_SCOPES = 100
_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
OF_ISSUERS = frozenset({OPENID, "profile", "email", OFFLINE_ACCESS})
"""What these mean is said elsewhere (OpenID Connect Core §5.4, §11): no resource has one of its own by that name."""


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


def offered(policy: Policy, registered: Resource | None) -> tuple[str, ...]:
    """What may be asked for at a resource: its own scopes, then the issuer's."""
    own = () if registered is None else [scope.name for scope in registered.scopes]
    return tuple(dict.fromkeys((*own, *policy.scopes)))


def limit(client: Client, registered: Resource | None) -> tuple[str, ...] | None:
    """What the operator lets a client ask for, if not everything.

    What a client registers for itself is no limit: it would register for more, and MCP clients register what they ask
    for first and ask for more later (MCP 2026-07-28, Step-Up Authorization Flow). Its user decides.
    """
    most = client.scopes if client.origin == "admin" else client.scope_limit
    return None if most is None else with_implied(most, registered)


def widened(
    scopes: tuple[str, ...], by: Sequence[str], *, offered: Sequence[str], allowed: Collection[str] | None
) -> tuple[str, ...]:
    """With those of `by` that may be had too."""
    had = [scope for scope in by if scope in offered and (allowed is None or scope in allowed)]
    return tuple(dict.fromkeys((*scopes, *had)))


def asked(
    text: str | None, *, offered: Sequence[str], allowed: Collection[str] | None, usual: Collection[str] | None = None
) -> tuple[str, ...]:
    """What a client gets for asking `text`, where the issuer offers `offered` and the client is limited to `allowed`.

    Nothing asked is what the client registered for (`usual`), or if that is nothing here, everything that it may have;
    `offline_access` left out. A scope that the issuer does not know is refused; one that it knows but the client may
    not have is left out, and the consent page and the answer say so (RFC 6749 §3.3). `offline_access` is always
    tolerated: MCP clients add it by themselves.
    """
    within = [scope for scope in offered if allowed is None or scope in allowed]
    wanted = parse(text or "")
    if not wanted:
        registered_for = [scope for scope in within if scope in (usual or ())]
        return tuple(scope for scope in registered_for or within if scope != OFFLINE_ACCESS)
    if any(scope not in offered and scope != OFFLINE_ACCESS for scope in wanted):
        raise Refusal("invalid_scope", "a scope was asked for that this issuer does not offer")
    granted = tuple(scope for scope in wanted if scope in within)
    if not granted and wanted != (OFFLINE_ACCESS,):
        raise Refusal("invalid_scope", "this client may have none of the scopes it asked for")
    return granted


def asked_without_user(text: str | None, *, offered: Sequence[str], allowed: Collection[str] | None) -> tuple[str, ...]:
    """The same where no user stands behind it: what tells of one, or lasts while one is away, is always left out.

    Who asked for nothing else gets nothing, and not everything.
    """
    wanted = parse(text or "")
    own = tuple(name for name in wanted if name not in OF_ISSUERS)
    if wanted and not own:
        return ()
    return asked(" ".join(own), offered=[name for name in offered if name not in OF_ISSUERS], allowed=allowed)


def still_allowed(
    granted: Sequence[str], *, offered: Sequence[str], allowed: Collection[str] | None
) -> tuple[str, ...]:
    """What is left of a grant's scopes when issuer, resource or client have been narrowed since it was given."""
    return tuple(name for name in granted if name in offered and (allowed is None or name in allowed))


def narrowed(text: str | None, granted: Sequence[str], registered: Resource | None) -> tuple[str, ...]:
    """The scopes of one access token: `granted`, or a part of it or of what it implies.

    Refusal `invalid_scope` for more (RFC 6749 §6).
    """
    if text is None:
        return tuple(granted)
    wanted, within = parse(text), with_implied(granted, registered)
    if any(scope not in within for scope in wanted):
        raise Refusal("invalid_scope", "a scope was asked for that was not granted")
    return wanted or tuple(granted)
