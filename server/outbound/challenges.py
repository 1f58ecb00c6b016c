"""What the DNS says: TXT records, by which the owner of a host shows that they are (in the way of RFC 8555 §8.4)."""

from collections.abc import Collection
from typing import Any

from dns import asyncresolver, exception, resolver
from dns.rdatatype import TXT

from tenants.problems import Unfetched

SECONDS = 5.0
"""For all of it, with whatever is tried again."""


class Challenges:
    def __init__(self, server: tuple[str, int] | None) -> None:
        """`server`: the address and port of a resolver. None: those of the system, as they are when we ask."""
        self._server = server

    async def said(self, name: str) -> Collection[str]:
        """The TXT records at a name, without those that are no text. Raises Unfetched, in our own words."""
        try:
            answer = await self._resolver().resolve(f"{name}.", TXT, lifetime=SECONDS, raise_on_no_answer=False)
        except resolver.NXDOMAIN:
            return ()
        except exception.Timeout:
            raise Unfetched(f"the DNS did not say within {SECONDS:g} s what is at {name}") from None
        except (exception.DNSException, OSError, ValueError):
            raise Unfetched(f"the DNS could not say what is at {name}") from None
        records: list[Any] = list(answer.rrset or ())  # what it says of their kinds is for all kinds
        texts = [b"".join(record.strings) for record in records]
        return [text.decode("ascii") for text in texts if text.isascii()]

    def _resolver(self) -> asyncresolver.Resolver:
        if self._server is None:
            return asyncresolver.Resolver()
        made = asyncresolver.Resolver(configure=False)
        made.nameservers, made.port = [self._server[0]], self._server[1]
        return made
