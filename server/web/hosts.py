"""Host -> tenant: an exact match in memory, or nobody. There is no default tenant, and no header overrules Host."""

from tenants.registry import Registry
from tenants.tenant import Tenant


def tenant_at(registry: Registry, headers: list[tuple[bytes, bytes]]) -> Tenant | None:
    """Whose host this request names. None if it names none, several, or one that is not ours."""
    named = [value for name, value in headers if name == b"host"]
    return registry.at(named[0].decode("latin-1").lower()) if len(named) == 1 else None
