"""Who is awake: a bounded number of open stores, the least recently used asleep first, the idle ones after a while."""

import asyncio
from collections.abc import Callable

from tenants.actor import Sleeper
from tenants.problems import Busy


class Residence:
    """The house of all tenants' actors (see `tenants.actor.House`)."""

    def __init__(self, clock: Callable[[], int], *, places: int, batches: int, idle_after: float) -> None:
        """`places` stores may be open at once, `batches` of them may work at once; `idle_after` is in seconds."""
        self._clock = clock
        self._places = places
        self._idle_after = idle_after
        self._awake: dict[Sleeper, None] = {}
        self.batches = asyncio.Semaphore(batches)

    def now(self) -> int:
        return self._clock()

    @property
    def awake(self) -> int:
        return len(self._awake)

    async def admit(self, actor: Sleeper) -> None:
        while len(self._awake) >= self._places:
            idle = [(since, other) for other in self._awake if (since := other.idle_since) is not None]
            if not idle:
                raise Busy
            await min(idle, key=lambda pair: pair[0])[1].sleep()
        self._awake[actor] = None

    def left(self, actor: Sleeper) -> None:
        self._awake.pop(actor, None)

    async def send_idle_to_sleep(self) -> int:
        """Close what has not been used for a while; how many."""
        before = asyncio.get_running_loop().time() - self._idle_after
        idle = [other for other in self._awake if (since := other.idle_since) is not None and since <= before]
        return sum([await other.sleep() for other in idle])
