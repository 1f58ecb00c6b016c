"""The audit trail: each event bears a hash of itself and of the one before, so that none can be changed or taken out of
the middle without breaking the chain. Who keeps the newest hash elsewhere sees also if the end is missing."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, cast

from tenants.records import Event, Origin
from tenants.store import EventNoun

LARGEST_NUMBER = (1 << 53) - 1
"""That every reader of JSON reads as it was written (RFC 8259 §6)."""
SECRET = "(secret)"
"""What stands in an event for a value that is a secret, or a digest of one: all that a record keeps in bytes."""
_OF_EVERY_CHANGE = frozenset({"id", "version", "created_at", "updated_at", "last_used_at"})


def add(events: EventNoun, event: Event, origin: Origin) -> int:
    """Chain it to the newest and add it; its sequence number."""
    newest, details = events.last(), _plain(event.details)
    traced = replace(event, address=origin.address, request_id=origin.request_id, details=details)
    return events.add(linked(traced, b"" if newest is None else newest.hash))


def linked(event: Event, previous: bytes) -> Event:
    """The event as it follows the one whose hash is `previous`."""
    return replace(event, previous=previous, hash=hash_of(event, previous))


def hash_of(event: Event, previous: bytes) -> bytes:
    """SHA-256 of the previous hash and the event as JSON: keys in order, no spaces, UTF-8."""
    told = {
        "type": event.type,
        "at": event.at,
        "actor": event.actor,
        "address": event.address,
        "request_id": event.request_id,
        "subject": event.subject,
        "details": event.details,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + text.encode("utf-8")).digest()


def difference(before: Any, after: Any, *, among: Collection[str] | None = None) -> dict[str, Any]:
    """What changed in a record, as the details of an event: those fields that differ, as they were and as they are.
    Either may be None, for a record that came to be or went; then they are all that it says. Of a secret it tells only
    that it changed.

    `among` are the fields to look at, if not all but its id and those that tell when and how often it changed.
    """
    record = after if before is None else before
    names = [field.name for field in fields(record)]
    names = [name for name in names if (name in among if among is not None else name not in _OF_EVERY_CHANGE)]
    was, now = ({} if each is None else {name: getattr(each, name) for name in names} for each in (before, after))
    if was and now:
        changed = [name for name in names if was[name] != now[name]]
    else:
        changed = [name for name in names if (was or now)[name] not in (None, "", (), {}, False)]
    return {
        side: {name: _plain(values[name]) for name in changed}
        for side, values in (("before", was), ("after", now))
        if values
    }


def _plain(value: Any) -> Any:
    """As JSON can say it, and so that it is the same once it has been read again."""
    if isinstance(value, bytes):
        return SECRET
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > LARGEST_NUMBER):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in cast("Mapping[str, Any]", value).items()}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


@dataclass(frozen=True, slots=True)
class Link:
    """An event, as the next one is chained to it."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """Where a trail is not as it was written."""

    event: Event
    why: str


def first_broken(events: Iterable[Event], former: Link | None = None) -> Break | None:
    """Of events in their order, the first that is not as it was written, or does not follow the one before it.

    `former` is the one before the first, where it is known. Events of before there were hashes are passed over, if they
    stand before all others.
    """
    for event in events:
        if former is not None and event.sequence != former.sequence + 1:
            return Break(event, f"the events between {former.sequence} and this one are gone")
        if former is not None and event.previous != former.hash:
            return Break(event, "it was not written behind the event that stands before it")
        if (event.hash or event.previous) and event.hash != hash_of(event, event.previous):
            return Break(event, "it is not as it was written")
        former = Link(event.sequence, event.hash)
    return None
