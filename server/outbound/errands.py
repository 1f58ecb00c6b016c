"""What tenants have to say or ask in the world, in their own time and in nobody's way.

The alarm begins them. One tenant runs its errands one after another, and a bounded number of tenants do so at once;
those beyond it are begun when their alarm comes again.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from tenants.acts.maintain import rest
from tenants.problems import Problem
from tenants.tenant import Tenant

AT_ONCE = 32
ROUNDS = 100
"""After which a tenant lets others go first."""


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
        self._kinds = kinds
        self._observer = observer
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def begin(self, tenant: Tenant) -> None:
        uid = tenant.listing.uid
        if uid not in self._under_way and len(self._under_way) < AT_ONCE:
            task = self._under_way[uid] = asyncio.create_task(self._run(tenant), name=f"errands of {uid}")
            task.add_done_callback(lambda _: self._under_way.pop(uid))

    async def close(self) -> None:
        """Nothing more is begun; what is under way is cut off, and comes again after the next start."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, tenant: Tenant) -> None:
        try:
            for kind in self._kinds:
                for _ in range(ROUNDS):
                    if not await kind.run(tenant):
                        break
            await tenant.perform(rest, None)
        except Problem:
            pass  # the tenant is busy, stopped or deleted: its alarm comes again
        except Exception as error:
            self._observer.broke(tenant.listing.uid, error)
