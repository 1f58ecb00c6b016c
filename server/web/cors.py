"""Which web pages may read the client-side endpoints (Fetch Standard, RFC 9700 §2.6). Never with credentials."""

from server.web.replies import Header
from server.web.request import WebRequest
from tenants.records import Policy

_EXPOSED: Header = (b"access-control-expose-headers", b"WWW-Authenticate, Retry-After, DPoP-Nonce")
_ALLOWED_HEADERS: Header = (
    b"access-control-allow-headers",
    b"authorization, content-type, mcp-protocol-version, dpop",
)


def headers(request: WebRequest, policy: Policy) -> tuple[Header, ...]:
    """What an answer says. An opaque origin (`null`) is nobody's, and gets nothing."""
    origin = request.one(b"origin")
    if "*" in policy.allowed_origins:
        return ((b"access-control-allow-origin", b"*"), _EXPOSED) if origin != "null" else ()
    if origin in policy.allowed_origins:
        return ((b"access-control-allow-origin", origin.encode("ascii")), (b"vary", b"Origin"), _EXPOSED)
    return ((b"vary", b"Origin"),)


def preflight(request: WebRequest, policy: Policy, methods: tuple[str, ...]) -> tuple[Header, ...]:
    """What the answer to an OPTIONS request says."""
    allow = ", ".join(methods).encode("ascii")
    granted = headers(request, policy)
    if not any(name == b"access-control-allow-origin" for name, _ in granted):
        return ((b"allow", allow), *granted)
    return (
        (b"allow", allow),
        (b"access-control-allow-methods", allow),
        _ALLOWED_HEADERS,
        (b"access-control-max-age", b"600"),
        *granted,
    )
