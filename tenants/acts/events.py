"""Reading a trail, a bounded number of events in one turn: of an issuer's, or of the registry's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tenants.records import Event
from tenants.store import EventNoun
from tenants.trail import Break, Link, first_broken

LOOKED_AT = 500
"""Events, in one turn, so that reading never delays a request by more than a few milliseconds."""
CHUNK = 100
END = (1 << 63) - 1
"""Behind all events."""


class _Kept(Protocol):
    @property
    def events(self) -> EventNoun: ...


class Reading(Protocol):
    """A turn whose store has a trail."""

    @property
    def tx(self) -> _Kept: ...


@dataclass(frozen=True, slots=True)
class Look:
    place: int
    """A number: events behind it are looked at, or before it where the way is back."""
    limit: int
    """So many are wanted at most."""
    holds: Callable[[Event], bool] = lambda _: True
    """Which are wanted."""
    since: int | None = None
    """On the way back, the first event of before that instant ends it."""


@dataclass(frozen=True, slots=True)
class Seen:
    events: tuple[Event, ...]
    place: int
    """Where to go on."""
    more: bool
    """Whether it may find more there."""
    skipped: int = 0
    """So many events behind the place that was asked for are not kept any more."""
    short: bool = False
    """Whether the trail ends before that place: it was restored since."""


def find_event(turn: Reading, sequence: int) -> Event | None:
    found = turn.tx.events.page(sequence - 1, 1)
    return found[0] if found and found[0].sequence == sequence else None


def newest(turn: Reading, _: None) -> int:
    """The number of the newest event; 0 where there is none."""
    last = turn.tx.events.last()
    return 0 if last is None else last.sequence


def look(turn: Reading, look: Look) -> Seen:
    found: list[Event] = []
    place, skipped = look.place, 0
    for _ in range(0, LOOKED_AT, CHUNK):
        page = turn.tx.events.page(place, CHUNK)
        for event in page:
            if len(found) == look.limit:
                return Seen(tuple(found), place, True, skipped)
            skipped += event.sequence - place - 1
            place = event.sequence
            if look.holds(event):
                found.append(event)
        if len(page) < CHUNK:
            return Seen(tuple(found), place, False, skipped, short=place > newest(turn, None))
    return Seen(tuple(found), place, True, skipped)


@dataclass(frozen=True, slots=True)
class Since:
    at: int
    before: int = END
    """The search goes back from there."""


def begin_of(turn: Reading, since: Since) -> tuple[int, bool]:
    """The number of the last event of before an instant, and whether it was found; else the search goes on before that.

    It goes back from the newest, and not by halves: after a clock had been far ahead, times do not rise all the way.
    """
    seen = look_back(turn, Look(since.before, 1, lambda _: False, since.at))
    return (seen.place, False) if seen.more else (min(seen.place - 1, newest(turn, None)), True)


def look_back(turn: Reading, look: Look) -> Seen:
    """The same from the newest to the oldest."""
    found: list[Event] = []
    place = look.place
    for _ in range(0, LOOKED_AT, CHUNK):
        page = turn.tx.events.page_back(place, CHUNK)
        for event in page:
            if look.since is not None and event.at < look.since:
                return Seen(tuple(found), place, False)
            if len(found) == look.limit:
                return Seen(tuple(found), place, True)
            place = event.sequence
            if look.holds(event):
                found.append(event)
        if len(page) < CHUNK:
            return Seen(tuple(found), place, False)
    return Seen(tuple(found), place, True)


@dataclass(frozen=True, slots=True)
class Checked:
    first: Link | None
    """Of those that were looked at."""
    last: Link | None
    """Of them; the one before where none was looked at."""
    count: int
    unhashed: int
    """Of them, those of before there were hashes."""
    broken: Break | None
    more: bool


def check_chain(turn: Reading, former: Link | None) -> Checked:
    """Look at the events behind `former`: at all that one turn may."""
    page = turn.tx.events.page(0 if former is None else former.sequence, LOOKED_AT)
    links = [Link(event.sequence, event.hash) for event in page]
    return Checked(
        links[0] if links else None,
        links[-1] if links else former,
        len(page),
        sum(not event.hash for event in page),
        first_broken(page, former),
        len(page) == LOOKED_AT,
    )


def unlike(turn: Reading, known: Link) -> str | None:
    """What is wrong with the event that somebody remembers so; None if it is as it was, or so old that it was swept."""
    kept = find_event(turn, known.sequence)
    if kept is not None:
        return None if kept.hash == known.hash else "its hash is not the one that is known"
    oldest = turn.tx.events.page(0, 1)
    return None if oldest and oldest[0].sequence > known.sequence else "it is gone"
