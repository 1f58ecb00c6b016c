"""Who is at which host, and below which path of it: an exact match in memory, or nobody."""

from tenants.issuer_uri import MAX_SEGMENTS, hosts_of, split
from tenants.tenant import Tenant


class Host:
    """The issuers of one host: at most one at its root, and any number below paths of their own."""

    def __init__(self) -> None:
        self.root: Tenant | None = None
        self.below: dict[bytes, Tenant] = {}

    def nearest(self, path: bytes) -> tuple[Tenant | None, bytes]:
        """Who has the longest beginning of `path`, in whole segments and as it was sent; and what remains of it."""
        segments = path.split(b"/", MAX_SEGMENTS + 1)
        for count in range(min(len(segments), MAX_SEGMENTS + 1), 1, -1):
            beginning = b"/".join(segments[:count])
            tenant = self.below.get(beginning)
            if tenant is not None:
                return tenant, path[len(beginning) :]
        return self.root, path


class Hosts:
    def __init__(self) -> None:
        self._hosts: dict[str, Host] = {}

    def at(self, host: str) -> Host | None:
        """Who is at exactly this Host header, in lower case."""
        return self._hosts.get(host)

    def put(self, tenant: Tenant) -> None:
        """It is found from now on."""
        path = split(tenant.uri)[1].encode("ascii")
        for name in hosts_of(tenant.uri):
            host = self._hosts.setdefault(name, Host())
            if path:
                host.below[path] = tenant
            else:
                host.root = tenant

    def remove(self, tenant: Tenant) -> None:
        """It is found no more, if it ever was."""
        path = split(tenant.uri)[1].encode("ascii")
        for name in hosts_of(tenant.uri):
            host = self._hosts.get(name)
            if host is None:
                continue
            if path:
                host.below.pop(path, None)
            else:
                host.root = None
            if host.root is None and not host.below:
                del self._hosts[name]
