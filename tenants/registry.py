"""Which issuers there are, and where. The registry alone makes, opens, closes and forgets tenants.

It keeps its list in a store of its own, through an actor of its own, and the part that routing needs in memory. An
issuer's row comes before its file and its file before its state: whatever a crash leaves behind is finished or undone
at the next start.
"""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from tenants import domains, etags, listings
from tenants.actor import Actor, AfterCommit, Limits, Observer
from tenants.acts.found import found
from tenants.acts.once import Name
from tenants.acts.operate import change_policy
from tenants.alarms import Alarms, Errands
from tenants.hosts import Host, Hosts
from tenants.keyring import KEY_BYTES, DataKeys, Entropy, Keyring
from tenants.listings import ListTurn, Reservation, Step, etag
from tenants.new_issuer import NewIssuer, check_new
from tenants.news import News
from tenants.patience import patiently
from tenants.problems import IssuerUnavailable, NoSuchIssuer, Unknown
from tenants.records import SYSTEM, Domain, Issuer, Listing, Origin, Policy
from tenants.residence import Residence
from tenants.store import RegistryTx, Stores, Tx
from tenants.tenant import Tenant
from tenants.turn import Turn, asked_by
from tenants.waking import REGISTRY_UID, Waking

SERVED = frozenset({"active", "disabled"})

