"""The keys that clients show at their `jwks_uri`, for their assertions to be checked with."""

from collections.abc import Callable

from server.outbound.budget import Budget
from server.outbound.calls import Calls
from server.outbound.fetcher import Fetcher, Unreachable
from server.outbound.kept import Kept
from server.outbound.missed import Missed
from tenants.oauth.client_auth import ClientKeys
from tenants.oauth.foreign_jwt import Unproven, usable_keys
from tenants.problems import Unfetched

SECONDS = 4.0
"""While the client waits for its tokens, for ten seconds at most in the case of widespread ones."""


class KeysOfClients:
    def __init__(self, fetcher: Fetcher, clock: Callable[[], int]) -> None:
        """`clock` gives whole seconds since 1970-01-01 UTC."""
        self._fetcher = fetcher
        self._kept = Kept(clock)
        self._budget = Budget(clock)
        self._missed = Missed(clock)

    async def at(self, tenant: str, uri: str, *, fresh: bool, address: str) -> ClientKeys:
        """Those at `uri`; `fresh` looks again, though only now and then. Raises Unfetched.

        Where none are kept, whoever asks from `address` pays for the call.
        """
        look = tenant, uri, fresh  # that no fresh ones can be had says nothing of those that are kept
        if self._missed.lately(look):
            raise Unfetched("the keys of the client: they were asked for a moment ago, in vain")
        if self._kept.lacks((tenant, uri, usable_keys)):
            self._budget.pay(tenant, uri, address)
        try:
            found = await self._kept.get(Calls(self._fetcher, tenant, SECONDS), uri, usable_keys, fresh=fresh)
        except (Unreachable, Unproven) as error:
            self._missed.note(look)
            raise Unfetched(f"the keys of the client: {error}") from None
        if found:
            self._budget.was_read(tenant, uri)
        return ClientKeys(uri, found, fresh)
