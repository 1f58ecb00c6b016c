"""EventService over gRPC: the audit trail, read, checked and followed."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest, DeleteAdminTokenRequest
from protos.admin.v1.client_service_pb2 import DeleteClientRequest
from protos.admin.v1.event_service_pb2 import (
    Event,
    GetEventRequest,
    ListEventsRequest,
    StreamEventsRequest,
    StreamEventsResponse,
    VerifyEventsRequest,
    VerifyEventsResponse,
)
from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest, DisableIssuerRequest
from server.admin.field_rules import LONGEST_TEXT
from tenants.acts.maintain import EVENT_RETENTION, Maintenance, maintain
from tenants.records import DAY
from tenants.turn import Turn
from tests.support.admin import TOKEN, Desk, admin_desk, files, refused, told
from tests.support.clients import RG
from tests.support.house import EPOCH
from tests.support.requirement import requirement

Code = grpc.StatusCode
SOON = 15


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path / "house") as desk:
        await desk.issuer("a", "https://a.test")
        yield desk


async def listed(desk: Desk, parent: str = "issuers/a", token: str = TOKEN, **asked: Any) -> list[Event]:
    """All pages."""
    found: list[Event] = []
    request = ListEventsRequest(parent=parent, **asked)
    while True:
        page = await desk.ask(request, token=token)
        found += page.events
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def types(events: Sequence[Event]) -> list[str]:
    return [event.type for event in events]


async def add(desk: Desk, count: int, issuer_id: str = "a") -> None:
    """So many events, in few turns."""

    def act(turn: Turn, _: None) -> None:
        for number in range(count):
            turn.remember("test.added", "test", f"{number}")

    await desk.house.registry.tenant(issuer_id).perform(act, None)


async def token_of(desk: Desk, role: Any, *issuers: str, token_id: str = "t") -> str:
    given = AdminToken(role=role, issuers=[f"issuers/{each}" for each in issuers])
    return (await desk.ask(CreateAdminTokenRequest(admin_token_id=token_id, admin_token=given))).token


class Heard:
    """What comes on a stream."""

    def __init__(self, call: grpc.aio.UnaryStreamCall[Any, Any], first: StreamEventsResponse) -> None:
        self.call = call
        self.token = first.resume_token
        self.events: list[Event] = list(first.events)
        self.skipped = first.skipped_count
        self.heartbeats = 0

    async def until(self, count: int) -> list[Event]:
        """So many events have come."""
        while len(self.events) < count:
            await self.next()
        return self.events

    async def next(self) -> StreamEventsResponse:
        message = await asyncio.wait_for(self.call.read(), SOON)
        assert isinstance(message, StreamEventsResponse), "the stream ended"
        self.events += message.events
        self.token = message.resume_token
        self.skipped += message.skipped_count
        self.heartbeats += not message.events
        return message

    async def why(self) -> Any:
        """How it ends."""
        try:
            while True:
                await self.next()
        except grpc.aio.AioRpcError as error:
            return told(error)


@asynccontextmanager
async def hearing(desk: Desk, parent: str = "issuers/a", *, token: str = TOKEN, **asked: Any) -> AsyncGenerator[Heard]:
    call = desk.stream(StreamEventsRequest(parent=parent, **asked), token=token)
    try:
        yield Heard(call, await asyncio.wait_for(call.read(), SOON))
    finally:
        call.cancel()


# --- get and list


async def test_an_event_says_what_happened_and_who_did_it_from_where_in_which_request(desk: Desk) -> None:
    await desk.client("a", "app", display_name="An app")
    [made] = await listed(desk, filter='type = "client.created"')
    assert (made.type, made.actor, made.subject, made.address) == ("client.created", "root", "app", "127.0.0.1")
    assert (made.name, made.event_time.seconds) == (f"issuers/a/events/{made.sequence}", EPOCH)
    assert made.request_id in desk.logged()
    after = MessageToDict(made.details)["after"]
    assert (after["name"], after["redirect_uris"]) == ("An app", ["https://app.test/cb"])
    assert await desk.ask(GetEventRequest(name=made.name)) == made
    before = await desk.ask(GetEventRequest(name=f"issuers/a/events/{made.sequence - 1}"))
    assert made.previous_hash == before.hash
    assert len(made.hash) == 64


async def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    for name in ("issuers/a/events/99", "events/99"):
        why = await refused(desk.ask(GetEventRequest(name=name)), Code.NOT_FOUND, "NOT_FOUND")
        assert why.resource == ("admin.tenantry.dev/Event", name)
    await refused(desk.ask(GetEventRequest(name="issuers/b/events/1")), Code.NOT_FOUND, "ISSUER_NOT_FOUND")
    for name in ("issuers/a/events/0", "issuers/a/events/01", "issuers/a/events/x", f"events/{10**18}", "1"):
        await refused(desk.ask(GetEventRequest(name=name)), Code.INVALID_ARGUMENT, "REQUEST_INVALID", "name")
    for request in (ListEventsRequest(parent="issuers/b"), VerifyEventsRequest(parent="issuers/b")):
        await refused(desk.ask(request), Code.NOT_FOUND, "ISSUER_NOT_FOUND")
    await refused(desk.ask(ListEventsRequest(parent="issuers/-")), Code.INVALID_ARGUMENT, "REQUEST_INVALID", "parent")


async def test_the_server_has_a_trail_of_its_own(desk: Desk) -> None:
    await desk.issuer("b", "https://b.test")
    await desk.ask(DisableIssuerRequest(name="issuers/b"))
    await desk.ask(DeleteIssuerRequest(name="issuers/b"))
    await token_of(desk, AdminToken.ROLE_VIEWER)
    await desk.ask(DeleteAdminTokenRequest(name="adminTokens/t"))
    events = await listed(desk, "")
    told = [(event.type, event.subject, event.actor) for event in events[-5:]]
    assert told == [
        ("issuer.created", "b", "root"),
        ("issuer.disabled", "b", "root"),
        ("issuer.deleted", "b", "root"),
        ("admin_token.created", "t", "root"),
        ("admin_token.removed", "t", "root"),
    ]
    assert all((event.address, bool(event.request_id)) == ("127.0.0.1", True) for event in events[-5:])
    assert events[0].name == "events/1"
    assert await desk.ask(GetEventRequest(name="events/1")) == events[0]
    checked = await desk.ask(VerifyEventsRequest())
    assert (checked.checked_count, checked.newest_hash, checked.broken) == (len(events), events[-1].hash, "")


async def test_pages_follow_one_another_in_both_directions(desk: Desk) -> None:
    await add(desk, 1_300)
    forward = await listed(desk, page_size=500)
    assert [event.sequence for event in forward] == list(range(1, len(forward) + 1))
    assert len(forward) > 1_300
    assert await listed(desk, page_size=700, order_by="sequence desc") == forward[::-1]
    first = await desk.ask(ListEventsRequest(parent="issuers/a", order_by="sequence desc"))
    assert list(first.events) == forward[:-51:-1]
    for other in ({"filter": "sequence > 1"}, {"order_by": "sequence desc"}, {"parent": ""}):
        request = ListEventsRequest(**{"parent": "issuers/a", "page_token": first.next_page_token, **other})
        if request.order_by == "":
            await refused(desk.ask(request), Code.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", "page_token")
    why = refused(desk.ask(ListEventsRequest(order_by="type")), Code.INVALID_ARGUMENT, "REQUEST_INVALID", "order_by")
    await why


async def test_a_filter_chooses_by_type_actor_subject_and_time(desk: Desk) -> None:
    await desk.client("a", "app")
    desk.house.clock.now += 100
    await desk.client("a", "other")
    await desk.ask(DeleteClientRequest(name="issuers/a/clients/app"))
    at = Timestamp(seconds=EPOCH + 100).ToJsonString()
    for filter, wanted in (
        ('type = "client.*"', ["client.created", "client.created", "client.removed"]),
        ("type=client.*", ["client.created", "client.created", "client.removed"]),
        ('type = "client.*" AND subject = "app"', ["client.created", "client.removed"]),
        (f'type = "client.*" AND event_time >= "{at}"', ["client.created", "client.removed"]),
        (f'type != client.removed AND subject != "other" AND event_time = "{at}"', []),
        (f'event_time > "{at}"', []),
        ('actor = "nobody"', []),
        ('actor = root AND type = "client.removed"', ["client.removed"]),
        ("sequence = 1", ["issuer.created"]),
    ):
        assert types(await listed(desk, filter=filter)) == wanted, filter
        assert types(await listed(desk, filter=filter, order_by="sequence desc")) == wanted[::-1], filter


async def test_a_filter_that_is_not_understood_is_refused_with_the_place(desk: Desk) -> None:
    for filter in ("kind = x", "type", "type = a OR type = b", 'event_time > "now"', "type < a", "sequence = x", "("):
        for request in (
            ListEventsRequest(parent="issuers/a", filter=filter),
            ListEventsRequest(filter=filter),
        ):
            why = await refused(desk.ask(request), Code.INVALID_ARGUMENT, "FILTER_INVALID", "filter")
            assert ", at character " in why.fields["filter"]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await desk.stream(StreamEventsRequest(parent="issuers/a", filter=filter)).read()
        assert told(caught.value).reason == "FILTER_INVALID"


async def test_a_page_looks_at_a_bounded_number_of_events_and_goes_on_behind_them(desk: Desk) -> None:
    await add(desk, 10_100)
    await add(desk, 1, "a")
    first = await desk.ask(ListEventsRequest(parent="issuers/a", filter='type = "test.added" AND subject = "10099"'))
    assert (list(first.events), bool(first.next_page_token)) == ([], True)
    [found] = await listed(desk, filter='type = "test.added" AND subject = "10099"')
    assert found.subject == "10099"


async def test_a_page_of_large_events_is_cut_to_what_a_message_holds(desk: Desk) -> None:
    def act(turn: Turn, _: None) -> None:
        for _ in range(12):
            turn.remember("test.large", "test", much="x" * 300_000)

    await desk.house.registry.tenant("a").perform(act, None)
    page = await desk.ask(ListEventsRequest(parent="issuers/a", filter="type = test.large"))
    assert len(page.events) == 3
    assert len(await listed(desk, filter="type = test.large")) == 12
    async with hearing(desk, start_time=Timestamp(seconds=EPOCH), filter="type = test.large") as heard:
        assert len(await heard.until(12)) == 12


async def test_a_caller_who_is_bound_to_issuers_sees_their_events_alone(desk: Desk) -> None:
    await desk.issuer("b", "https://b.test")
    bound = await token_of(desk, AdminToken.ROLE_VIEWER, "a")
    assert types(await listed(desk, token=bound)) == ["issuer.created"]
    for request in (
        ListEventsRequest(parent="issuers/b"),
        ListEventsRequest(),
        GetEventRequest(name="events/1"),
        VerifyEventsRequest(),
        VerifyEventsRequest(parent="issuers/b"),
    ):
        await refused(desk.ask(request, token=bound), Code.PERMISSION_DENIED, "ROLE_REQUIRED")
    for parent in ("", "issuers/b"):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await desk.stream(StreamEventsRequest(parent=parent), token=bound).read()
        assert told(caught.value).reason == "ROLE_REQUIRED"
    async with hearing(desk, "issuers/-", token=bound) as heard:
        await desk.client("b", "theirs")
        await desk.client("a", "ours")
        assert [event.name.split("/")[1] for event in await heard.until(1)] == ["a"]


async def test_the_trail_of_a_disabled_issuer_is_read_and_of_a_deleted_one_it_is_not(desk: Desk) -> None:
    await desk.ask(DisableIssuerRequest(name="issuers/a"))
    assert types(await listed(desk)) == ["issuer.created"]
    await desk.ask(DeleteIssuerRequest(name="issuers/a"))
    await refused(desk.ask(ListEventsRequest(parent="issuers/a")), Code.FAILED_PRECONDITION, "ISSUER_STATE")


async def test_a_hash_can_be_computed_from_what_is_told(desk: Desk) -> None:
    given = {
        "large": 1 << 60,
        "small": -3,
        "part": 0.5,
        "sum": 1.0,
        "none": None,
        "ö": ["\u2028", True, {"b": 1, "a": 2}],
    }

    def act(turn: Turn, _: None) -> None:
        turn.remember("test.odd", "test", **given, secret=b"secret")

    await desk.house.registry.tenant("a").perform(act, None)
    [told] = await listed(desk, filter="type = test.odd")
    details = whole(MessageToDict(told.details))
    assert details["secret"] == "(secret)"
    text = json.dumps(
        {
            "type": told.type,
            "at": told.event_time.seconds,
            "actor": "test",
            "address": "",
            "request_id": "",
            "subject": None,
            "details": details,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    assert hashlib.sha256(bytes.fromhex(told.previous_hash) + text.encode("utf-8")).hexdigest() == told.hash


def whole(value: Any) -> Any:
    """Numbers are told as floating ones, whatever they are (google.protobuf.Struct)."""
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return int(value) if isinstance(value, float) else value


# --- verify


def file_of(desk: Desk, issuer_id: str = "a") -> Path:
    uid = desk.house.registry.tenant(issuer_id).listing.uid
    [found] = files(desk.house.data_dir, f"{uid}.db")
    return found


async def tampered(desk: Desk, *statements: str) -> VerifyEventsResponse:
    """Somebody gets at the file while the tenant sleeps."""
    await desk.house.registry.tenant("a").actor.stop()
    connection = sqlite3.connect(file_of(desk))
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return await desk.ask(VerifyEventsRequest(parent="issuers/a"))


async def test_a_trail_as_it_was_written_is_whole(desk: Desk) -> None:
    await add(desk, 30)
    events = await listed(desk)
    checked = await desk.ask(VerifyEventsRequest(parent="issuers/a"))
    assert (checked.checked_count, checked.unhashed_count, checked.broken) == (31, 0, "")
    assert (checked.first_sequence, checked.first_hash) == (1, events[0].hash)
    assert (checked.newest_sequence, checked.newest_hash) == (31, events[-1].hash)


@requirement("house:a-changed-trail-is-found-out")
@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE events SET actor = 'somebody else' WHERE sequence = 7", 7),
        ("UPDATE events SET details = '{\"a\":1}' WHERE sequence = 7", 7),
        ("UPDATE events SET at = at + 1 WHERE sequence = 7", 7),
        ("UPDATE events SET hash = x'', previous = x'' WHERE sequence = 7", 7),
        ("DELETE FROM events WHERE sequence = 7", 8),
        ("UPDATE events SET sequence = 99 WHERE sequence = 7", 8),
        ("UPDATE events SET type = 'x' WHERE sequence = 31", 31),
        ("UPDATE events SET hash = x'' WHERE sequence = 31", 31),
        ("UPDATE events SET hash = x'', previous = x'' WHERE sequence < 31", 31),
    ],
)
async def test_a_changed_or_removed_event_is_found(desk: Desk, statement: str, broken: int) -> None:
    await add(desk, 30)
    checked = await tampered(desk, statement)
    assert checked.broken == f"issuers/a/events/{broken}"
    assert checked.problem


@requirement("house:a-changed-trail-is-found-out")
async def test_an_event_that_was_put_between_is_found(desk: Desk) -> None:
    await add(desk, 30)
    columns = "type, at, actor, subject, details, previous, hash"
    checked = await tampered(
        desk,
        "UPDATE events SET sequence = sequence + 1000 WHERE sequence > 7",
        "UPDATE events SET sequence = sequence - 999 WHERE sequence > 1000",
        f"INSERT INTO events (sequence, {columns}) SELECT 8, {columns} FROM events WHERE sequence = 7",
    )
    assert checked.broken == "issuers/a/events/8"


async def test_that_the_newest_are_gone_is_seen_by_who_knows_one_of_them(desk: Desk) -> None:
    await add(desk, 30)
    known = await desk.ask(VerifyEventsRequest(parent="issuers/a"))
    assert (await tampered(desk, "DELETE FROM events WHERE sequence > 20")).broken == ""
    again = VerifyEventsRequest(parent="issuers/a", known_sequence=known.newest_sequence, known_hash=known.newest_hash)
    lost = await desk.ask(again)
    assert (lost.broken, lost.problem) == ("issuers/a/events/31", "it is gone")
    await add(desk, 30)
    assert (await desk.ask(VerifyEventsRequest(parent="issuers/a"))).broken == "issuers/a/events/32"
    again.known_hash = ""
    await refused(desk.ask(again), Code.INVALID_ARGUMENT, "REQUEST_INVALID", "known_hash")
    again.known_hash = "x"
    await refused(desk.ask(again), Code.INVALID_ARGUMENT, "REQUEST_INVALID", "known_hash")


async def test_what_was_known_counts_also_once_it_was_swept(desk: Desk) -> None:
    await add(desk, 5)
    known = await desk.ask(VerifyEventsRequest(parent="issuers/a"))
    desk.house.clock.now += EVENT_RETENTION + 1
    await add(desk, 1)
    await desk.house.registry.tenant("a").perform(maintain, Maintenance())
    again = VerifyEventsRequest(parent="issuers/a", known_sequence=known.newest_sequence, known_hash=known.newest_hash)
    checked = await desk.ask(again)
    assert (checked.broken, checked.first_sequence > known.newest_sequence) == ("", True)
    [*_, first] = await listed(desk, page_size=1)
    assert first.previous_hash


async def test_the_trail_of_the_server_is_swept_too_and_stays_whole(desk: Desk) -> None:
    desk.house.clock.now += EVENT_RETENTION + 1
    await desk.issuer("b", "https://b.test")
    await desk.house.registry.ring()
    checked = await desk.ask(VerifyEventsRequest())
    assert (checked.first_sequence, checked.newest_sequence, checked.broken) == (2, 2, "")


# --- stream


async def test_a_stream_begins_at_once_and_tells_what_happens_from_then_on(desk: Desk) -> None:
    await desk.client("a", "before")
    async with hearing(desk) as heard:
        assert (heard.events, bool(heard.token)) == ([], True)
        await desk.client("a", "one")
        await desk.client("a", "two")
        events = await heard.until(2)
    assert [(event.type, event.subject) for event in events] == [("client.created", "one"), ("client.created", "two")]
    assert events == (await listed(desk))[-2:]


async def test_the_public_side_is_heard_too_with_address_and_request(desk: Desk) -> None:
    async with hearing(desk) as heard:
        assert (await desk.house.ask("POST", "/register", json=RG, peer="127.0.0.7")).status_code == 201
        [event] = await heard.until(1)
    assert (event.type, event.address) == ("client.registered", "127.0.0.7")
    assert event.actor == event.subject
    assert f'"request_id":"{event.request_id}"' in desk.logged().replace(" ", "")


async def test_a_stream_of_all_issuers_tells_of_those_made_later_too_and_one_of_the_server_of_what_it_does(
    desk: Desk,
) -> None:
    async with hearing(desk, "issuers/-") as all_of_them, hearing(desk, "") as server:
        await desk.issuer("b", "https://b.test")
        await desk.client("b", "app")
        await desk.client("a", "app")
        names = [event.name for event in await all_of_them.until(3)]
        assert types(await server.until(1)) == ["issuer.created"]
    assert sorted(names) == ["issuers/a/events/2", "issuers/b/events/1", "issuers/b/events/2"]
    assert names.index("issuers/b/events/1") < names.index("issuers/b/events/2")


@requirement("house:a-listener-misses-nothing")
@pytest.mark.parametrize("parent", ["issuers/a", "issuers/-"])
async def test_a_resumed_stream_goes_on_behind_what_was_told(desk: Desk, parent: str) -> None:
    desk.house.clock.now += 1_000
    async with hearing(desk, parent) as heard:
        await add(desk, 3)
        await heard.until(3)
    desk.house.clock.now += 10
    await add(desk, 250)
    async with hearing(desk, parent, resume_token=heard.token) as again:
        await add(desk, 2)
        events = await again.until(252)
    everything = await listed(desk)
    assert events == everything[-252:]


async def test_a_resumed_stream_of_all_leaves_out_none_of_an_issuer_that_it_had_not_heard_of(desk: Desk) -> None:
    await desk.issuer("b", "https://b.test")
    desk.house.clock.now += 5_000
    async with hearing(desk, "issuers/-") as heard:
        await add(desk, 1)
        await heard.until(1)
        desk.house.clock.now += 5_000
        await add(desk, 1)
        await heard.until(2)
    await add(desk, 7, "b")
    await add(desk, 700)
    async with hearing(desk, "issuers/-", resume_token=heard.token) as again:
        events = await again.until(707)
    assert [event.sequence for event in events if event.name.startswith("issuers/b/")] == list(range(2, 9))
    assert [event.sequence for event in events if event.name.startswith("issuers/a/")] == list(range(4, 704))


async def test_a_stream_of_many_issuers_goes_on_where_it_was(desk: Desk) -> None:
    ids = [f"{'i' * 57}-{number:03}" for number in range(120)]
    await asyncio.gather(*map(desk.issuer, ids))
    async with hearing(desk, "issuers/-") as heard:
        for issuer_id in ids:
            await add(desk, 1, issuer_id)
        await heard.until(len(ids))
    assert len(heard.token) > LONGEST_TEXT
    await add(desk, 1, ids[0])
    async with hearing(desk, "issuers/-", resume_token=heard.token) as again:
        assert [event.sequence for event in await again.until(1)] == [3]


async def test_a_resume_token_is_good_only_for_its_own_stream(desk: Desk) -> None:
    async with hearing(desk) as heard:
        pass
    for request in (
        StreamEventsRequest(parent="issuers/-", resume_token=heard.token),
        StreamEventsRequest(parent="issuers/a", filter="sequence > 1", resume_token=heard.token),
        StreamEventsRequest(parent="issuers/a", resume_token=f"{heard.token}A"),
        StreamEventsRequest(parent="issuers/a", resume_token="ä"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await desk.stream(request).read()
        assert told(caught.value).reason == "RESUME_TOKEN_INVALID"
    both = StreamEventsRequest(parent="issuers/a", resume_token=heard.token, start_time=Timestamp(seconds=1))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await desk.stream(both).read()
    assert list(told(caught.value).fields) == ["start_time"]


async def test_a_trail_that_ends_before_the_token_was_restored_and_the_token_counts_no_more(desk: Desk) -> None:
    async with hearing(desk) as heard:
        await add(desk, 10)
        await heard.until(10)
    await tampered(desk, "DELETE FROM events WHERE sequence > 5")
    async with hearing(desk, resume_token=heard.token) as again:
        why = await again.why()
    assert (why.code, why.reason) == (Code.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED")


@pytest.mark.parametrize("parent", ["issuers/a", "issuers/-"])
async def test_a_stream_can_begin_in_the_past(desk: Desk, parent: str) -> None:
    await add(desk, 5)
    desk.house.clock.now += 60
    await add(desk, 1_200)
    since = Timestamp(seconds=EPOCH + 60)
    async with hearing(desk, parent, start_time=since) as heard:
        events = await heard.until(1_200)
        assert events == (await listed(desk))[-1_200:]
        await add(desk, 1)
        assert len(await heard.until(1_201)) == 1_201
    async with hearing(desk, parent, start_time=Timestamp(seconds=EPOCH + 61)) as heard:
        await add(desk, 1)
        [event] = await heard.until(1)
        assert event.sequence == 1_208


async def test_what_was_swept_before_it_was_read_is_counted(desk: Desk) -> None:
    async with hearing(desk) as heard:
        await add(desk, 3)
        await heard.until(3)
    await add(desk, 20)
    desk.house.clock.now += EVENT_RETENTION + 1
    await add(desk, 2)
    await desk.house.registry.tenant("a").perform(maintain, Maintenance())
    async with hearing(desk, resume_token=heard.token) as again:
        events = await again.until(2)
        assert again.skipped == 20
    assert events == await listed(desk)


async def test_a_filter_holds_on_a_stream(desk: Desk) -> None:
    async with hearing(desk, filter="type = client.*") as heard:
        await add(desk, 300)
        await desk.client("a", "app")
        assert types(await heard.until(1)) == ["client.created"]
        assert heard.heartbeats == 0


async def test_a_heartbeat_says_that_all_is_well_where_nothing_happens(desk: Desk) -> None:
    async with hearing(desk, heartbeat_interval=Duration(seconds=1)) as heard:
        first = heard.token
        message = await heard.next()
        assert (list(message.events), message.resume_token) == ([], first)
    for interval in (Duration(seconds=301), Duration(nanos=1)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await desk.stream(StreamEventsRequest(parent="issuers/a", heartbeat_interval=interval)).read()
        assert list(told(caught.value).fields) == ["heartbeat_interval"]


async def test_what_was_undone_is_not_told_and_what_takes_its_number_is(desk: Desk) -> None:
    def undone(turn: Turn, _: None) -> None:
        turn.remember("test.undone", "test")
        raise ValueError

    async with hearing(desk) as heard:
        with pytest.raises(ValueError):
            await desk.house.registry.tenant("a").perform(undone, None)
        await add(desk, 1)
        [event] = await heard.until(1)
    assert (event.type, event.sequence) == ("test.added", 2)


async def test_what_is_written_after_a_restore_is_told_although_its_number_was_told_before(desk: Desk) -> None:
    async with hearing(desk) as heard, hearing(desk, "issuers/-") as all_of_them:
        await add(desk, 10)
        await heard.until(10)
        await all_of_them.until(10)
        restored = "UPDATE sqlite_sequence SET seq = 5 WHERE name = 'events'"
        await tampered(desk, "DELETE FROM events WHERE sequence > 5", restored)
        await desk.client("a", "new")
        for each in (heard, all_of_them):
            assert [event.sequence for event in await each.until(11)] == [*range(2, 12), 6]
            assert each.events[-1].subject == "new"


async def test_a_resumed_stream_of_all_begins_anew_by_time_where_a_trail_was_restored(desk: Desk) -> None:
    desk.house.clock.now += 1_000
    async with hearing(desk, "issuers/-") as heard:
        await add(desk, 10)
        await heard.until(10)
    await tampered(desk, "DELETE FROM events WHERE sequence > 5")
    async with hearing(desk, "issuers/-", resume_token=heard.token) as again:
        assert [event.sequence for event in await again.until(4)] == [2, 3, 4, 5]


@pytest.mark.parametrize("end", ["deleted", "expired"])
async def test_a_token_that_is_deleted_or_expires_ends_its_streams(desk: Desk, end: str) -> None:
    shown = await token_of(desk, AdminToken.ROLE_VIEWER)
    async with hearing(desk, token=shown) as heard:
        if end == "deleted":
            await desk.ask(DeleteAdminTokenRequest(name="adminTokens/t"))
        else:
            desk.house.clock.now += 366 * DAY
        why = await heard.why()
    assert (why.code, why.reason) == (
        Code.UNAUTHENTICATED,
        "TOKEN_INVALID" if end == "deleted" else "TOKEN_EXPIRED",
    )


async def test_a_deleted_issuer_does_not_break_the_stream_of_all(desk: Desk) -> None:
    await desk.issuer("b", "https://b.test")
    async with hearing(desk, "issuers/-") as heard:
        await add(desk, 1, "b")
        await heard.until(1)
        await desk.ask(DeleteIssuerRequest(name="issuers/b"))
        await add(desk, 1)
        await heard.until(2)
    async with hearing(desk, "issuers/-", resume_token=heard.token) as again:
        await add(desk, 1)
        events = await again.until(1)
    assert [event.name for event in events] == ["issuers/a/events/3"]


async def test_whoever_leaves_is_forgotten(desk: Desk) -> None:
    for _ in range(3):
        async with hearing(desk, "issuers/-"):
            assert len(vars(desk.house.registry.news)["_hearing"]) == 1
        async with asyncio.timeout(SOON):
            while vars(desk.house.registry.news)["_hearing"]:
                await asyncio.sleep(0)


async def test_a_hundred_listen_at_once_half_of_them_for_one_caller_and_one_more_is_refused(desk: Desk) -> None:
    one, two, three = [await token_of(desk, AdminToken.ROLE_VIEWER, "a", token_id=f"t-{n}") for n in range(3)]
    request, heard = StreamEventsRequest(parent="issuers/a"), list[Heard]()
    for token in (one, two):
        for _ in range(50):
            call = desk.stream(request, token=token)
            heard.append(Heard(call, await asyncio.wait_for(call.read(), SOON)))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await desk.stream(request, token=token).read()
        assert (told(caught.value).code, told(caught.value).reason) == (Code.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
        assert await opens(desk, three) == (token == one)
    await add(desk, 50)
    await desk.client("a", "app")
    told_to_all = await asyncio.gather(*(each.until(51) for each in heard))
    assert all(events == told_to_all[0] for events in told_to_all)
    for each in heard:
        each.call.cancel()
    async with asyncio.timeout(SOON):
        while not await opens(desk, one):
            await asyncio.sleep(0)


async def opens(desk: Desk, token: str) -> bool:
    """Whether there is room for a stream of this caller."""
    call = desk.stream(StreamEventsRequest(parent="issuers/a"), token=token)
    try:
        await call.read()
    except grpc.aio.AioRpcError:
        return False
    call.cancel()
    return True


@requirement("house:a-listener-misses-nothing")
async def test_who_does_not_read_holds_up_nobody_and_loses_nothing(desk: Desk) -> None:
    def much(turn: Turn, _: None) -> None:
        for _ in range(20):
            turn.remember("test.large", "test", much="x" * 100_000)

    async with hearing(desk) as slow, hearing(desk) as quick:
        for _ in range(10):
            await desk.house.registry.tenant("a").perform(much, None)
        await quick.until(200)
        await desk.client("a", "app")
        assert types((await quick.until(201))[200:]) == ["client.created"]
        events = await slow.until(201)
    assert [event.sequence for event in events] == list(range(2, 203))
    assert slow.skipped == 0


async def test_a_server_that_stops_ends_its_streams_and_says_so(tmp_path: Path) -> None:
    async with admin_desk(tmp_path / "house") as desk:
        await desk.issuer("a", "https://a.test")
        call = desk.stream(StreamEventsRequest(parent="issuers/a"))
        heard = Heard(call, await asyncio.wait_for(call.read(), SOON))
        stopping = asyncio.ensure_future(desk.server.stop(SOON))
        why = await heard.why()
        assert (why.code, why.reason) == (Code.UNAVAILABLE, "SHUTTING_DOWN")
        await asyncio.wait_for(stopping, SOON)
