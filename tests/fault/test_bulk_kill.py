"""The process is killed again and again while many grants end: each ends once, and is counted once."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.longrunning import operations_pb2 as longrunning
from google.longrunning.operations_proto_pb2 import DESCRIPTOR
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message_factory import GetMessageClass

from protos.admin.v1 import grant_service_pb2, operation_metadata_pb2
from protos.admin.v1.event_service_pb2 import DESCRIPTOR as EVENTS
from protos.admin.v1.event_service_pb2 import ListEventsRequest
from protos.admin.v1.grant_service_pb2 import RevokeGrantsRequest, RevokeGrantsResponse
from storage_sqlite.stores import TenantStores
from tenants.records import Grant
from tenants.store import Done, Tx
from tests.fault.served import Server, started
from tests.fault.test_kill import whole
from tests.support.requirement import requirement
from tests.support.storage import samples

A = "issuers/demo"
UNANSWERED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
FILES = (DESCRIPTOR, EVENTS, grant_service_pb2.DESCRIPTOR)
METHODS = {
    method.input_type.full_name: method
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
}


def ask(server: Server, data: Path, request: Any) -> Any:
    """None if the server was gone before it answered."""
    token = (data / "admin.token").read_text(encoding="ascii").strip()
    method = METHODS[request.DESCRIPTOR.full_name]
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}", options=[("grpc.enable_http_proxy", 0)]) as channel:
        call = channel.unary_unary(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        try:
            return call(request, metadata=(("authorization", f"Bearer {token}"),), timeout=30)
        except grpc.RpcError as error:
            if error.code() not in UNANSWERED:
                raise
            return None


def percent(operation: longrunning.Operation) -> int:
    metadata = operation_metadata_pb2.OperationMetadata()
    assert operation.metadata.Unpack(metadata)
    return metadata.progress_percent


async def in_store(data: Path, uid: str, work: Callable[[Tx], Any]) -> Any:
    """What the work returns, in the file of an issuer that no server has open."""
    store = await TenantStores(data / "tenants").open(uid)
    try:
        [outcome] = (await store.perform([work])).outcomes
    finally:
        await store.close()
    assert isinstance(outcome, Done), outcome
    return outcome.value


def many(number: int) -> Callable[[Tx], None]:
    def fill(tx: Tx) -> None:
        now = samples.NOW
        for n in range(number):
            plain = samples.grant((n + 1) * ((1 << 63) // (number + 2)), user_id=f"u{n % 7}", created_at=now)
            tx.grants.add(replace(plain, expires_at=now * 2, code_expires_at=now * 2))

    return fill


def every(tx: Tx) -> list[Grant]:
    return list(tx.grants.page(0, 1_000_000))


def rounds_of_kills(data: Path, number: int, rounds: int, seed: str) -> None:
    dice = random.Random(seed)
    with started(data) as server:
        server.stop()
    [uid] = asyncio.run(TenantStores(data / "tenants").uids())  # of `demo`; each start on another port makes one more
    asyncio.run(in_store(data, uid, many(number)))
    name, met = "", 0
    for _ in range(rounds):
        with started(data) as server:
            if not name:
                name = ask(server, data, RevokeGrantsRequest(parent=A, force=True)).name
            server.kill_in(dice.random() * 0.15)
            while (now := ask(server, data, longrunning.GetOperationRequest(name=name))) is not None:
                if now.done:
                    break
                met += 0 < percent(now) < 100
    assert met, "no kill ever met it halfway"
    with started(data) as server:
        done = now
        for _ in range(30):
            done = ask(server, data, longrunning.WaitOperationRequest(name=name, timeout=Duration(seconds=2)))
            if done.done:
                break
        told = RevokeGrantsResponse()
        assert done.response.Unpack(told), done
        assert told.revoked_count == number
        of_batches = ListEventsRequest(parent=A, filter="type = grant.many_revoked", page_size=1_000)
        events = ask(server, data, of_batches).events
        assert sum(event.details["grants_ended"] for event in events) == number
        trail = ask(server, data, ListEventsRequest(filter='type = "operation.*"')).events
        assert [event.type for event in trail] == ["operation.started", "operation.ended"]
        server.stop()
    grants = asyncio.run(in_store(data, uid, every))
    assert len(grants) == number
    assert all(grant.revoked_at is not None for grant in grants)
    whole(data)


@requirement("house:an-operation-outlives-the-process")
def test_grants_that_end_while_the_process_is_killed_end_once(tmp_path: Path) -> None:
    rounds_of_kills(tmp_path / "data", 6_000, 4, "short")


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_grants_that_end_while_the_process_is_killed_often_end_once(tmp_path: Path) -> None:
    rounds_of_kills(tmp_path / "data", 60_000, 60, f"{random.random()}")
