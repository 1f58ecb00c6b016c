"""The metadata documents of clients: fetched when an act asks for one, by one call for all who wait for the same."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from server.outbound.fetcher import Fetcher, Unreachable
from tenants.limits import Buckets
from tenants.oauth import uri
from tenants.oauth.client_document import MAX_BYTES, Fetched
from tenants.problems import Unfetched
from tenants.records import RateLimit

SECONDS = 5.0
COOL_DOWN = 10
"""Seconds in which a document is not fetched again, whatever came of it. What is good is kept by the tenant."""
MAX_RECENT = 1_000
OF_ONE_TENANT = RateLimit(per_minute=30, burst=30)
OF_ALL = RateLimit(per_minute=300, burst=300)
"""Documents on one host that were never read before. Strangers name them: we are not to be what they throw at others,
nor are they to keep all issuers from a host where many clients live. Clients that are known already do not count.
"""

Place = tuple[str, str]
"""Tenant and URL."""


class Documents:
    def __init__(self, fetcher: Fetcher, clock: Callable[[], int]) -> None:
        """`clock` gives whole seconds since 1970-01-01 UTC."""
        self._fetcher = fetcher
        self._clock = clock
        self._recent: OrderedDict[Place, tuple[int, Fetched | Unfetched]] = OrderedDict()
        self._under_way: dict[Place, asyncio.Task[Fetched | Unfetched]] = {}
        self._of_one_tenant, self._of_all = Buckets(), Buckets()

    async def at(self, tenant: str, url: str, *, known: bool) -> Fetched:
        """What is at `url` now, or was a moment ago. Raises Unfetched. `known`: the tenant has read it before."""
        outcome = await self._outcome(tenant, url, known=known)
        if isinstance(outcome, Unfetched):
            raise Unfetched(str(outcome))
        return outcome

    async def _outcome(self, tenant: str, url: str, *, known: bool) -> Fetched | Unfetched:
        place = tenant, url
        if place not in self._under_way:
            at, recent = self._recent.get(place, (0, None))
            if recent is not None and 0 <= self._clock() - at < COOL_DOWN:
                return recent
            if not known:
                self._pay(tenant, url)
            fetching = self._under_way[place] = asyncio.create_task(self._fetch(tenant, url))
            fetching.add_done_callback(partial(self._over, place))
        return await asyncio.shield(self._under_way[place])  # whoever leaves takes it from nobody else

    def _pay(self, tenant: str, url: str) -> None:
        parts, now = uri.parse(url), self._clock()
        host = "" if parts is None else parts.host
        payers = ((self._of_one_tenant, (tenant, host), OF_ONE_TENANT), (self._of_all, host, OF_ALL))
        if any(buckets.wait(who, limit, now) for buckets, who, limit in payers):
            raise Unfetched(f"too many documents of {host} were asked for")
        for buckets, who, limit in payers:
            buckets.take(who, limit, now)

    async def _fetch(self, tenant: str, url: str) -> Fetched | Unfetched:
        headers = {"accept": "application/json", "user-agent": "tenantry"}
        try:
            answer = await self._fetcher.fetch(
                tenant, "GET", url, headers=headers, max_bytes=MAX_BYTES, seconds=SECONDS
            )
        except Unreachable as error:
            return Unfetched(str(error))
        if answer.status != 200:
            return Unfetched(f"it answered with status {answer.status}")
        return Fetched(url, self._clock(), answer.headers, answer.body)

    def _over(self, place: Place, fetching: "asyncio.Task[Fetched | Unfetched]") -> None:
        del self._under_way[place]
        if not fetching.cancelled() and fetching.exception() is None:
            self._recent[place] = self._clock(), fetching.result()
            self._recent.move_to_end(place)
            if len(self._recent) > MAX_RECENT:
                self._recent.popitem(last=False)
