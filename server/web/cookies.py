"""The cookies that the pages set: which browser this is, which session, and what it took along to an identity provider.

None is readable by a script.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from quart import Response

from server.web.supply import Supplied
from tenants import issuer_uri

MAX_OF_OTHERS = 4_096
"""Bytes that other issuers may have left in a browser. A header has a limit, and many proxies set it at 8 KiB."""
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
        others = [pair for pair in pairs if self._is_of_another(pair.partition("=")[0])]
        taken, too_much = 0, list[str]()
        for pair in reversed(others):
            taken += len(pair)
            if taken > MAX_OF_OTHERS:
                too_much.append(pair.partition("=")[0])
        return too_much

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