Q = TypeVar("Q")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerChange:
    """What to change; None stays as it is."""

    id: str
    display_name: str | None = None
    policy: Callable[[Policy], Policy] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks for a change of an issuer, and how."""

    origin: Origin = SYSTEM
    etag: str = ""
    """Of the issuer as they saw it, if they care."""
    name: Name | None = None
    """What they call the request: then it is done once, and one that comes again changes nothing."""


OURSELVES = Asking()


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
        sees_certificates: bool = False,
    ) -> None:
        """`sees_certificates`: whether anybody tells us which certificates clients show in TLS."""
        self._registry_stores = registry_stores
        self._stores = tenant_stores
        self._residence = residence
        self._data_keys = data_keys
        self._entropy = entropy
        self._limits = limits
        self._observer = observer
        self._after_commit = after_commit
        own_house = Residence(residence.now, places=1, batches=1, idle_after=float("inf"))
        self.news = News()
        self._waking = Waking(registry_stores, tenant_stores, data_keys, entropy, self.news, sees_certificates)
        self._list = Actor(REGISTRY_UID, self._waking.of_list, own_house, observer=observer)
        self._alarms = Alarms(
            self.perform, residence.now, lambda issuer_id: self._tenants[issuer_id], self._purge, errands, observer
        )
        self._tenants: dict[str, Tenant] = {}
        self._hosts = Hosts()
        self._domains: dict[str, list[Domain]] = {}
        """The verified ones of each issuer that has any."""
        self._under_way: set[asyncio.Task[Any]] = set()
        self._creating: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # --- life

    async def start(self) -> None:
        """Read the list, and finish or undo what a crash left half-made."""
        if REGISTRY_UID not in await self._registry_stores.uids():
            await self._registry_stores.create(REGISTRY_UID, [])
        for domain in await self._list.run(domains.verified, None):
            self._domains.setdefault(domain.issuer_id, []).append(domain)
        whole = set(await self._stores.uids())
        for listing in await self._list.run(listings.every, None):
            if listing.state == "building":
                if listing.uid not in whole:
                    await self._stores.remove(listing.uid)  # what there is of it
                    await self._list.run(listings.withdraw, listing.id)
                    continue
                listing = await self._list.run(listings.opened, listing.id)
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

    def issuer_of(self, uid: str) -> str | None:
        """The id of the issuer whose tenant has this uid."""
        return next((id for id, tenant in self._tenants.items() if tenant.listing.uid == uid), None)

    def page(
        self, after: str, limit: int, *, with_deleted: bool, holds: Callable[[Listing], bool] = lambda _: True
    ) -> list[Listing]:
        """Listings that are served, and if asked the deleted ones, of which `holds` says yes: in the order of their
        ids, after `after`, at most `limit`."""
        shown = SERVED | {"deleted"} if with_deleted else SERVED
        behind = sorted(issuer_id for issuer_id in self._tenants if issuer_id > after)
        found = (listing for issuer_id in behind if (listing := self._tenants[issuer_id].listing).state in shown)
        return list(islice(filter(holds, found), limit))

    def ids(self) -> list[str]:
        """Of all that were not purged, in order."""
        return sorted(id for id, tenant in self._tenants.items() if tenant.listing.state != "purged")

    async def perform(self, act: Callable[[ListTurn, Q], R], request: Q) -> R:
        """Give an act its turn on the registry's own store."""
        return await self._list.run(act, request)

    # --- provisioning

    async def check(self, new: NewIssuer) -> None:
        """Raises what `create` would, and makes nothing."""
        check_new(new)
        await self._list.run(listings.refuse_taken, new)

    async def create(self, new: NewIssuer, asking: Asking = OURSELVES) -> Listing:
        """A new issuer, serving. Raises Invalid, IssuerIdTaken or IssuerUriTaken."""
        check_new(new)
        return await self._to_the_end(self._create(new, asking))

    async def _create(self, new: NewIssuer, asking: Asking) -> Listing:
        async with self._creating.setdefault(new.id, asyncio.Lock()):  # the one before may be this very request
            return await self._build(new, asking)

    async def _build(self, new: NewIssuer, asking: Asking) -> Listing:
        origin = asking.origin
        fresh = str(uuid.UUID(bytes=self._entropy(16), version=4))
        reserved = await self._list.run(asked_by(origin, listings.reserve), Reservation(new, fresh, asking.name))
        if reserved.state != "building":
            return reserved
        uid = reserved.uid
        if uid != fresh:
            await self._stores.remove(uid)  # what an attempt has left of it
        data_key = self._entropy(KEY_BYTES)
        issuer = Issuer(
            id=new.id, uid=uid, uri=new.uri, policy=new.policy, sealed_data_key=self._data_keys.wrap(uid, data_key)
        )
        keyring = Keyring(uid, data_key, self._entropy)
        now = self._residence.now()

        def first_turn(tx: Tx) -> None:
            found(Turn(tx, now, self._entropy, keyring, lambda: None, lambda _: None, origin), issuer)

        try:
            await self._stores.create(uid, [first_turn])
        except BaseException:
            await self._list.run(listings.withdraw, new.id)
            raise
        listing = await self._list.run(listings.opened, new.id)
        self._know(listing)
        self.news.tell(new.id, 1)  # that it was made; nobody could look before
        return listing

    async def change(self, change: IssuerChange, asking: Asking = OURSELVES) -> Listing:
        """Raises NoSuchIssuer, Invalid, EtagMismatch, or IssuerUnavailable if it is deleted."""
        return await self._to_the_end(self._change(change, asking))

    async def _change(self, change: IssuerChange, asking: Asking) -> Listing:
        tenant = self.tenant(change.id)
        async with tenant.changing:
            if await self._done_before(asking):
                return tenant.listing
            _refuse(tenant.listing, SERVED, asking.etag)
            if change.display_name is None and change.policy is None:
                return tenant.listing
            if change.policy is not None:
                policy = change.policy
                await tenant.actor.run(
                    asked_by(asking.origin, lambda turn, policy: change_policy(turn, policy(turn.issuer.policy))),
                    policy,
                )
            name = change.display_name
            return await self._step(
                tenant, "issuer.changed", lambda old: old if name is None else replace(old, display_name=name), asking
            )

    async def disable(self, issuer_id: str, asking: Asking = OURSELVES) -> Listing:
        return await self._to_the_end(self._move(issuer_id, SERVED, "disabled", asking))

    async def enable(self, issuer_id: str, asking: Asking = OURSELVES) -> Listing:
        return await self._to_the_end(self._move(issuer_id, SERVED, "enabled", asking))

    async def delete(self, issuer_id: str, asking: Asking = OURSELVES) -> Listing:
        """Stop serving it, and purge its file in 30 days. What was begun finishes first."""
        listing = await self._to_the_end(self._move(issuer_id, SERVED, "deleted", asking))
        if listing.state == "deleted":
            await self._tenants[issuer_id].actor.stop()
        return listing

    def check_change(self, issuer_id: str, etag: str) -> None:
        """Raises what `change` would, but for what is wrong with a policy."""
        _refuse(self.tenant(issuer_id).listing, SERVED, etag)

    def check_delete(self, issuer_id: str, etag: str) -> Listing:
        """What would become of it. Raises what `delete` would, and changes nothing."""
        listing = self.tenant(issuer_id).listing
        _refuse(listing, SERVED, etag)
        return listings.moved(listing, "deleted", self._residence.now())

    async def undelete(self, issuer_id: str, asking: Asking = OURSELVES) -> Listing:
        """Raises IssuerUnavailable once its time is over: its file may be gone already."""
        purge_at = self.tenant(issuer_id).listing.purge_at
        if purge_at is not None and purge_at <= self._residence.now():
            raise IssuerUnavailable(f"{issuer_id} is being purged")
        return await self._to_the_end(self._move(issuer_id, frozenset({"deleted"}), "undeleted", asking))

    async def change_domains(self, issuer_id: str, act: Callable[[ListTurn, Q], R], request: Q) -> R:
        """Give an act that may change which domains this issuer has its turn on the registry's own store, and let
        routing follow.
        """
        return await self._to_the_end(self._change_domains(issuer_id, act, request))

    async def _change_domains(self, issuer_id: str, act: Callable[[ListTurn, Q], R], request: Q) -> R:
        tenant = self.tenant(issuer_id)

        def act_and_look(turn: ListTurn, request: Q) -> tuple[R, list[Domain]]:
            return act(turn, request), list(turn.tx.domains.of(issuer_id))

        try:
            reply, now_are = await self._list.run(act_and_look, request)
        except Unknown:
            self._found_at(tenant, await patiently(partial(self._list.run, domains.of, issuer_id)))
            raise
        self._found_at(tenant, now_are)
        return reply

    def _found_at(self, tenant: Tenant, now_are: list[Domain]) -> None:
        self._domains[tenant.listing.id] = [domain for domain in now_are if domain.verified_at is not None]
        self._know(tenant.listing)

    # --- alarms

    async def ring(self, limit: int = 50) -> int:
        """Wake those whose alarm has come, and purge the deleted whose time is over; how many were due."""
        return await self._alarms.ring(limit)

    # --- inside

    async def _to_the_end(self, work: Coroutine[Any, Any, R]) -> R:
        """Whoever asked may leave: list, files and memory must not part halfway."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    def _know(self, listing: Listing) -> Tenant:
        """Keep memory in step with the list: who is there, and who is found where."""
        tenant = self._tenants.get(listing.id) or self._settle(listing)
        tenant.listing = listing
        if listing.state == "purged":
            self._domains.pop(listing.id, None)
        if listing.state in SERVED:
            self._hosts.put(tenant, self._domains.get(listing.id, ()))
        else:
            self._hosts.remove(tenant)
        return tenant

    def _settle(self, listing: Listing) -> Tenant:
        tenant = Tenant(
            listing,
            lambda tenant: Actor(
                listing.uid,
                lambda: self._waking.of_tenant(tenant),
                self._residence,
                limits=self._limits,
                observer=self._observer,
                after_commit=self._after_commit,
            ),
            self._alarms.bring_forward,
            self._residence.now,
        )
        self._tenants[listing.id] = tenant
        return tenant

    async def _move(self, issuer_id: str, allowed: frozenset[str], to: str, asking: Asking) -> Listing:
        tenant = self.tenant(issuer_id)
        async with tenant.changing:
            if await self._done_before(asking):
                return tenant.listing
            _refuse(tenant.listing, allowed, asking.etag)
            now = self._residence.now()
            return await self._step(tenant, f"issuer.{to}", lambda old: listings.moved(old, to, now), asking)

    async def _done_before(self, asking: Asking) -> bool:
        return asking.name is not None and await self._list.run(listings.done_before, asking.name)

    async def _step(
        self, tenant: Tenant, event: str, change: Callable[[Listing], Listing], asking: Asking = OURSELVES
    ) -> Listing:
        """Write a change of the listing, then let memory follow: routing never runs ahead of the disk."""
        step = Step(tenant.listing, event, change, asking.name)
        try:
            listing = await self._list.run(asked_by(asking.origin, listings.changed), step)
        except Unknown:
            self._know(await patiently(partial(self._list.run, listings.get, tenant.listing.id)))
            raise
        self._know(listing)
        return listing

    async def _purge(self, tenant: Tenant, due: Listing) -> None:
        async with tenant.changing:
            if tenant.listing.version != due.version:
                return  # brought back since it was found to be due
            await tenant.actor.stop()
            await self._stores.remove(tenant.listing.uid)
            await self._step(tenant, "issuer.purged", lambda old: replace(old, state="purged", display_name=""))


def _refuse(listing: Listing, allowed: frozenset[str], seen: str) -> None:
    """Unless it is in a state that is `allowed`, and as it was `seen`."""
    if listing.state not in allowed:
        raise IssuerUnavailable(f"{listing.id} is {listing.state}")
    etags.expect(seen, etag(listing))
