"""The issuers, the MCP server behind each, and the clients that are known at two of them by the same ids."""

from dataclasses import dataclass
from urllib.parse import urlsplit

CALLBACK = "http://127.0.0.1:33419/callback"
TWIN = "twin"
"""A public client that both operators have made, under the same id."""
KEEPER = "keeper"
"""A confidential one, also at both: with the same id and another secret."""


@dataclass(frozen=True, slots=True)
class Place:
    """An issuer, and the MCP server that trusts it."""

    issuer: str
    resource: str

    @property
    def metadata(self) -> str:
        """Where a client looks first (RFC 8414 §3.1)."""
        where = urlsplit(self.issuer)
        return f"{where.scheme}://{where.netloc}/.well-known/oauth-authorization-server{where.path}"


@dataclass(frozen=True, slots=True)
class Places:
    """Hosts under `localhost` do not resolve everywhere, so one issuer has a name and the other an address.

    The third has a path at the host of the first.
    """

    a: Place
    b: Place
    below: Place

    def named(self, name: str) -> Place:
        return {"a": self.a, "b": self.b, "below": self.below}[name]

    def other(self, name: str) -> Place:
        return {"a": self.b, "b": self.a}[name]
