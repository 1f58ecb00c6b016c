"""Which issuers there are, and where. The registry alone makes, opens, closes and forgets tenants.

It keeps its list in a store of its own, through an actor of its own, and the part that routing needs in memory. An
issuer's row comes before its file and its file before its state: whatever a crash leaves behind is finished or undone
at the next start.
"""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from tenants import listings
from tenants.actor import Actor, AfterCommit, Awake, Limits, Observer
from tenants.acts.found import Founding, found
from tenants.acts.maintain import Maintenance, maintain
from tenants.acts.operate import PolicyChange, change_policy
from tenants.hosts import Host, Hosts
from tenants.keyring import KEY_BYTES, DataKeys, Entropy, Keyring
from tenants.listings import ListTurn, etag
from tenants.new_issuer import NewIssuer, check_new
from tenants.problems import Broken, EtagMismatch, IssuerUnavailable, NoSuchIssuer, Problem
from tenants.records import DAY, Issuer, Listing, Policy
from tenants.residence import Residence
from tenants.store import Done, RegistryTx, Store, Stores, Tx
from tenants.tenant import Tenant
from tenants.turn import Turn

MAX_ALARM_BACKOFF = 3_600
REGISTRY_UID = "registry"

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerChange:
    """What to change; None stays as it is. `version` is the one that the caller saw, if it cares."""

    id: str
    actor: str
    display_name: str | None = None
    policy: Callable[[Policy], Policy] | None = None
    version: int | None = None


class Errands(Protocol):
    """What tenants have to say or ask in the world, outside their turns."""

    def begin(self, tenant: Tenant) -> None:
        """Let it do so in its own time. Asked again while it does, it does so once more when it is done."""
        ...


