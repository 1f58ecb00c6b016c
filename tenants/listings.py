"""What the registry does in one turn: acts on the list of issuers, functions of a turn of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tenants import trail
from tenants.acts.maintain import EVENT_RETENTION, SWEEP_INTERVAL
from tenants.acts.once import Name, keep, kept
from tenants.issuer_uri import host_name, rivals_of
from tenants.keyring import Entropy, Seal
from tenants.new_issuer import NewIssuer
from tenants.problems import (
    AlreadyThere,
    Busy,
    EtagMismatch,
    IssuerIdDeleted,
    IssuerIdTaken,
    IssuerUriTaken,
    NoSuchIssuer,
)
from tenants.records import DAY, SYSTEM, Domain, Event, Listing, Origin
from tenants.store import RegistryTx

PURGE_AFTER = 30 * DAY
CLAIM_COUNTS = 7 * DAY
"""Seconds that a host is kept for whoever is to verify it. Then anybody else may claim it."""


@dataclass(slots=True)
class ListTurn:
    """The registry's own turn, as Turn is a tenant's."""

    tx: RegistryTx
    now: int
    entropy: Entropy
    keyring: Seal
    origin: Origin = SYSTEM
    tell: Callable[[int], None] = lambda _: None
    """Called with the number of each event that is added."""

    def remember(self, type: str, subject: str, **details: object) -> int:
        """Add an event to the registry's trail; its sequence number. `details` must hold no secret."""
        event = Event(type=type, at=self.now, actor=self.origin.actor, subject=subject, details=details)
        sequence = trail.add(self.tx.events, event, self.origin)
        self.tell(sequence)
        return sequence


class Perform(Protocol):
    """Gives an act its turn on the registry's store (Registry.perform)."""

    def __call__(self, act: Callable[[ListTurn, Any], Any], request: Any) -> Awaitable[Any]: ...


def etag(listing: Listing) -> str:
    """An opaque validator of everything that is shown of an issuer."""
    return f"{listing.uid[:8]}.{listing.version}"


def every(turn: ListTurn, _: None) -> list[Listing]:
    return list(turn.tx.listings.all())


def get(turn: ListTurn, issuer_id: str) -> Listing:
    """In whatever state. Raises NoSuchIssuer."""
    listing = turn.tx.listings.find(issuer_id)
    if listing is None:
        raise NoSuchIssuer(issuer_id)
    return listing


def due(turn: ListTurn, limit: int) -> list[Listing]:
    """Those to be woken or purged now. An alarm beyond the coming day was set by a clock that was far ahead: it comes
    now. When a deleted one is to be purged is left as it is."""
    turn.tx.listings.hasten(turn.now + DAY, turn.now, limit)
    return list(turn.tx.listings.due(turn.now, limit))


def sweep(turn: ListTurn, limit: int) -> None:
    """Of what the registry itself keeps, that which no longer counts."""
    turn.tx.answers.sweep(turn.now, limit)
    turn.tx.events.sweep(turn.now - EVENT_RETENTION, limit)


def refuse_taken(turn: ListTurn, new: NewIssuer) -> None:
    """Raises IssuerIdTaken, or IssuerUriTaken if another issuer is known by the URI, or found where it leads to."""
    listings = turn.tx.listings
    there = listings.find(new.id)
    if there is not None:
        raise (IssuerIdDeleted if there.state == "deleted" else IssuerIdTaken)(new.id)
    for uri in rivals_of(new.uri):
        if listings.find_uri(uri) is not None:
            raise IssuerUriTaken(new.uri)
    if kept_for(turn, host_name(new.uri)) is not None:
        raise IssuerUriTaken(new.uri)


def kept_for(turn: ListTurn, host: str) -> Domain | None:
    """The domain that this host is, or is to become."""
    domain = turn.tx.domains.find_host(host)
    lapsed = domain is not None and domain.verified_at is None and domain.created_at <= turn.now - CLAIM_COUNTS
    return None if lapsed else domain


