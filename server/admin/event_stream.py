"""One stream of events: which trails it follows, how far it has read each, and where it would go on.

It hears that there is something new (tenants/news.py) and then reads it from the trail, page by page. So nothing has to
be held for whoever reads slowly, nothing is lost, and a tenant spends a bounded turn now and then on each reader.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from protos.admin.v1 import event_service_pb2 as pb
from server.admin.fitting import fitting
from server.admin.status import ResumeTokenExpired
from server.admin.trails import Trails, shown
from tenants.acts.events import END, Look, Seen, Since, begin_of, look, newest
from tenants.problems import Broken, Busy, IssuerUnavailable, NoSuchIssuer
from tenants.records import Event

PAGE = 100
"""Events in a message."""
MARGIN = 600
"""Seconds that lie for certain between the instant of an event's turn, and when whoever listens has heard of it."""
RETRY = 5.0
"""Seconds until a trail that cannot be read now is tried again, in a stream of many."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Where a stream begins: behind these places, and in all other trails with the first event of `at`."""

    at: int
    places: Mapping[str, int]

    @staticmethod
    def read(token: str) -> "Begin | None":
        if not token:
            return None
        told = json.loads(token)
        return Begin(told["at"], told["places"])


@dataclass(slots=True)
class _Place:
    sequence: int
    """Of the last event that was read."""
    moved_at: int


class EventStream:
    def __init__(
        self,
        trails: Trails,
        only: str | None,
        holds: Callable[[Event], bool],
        sees: Callable[[str], bool],
        token: Callable[[str], str],
        now: Callable[[], int],
    ) -> None:
        """Of one trail, `only`; if that is None, of all issuers that the caller `sees`. `token` seals a text."""
        self._trails = trails
        self._only = only
        self._holds = holds
        self._sees = sees
        self._token = token
        self._now = now
        self._since = now()
        """In trails without a place, all that was before is read, or is not to be."""
        self._places: dict[str, _Place] = {}
        self._due: dict[str, int] = {}
        """Trails in which there may be something to read, and since when."""
        self._later: dict[str, int] = {}
        """The same, of those that cannot be read now."""
        self._sought: dict[str, int] = {}
        """Those in which the place where to begin is still to be found, by its time: it is before this number."""
        self._rung = asyncio.Event()

    async def messages(self, begin: Begin | None, heartbeat: float) -> AsyncGenerator[pb.StreamEventsResponse]:
        """Without end. The first comes at once, and any `heartbeat` seconds after the one before it, at the latest."""
        loop = asyncio.get_running_loop()
        with self._trails.news.heard_by(self._hear):
            await self._begin(begin)
            yield self._message()
            sent = loop.time()
            while True:
                message = await self._next(sent + heartbeat - loop.time())
                if message is not None or loop.time() >= sent + heartbeat:
                    yield message or self._message()
                    sent = loop.time()

    def _hear(self, trail: str, sequence: int) -> None:
        if not (trail == self._only if self._only is not None else trail and self._sees(trail)):
            return
        place = self._places.get(trail)
        # a number that comes again: the turn of the former was undone, or the trail was restored to before it
        if trail not in self._sought and (place is None or sequence <= place.sequence):
            self._places[trail] = _Place(sequence - 1, self._now())
        self._ring(trail, self._now())

    def _ring(self, trail: str, since: int) -> None:
        self._due.setdefault(trail, since)
        self._rung.set()

    async def _begin(self, begin: Begin | None) -> None:
        trails = [each for each in self._trails.all() if self._sees(each)]
        if self._only is not None:
            trails, sequence = [self._only], await self._trails.read(self._only, newest, None)
            if begin is None:
                self._places.setdefault(self._only, _Place(sequence, self._now()))
        if begin is None:
            return
        self._since = begin.at
        for trail in trails:
            if trail in begin.places:
                self._places[trail] = _Place(begin.places[trail], self._now())
            else:
                self._sought[trail] = END
            self._due[trail] = begin.at

    async def _next(self, seconds: float) -> pb.StreamEventsResponse | None:
        """What is read next, of any trail; None if that is nothing that is wanted, or comes to nothing in that time."""
        if not self._due:
            self._rung.clear()
            try:
                async with asyncio.timeout(max(seconds, 0)):
                    await self._rung.wait()
            except TimeoutError:
                return None
        trail, since = next(iter(self._due.items()))
        del self._due[trail]
        try:
            seen = await self._read(trail)
        except (NoSuchIssuer, IssuerUnavailable):
            if self._only is not None:
                raise
            self._sought.pop(trail, None)
            return None
        except (Busy, Broken):
            if self._only is not None:
                raise
            self._later[trail] = since
            asyncio.get_running_loop().call_later(RETRY, self._again, trail)
            return None
        if seen is None:
            self._ring(trail, since)
            return None
        found = [shown(trail, event) for event in seen.events]
        fit = fitting(found)
        cut = len(fit) < len(found)
        self._places[trail] = _Place(fit[-1].sequence if cut else seen.place, self._now())
        if seen.more or cut:
            self._ring(trail, since)
        return self._message(fit, seen.skipped) if fit or seen.skipped else None

    async def _read(self, trail: str) -> Seen | None:
        """None where first the place is to be found: that took a step."""
        if trail in self._sought:
            place, found = await self._trails.read(trail, begin_of, Since(self._since, self._sought[trail]))
            if found:
                del self._sought[trail]
                self._places[trail] = _Place(place, self._now())
            else:
                self._sought[trail] = place
            return None
        seen = await self._trails.read(trail, look, Look(self._places[trail].sequence, PAGE, self._holds))
        if seen.short and self._only is not None:
            raise ResumeTokenExpired(trail)
        if seen.short:
            del self._places[trail]
            self._sought[trail] = END
            return None
        return seen

    def _again(self, trail: str) -> None:
        self._ring(trail, self._later.pop(trail))

    def _message(self, events: list[pb.Event] | None = None, skipped: int = 0) -> pb.StreamEventsResponse:
        return pb.StreamEventsResponse(events=events, resume_token=self._token(self._told()), skipped_count=skipped)

    def _told(self) -> str:
        """Where to go on. Of many trails it names those with events of late; in the others, all of before is read."""
        if self._only is None:
            oldest = min((self._now(), *self._due.values(), *self._later.values()))
            self._since = max(self._since, oldest - MARGIN)
            waiting = self._due.keys() | self._later.keys()
            for trail in [trail for trail, place in self._places.items() if place.moved_at < self._since]:
                if trail not in waiting:
                    del self._places[trail]
        told: dict[str, Any] = {
            "at": self._since,
            "places": {trail: place.sequence for trail, place in self._places.items()},
        }
        return json.dumps(told, separators=(",", ":"))
