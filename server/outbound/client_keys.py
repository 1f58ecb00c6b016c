"""The keys that clients show at their `jwks_uri`, for their assertions to be checked with."""

from collections import OrderedDict
from collections.abc import Callable

from server.outbound.budget import Budget
from server.outbound.calls import Calls
from server.outbound.fetcher import Fetcher, Unreachable
from server.outbound.kept import Kept
from tenants.oauth.client_auth import ClientKeys
from tenants.oauth.foreign_jwt import Unproven, usable_keys
from tenants.problems import Unfetched

SECONDS = 4.0
"""While the client waits for its tokens, for ten seconds at most in the case of widespread ones."""
COOL_DOWN = 10
"""Seconds in which what could not be had is not asked for again. Strangers name these places, and have their assertions
checked as often as they like: we are not to be what they throw at others."""
MAX_MISSED = 1_000


class KeysOfClients:
    def __init__(self, fetcher: Fetcher, clock: Callable[[], int]) -> None:
        """`clock` gives whole seconds since 1970-01-01 UTC."""
        self._fetcher = fetcher
        self._clock = clock
        self._kept = Kept(clock)
        self._budget = Budget(clock)
        self._missed: OrderedDict[tuple[str, str, bool], int] = OrderedDict()

    async def at(self, tenant: str, uri: str, *, fresh: bool, address: str) -> ClientKeys:
        """Those at `uri`; `fresh` looks again, though only now and then. Raises Unfetched.

        Where none are kept, whoever asks from `address` pays for the call.
        """
        look = tenant, uri, fresh  # that no fresh ones can be had says nothing of those that are kept
        missed_at = self._missed.get(look)
        if missed_at is not None and 0 <= self._clock() - missed_at < COOL_DOWN:
            raise Unfetched("the keys of the client: they were asked for a moment ago, in vain")
        if self._kept.lacks((tenant, uri, usable_keys)):
            self._budget.pay(tenant, uri, address)
        try:
            found = await self._kept.get(Calls(self._fetcher, tenant, SECONDS), uri, usable_keys, fresh=fresh)
        except (Unreachable, Unproven) as error:
            self._miss(look)
            raise Unfetched(f"the keys of the client: {error}") from None
        if found:
            self._budget.was_read(tenant, uri)
        return ClientKeys(uri, found, fresh)

    def _miss(self, look: tuple[str, str, bool]) -> None:
        self._missed[look] = self._clock()
        self._missed.move_to_end(look)
        if len(self._missed) > MAX_MISSED:
            self._missed.popitem(last=False)