@dataclass(frozen=True, slots=True)
class Reservation:
    new: NewIssuer
    uid: str
    name: Name | None
    """Of the request; its answer is kept as the issuer's uid."""


def reserve(turn: ListTurn, request: Reservation) -> Listing:
    """The listing: being built, unless this very request was done before.

    Raises IssuerIdTaken or IssuerUriTaken, or Busy while it is being done.
    """
    tx, now, new, uid = turn.tx, turn.now, request.new, request.uid
    former = None if request.name is None else kept(turn, request.name)
    if former is not None:
        uid = former.decode("ascii")  # it is built, or what was built of it was undone
        there = tx.listings.find(new.id)
        if there is not None and there.uid == uid:
            if there.state == "building":
                raise Busy
            return there
    refuse_taken(turn, new)
    if request.name is not None and former is None:
        keep(turn, request.name, uid.encode("ascii"))
    listing = Listing(
        id=new.id,
        uid=uid,
        uri=new.uri,
        state="building",
        display_name=new.display_name,
        created_at=now,
        updated_at=now,
        alarm_at=now + SWEEP_INTERVAL,
    )
    try:
        tx.listings.add(listing)
    except AlreadyThere:
        raise IssuerUriTaken(new.uri) from None
    turn.remember("issuer.created", new.id, uri=new.uri)
    return listing


def withdraw(turn: ListTurn, issuer_id: str) -> bool:
    turn.remember("issuer.withdrawn", issuer_id)
    return turn.tx.listings.withdraw(issuer_id)


def opened(turn: ListTurn, issuer_id: str) -> Listing:
    listing = replace(get(turn, issuer_id), state="active", updated_at=turn.now)
    turn.tx.listings.change(listing, version=listing.version)
    return listing


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a listing as it was seen, and what that is called in the trail."""

    seen: Listing
    event: str
    change: Callable[[Listing], Listing]
    name: Name | None
    """Of the request. Its answer is the issuer, as it stands whenever it is asked for."""


def done_before(turn: ListTurn, name: Name) -> bool:
    return kept(turn, name) is not None


def changed(turn: ListTurn, step: Step) -> Listing:
    seen = step.seen
    now_is = replace(step.change(seen), version=seen.version + 1, updated_at=turn.now)
    if not turn.tx.listings.change(now_is, version=seen.version):
        current = turn.tx.listings.find(seen.id)
        raise EtagMismatch(etag(current) if current else "")
    if step.name is not None:
        keep(turn, step.name, b"")
    if now_is.state == "purged":
        turn.tx.domains.remove_all(seen.id)
    turn.remember(step.event, seen.id, **trail.difference(seen, now_is, among=("display_name", "state", "purge_at")))
    return now_is


def moved(old: Listing, to: str, now: int) -> Listing:
    if to == "deleted":
        was_disabled = old.state == "disabled"
        return replace(old, state="deleted", deleted_at=now, purge_at=now + PURGE_AFTER, was_disabled=was_disabled)
    if to == "undeleted":
        to = "disabled" if old.was_disabled else "active"
        old = replace(old, deleted_at=None, purge_at=None, was_disabled=False)
    return replace(old, state="active" if to in ("active", "enabled") else "disabled")


def bring_forward(turn: ListTurn, request: tuple[str, int]) -> None:
    """Its alarm comes at that instant, if it would come later."""
    tx, (issuer_id, at) = turn.tx, request
    listing = tx.listings.find(issuer_id)
    if listing is not None and at < listing.alarm_at:
        tx.listings.set_alarm(issuer_id, at, 0)


def put_off(turn: ListTurn, request: tuple[Listing, int, int]) -> None:
    """What was found due, waking an issuer or purging it, is due again `at`: that, whatever became of it since."""
    tx, (due, at, attempts) = turn.tx, request
    if due.state == "deleted":
        tx.listings.change(replace(due, purge_at=at), version=due.version)
    else:
        tx.listings.set_alarm(due.id, at, attempts)
