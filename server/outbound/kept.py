"""Public JSON documents of others, fetched when they are needed and kept for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar, cast

from server.outbound.calls import Calls
from server.outbound.fetcher import Unreachable
from tenants.oauth.foreign_jwt import Unproven

T = TypeVar("T")
LIFETIME = 3_600
MAX_AGE = 86_400
"""Seconds after which an older copy is of no use, even where no newer one can be had."""
COOL_DOWN = 30
"""Seconds between two looks for what we do not know, or could not have."""
PATIENCE = 2.0
"""Seconds that a newer copy is waited for where an older one will do."""
MAX_KEPT = 2_000
"""Documents of all tenants together; of each only what is used."""
MAX_OF_TENANT = 40
"""Unless it is known how many it may need."""

Read = Callable[[Mapping[str, Any]], T]
"""What is kept of a document. Two readings of one URL are two documents: a provider may name itself as its keys."""
Place = tuple[str, str, Read[object]]


@dataclass(frozen=True, slots=True)
class _Copy:
    found: object
    at: int
    missed_at: int | None = None
    """When a newer one was asked for in vain."""

    def is_younger(self, seconds: int, now: int) -> bool:
        return 0 <= now - self.at < seconds

    def was_missed(self, now: int) -> bool:
        return self.missed_at is not None and 0 <= now - self.missed_at < COOL_DOWN


class Kept:
    """A document is asked for again after LIFETIME. What if that leads to nothing good?

    - No answer that may be used, or status 429 or 5xx: the other side says nothing, so what it said before stands
      (RFC 5861 §4). A key that it took back is believed for MAX_AGE at most, if somebody keeps it silent.
    - Another answer that is no JSON object: what it says now is not what it said, and a slip looks like a stranger at
      its place. Nothing is believed of it, and the older copy is thrown away: it must not come back when there is no
      answer.
    - A document that whoever asked cannot believe: it takes the older one's place, and is refused until a later look
      finds a right one.
    - No keys: all are taken back, and nothing is proven any more.

    Whoever looks for what is fresh, because of a key or an algorithm that we do not know, is told nothing older.
    """

    def __init__(self, clock: Callable[[], int], of_tenant: int = MAX_OF_TENANT) -> None:
        """`of_tenant` is how many documents are kept of one: where strangers can make us need any of them, all that its
        operator named must have room, or they would make us call again and again."""
        self._clock = clock
        self._of_tenant = of_tenant
        self._kept: OrderedDict[Place, _Copy] = OrderedDict()
        self._under_way: dict[Place, asyncio.Future[object]] = {}

    async def get(self, calls: Calls, url: str, read: Read[T], *, fresh: bool) -> T:
        """What is read there, no older than LIFETIME, or COOL_DOWN if `fresh`. Only who is not after what is fresh
        may be given an older copy."""
        place, now = (calls.tenant, url, read), self._clock()
        copy = self._kept.get(place)
        if copy is not None and not copy.is_younger(MAX_AGE, now):
            copy = None
        if copy is not None:
            self._kept.move_to_end(place)
            if copy.is_younger(COOL_DOWN if fresh else LIFETIME, now):
                return cast("T", copy.found)
            if copy.was_missed(now):
                if fresh:
                    raise Unreachable("it was asked a moment ago, and gave no answer")
                return cast("T", copy.found)
        look = self._under_way.get(place)
        if look is None:
            look = self._under_way[place] = asyncio.ensure_future(self._look(calls, place))
            look.add_done_callback(partial(self._over, place))
        if copy is not None and not fresh:
            await asyncio.wait((look,), timeout=PATIENCE)
            if not look.done() or look.cancelled() or isinstance(look.exception(), Unreachable):
                return cast("T", copy.found)
        return cast("T", await asyncio.shield(look))  # whoever leaves takes it from nobody else

    def _over(self, place: Place, look: asyncio.Future[object]) -> None:
        del self._under_way[place]
        if not look.cancelled():
            look.exception()  # it may be that nobody waits any more to be told

    async def _look(self, calls: Calls, place: Place) -> object:
        """Ask once for all who want to know."""
        _, url, read = place
        try:
            found = read(await calls.document(url))
        except Unreachable:
            if place in self._kept:
                self._kept[place] = replace(self._kept[place], missed_at=self._clock())
            raise
        except Unproven:
            self._kept.pop(place, None)
            raise
        self.keep(place, found)
        return found

    def lacks(self, place: Place) -> bool:
        """Whether nothing of it is at hand, nor asked for already: whoever gets it now makes a first call."""
        copy = self._kept.get(place)
        at_hand = copy is not None and copy.is_younger(MAX_AGE, self._clock())
        return not at_hand and place not in self._under_way

    def keep(self, place: Place, found: object) -> None:
        """What was found there a moment ago."""
        self._kept[place] = _Copy(found, self._clock())
        self._kept.move_to_end(place)
        self._make_room(place[0])

    def _make_room(self, tenant: str) -> None:
        """A tenant with many documents loses its own oldest ones; only then do all lose."""
        own = [place for place in self._kept if place[0] == tenant]
        for place in own[: max(len(own) - self._of_tenant, 0)]:
            del self._kept[place]
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
