"""Resource indicators (RFC 8707): which protected resource, that is which MCP server, a token is for.

An issuer with no registered resource serves any; one with some serves those that are enabled, and always itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tenants.oauth import uri
from tenants.oauth.refusal import Refusal
from tenants.records import Resource

_USUAL_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """What tokens are for. `registered` is None for the issuer itself, and for any resource where there is none."""

    audience: str
    registered: Resource | None


def asked(given: Sequence[str], *, registered: Sequence[Resource], issuer_uri: str) -> Target:
    """What is asked for. Refusal `invalid_target` for a resource that cannot be served.

    None asked is the issuer itself. One grant has one resource: spellings of the same one are one, but several are
    refused, not picked from. Scheme and host may be written in capitals, a usual port may be written out, and `origin`
    and `origin/` are the same (MCP 2026-07-28, Canonical Server URI).
    """
    if not given:
        return Target(issuer_uri, None)
    canonical = canonical_form(given[0])
    if any(canonical_form(text) != canonical for text in given[1:]):
        raise Refusal("invalid_target", "only one resource can be asked for at a time")
    if canonical is None:
        raise Refusal("invalid_target", "resource must be an absolute https URI without a fragment")
    target = _serving(canonical, registered=registered, issuer_uri=issuer_uri)
    if target is None:
        raise Refusal("invalid_target", "this issuer serves no such resource")
    return target


def served(audience: str, *, registered: Sequence[Resource], issuer_uri: str) -> Target | None:
    """What a grant's tokens are for, if it is still served."""
    if audience == issuer_uri or not registered:
        return Target(audience, None)
    found = next((each for each in registered if each.uri == audience), None)
    if found is not None:  # written as it was granted, so nothing needs to be parsed
        return _enabled(found)
    canonical = canonical_form(audience)
    return None if canonical is None else _serving(canonical, registered=registered, issuer_uri=issuer_uri)


def same(given: Sequence[str], audience: str) -> bool:
    """Whether a token request that names `given` stays within the grant for `audience`. Naming none stays within it."""
    if not given:
        return True
    canonical = canonical_form(audience)
    return canonical is not None and all(canonical_form(text) == canonical for text in given)


def canonical_form(text: str) -> str | None:
    """How a resource is compared. None if it is not an https (or loopback http) URI without fragment and user part."""
    parts = uri.parse(text)
    if parts is None or parts.fragment is not None or parts.user is not None or not parts.host:
        return None
    scheme, host = parts.scheme.lower(), parts.host.lower()
    if scheme != "https" and not (scheme == "http" and (host in uri.LOOPBACK_HOSTS or host.endswith(".localhost"))):
        return None
    port = "" if parts.port in (None, _USUAL_PORTS[scheme]) else f":{parts.port}"
    path = "" if parts.path == "/" and parts.query is None else parts.path
    query = "" if parts.query is None else f"?{parts.query}"
    return f"{scheme}://{host}{port}{path}{query}"


def _serving(canonical: str, *, registered: Sequence[Resource], issuer_uri: str) -> Target | None:
    if canonical == canonical_form(issuer_uri):
        return Target(issuer_uri, None)
    if not registered:
        return Target(canonical, None)
    found = next((each for each in registered if each.canonical_uri == canonical), None)
    return None if found is None else _enabled(found)


def _enabled(found: Resource) -> Target | None:
    return Target(found.uri, found) if found.disabled_at is None else None
