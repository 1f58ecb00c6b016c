"""The keys that workload issuers show, for the tokens of their workloads to be checked with."""

from collections import OrderedDict
from collections.abc import Callable

from server.outbound.calls import Calls
from server.outbound.discovery import Discovery
from server.outbound.fetcher import Fetcher, Unreachable
from tenants.oauth.foreign_jwt import Unproven
from tenants.oauth.workload_assertion import WorkloadKeys
from tenants.problems import Unfetched
from tenants.records import WorkloadIssuer

SECONDS = 4.0
"""For each of two calls, while the workload waits for its token."""
COOL_DOWN = 10
"""Seconds in which what could not be had is not asked for again: anybody may claim to be one of its workloads."""
MAX_MISSED = 1_000


class KeysOfWorkloads:
    def __init__(self, fetcher: Fetcher, discovery: Discovery, clock: Callable[[], int]) -> None:
        """`clock` gives whole seconds since 1970-01-01 UTC."""
        self._fetcher = fetcher
        self._discovery = discovery
        self._clock = clock
        self._missed: OrderedDict[tuple[str, str, str, bool], int] = OrderedDict()

    async def of(self, tenant: str, issuer: WorkloadIssuer, *, fresh: bool) -> WorkloadKeys:
        """Those that its address or its metadata leads to; `fresh` looks again, though only now and then. Raises
        Unfetched."""
        look = tenant, issuer.issuer_uri, issuer.jwks_uri, fresh
        missed_at = self._missed.get(look)
        if missed_at is not None and 0 <= self._clock() - missed_at < COOL_DOWN:
            raise Unfetched("the keys of the workload issuer: they were asked for a moment ago, in vain")
        calls = Calls(self._fetcher, tenant, SECONDS)
        try:
            jwks_uri = await self._discovery.jwks_uri(calls, issuer)
            found = await self._discovery.keys(calls, jwks_uri, fresh=fresh)
        except (Unreachable, Unproven) as error:
            self._miss(look)
            raise Unfetched(f"the keys of the workload issuer: {error}") from None
        return WorkloadKeys(issuer, found, fresh)

    def _miss(self, look: tuple[str, str, str, bool]) -> None:
        self._missed[look] = self._clock()
        self._missed.move_to_end(look)
        if len(self._missed) > MAX_MISSED:
            self._missed.popitem(last=False)
