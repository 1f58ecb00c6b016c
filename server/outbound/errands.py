"""What tenants have to say or ask in the world, in their own time and in nobody's way.

An act that leaves something to be done now begins them, or the alarm does. Each kind of errand goes its own way: one
whose other side is slow holds up no other. Of one kind, a tenant runs one at a time, a bounded number of tenants do so
at once, and the others wait in the order in which they came.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from tenants.acts.maintain import rest
from tenants.problems import Problem
from tenants.tenant import Tenant

AT_ONCE = 32


class Errand(Protocol):
    async def run(self, tenant: Tenant) -> bool:
        """A bounded part of what is due now; whether there may be more. It leaves later what it could not do."""
        ...


class Broke(Protocol):
    """Who is told of what nobody foresaw."""

    def broke(self, actor: str, error: Exception) -> None: ...


class Errands:
    """Implements tenants.registry.Errands."""

    def __init__(self, kinds: Sequence[Errand], observer: Broke) -> None:
        self._ways = [_Way(kind, observer) for kind in kinds]

    def begin(self, tenant: Tenant) -> None:
        for way in self._ways:
            way.begin(tenant)

    async def close(self) -> None:
        """Nothing more is begun; what is under way is cut off, and comes again after the next start."""
        await asyncio.gather(*(way.close() for way in self._ways))


class _Way:
    """The errands of one kind."""

    def __init__(self, kind: Errand, observer: Broke) -> None:
        self._kind = kind
        self._observer = observer
        self._waiting: dict[str, Tenant] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    def begin(self, tenant: Tenant) -> None:
        if not self._closed:
            self._waiting[tenant.listing.uid] = tenant
            self._go_on()

    async def close(self) -> None:
        self._closed = True
        self._waiting.clear()
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _go_on(self) -> None:
        for uid in list(self._waiting):
            if len(self._under_way) >= AT_ONCE:
                return
            if uid not in self._under_way:  # else it is begun again when that has ended: there may be more by then
                task = asyncio.create_task(self._run(self._waiting.pop(uid)), name=f"errands of {uid}")
                self._under_way[uid] = task
                task.add_done_callback(partial(self._ended, uid))

    def _ended(self, uid: str, _: object) -> None:
        del self._under_way[uid]
        self._go_on()

    async def _run(self, tenant: Tenant) -> None:
        # what ends early comes again with the alarm, after a while: what fails at once could fail for ever
        try:
            if tenant.listing.state not in ("active", "disabled"):
                return
            if await self._kind.run(tenant):
                self.begin(tenant)  # behind all who wait
            else:
                await tenant.perform(rest, None)
        except Problem:
            pass  # the tenant is busy, stopped or broken
        except Exception as error:
            self._observer.broke(tenant.listing.uid, error)
