"""The cookies that the pages set: which browser this is, which session, and what it took along to an identity provider.

None is readable by a script.
"""

from dataclasses import dataclass

from quart import Response

from tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Cookies:
    """The names of our cookies at one issuer. Ports share cookies, so on loopback the name tells the tenant."""

    session: str
    browser: str
    upstream: str
    secure: bool

    @classmethod
    def of(cls, tenant: Tenant) -> "Cookies":
        if tenant.uri.startswith("https:"):
            return cls("__Host-session", "__Host-browser", "__Host-upstream", True)
        mark = tenant.listing.uid[:8]
        return cls(f"session-{mark}", f"browser-{mark}", f"upstream-{mark}", False)

    def luggage(self, state: str) -> str:
        """The cookie that goes with one trip to an identity provider; there may be several at once."""
        return f"{self.upstream}-{state[:8] if state.isalnum() and state.isascii() else 'none'}"

    def set(self, response: Response, name: str, value: str, lives: int | None = None) -> None:
        response.set_cookie(name, value, max_age=lives, path="/", secure=self.secure, httponly=True, samesite="Lax")
