"""Who is at which host, and below which path of it: an exact match in memory, or nobody."""

from collections.abc import Iterable, Iterator

from tenants.issuer_uri import MAX_SEGMENTS, at_host, hosts_of, split
from tenants.records import Domain
from tenants.tenant import Tenant


class Host:
    """The issuers of one host: at most one at its root, and any number below paths of their own."""

    def __init__(self, domain: Domain | None = None) -> None:
        self.root: Tenant | None = None
        self.below: dict[bytes, Tenant] = {}
        self.domain = domain
        """The further host of one issuer that it is. None: its issuers have it in their URIs."""

    def nearest(self, path: bytes) -> tuple[Tenant | None, bytes]:
        """Who has the longest beginning of `path`, in whole segments and as it was sent; and what remains of it."""
        segments = path.split(b"/", MAX_SEGMENTS + 1)
        for count in range(min(len(segments), MAX_SEGMENTS + 1), 1, -1):
            beginning = b"/".join(segments[:count])
            tenant = self.below.get(beginning)
            if tenant is not None:
                return tenant, path[len(beginning) :]
        return self.root, path

    def issuers(self) -> list[Tenant]:
        """All that are here, the one at the root first."""
        return [*([] if self.root is None else [self.root]), *(self.below[path] for path in sorted(self.below))]


class Hosts:
    def __init__(self) -> None:
        self._hosts: dict[str, Host] = {}
        self._put: dict[Tenant, list[str]] = {}
        """At which hosts each was put."""

    def at(self, host: str) -> Host | None:
        """Who is at exactly this Host header, in lower case."""
        return self._hosts.get(host)

    def put(self, tenant: Tenant, domains: Iterable[Domain] = ()) -> None:
        """It is found at its URI and at these, and nowhere else any more."""
        self.remove(tenant)
        path = _path(tenant)
        for name, domain in _names(tenant, domains):
            host = self._hosts.setdefault(name, Host(domain))
            if path:
                host.below[path] = tenant
            else:
                host.root = tenant
            self._put.setdefault(tenant, []).append(name)

    def remove(self, tenant: Tenant) -> None:
        """It is found no more, if it ever was."""
        path = _path(tenant)
        for name in self._put.pop(tenant, ()):
            host = self._hosts[name]
            if path:
                del host.below[path]
            else:
                host.root = None
            if host.root is None and not host.below:
                del self._hosts[name]


def _names(tenant: Tenant, domains: Iterable[Domain]) -> Iterator[tuple[str, Domain | None]]:
    yield from ((name, None) for name in hosts_of(tenant.uri))
    for domain in domains:
        yield from ((name, domain) for name in hosts_of(at_host(tenant.uri, domain.host)))


def _path(tenant: Tenant) -> bytes:
    return split(tenant.uri)[1].encode("ascii")
