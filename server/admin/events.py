"""EventService: proto in, what stands in a trail out."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial

from protos.admin.v1 import event_service_pb2 as pb
from server.admin import filter, names, walks
from server.admin.caller import EVERY_ISSUER, Caller, Forbidden
from server.admin.event_stream import Begin, EventStream
from server.admin.names import PageTokens
from server.admin.status import TooManyStreams
from server.admin.trails import FIELDS, Trails, shown
from tenants.acts.events import END, Look, check_chain, find_event, look, look_back, unlike
from tenants.acts.walk import Walk, Walked
from tenants.problems import Invalid, NoSuchThing
from tenants.records import Event
from tenants.registry import Registry
from tenants.trail import Link

CHECKS = 200
"""Turns that one call takes for a check: 100,000 events."""
MOST_STREAMS = 100
MOST_OF_ONE = 50
"""Of them, that one caller may have open."""
HEARTBEAT = 15
_ORDERS = {"": False, "sequence": False, "sequence desc": True}
_EVERY = f"issuers/{EVERY_ISSUER}"


class EventService:
    def __init__(self, registry: Registry, page_tokens: PageTokens, clock: Callable[[], int]) -> None:
        self._trails = Trails(registry)
        self._page_tokens = page_tokens
        self._clock = clock
        self._streams: Counter[str] = Counter()
        """How many each caller has open."""

    async def GetEvent(self, request: pb.GetEventRequest, caller: Caller) -> pb.Event:
        trail, sequence = names.event_ids(request.name)
        event = await self._trails.read(trail, find_event, sequence)
        if event is None:
            raise NoSuchThing(request.name)
        return shown(trail, event)

    async def ListEvents(self, request: pb.ListEventsRequest, caller: Caller) -> pb.ListEventsResponse:
        trail, size = names.trail_of(request.parent), names.page_size(request.page_size)
        holds = filter.parse(request.filter, FIELDS)
        if request.order_by not in _ORDERS:
            raise Invalid("order_by", "must be sequence or sequence desc")
        back = _ORDERS[request.order_by]
        asked = walks.asked("events", trail, request.filter, request.order_by)
        begin = END if back else max(0, (holds.least("sequence") or 0) - 1)
        place = int(self._page_tokens.after(request.page_token, asked) or begin)
        least = holds.least("event_time")

        async def read(walk: Walk[int, Event]) -> Walked[int, Event]:
            wanted = Look(walk.place, walk.limit, walk.holds, since=least)
            seen = await self._trails.read(trail, look_back if back else look, wanted)
            return Walked(seen.events, seen.place, seen.more)

        page, place = await walks.page(
            read, place, size, holds, shown=partial(shown, trail), place_of=lambda event: event.sequence
        )
        following = "" if place is None else self._page_tokens.following(str(place), asked)
        return pb.ListEventsResponse(events=page, next_page_token=following)

    async def StreamEvents(
        self, request: pb.StreamEventsRequest, caller: Caller
    ) -> AsyncIterator[pb.StreamEventsResponse]:
        every = request.parent == _EVERY
        trail = "" if every else names.trail_of(request.parent)
        if caller.issuers and not every and not trail:
            raise Forbidden("this credential is bound to issuers, and this is of none")
        if request.resume_token and request.HasField("start_time"):
            raise Invalid("start_time", "is of no use with a resume_token")
        asked = walks.asked("stream", request.parent, request.filter)
        begin = Begin.read(self._page_tokens.after(request.resume_token, asked, "resume_token"))
        if request.HasField("start_time"):
            begin = Begin(request.start_time.seconds, {})
        stream = EventStream(
            self._trails,
            None if every else trail,
            filter.parse(request.filter, FIELDS),
            caller.sees,
            lambda text: self._page_tokens.following(text, asked),
            self._clock,
        )
        actor = caller.origin.actor
        if self._streams[actor] >= MOST_OF_ONE:
            raise TooManyStreams(f"{MOST_OF_ONE} streams of one caller are open already")
        if self._streams.total() >= MOST_STREAMS:
            raise TooManyStreams(f"{MOST_STREAMS} streams are open already")
        self._streams[actor] += 1
        try:
            heartbeat = request.heartbeat_interval.seconds or HEARTBEAT
            async with aclosing(stream.messages(begin, heartbeat)) as messages:
                async for message in messages:
                    yield message
        finally:
            self._streams[actor] -= 1
            self._streams += Counter()  # without those who have none

    async def VerifyEvents(self, request: pb.VerifyEventsRequest, caller: Caller) -> pb.VerifyEventsResponse:
        trail = names.trail_of(request.parent)
        if bool(request.known_sequence) != bool(request.known_hash):
            raise Invalid("known_hash", "goes with known_sequence")
        asked = walks.asked("check", trail, f"{request.known_sequence} {request.known_hash}")
        former = _link(self._page_tokens.after(request.page_token, asked))
        told = pb.VerifyEventsResponse()
        if request.known_sequence:
            known = Link(request.known_sequence, bytes.fromhex(request.known_hash))
            lost = await self._trails.read(trail, unlike, known)
            if lost is not None:
                return pb.VerifyEventsResponse(broken=names.of_event(trail, known.sequence), problem=lost)
        for _ in range(CHECKS):
            checked = await self._trails.read(trail, check_chain, former)
            if checked.first is not None and not told.checked_count:
                told.first_sequence, told.first_hash = checked.first.sequence, checked.first.hash.hex()
            told.checked_count += checked.count
            told.unhashed_count += checked.unhashed
            former = checked.last
            if former is not None:
                told.newest_sequence, told.newest_hash = former.sequence, former.hash.hex()
            if checked.broken is not None:
                told.broken, told.problem = names.of_event(trail, checked.broken.event.sequence), checked.broken.why
                return told
            if former is None or not checked.more:
                return told
        told.next_page_token = self._page_tokens.following(f"{told.newest_sequence}.{told.newest_hash}", asked)
        return told


def _link(token: str) -> Link | None:
    sequence, _, digest = token.partition(".")
    return Link(int(sequence), bytes.fromhex(digest)) if token else None