class Registry:
    def __init__(
        self,
        registry_stores: Stores[RegistryTx],
        tenant_stores: Stores[Tx],
        residence: Residence,
        data_keys: DataKeys,
        entropy: Entropy,
        *,
        limits: Limits | None = None,
        observer: Observer | None = None,
        after_commit: AfterCommit | None = None,
        errands: Errands | None = None,
    ) -> None:
        self._registry_stores = registry_stores
        self._stores = tenant_stores
        self._residence = residence
        self._data_keys = data_keys
        self._entropy = entropy
        self._limits = limits
        self._observer = observer
        self._after_commit = after_commit
        own_house = Residence(residence.now, places=1, batches=1, idle_after=float("inf"))
        self._list: Actor[RegistryTx, ListTurn] = Actor(REGISTRY_UID, self._wake_list, own_house, observer=observer)
        self._tenants: dict[str, Tenant] = {}
        self._hosts = Hosts()
        self._errands = errands
        self._under_way: set[asyncio.Task[Any]] = set()
        self._brought_forward: dict[str, int] = {}
        """Issuers whose alarm was brought forward since it last rang, and to when: it comes no later than that."""

    # --- life

    async def start(self) -> None:
        """Read the list, and finish or undo what a crash left half-made."""
        if REGISTRY_UID not in await self._registry_stores.uids():
            await self._registry_stores.create(REGISTRY_UID, [])
        whole = set(await self._stores.uids())
        for listing in await self._list.run(listings.every, None):
            if listing.state == "building":
                if listing.uid not in whole:
                    await self._stores.remove(listing.uid)  # what there is of it
                    await self._list.run(listings.withdraw, listing.id)
                    continue
                listing = await self._list.run(listings.opened, listing.id)
            if listing.alarm_at > self._residence.now() + DAY:  # set by a clock that was far ahead
                await self._list.run(listings.wake_soon, listing.id)
            self._know(listing)

    async def stop(self) -> None:
        """Let every tenant finish what waits, and close all stores."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await asyncio.gather(*(tenant.stop() for tenant in self._tenants.values()))
        await self._list.stop()

    # --- finding

    def at(self, host: str) -> Host | None:
        """Who is at exactly this Host header, in lower case. There is no default tenant."""
        return self._hosts.at(host)

    def tenant(self, issuer_id: str) -> Tenant:
        """The tenant of a listed issuer. Raises NoSuchIssuer, also for one that was purged."""
        tenant = self._tenants.get(issuer_id)
        if tenant is None or tenant.listing.state == "purged":
            raise NoSuchIssuer(issuer_id)
        return tenant

    async def page(self, after: str, limit: int, *, with_deleted: bool) -> list[Listing]:
        """Listings in the order of their ids."""
        return await self._list.run(listings.page, (after, limit, with_deleted))

    # --- provisioning

    async def check(self, new: NewIssuer) -> None:
        """Raises what `create` would, and makes nothing."""
        check_new(new)
        await self._list.run(listings.refuse_taken, new)

    async def create(self, new: NewIssuer) -> Listing:
        """A new issuer, serving. Raises Invalid, IssuerIdTaken or IssuerUriTaken."""
        check_new(new)
        return await self._to_the_end(self._create(new))

    async def _create(self, new: NewIssuer) -> Listing:
        uid = str(uuid.UUID(bytes=self._entropy(16), version=4))
        await self._list.run(listings.reserve, (new, uid))
        data_key = self._entropy(KEY_BYTES)
        issuer = Issuer(
            id=new.id, uid=uid, uri=new.uri, policy=new.policy, sealed_data_key=self._data_keys.wrap(uid, data_key)
        )
        keyring = Keyring(uid, data_key, self._entropy)
        now = self._residence.now()

        def first_turn(tx: Tx) -> None:
            found(Turn(tx, now, self._entropy, keyring, lambda: None, lambda _: None), Founding(issuer, new.actor))

        try:
            await self._stores.create(uid, [first_turn])
        except BaseException:
            await self._list.run(listings.withdraw, new.id)
            raise
        listing = await self._list.run(listings.opened, new.id)
        self._know(listing)
        return listing

    async def change(self, change: IssuerChange) -> Listing:
        """Raises NoSuchIssuer, Invalid or EtagMismatch."""
        return await self._to_the_end(self._change(change))

    async def _change(self, change: IssuerChange) -> Listing:
        tenant = self.tenant(change.id)
        async with tenant.changing:
            if change.version is not None and change.version != tenant.listing.version:
                raise EtagMismatch(etag(tenant.listing))
            if change.policy is not None:
                policy = change.policy
                await tenant.actor.run(
                    lambda turn, actor: change_policy(turn, PolicyChange(policy(turn.issuer.policy), actor)),
                    change.actor,
                )
            name = change.display_name
            return await self._step(tenant, lambda old: old if name is None else replace(old, display_name=name))

    async def disable(self, issuer_id: str, version: int | None = None) -> Listing:
        return await self._to_the_end(self._move(issuer_id, {"active", "disabled"}, "disabled", version))

    async def enable(self, issuer_id: str, version: int | None = None) -> Listing:
        return await self._to_the_end(self._move(issuer_id, {"active", "disabled"}, "active", version))

    async def delete(self, issuer_id: str, version: int | None = None) -> Listing:
        """Stop serving it, and purge its file in 30 days. What was begun finishes first."""
        listing = await self._to_the_end(self._move(issuer_id, {"active", "disabled"}, "deleted", version))
        await self._tenants[issuer_id].actor.stop()
        return listing

    async def undelete(self, issuer_id: str) -> Listing:
        """Raises IssuerUnavailable once its time is over: its file may be gone already."""
        purge_at = self.tenant(issuer_id).listing.purge_at
        if purge_at is not None and purge_at <= self._residence.now():
            raise IssuerUnavailable(f"{issuer_id} is being purged")
        return await self._to_the_end(self._move(issuer_id, {"deleted"}, "undeleted", None))

    # --- alarms

    async def ring(self, limit: int = 50) -> int:
        """Wake the tenants whose alarm has come, and purge the deleted whose time is over; how many were due.

        At least once: an alarm moves on only after its act has committed, and comes back with backoff if that fails.
        """
        due = await self._list.run(listings.due, limit)
        for listing in due:
            tenant = self._tenants[listing.id]
            try:
                if listing.state == "deleted":
                    await self._purge(tenant, listing)
                else:
                    await self._maintain(tenant, listing)
            except Exception as error:  # one tenant that cannot must not keep the others from it
                if self._observer is not None and not isinstance(error, Problem):
                    self._observer.broke(listing.uid, error)
                attempts = listing.alarm_attempts + 1
                wait = min(2**attempts, MAX_ALARM_BACKOFF)
                self._brought_forward.pop(listing.id, None)
                await self._list.run(listings.put_off, (listing, self._residence.now() + wait, attempts))
        return len(due)

    # --- inside

    async def _to_the_end(self, work: Coroutine[Any, Any, R]) -> R:
        """Whoever asked may leave: list, files and memory must not part halfway."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _wake_list(self) -> Awake[RegistryTx, ListTurn]:
        return Awake(await self._registry_stores.open(REGISTRY_UID), lambda tx, now: (tx, now))

    async def _wake(self, tenant: Tenant) -> Awake[Tx, Turn]:
        uid = tenant.listing.uid
        store: Store[Tx] = await self._stores.open(uid)
        try:
            [outcome] = (await store.perform([lambda tx: tx.issuer.get()])).outcomes
            issuer = outcome.value if isinstance(outcome, Done) else None
            if not isinstance(issuer, Issuer) or issuer.uid != uid:
                raise Broken(f"the store of {uid} is not the store of that tenant")
            keyring = Keyring(uid, self._data_keys.unwrap(uid, issuer.sealed_data_key), self._entropy)
        except BaseException:
            await store.close()
            raise
        return Awake(store, lambda tx, now: Turn(tx, now, self._entropy, keyring, tenant.announce, tenant.wake_at))

    def _know(self, listing: Listing) -> Tenant:
        """Keep memory in step with the list: who is there, and who is found where."""
        tenant = self._tenants.get(listing.id) or self._settle(listing)
        tenant.listing = listing
        if listing.state in ("active", "disabled"):
            self._hosts.put(tenant)
        else:
            self._hosts.remove(tenant)
        return tenant

    def _settle(self, listing: Listing) -> Tenant:
        tenant = Tenant(
            listing,
            lambda tenant: Actor(
                listing.uid,
                lambda: self._wake(tenant),
                self._residence,
                limits=self._limits,
                observer=self._observer,
                after_commit=self._after_commit,
            ),
            self._bring_forward,
            self._residence.now,
        )
        self._tenants[listing.id] = tenant
        return tenant

    async def _move(self, issuer_id: str, allowed: set[str], to: str, version: int | None) -> Listing:
        tenant = self.tenant(issuer_id)
        async with tenant.changing:
            if tenant.listing.state not in allowed:
                raise IssuerUnavailable(f"{issuer_id} is {tenant.listing.state}")
            if version is not None and version != tenant.listing.version:
                raise EtagMismatch(etag(tenant.listing))
            return await self._step(tenant, lambda old: listings.moved(old, to, self._residence.now()))

    async def _step(self, tenant: Tenant, change: Callable[[Listing], Listing]) -> Listing:
        """Write a change of the listing, then let memory follow: routing never runs ahead of the disk."""
        listing = await self._list.run(listings.changed, (tenant.listing, change))
        self._know(listing)
        return listing

    async def _bring_forward(self, tenant: Tenant, at: int) -> None:
        issuer_id = tenant.listing.id
        if at < self._brought_forward.get(issuer_id, at + 1):
            self._brought_forward[issuer_id] = at
            try:
                await self._list.run(listings.bring_forward, (issuer_id, at))
            except BaseException:
                self._brought_forward.pop(issuer_id, None)
                raise
        if at <= self._residence.now() and self._errands is not None:
            self._errands.begin(tenant)  # the alarm is for whoever comes after a crash

    async def _maintain(self, tenant: Tenant, due: Listing) -> None:
        self._brought_forward.pop(due.id, None)
        done = await tenant.actor.run(maintain, Maintenance())
        while done.more is not None:
            done = await tenant.actor.run(maintain, done.more)
        if done.errands and self._errands is not None:
            self._errands.begin(tenant)
        # what was left to be done meanwhile must not be put off
        at = min(done.next_at, self._brought_forward.get(due.id, done.next_at))
        await self._list.run(listings.put_off, (due, at, 0))

    async def _purge(self, tenant: Tenant, due: Listing) -> None:
        async with tenant.changing:
            if tenant.listing.version != due.version:
                return  # brought back since it was found to be due
            await tenant.actor.stop()
            await self._stores.remove(tenant.listing.uid)
            await self._step(tenant, lambda old: replace(old, state="purged", display_name=""))
