"""Who may call out now: so many calls at once, and the fewer places are free, the fewer of them one tenant may hold.

A few tenants whose providers are silent can so never take the last places from all others.
"""

import asyncio
from collections import deque

TOTAL = 64
PER_TENANT = 8
SPARE = 4
"""Places that must be free for each one that a tenant holds already, before it gets one more."""
MAX_WAITING = 64
"""Calls of one tenant that wait for a place."""


class Crowded(Exception):
    """Too many calls of this tenant wait already."""


class Places:
    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._free = TOTAL
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def take(self, tenant: str) -> None:
        """Wait for a place; whoever gets one leaves it again. Raises Crowded."""
        if self._may_take(tenant):  # then nobody of this tenant waits
            return self._seat(tenant)
        line = self._waiting.setdefault(tenant, deque())
        if len(line) >= MAX_WAITING:
            raise Crowded
        called = asyncio.get_running_loop().create_future()
        line.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():
                self.leave(tenant)  # it was called in the very moment in which it gave up
            elif called in line:
                line.remove(called)
                self._close_empty(tenant)
            raise

    def leave(self, tenant: str) -> None:
        self._free += 1
        self._held[tenant] -= 1
        if not self._held[tenant]:
            del self._held[tenant]
        for waiting, line in list(self._waiting.items()):
            while line and self._may_take(waiting):
                called = line.popleft()
                if not called.cancelled():
                    self._seat(waiting)
                    called.set_result(None)
            self._close_empty(waiting)

    def _may_take(self, tenant: str) -> bool:
        held = self._held.get(tenant, 0)
        return held < PER_TENANT and self._free > held * SPARE

    def _seat(self, tenant: str) -> None:
        self._free -= 1
        self._held[tenant] = self._held.get(tenant, 0) + 1

    def _close_empty(self, tenant: str) -> None:
        if not self._waiting[tenant]:
            del self._waiting[tenant]
