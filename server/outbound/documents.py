"""The metadata documents of clients: fetched when an act asks for one, by one call for all who wait for the same."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from server.outbound.budget import Budget
from server.outbound.fetcher import Fetcher, Unreachable
from tenants.oauth import client_document
from tenants.oauth.client_document import MAX_BYTES, Fetched
from tenants.problems import Unfetched

SECONDS = 5.0
COOL_DOWN = 10
"""Seconds in which a document is not fetched again, whatever came of it. What is good is kept by the tenant."""
MAX_RECENT = 1_000

Place = tuple[str, str]
"""Tenant and URL."""


class Documents:
    def __init__(self, of_known: Fetcher, of_new: Fetcher, clock: Callable[[], int]) -> None:
        """Documents that were read before and those that were not are each called for with places of their own: no
        stranger's slow hosts keep a client that is known from being read again. `clock` gives whole seconds since
        1970-01-01 UTC.
        """
        self._of_known, self._of_new = of_known, of_new
        self._clock = clock
        self._budget = Budget(clock)
        self._recent: OrderedDict[Place, tuple[int, Fetched | Unfetched]] = OrderedDict()
        self._under_way: dict[Place, asyncio.Task[Fetched | Unfetched]] = {}

    async def at(self, tenant: str, url: str, *, known: bool, address: str) -> Fetched:
        """What is at `url` now, or was a moment ago. Raises Unfetched.

        `known`: the tenant keeps what it read there; for what it does not, whoever asks from `address` pays.
        """
        outcome = await self._outcome(tenant, url, known, address)
        if isinstance(outcome, Unfetched):
            raise Unfetched(str(outcome))
        return outcome

    async def _outcome(self, tenant: str, url: str, known: bool, address: str) -> Fetched | Unfetched:
        place = tenant, url
        if place not in self._under_way:
            at, recent = self._recent.get(place, (0, None))
            if recent is not None and 0 <= self._clock() - at < COOL_DOWN:
                return recent
            if not known:
                self._budget.pay(tenant, url, address)
            fetcher = self._of_known if known else self._of_new
            fetching = self._under_way[place] = asyncio.create_task(self._fetch(fetcher, tenant, url))
            fetching.add_done_callback(partial(self._over, place))
        return await asyncio.shield(self._under_way[place])  # whoever leaves takes it from nobody else

    async def _fetch(self, fetcher: Fetcher, tenant: str, url: str) -> Fetched | Unfetched:
        headers = {"accept": "application/json", "user-agent": "tenantry"}
        try:
            answer = await fetcher.fetch(tenant, "GET", url, headers=headers, max_bytes=MAX_BYTES, seconds=SECONDS)
        except Unreachable as error:
            return Unfetched(str(error))
        if answer.status != 200:
            return Unfetched(f"it answered with status {answer.status}")
        fetched = Fetched(url, self._clock(), answer.headers, answer.body)
        if client_document.is_one(fetched):
            self._budget.was_read(tenant, url)
        return fetched

    def _over(self, place: Place, fetching: "asyncio.Task[Fetched | Unfetched]") -> None:
        del self._under_way[place]
        if not fetching.cancelled() and fetching.exception() is None:
            self._recent[place] = self._clock(), fetching.result()
            self._recent.move_to_end(place)
            if len(self._recent) > MAX_RECENT:
                self._recent.popitem(last=False)
