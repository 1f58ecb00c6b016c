"""Resource indicators (RFC 8707): which protected resource, that is which MCP server, a token is for."""

from collections.abc import Sequence

from tenants.oauth import uri
from tenants.oauth.refusal import Refusal


def asked(given: Sequence[str], *, offered: Sequence[str], issuer_uri: str) -> str:
    """The audience of the tokens. Refusal `invalid_target` for a resource that cannot be served.

    None asked is the issuer itself. One grant has one resource: more than one is refused, not picked from. Scheme and
    host may be written in capitals, and `origin` and `origin/` are the same (MCP 2026-07-28, Canonical Server URI).
    """
    if not given:
        return issuer_uri
    if len(given) > 1:
        raise Refusal("invalid_target", "only one resource can be asked for at a time")
    canonical = canonical_form(given[0])
    if canonical is None:
        raise Refusal("invalid_target", "resource must be an absolute https URI without a fragment")
    if canonical == canonical_form(issuer_uri):
        return issuer_uri
    if not offered:
        return canonical
    for registered in offered:
        if canonical_form(registered) == canonical:
            return registered
    raise Refusal("invalid_target", "this issuer serves no such resource")


def still_served(audience: str, *, offered: Sequence[str], issuer_uri: str) -> bool:
    """Whether a grant's resource is one that the issuer serves today."""
    wanted = canonical_form(audience)
    return not offered or audience == issuer_uri or any(canonical_form(registered) == wanted for registered in offered)


def same(given: Sequence[str], audience: str) -> bool:
    """Whether a token request that names `given` stays within the grant for `audience`. Naming none stays within it."""
    if not given:
        return True
    canonical = canonical_form(given[0])
    return len(given) == 1 and canonical is not None and canonical == canonical_form(audience)


def canonical_form(text: str) -> str | None:
    """How a resource is compared. None if it is not an https (or loopback http) URI without fragment and user part."""
    parts = uri.parse(text)
    if parts is None or parts.fragment is not None or parts.user is not None or not parts.host:
        return None
    scheme, host = parts.scheme.lower(), parts.host.lower()
    if scheme != "https" and not (scheme == "http" and (host in uri.LOOPBACK_HOSTS or host.endswith(".localhost"))):
        return None
    port = "" if parts.port is None else f":{parts.port}"
    path = "" if parts.path == "/" and parts.query is None else parts.path
    query = "" if parts.query is None else f"?{parts.query}"
    return f"{scheme}://{host}{port}{path}{query}"
