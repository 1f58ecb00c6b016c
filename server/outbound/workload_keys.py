"""The keys that workload issuers show, for the tokens of their workloads to be checked with."""

from collections.abc import Callable

from server.outbound.calls import Calls
from server.outbound.discovery import Discovery
from server.outbound.fetcher import Fetcher, Unreachable
from server.outbound.missed import Missed
from tenants.oauth.foreign_jwt import Unproven
from tenants.oauth.workload_assertion import WorkloadKeys
from tenants.problems import Unfetched
from tenants.records import WorkloadIssuer

SECONDS = 4.0
"""For each of two calls, while the workload waits for its token."""


class KeysOfWorkloads:
    def __init__(self, fetcher: Fetcher, discovery: Discovery, clock: Callable[[], int]) -> None:
        """`clock` gives whole seconds since 1970-01-01 UTC."""
        self._fetcher = fetcher
        self._discovery = discovery
        self._missed = Missed(clock)

    async def of(self, tenant: str, issuer: WorkloadIssuer, *, fresh: bool) -> WorkloadKeys:
        """Those that its address or its metadata leads to; `fresh` looks again, though only now and then. Raises
        Unfetched."""
        look = tenant, issuer.issuer_uri, issuer.jwks_uri, fresh
        if self._missed.lately(look):
            raise Unfetched("the keys of the workload issuer: they were asked for a moment ago, in vain")
        calls = Calls(self._fetcher, tenant, SECONDS)
        try:
            jwks_uri = await self._discovery.jwks_uri(calls, issuer)
            found = await self._discovery.keys(calls, jwks_uri, fresh=fresh)
        except (Unreachable, Unproven) as error:
            self._missed.note(look)
            raise Unfetched(f"the keys of the workload issuer: {error}") from None
        return WorkloadKeys(issuer, found, fresh)
