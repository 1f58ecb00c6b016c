"""What the registry does in one turn: acts on the list of issuers, functions of (transaction, instant)."""

from collections.abc import Callable
from dataclasses import replace

from tenants.acts.maintain import SWEEP_INTERVAL
from tenants.issuer_uri import rivals_of
from tenants.new_issuer import NewIssuer
from tenants.problems import AlreadyThere, EtagMismatch, IssuerIdTaken, IssuerUriTaken, NoSuchIssuer
from tenants.records import DAY, Listing
from tenants.store import RegistryTx

PURGE_AFTER = 30 * DAY
ListTurn = tuple[RegistryTx, int]


def etag(listing: Listing) -> str:
    """An opaque validator of everything that is shown of an issuer."""
    return f"{listing.uid[:8]}.{listing.version}"


def every(turn: ListTurn, _: None) -> list[Listing]:
    return list(turn[0].listings.all())


def page(turn: ListTurn, request: tuple[str, int, bool]) -> list[Listing]:
    after, limit, with_deleted = request
    return list(turn[0].listings.page(after, limit, with_deleted=with_deleted))


def due(turn: ListTurn, limit: int) -> list[Listing]:
    return list(turn[0].listings.due(turn[1], limit))


def refuse_taken(turn: ListTurn, new: NewIssuer) -> None:
    """Raises IssuerIdTaken, or IssuerUriTaken if another issuer is known by the URI, or found where it leads to."""
    listings = turn[0].listings
    if listings.find(new.id) is not None:
        raise IssuerIdTaken(new.id)
    for uri in rivals_of(new.uri):
        if listings.find_uri(uri) is not None:
            raise IssuerUriTaken(new.uri)


def reserve(turn: ListTurn, request: tuple[NewIssuer, str]) -> None:
    (tx, now), (new, uid) = turn, request
    refuse_taken(turn, new)
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


def withdraw(turn: ListTurn, issuer_id: str) -> bool:
    return turn[0].listings.withdraw(issuer_id)


def opened(turn: ListTurn, issuer_id: str) -> Listing:
    tx, now = turn
    listing = tx.listings.find(issuer_id)
    if listing is None:
        raise NoSuchIssuer(issuer_id)
    listing = replace(listing, state="active", updated_at=now)
    tx.listings.change(listing, version=listing.version)
    return listing


def changed(turn: ListTurn, request: tuple[Listing, Callable[[Listing], Listing]]) -> Listing:
    (tx, now), (seen, change) = turn, request
    now_is = replace(change(seen), version=seen.version + 1, updated_at=now)
    if not tx.listings.change(now_is, version=seen.version):
        current = tx.listings.find(seen.id)
        raise EtagMismatch(etag(current) if current else "")
    return now_is


def moved(old: Listing, to: str, now: int) -> Listing:
    if to == "deleted":
        was_disabled = old.state == "disabled"
        return replace(old, state="deleted", deleted_at=now, purge_at=now + PURGE_AFTER, was_disabled=was_disabled)
    if to == "undeleted":
        to = "disabled" if old.was_disabled else "active"
        old = replace(old, deleted_at=None, purge_at=None, was_disabled=False)
    return replace(old, state="active" if to == "active" else "disabled")


def wake_soon(turn: ListTurn, issuer_id: str) -> None:
    """Its alarm comes at once. When a deleted one is to be purged is left as it is."""
    tx, now = turn
    tx.listings.set_alarm(issuer_id, now, 0)


def bring_forward(turn: ListTurn, request: tuple[str, int]) -> None:
    """Its alarm comes at that instant, if it would come later."""
    (tx, _), (issuer_id, at) = turn, request
    listing = tx.listings.find(issuer_id)
    if listing is not None and at < listing.alarm_at:
        tx.listings.set_alarm(issuer_id, at, 0)


def put_off(turn: ListTurn, request: tuple[Listing, int, int]) -> None:
    """What was found due, waking an issuer or purging it, is due again `at`: that, whatever became of it since."""
    (tx, _), (due, at, attempts) = turn, request
    if due.state == "deleted":
        tx.listings.change(replace(due, purge_at=at), version=due.version)
    else:
        tx.listings.set_alarm(due.id, at, attempts)
