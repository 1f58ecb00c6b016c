"""The cookies that the pages set: which browser this is, which session, and what it took along to an identity provider.

None is readable by a script.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from quart import Response

from server.web.supply import Supplied
from tenants import issuer_uri

MAX_OF_OTHERS = 3_900
"""Bytes that other issuers may have left in a browser. A header has a limit, and many proxies set it at 8 KiB."""
MAX_OF_TRIPS = 3_900
"""Bytes that trips to identity providers, under way in one browser, may take of the same; the longest one fits."""
_MARKED = re.compile(r"(?:session|browser|upstream)\.([0-9a-f]{8})(?:-[A-Za-z0-9]{1,8})?")


@dataclass(frozen=True, slots=True)
class Cookies:
    """The names of our cookies at one issuer. Ports and paths share cookies: there the name tells the tenant."""

    secure: bool
    mark: str
    """Empty where the issuer is the one at the root of an https host."""

    @classmethod
    def of(cls, tenant: Supplied) -> "Cookies":
        secure = tenant.uri.startswith("https:")
        at_root = not issuer_uri.split(tenant.uri)[1]
        return cls(secure, "" if secure and at_root else tenant.listing.uid[:8])

    @property
    def session(self) -> str:
        return self._name("session")

    @property
    def browser(self) -> str:
        return self._name("browser")

    @property
    def upstream(self) -> str:
        return self._name("upstream")

    def luggage(self, state: str) -> str:
        """The cookie that goes with one trip to an identity provider; there may be several at once."""
        return f"{self.upstream}-{state[:8] if state.isalnum() and state.isascii() else 'none'}"

    def crowd(self, pairs: Iterable[str]) -> list[str]:
        """Names of what other issuers left in a browser that sends these `name=value`, oldest first: what is too much.

        They are told by their marks, so nothing of another program at this host is among them.
        """
        return _too_much([pair for pair in pairs if self._is_of_another(pair.partition("=")[0])], MAX_OF_OTHERS)

    def former_trips(self, pairs: Iterable[str], trip: str, luggage: str) -> list[str]:
        """The same of what this issuer's own trips left there, where the cookie `trip` is to have room too."""
        trips = [pair for pair in pairs if pair.startswith(f"{self.upstream}-")]
        return _too_much([*trips, f"{trip}={luggage}"], MAX_OF_TRIPS)

    def set(self, response: Response, name: str, value: str, lives: int | None = None) -> None:
        response.set_cookie(name, value, max_age=lives, path="/", secure=self.secure, httponly=True, samesite="Lax")

    @property
    def _prefix(self) -> str:
        return "__Host-" if self.secure else ""

    def _name(self, kind: str) -> str:
        return f"{self._prefix}{kind}{f'.{self.mark}' if self.mark else ''}"

    def _is_of_another(self, name: str) -> bool:
        marked = _MARKED.fullmatch(name.removeprefix(self._prefix)) if name.startswith(self._prefix) else None
        return marked is not None and marked[1] != self.mark


def _too_much(pairs: list[str], room: int) -> list[str]:
    """The names of these `name=value`, oldest first, that do not fit behind all that are newer."""
    taken, names = 0, list[str]()
    for pair in reversed(pairs):
        taken += len(pair)
        if taken > room:
            names.append(pair.partition("=")[0])
    return names
