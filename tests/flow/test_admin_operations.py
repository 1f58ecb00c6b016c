"""What takes long: listed, waited for, cancelled and forgotten over gRPC, and carried on by the next process."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.longrunning import operations_pb2 as pb
from google.protobuf.duration_pb2 import Duration
from google.rpc.status_pb2 import Status

from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest
from protos.admin.v1.event_service_pb2 import ListEventsRequest
from protos.admin.v1.grant_service_pb2 import RevokeGrantsRequest
from server.admin.operations import Failures
from tenants import operations
from tenants.operations import KEPT, MOST_OF_ONE, MOST_UNDER_WAY, NewOperation
from tenants.problems import Busy, Invalid, OperationInProgress, Unknown
from tenants.records import Operation, Origin
from tenants.turn import asked_by
from tenants.workshop import Checkpoint, Workshop
from tests.flow.test_admin_grants import metadata_of
from tests.support.admin import Desk, admin_desk, refused
from tests.support.house import RunningHouse, running_house
from tests.support.requirement import requirement

GONE, CANCELLED = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.CANCELLED
NO_SUCH = "0" * 26


# --- as callers see them


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path) as desk:
        for issuer_id in ("a", "b"):
            await desk.issuer(issuer_id)
        yield desk


async def some(desk: Desk, issuer_id: str = "a", **members: Any) -> pb.Operation:
    """One that has ended."""
    given = {"validate_only": True, **members}
    begun = await desk.ask(RevokeGrantsRequest(parent=f"issuers/{issuer_id}", **given))
    return await desk.ask(pb.WaitOperationRequest(name=begun.name))


async def names(desk: Desk, name: str, filter: str = "", token: str | None = None) -> list[str]:
    request = pb.ListOperationsRequest(name=name, filter=filter)
    answer = await (desk.ask(request) if token is None else desk.ask(request, token=token))
    return [operation.name for operation in answer.operations]


async def test_they_are_listed_the_oldest_first_and_filtered(desk: Desk) -> None:
    first = await some(desk)
    desk.house.clock.now += 1
    second = await some(desk, validate_only=False, force=True)
    elsewhere = await some(desk, "b")
    assert await names(desk, "issuers/a") == [first.name, second.name]
    assert {*await names(desk, "issuers/-")} == {first.name, second.name, elsewhere.name}
    assert await names(desk, "issuers/a", "verb = revokeGrants AND done = true") == [second.name]
    assert await names(desk, "issuers/a", "done = false") == []
    assert await names(desk, "issuers/nobody") == []
    for request in (
        pb.ListOperationsRequest(),
        pb.ListOperationsRequest(name="operations"),
        pb.ListOperationsRequest(name=first.name),
    ):
        await refused(desk.ask(request), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_INVALID", "name")
    page = await desk.ask(pb.ListOperationsRequest(name="issuers/a", page_size=1))
    assert [each.name for each in page.operations] == [first.name]
    following = pb.ListOperationsRequest(name="issuers/a", page_size=1, page_token=page.next_page_token)
    assert [each.name for each in (await desk.ask(following)).operations] == [second.name]
    following.name = "issuers/b"
    await refused(desk.ask(following), grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", "page_token")


async def test_ga_02_who_is_bound_to_issuers_sees_and_stops_theirs_alone(desk: Desk) -> None:
    mine, theirs = await some(desk, "a"), await some(desk, "b")
    given = AdminToken(role="ROLE_ISSUER_ADMIN", issuers=["issuers/a"])  # type: ignore[arg-type]
    token = (await desk.ask(CreateAdminTokenRequest(admin_token=given))).token
    assert await names(desk, "issuers/-", token=token) == [mine.name]
    for kind in (
        pb.GetOperationRequest,
        pb.WaitOperationRequest,
        pb.CancelOperationRequest,
        pb.DeleteOperationRequest,
        pb.ListOperationsRequest,
    ):
        for name in (theirs.name, f"issuers/b/operations/{NO_SUCH}"):
            await refused(desk.ask(kind(name=name), token=token), grpc.StatusCode.PERMISSION_DENIED, "ROLE_REQUIRED")
    disguised = theirs.name.replace("issuers/b", "issuers/a")
    await refused(desk.ask(pb.GetOperationRequest(name=disguised), token=token), GONE, "NOT_FOUND")
    assert await names(desk, "issuers/b") == [theirs.name]


async def test_what_has_ended_stays_as_it_is_until_it_is_forgotten(desk: Desk) -> None:
    ended = await some(desk)
    await desk.ask(pb.CancelOperationRequest(name=ended.name))
    assert await desk.ask(pb.GetOperationRequest(name=ended.name)) == ended
    await desk.ask(pb.DeleteOperationRequest(name=ended.name))
    for kind in (pb.GetOperationRequest, pb.WaitOperationRequest, pb.CancelOperationRequest, pb.DeleteOperationRequest):
        await refused(desk.ask(kind(name=ended.name)), GONE, "NOT_FOUND")


async def test_after_thirty_days_an_ended_one_is_forgotten(desk: Desk) -> None:
    old = await some(desk)
    desk.house.clock.now += KEPT
    await some(desk)
    assert old.name in await names(desk, "issuers/a")
    desk.house.clock.now += 1
    await some(desk)
    assert old.name not in await names(desk, "issuers/a")


@pytest.mark.parametrize(
    "name", ["", "x", "operations/x", f"issuers/a/operations/{NO_SUCH}0", "issuers/a/operations/../x"]
)
async def test_ga_05_a_name_that_can_be_none_is_refused(desk: Desk, name: str) -> None:
    for kind in (pb.GetOperationRequest, pb.WaitOperationRequest, pb.CancelOperationRequest, pb.DeleteOperationRequest):
        await refused(desk.ask(kind(name=name)), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_INVALID", "name")


# --- as they are carried out


@dataclass
class Hand:
    """A work that goes step by step, each when it is let."""

    may_go_on: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    raises: list[Exception] = field(default_factory=list[Exception])
    seen: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    begun: list[str] = field(default_factory=list[str])
    """For which issuers."""

    async def __call__(self, operation: Operation, checkpoint: Checkpoint) -> bytes:
        self.seen.append(operation.progress)
        self.begun.append(operation.issuer_id)
        for step in range(operation.progress.get("step", 0) + 1, 5):
            await self.may_go_on.acquire()
            if self.raises:
                raise self.raises.pop()
            await checkpoint({"step": step}, step * 20)
        return b"done"


@dataclass
class Place:
    house: RunningHouse
    hand: Hand
    workshop: Workshop

    async def begin(self, issuer_id: str = "a", lock: str = "") -> Operation:
        act = asked_by(Origin("somebody", "192.0.2.1", "call-7"), operations.begin)
        new = NewOperation(verb="step", issuer_id=issuer_id, lock=lock, request=b"")
        operation = await self.house.registry.perform(act, new)
        await self.workshop.carry_on(operation.id)
        return operation

    async def get(self, operation: Operation) -> Operation:
        return await self.house.registry.perform(operations.get, operation.id)

    async def ended(self, operation: Operation) -> Operation:
        await self.workshop.wait(operation.id, 20)
        found = await self.get(operation)
        assert found.ended_at is not None
        return found

    def steps(self, number: int) -> None:
        for _ in range(number):
            self.hand.may_go_on.release()

    async def reaches(self, operation: Operation, step: int) -> None:
        async with asyncio.timeout(20):
            while (await self.get(operation)).progress.get("step", 0) < step:
                await asyncio.sleep(0)


def workshop(house: RunningHouse, hand: Hand) -> Workshop:
    return Workshop(house.registry.perform, {"step": hand}, Failures(house.log, house.clock))


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncGenerator[Place]:
    async with running_house(tmp_path) as house:
        hand = Hand()
        place = Place(house, hand, workshop(house, hand))
        yield place
        await place.workshop.close()


async def test_how_far_it_is_is_written_down_at_each_checkpoint(place: Place) -> None:
    operation = await place.begin()
    place.steps(2)
    await place.reaches(operation, 2)
    assert (await place.get(operation)).percent == 40
    place.steps(2)
    ended = await place.ended(operation)
    assert (ended.response, ended.error, ended.percent) == (b"done", None, 100)


@requirement("house:an-operation-outlives-the-process")
async def test_the_next_process_goes_on_behind_the_last_checkpoint(place: Place) -> None:
    operation = await place.begin()
    place.steps(2)
    await place.reaches(operation, 2)
    await place.workshop.close()
    await place.house.restart()
    assert (await place.get(operation)).ended_at is None
    place.workshop = workshop(place.house, place.hand)
    await place.workshop.start()
    place.steps(2)
    assert (await place.ended(operation)).response == b"done"
    assert place.hand.seen == [{}, {"step": 2}]


async def test_one_is_carried_out_by_one_hand_however_often_it_is_begun(place: Place) -> None:
    operation = await place.begin()
    await place.workshop.start()
    await place.workshop.carry_on(operation.id)
    place.steps(4)
    await place.ended(operation)
    await place.workshop.carry_on(operation.id)
    assert place.hand.seen == [{}]


async def test_a_cancelled_one_ends_at_its_next_checkpoint(place: Place) -> None:
    operation = await place.begin()
    place.steps(1)
    await place.reaches(operation, 1)
    await place.house.registry.perform(operations.cancel, operation.id)
    place.steps(1)
    ended = await place.ended(operation)
    assert (ended.response, ended.progress, ended.percent) == (None, {"step": 2}, 40)
    tells(ended, CANCELLED, "cancelled at 40 %")


async def test_one_that_is_cancelled_before_it_begins_does_nothing(place: Place) -> None:
    busy = [await place.begin() for _ in range(4)]
    waits = await place.begin()
    await place.house.registry.perform(operations.cancel, waits.id)
    place.steps(16)
    for operation in busy:
        assert (await place.ended(operation)).response == b"done"
    tells(await place.ended(waits), CANCELLED, "cancelled before it began")
    assert len(place.hand.seen) == 4


def tells(operation: Operation, code: grpc.StatusCode, words: str) -> None:
    assert operation.error is not None
    status = Status.FromString(operation.error)
    assert (status.code, status.message) == (code.value[0], words)


async def test_ga_14_what_fails_says_why_and_a_bug_is_told_to_the_log_only(place: Place) -> None:
    for error, code, words in (
        (Invalid("x", "is wrong"), grpc.StatusCode.INVALID_ARGUMENT, "x: is wrong"),
        (RuntimeError("the password is swordfish"), grpc.StatusCode.INTERNAL, "something went wrong"),
    ):
        place.hand.raises.append(error)
        operation = await place.begin()
        place.steps(1)
        tells(await place.ended(operation), code, words)
    assert "swordfish" in place.house.logged()


@pytest.mark.parametrize("problem", [Busy(), Unknown("the disk")])
async def test_where_a_store_is_busy_or_unsure_it_is_tried_again(
    place: Place, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.patience.PAUSES", (0.0, 0.0))
    operation = await place.begin()
    place.steps(1)
    await place.reaches(operation, 1)
    place.hand.raises.append(problem)
    place.steps(4)
    assert (await place.ended(operation)).response == b"done"
    assert place.hand.seen == [{}, {"step": 1}]


async def test_two_with_the_same_lock_are_never_under_way_at_once(place: Place) -> None:
    first = await place.begin(lock="files of a")
    with pytest.raises(OperationInProgress, match=operations.named(first)):
        await place.begin(lock="files of a")
    others = [await place.begin(lock="files of b"), await place.begin(), await place.begin()]
    place.steps(16)
    for each in (first, *others):
        await place.ended(each)
    again = await place.begin(lock="files of a")
    place.steps(4)
    await place.ended(again)


async def test_no_more_are_taken_on_than_can_be_kept_in_sight(place: Place) -> None:
    for number in range(MOST_UNDER_WAY):
        await place.begin(f"i-{number // MOST_OF_ONE}")
    with pytest.raises(Busy):
        await place.begin("another")


async def test_what_is_asked_for_at_one_issuer_does_not_keep_others_waiting(place: Place) -> None:
    asked = [await place.begin("a") for _ in range(MOST_OF_ONE)]
    with pytest.raises(Busy):
        await place.begin("a")
    other = await place.begin("b")
    async with asyncio.timeout(20):
        while "b" not in place.hand.begun:
            await asyncio.sleep(0)
    assert sorted(place.hand.begun) == ["a", "a", "b"]
    place.steps(4 * (MOST_OF_ONE + 1))
    for operation in (other, *asked):
        await place.ended(operation)


async def test_one_of_a_verb_that_is_not_known_is_left_for_who_knows_it(place: Place) -> None:
    new = NewOperation(verb="paint", issuer_id="a", request=b"")
    operation = await place.house.registry.perform(operations.begin, new)
    await place.workshop.start()
    await place.workshop.wait(operation.id, 20)
    assert (await place.get(operation)).ended_at is None


async def test_who_waits_is_let_go_when_the_server_stops(place: Place) -> None:
    operation = await place.begin()
    waiting = asyncio.create_task(place.workshop.wait(operation.id, 600))
    await asyncio.sleep(0)
    place.workshop.release()
    async with asyncio.timeout(20):
        await waiting


async def test_ga_19_the_end_names_who_asked_for_it_also_after_a_restart(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a")
        new = NewOperation(verb="countGrants", issuer_id="a", request=b"")
        act = asked_by(Origin("adminTokens/ops", "192.0.2.1", "call-7"), operations.begin)
        operation = operations.named(await desk.house.registry.perform(act, new))
        assert not (await desk.ask(pb.WaitOperationRequest(name=operation, timeout=Duration(seconds=1)))).done
    async with admin_desk(tmp_path) as desk:
        done = await desk.ask(pb.WaitOperationRequest(name=operation))
        assert (done.done, metadata_of(done).actor) == (True, "adminTokens/ops")
        events = (await desk.ask(ListEventsRequest(filter='type = "operation.ended"'))).events
        assert [(event.actor, event.address, event.request_id) for event in events] == [
            ("adminTokens/ops", "192.0.2.1", "call-7")
        ]
