"""Host and path -> tenant: an exact match in memory, or nobody.

There is no default tenant, and no header overrules Host.
"""

from tenants.registry import Registry
from tenants.tenant import Tenant

_DOCUMENTS = (
    b"/.well-known/oauth-authorization-server",
    b"/.well-known/openid-configuration",
    b"/.well-known/oauth-protected-resource",
)
"""What is asked for with the path of the issuer behind it (RFC 8414 §3.1, RFC 9728 §3.1)."""


def tenant_at(registry: Registry, headers: list[tuple[bytes, bytes]], path: bytes) -> tuple[Tenant | None, bytes, bool]:
    """Whose host and path this request names, the path as it would be at the root of a host, and whether that host is a
    further one, not that of the issuer's URI.

    None if the request names no host, several, or one where no issuer of ours has that path.
    """
    named = [value for name, value in headers if name == b"host"]
    here = registry.at(named[0].decode("latin-1").lower()) if len(named) == 1 else None
    if here is None:
        return None, path, False
    further = here.domain is not None
    if not here.below:
        return here.root, path, further
    for document in _DOCUMENTS:
        if path.startswith(document):
            tenant, rest = here.nearest(path[len(document) :])
            return tenant, document + rest, further
    return *here.nearest(path), further
