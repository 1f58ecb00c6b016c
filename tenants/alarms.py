"""When tenants are woken to look after themselves: at least once, and again with backoff where that fails."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from tenants import listings
from tenants.actor import Observer
from tenants.acts.maintain import Maintenance, maintain
from tenants.listings import Perform
from tenants.problems import Problem
from tenants.records import Listing
from tenants.tenant import Tenant

MAX_BACKOFF = 3_600


class Errands(Protocol):
    """What tenants have to say or ask in the world, outside their turns."""

    def begin(self, tenant: Tenant) -> None:
        """Let it do so in its own time. Asked again while it does, it does so once more when it is done."""
        ...


class Alarms:
    """They stand in the registry's list. `purge` ends a deleted issuer whose time is over."""

    def __init__(
        self,
        perform: Perform,
        now: Callable[[], int],
        tenant: Callable[[str], Tenant],
        purge: Callable[[Tenant, Listing], Awaitable[None]],
        errands: Errands | None,
        observer: Observer | None,
    ) -> None:
        """`tenant` finds it by the issuer's id, in whatever state it is."""
        self._perform = perform
        self._now = now
        self._tenant = tenant
        self._purge = purge
        self._errands = errands
        self._observer = observer
        self._brought_forward: dict[str, int] = {}
        """Issuers whose alarm was brought forward since it last rang, and to when: it comes no later than that."""
        self._unwritten: dict[str, int] = {}
        """Those of them of which the list does not know it yet."""

    async def ring(self, limit: int) -> int:
        """Wake the tenants whose alarm has come, and purge the deleted whose time is over; how many were due.

        An alarm moves on only after its act has committed.
        """
        for issuer_id, at in list(self._unwritten.items()):
            await self._write_forward(issuer_id, at)
        await self._perform(listings.sweep, limit)
        due: list[Listing] = await self._perform(listings.due, limit)
        for listing in due:
            tenant = self._tenant(listing.id)
            try:
                if listing.state == "deleted":
                    await self._purge(tenant, listing)
                else:
                    await self._maintain(tenant, listing)
            except Exception as error:  # one tenant that cannot must not keep the others from it
                if self._observer is not None and not isinstance(error, Problem):
                    self._observer.broke(listing.uid, error)
                attempts = listing.alarm_attempts + 1
                wait = min(2**attempts, MAX_BACKOFF)
                self._brought_forward.pop(listing.id, None)
                await self._perform(listings.put_off, (listing, self._now() + wait, attempts))
        return len(due)

    async def bring_forward(self, tenant: Tenant, at: int) -> None:
        """It has something to do at that instant, or at once."""
        issuer_id = tenant.listing.id
        if at <= self._now() and self._errands is not None:
            self._errands.begin(tenant)  # the alarm is for whoever comes after a crash
        if at < self._brought_forward.get(issuer_id, at + 1):
            self._brought_forward[issuer_id] = at
            await self._write_forward(issuer_id, at)

    async def _write_forward(self, issuer_id: str, at: int) -> None:
        """In the list; if that cannot be written now, before the next alarms ring.

        What the act did is done, and whoever asked for it must not be told otherwise.
        """
        try:
            await self._perform(listings.bring_forward, (issuer_id, at))
        except Problem:
            self._unwritten[issuer_id] = min(at, self._unwritten.get(issuer_id, at))
        else:
            self._unwritten.pop(issuer_id, None)

    async def _maintain(self, tenant: Tenant, due: Listing) -> None:
        self._brought_forward.pop(due.id, None)
        done = await tenant.actor.run(maintain, Maintenance())
        while done.more is not None:
            done = await tenant.actor.run(maintain, done.more)
        if done.errands and self._errands is not None:
            self._errands.begin(tenant)
        # what was left to be done meanwhile must not be put off
        at = min(done.next_at, self._brought_forward.get(due.id, done.next_at))
        await self._perform(listings.put_off, (due, at, 0))
