"""How often somebody may do something: token buckets, in memory, in whole numbers, at instants that are given.

What a bucket holds is counted in sixtieths of a token: so it gains, each second, as many as its limit allows a minute.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Literal

from tenants.problems import TooMany
from tenants.records import RateLimit

LimitKind = Literal["failure", "registration", "client", "guess", "session"]
KINDS: tuple[LimitKind, ...] = ("failure", "registration", "client", "guess", "session")
TOKEN = 60
ROOM = 1_000
"""Buckets of one kind that one issuer keeps, and clients that it knows by where they are."""


def held(level: tuple[int, int] | None, limit: RateLimit, now: int) -> int:
    """What is in a bucket that held so much at that instant; one that nobody has used yet is full."""
    full = limit.burst * TOKEN
    if level is None:
        return full
    amount, at = level
    return min(amount + max(now - at, 0) * limit.per_minute, full)


def seconds_until_one(amount: int, limit: RateLimit) -> int:
    """Until there is a whole token again; 0 if there is one."""
    return max(-((amount - TOKEN) // limit.per_minute), 0)


class Buckets:
    """One for each who, up to ROOM; then the one that was not used for longest is forgotten, and is full again.

    That helps only somebody with more than ROOM addresses, whom no limit of one address holds anyway.
    """

    def __init__(self) -> None:
        self._levels: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()

    def wait(self, who: Hashable, limit: RateLimit, now: int) -> int:
        """Seconds until there is a token for them; 0 if there is one now."""
        level = self._levels.get(who)
        return 0 if level is None or not limit.per_minute else seconds_until_one(held(level, limit, now), limit)

    def take(self, who: Hashable, limit: RateLimit, now: int) -> None:
        """One token, also where there is none: what went by at the same time is waited for later, up to a burst."""
        if not limit.per_minute:
            return
        amount = held(self._levels.get(who), limit, now) - TOKEN
        self._levels[who] = max(amount, -limit.burst * TOKEN), now
        self._levels.move_to_end(who)
        if len(self._levels) > ROOM:
            self._levels.popitem(last=False)

    def __len__(self) -> int:
        return len(self._levels)


class Limits:
    """What one issuer remembers of who asked how often. It is forgotten when the process ends."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._buckets = {kind: Buckets() for kind in KINDS}
        self._known: OrderedDict[Hashable, None] = OrderedDict()

    def admit(self, kind: LimitKind, who: Hashable, limit: RateLimit) -> None:
        """Raises TooMany unless there is a token for them. It is not taken yet."""
        seconds = self._buckets[kind].wait(who, limit, self._now())
        if seconds:
            raise TooMany(kind, seconds)

    def count(self, kind: LimitKind, who: Hashable, limit: RateLimit) -> None:
        self._buckets[kind].take(who, limit, self._now())

    def meet(self, who: Hashable) -> None:
        """They have proved who they are."""
        self._known[who] = None
        self._known.move_to_end(who)
        if len(self._known) > ROOM:
            self._known.popitem(last=False)

    def knows(self, who: Hashable) -> bool:
        return who in self._known

    def forget(self, who: Hashable) -> None:
        """They have failed to."""
        self._known.pop(who, None)
