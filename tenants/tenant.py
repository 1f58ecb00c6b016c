"""One issuer, as the doors see it: an actor, and what it publishes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenants.actor import Actor
from tenants.acts.publish import Published, publish
from tenants.limits import Limits
from tenants.oauth.refusal import Refusal
from tenants.problems import IssuerUnavailable
from tenants.records import Listing
from tenants.store import Tx
from tenants.turn import Turn

Q = TypeVar("Q")
R = TypeVar("R")


class Tenant:
    """One issuer, as the doors see it: an actor, and what it publishes."""

    def __init__(
        self,
        listing: Listing,
        actor: Callable[["Tenant"], Actor[Tx, Turn]],
        set_alarm: Callable[["Tenant", int], Awaitable[None]],
        now: Callable[[], int],
    ) -> None:
        """`actor` makes the actor, whose acts call `announce` and `wake_at`; `set_alarm` makes such a wish durable."""
        self.listing = listing
        self.limits = Limits(now)
        self.actor = actor(self)
        self._set_alarm = set_alarm
        self._loop = asyncio.get_running_loop()
        self._wish: int | None = None
        """The earliest instant at which an act wants to be followed by the alarm, not told to the list yet."""
        self._telling: asyncio.Task[None] | None = None
        self.changing = asyncio.Lock()
        """Held by whoever changes the listing: between what was seen of it and what is written, it stays."""
        self._published: tuple[int, Published | None] = 0, None
        """The edition that it is of, and what was published then."""
        self._edition = 0

    @property
    def uri(self) -> str:
        return self.listing.uri

    @property
    def debug(self) -> bool:
        """Whether the policy, if it is at hand without a turn, wants the details of refusals in the log."""
        published = self._published[1]
        return published is not None and published.policy.debug

    async def run(self, act: Callable[[Turn, Q], R | Refusal], request: Q) -> R:
        """Give an act its turn (see `Actor.run`). IssuerUnavailable unless the issuer is active."""
        if self.listing.state != "active":
            raise IssuerUnavailable(self.listing.id)
        return await self.perform(act, request)

    async def perform(self, act: Callable[[Turn, Q], R | Refusal], request: Q) -> R:
        """The same in whatever state the issuer is.

        What an act leaves to be done is written in the list of alarms before its reply is given, so no crash loses it;
        if the list cannot be written, the act is done all the same, and a crash puts the rest off by a day at most.
        It is written also if nobody waits for the reply any more.
        """
        try:
            return await self.actor.run(act, request)
        finally:
            if self._telling is not None:
                await asyncio.shield(self._telling)

    async def stop(self) -> None:
        """Finish what waits, and tell what that left to be done."""
        await self.actor.stop()
        if self._telling is not None:
            await asyncio.wait([self._telling])

    async def published(self) -> Published:
        """Metadata and keys. They are shown even while the issuer is disabled, so that tokens can still be checked."""
        edition, published = self._published
        if published is None or edition != self._edition:
            edition = self._edition
            published = await self.actor.run(publish, None)
            # a copy of an older edition than the newest announced is used this once, and never again
            self._published = edition, published
        return published

    def wake_at(self, at: int) -> None:
        """Called from the store's thread, inside the turn that leaves something to be done."""
        # the loop hears of it before it hears that the turn is over
        self._loop.call_soon_threadsafe(self._wish_for, at)

    def announce(self) -> None:
        """What was published is out of date. Called from the store's thread, inside the turn that changes it."""
        self._edition += 1

    def _wish_for(self, at: int) -> None:
        self._wish = at if self._wish is None else min(at, self._wish)
        if self._telling is None:
            self._telling = self._loop.create_task(self._tell(), name=f"alarm of {self.listing.uid}")

    async def _tell(self) -> None:
        try:
            while self._wish is not None:
                wish, self._wish = self._wish, None
                await self._set_alarm(self, wish)
        finally:
            self._telling = None
