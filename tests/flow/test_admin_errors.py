"""What the admin server says to those it does not answer: without the token, in garbage, too much, or after a bug."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncGenerator, Awaitable
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest
from protos.admin.v1.issuer_service_pb2 import (
    CreateIssuerRequest,
    GetIssuerRequest,
    Issuer,
    IssuerPolicy,
    ListIssuersRequest,
    SoftwareStatementIssuer,
    UpdateIssuerRequest,
)
from protos.admin.v1.server_service_pb2 import GetServerInfoRequest
from server.admin.limits import MAX_CALLS, MOST_OF_ONE, MOST_OF_STRANGERS
from server.admin.service import SERVICES
from tenants.acts.operate import policy_of
from tenants.new_issuer import NewIssuer
from tenants.records import Policy
from tenants.turn import Turn
from tests.support.admin import METHODS, TOKEN, Desk, admin_desk, files, path, refused, told

pytestmark = pytest.mark.asyncio(loop_scope="module")
STRANGER = grpc.StatusCode.UNAUTHENTICATED
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
METADATA = (("authorization", f"Bearer {TOKEN}"),)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        await desk.issuer("a")
        yield desk


async def code_of(call: Awaitable[Any]) -> grpc.StatusCode:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


# --- who is asking


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_ga_01_no_method_answers_without_the_token(desk: Desk, method: MethodDescriptor) -> None:
    request = GetMessageClass(method.input_type)()
    await refused(desk.call(path(method), request, token=None), STRANGER, "TOKEN_MISSING")
    await refused(desk.call(path(method), request, token="wrong"), STRANGER, "TOKEN_INVALID")
    await refused(desk.call(path(method), b"\xff\xff\xff", token=None), STRANGER, "TOKEN_MISSING")


async def test_the_methods_that_are_tried_are_all_that_the_server_has() -> None:
    assert {method.containing_service.full_name for method in METHODS} == set(SERVICES)


@pytest.mark.parametrize(
    "metadata",
    [
        (("authorization", TOKEN),),
        (("authorization", "Bearer"),),
        (("authorization", "Bearer "),),
        (("authorization", f"Basic {TOKEN}"),),
        (("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")),
        (("authorization-bin", f"Bearer {TOKEN}".encode("ascii")),),
        (("x-authorization", f"Bearer {TOKEN}"),),
    ],
)
async def test_a_token_counts_once_and_in_its_place_only(desk: Desk, metadata: tuple[tuple[str, Any], ...]) -> None:
    call = desk.channel.unary_unary(path(METHODS[0]))(b"", metadata=metadata)
    await refused(call, STRANGER, "TOKEN_MISSING")


@pytest.mark.parametrize("token", [f"{TOKEN}x", TOKEN[:-1], f" {TOKEN}", TOKEN.upper(), "x" * 7_000])
async def test_only_the_token_itself_counts(desk: Desk, token: str) -> None:
    await refused(desk.ask(ListIssuersRequest(), token=token), STRANGER, "TOKEN_INVALID")


async def test_the_scheme_may_be_written_in_any_case(desk: Desk) -> None:
    call = desk.channel.unary_unary(path(METHODS[0]).replace(METHODS[0].name, "ListIssuers"))
    await call(b"", metadata=(("authorization", f"bearer {TOKEN}"),))


async def test_ga_01_reflection_and_the_watching_of_health_need_the_token(desk: Desk) -> None:
    async def reflect() -> None:
        await desk.channel.stream_stream(REFLECTION)().read()  # and not one message sent

    await refused(reflect(), STRANGER, "TOKEN_MISSING")
    await refused(desk.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"").read(), STRANGER, "TOKEN_MISSING")
    await refused(desk.channel.unary_unary("/grpc.health.v1.Health/List")(b""), STRANGER, "TOKEN_MISSING")


async def test_whether_it_is_well_is_told_to_anybody(desk: Desk) -> None:
    stub: Any = health_pb2_grpc.HealthStub(desk.channel)
    for service in ("", *SERVICES):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    watching = stub.Watch(health_pb2.HealthCheckRequest(), metadata=METADATA)
    assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
    watching.cancel()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_method_that_is_not_there_is_unknown_to_the_operator_only(desk: Desk) -> None:
    for method in ("/tenantry.admin.v1.IssuerService/Nothing", "/nothing/at.all", "/"):
        await refused(desk.call(method, b"", token=None), STRANGER, "TOKEN_MISSING")
        await refused(desk.call(method, b""), grpc.StatusCode.UNIMPLEMENTED, "METHOD_UNKNOWN")


async def test_reflection_shows_the_services_to_the_standard_client(desk: Desk) -> None:
    def look() -> tuple[set[str], set[str]]:
        with grpc.insecure_channel(desk.address) as channel:
            shown = grpc.intercept_channel(channel, _WithToken())
            database = ProtoReflectionDescriptorDatabase(shown)
            pool = DescriptorPool(database)
            service = pool.FindServiceByName("tenantry.admin.v1.IssuerService")
            return set(database.get_services()), {method.name for method in service.methods}

    services, methods = await asyncio.to_thread(look)
    assert set(SERVICES) <= services
    assert "CreateIssuer" in methods


class _WithToken(grpc.StreamStreamClientInterceptor):
    def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        return continuation(client_call_details._replace(metadata=METADATA), request_iterator)


# --- what is asked


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\xff\xff\xff\xff", id="garbage"),
        pytest.param(b"\x0a\x7f", id="cut off"),
        pytest.param(b"\x0b" * 5_000, id="nested 5,000 deep"),
    ],
)
async def test_ga_13_garbage_is_refused_without_the_words_of_the_parser(
    desk: Desk, method: MethodDescriptor, raw: bytes
) -> None:
    why = await refused(desk.call(path(method), raw), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_MALFORMED")
    assert why.message == "the message cannot be read"


@pytest.mark.parametrize(
    "method", [method for method in METHODS if method.input_type.fields], ids=lambda method: method.name
)
async def test_ga_13_text_that_is_not_utf_8_is_garbage(desk: Desk, method: MethodDescriptor) -> None:
    texts = [field.number for field in method.input_type.fields if field.type == field.TYPE_STRING]
    # or, where there is none, in the name of the message within
    raw = bytes([texts[0] << 3 | 2]) + b"\x02\xff\xfe" if texts else b"\x0a\x04\x0a\x02\xff\xfe"
    await refused(desk.call(path(method), raw), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_MALFORMED")


async def test_ga_13_garbage_to_reflection_is_refused_in_the_same_words(desk: Desk) -> None:
    call = desk.channel.stream_stream(REFLECTION)(metadata=METADATA)
    await call.write(b"\xff\xff\xff\xff")
    await refused(call.read(), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_MALFORMED")
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(desk.channel)
    call = stub.ServerReflectionInfo(metadata=METADATA)
    await call.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.such.thing"))
    assert (await call.read()).error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    call.cancel()


async def test_ga_12_a_message_of_5_mib_is_too_much(desk: Desk) -> None:
    request = CreateIssuerRequest(issuer_id="big", issuer=Issuer(display_name="x" * 5 * 1_048_576))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await desk.ask(request)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_ga_15_metadata_of_20_kib_is_too_much(desk: Desk) -> None:
    metadata = (*METADATA, ("x-much", "x" * 20_480))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await desk.channel.unary_unary(path(METHODS[0]))(b"", metadata=metadata)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_refusal_stays_small_whatever_was_sent(desk: Desk) -> None:
    for text in ("x" * 8_192, "\N{PILE OF POO}" * 8_192):
        policy = IssuerPolicy(first_party_origins=[text])
        given = Issuer(issuer_uri="https://b.test", policy=policy)
        request = CreateIssuerRequest(issuer_id="b", issuer=given)
        why = await refused(
            desk.ask(request), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_INVALID", "issuer.policy.first_party_origins"
        )
        assert len(why.message) <= 200


async def test_all_that_is_wrong_is_told_at_once(desk: Desk) -> None:
    policy = IssuerPolicy(
        access_token_ttl=Duration(seconds=-1),
        session_ttl=Duration(seconds=60, nanos=1),
        scopes=["a", "b" * 8_193],
        software_statement_issuers=[SoftwareStatementIssuer(jwks="{}")],
    )
    policy.token_format = 99  # type: ignore[assignment]
    request = CreateIssuerRequest(issuer=Issuer(policy=policy), request_id="once")
    why = await refused(
        desk.ask(request),
        grpc.StatusCode.INVALID_ARGUMENT,
        "REQUEST_INVALID",
        "issuer_id",
        "issuer.issuer_uri",
        "issuer.policy.access_token_ttl",
        "issuer.policy.scopes[1]",
        "issuer.policy.session_ttl",
        "issuer.policy.software_statement_issuers[0].issuer",
        "issuer.policy.token_format",
        "request_id",
    )
    assert why.fields["issuer_id"] == "is required"


async def test_of_very_much_that_is_wrong_as_much_is_told_as_fits(desk: Desk) -> None:
    request = CreateIssuerRequest(issuer_id="b", issuer=Issuer(policy=IssuerPolicy(scopes=["x" * 9_000] * 100)))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await desk.ask(request)
    why = told(caught.value)
    assert why.code is grpc.StatusCode.INVALID_ARGUMENT
    assert 10 < len(why.fields) < 100


async def test_who_may_not_is_told_that_and_not_what_is_wrong(desk: Desk) -> None:
    request = GetIssuerRequest(name="x" * 9_000)
    await refused(desk.ask(request, token="wrong"), STRANGER, "TOKEN_INVALID")
    await refused(desk.ask(request), grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_INVALID", "name")


# --- what goes wrong in the house


async def test_ga_14_a_bug_is_told_to_the_log_only(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        made = await desk.issuer("a")

        def buggy(*_: object, **__: object) -> None:
            raise RuntimeError("the password is swordfish")

        desk.house.registry.page = buggy  # type: ignore[method-assign]
        why = await refused(desk.ask(ListIssuersRequest()), grpc.StatusCode.INTERNAL, "INTERNAL")
        assert why.message == "something went wrong"
        assert "swordfish" not in str(why)
        logged = desk.logged()
        assert "swordfish" in logged
        assert why.metadata["request_id"] in logged
        assert await desk.ask(GetIssuerRequest(name=made.name)) == made


async def test_a_store_that_cannot_be_read_is_unavailable_and_the_others_are_not(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        broken, whole = await desk.issuer("broken"), await desk.issuer("whole")
        [file] = files(tmp_path, f"{broken.uid}.db")
        file.write_bytes(b"not a database" * 1_000)
        why = await refused(desk.ask(GetIssuerRequest(name=broken.name)), grpc.StatusCode.UNAVAILABLE, "ISSUER_BROKEN")
        assert why.retry_seconds
        assert str(tmp_path) not in str(why)
        assert await desk.ask(GetIssuerRequest(name=whole.name)) == whole
        assert len((await desk.ask(ListIssuersRequest())).issuers) == 2
        [line] = [line for line in map(json.loads, desk.logged().splitlines()) if line["event"] == "tenant.broken"]
        assert (line["issuer"], line["tenant"]) == ("broken", broken.uid)


async def test_a_store_of_a_newer_tenantry_is_not_touched(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        newer = await desk.issuer("newer")
        [file] = files(tmp_path, f"{newer.uid}.db")
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA user_version = 9999")
        connection.close()
        before = file.read_bytes()
        asked = desk.ask(GetIssuerRequest(name=newer.name))
        await refused(asked, grpc.StatusCode.FAILED_PRECONDITION, "SCHEMA_NEWER")
        assert file.read_bytes() == before


# --- many, and those who leave


async def test_ga_17_many_at_once_are_answered_or_told_that_it_is_too_much(desk: Desk) -> None:
    request = GetIssuerRequest(name="issuers/a")
    outcomes = await asyncio.gather(*(code_of(desk.ask(request)) for _ in range(3 * MAX_CALLS)))
    assert set(outcomes) <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert outcomes.count(grpc.StatusCode.OK) >= MOST_OF_ONE
    assert await code_of(desk.ask(request)) is grpc.StatusCode.OK


async def test_strangers_do_not_take_the_places_of_the_operator(desk: Desk) -> None:
    waiting = [desk.channel.stream_stream(REFLECTION)() for _ in range(2 * MAX_CALLS)]
    try:
        assert (await desk.ask(GetIssuerRequest(name="issuers/a"))).name == "issuers/a"
    finally:
        for call in waiting:
            call.cancel()


async def never() -> AsyncGenerator[bytes]:
    """The message of a caller who takes their time."""
    await asyncio.Event().wait()
    yield b""


async def test_strangers_who_ask_whether_it_is_well_and_send_no_message_take_few_places(desk: Desk) -> None:
    ask = desk.channel.stream_unary("/grpc.health.v1.Health/Check")
    waiting = [ask(never()) for _ in range(2 * MAX_CALLS)]
    try:
        assert (await desk.ask(GetIssuerRequest(name="issuers/a"))).name == "issuers/a"
        refused_at_once = await asyncio.gather(*map(code_of, waiting[MOST_OF_STRANGERS:]))
        assert set(refused_at_once) == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        outcomes = await asyncio.gather(*map(code_of, waiting[:MOST_OF_STRANGERS]))
        assert set(outcomes) == {grpc.StatusCode.INVALID_ARGUMENT}  # and the others do not wait for ever
    finally:
        for call in waiting:
            call.cancel()
    assert await code_of(desk.channel.unary_unary("/grpc.health.v1.Health/Check")(b"")) is grpc.StatusCode.OK


@pytest.mark.parametrize("method", ["ServerService/GetServerInfo", "EventService/StreamEvents"])
async def test_one_caller_does_not_take_the_places_of_another(desk: Desk, method: str) -> None:
    made = AdminToken(role=AdminToken.ROLE_VIEWER)
    viewer = await desk.ask(CreateAdminTokenRequest(admin_token=made))
    ask = desk.channel.stream_stream(f"/tenantry.admin.v1.{method}")
    waiting = [ask(never(), metadata=(("authorization", f"Bearer {viewer.token}"),)) for _ in range(MOST_OF_ONE + 1)]
    try:
        await refused(waiting[-1].read(), grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
        assert (await desk.ask(GetIssuerRequest(name="issuers/a"))).name == "issuers/a"
    finally:
        for call in waiting:
            call.cancel()
    async with asyncio.timeout(10):
        while await code_of(desk.ask(GetServerInfoRequest(), token=viewer.token)) is not grpc.StatusCode.OK:
            pass


async def test_who_leaves_and_comes_again_takes_no_more_than_their_places(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a")
        viewer = await desk.ask(CreateAdminTokenRequest(admin_token=AdminToken(role=AdminToken.ROLE_VIEWER)))
        begun, go_on = threading.Event(), threading.Event()

        def slow(turn: Turn, _: None) -> None:
            begun.set()
            go_on.wait(10)

        turn = asyncio.ensure_future(desk.house.registry.tenant("a").actor.run(slow, None))
        await asyncio.to_thread(begun.wait, 10)
        request = GetIssuerRequest(name="issuers/a")
        for _ in range(MOST_OF_ONE):
            leaving = asyncio.ensure_future(desk.ask(request, token=viewer.token))
            await desk.ask(ListIssuersRequest())  # the server has heard of it
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
        await refused(desk.ask(request, token=viewer.token), grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS")
        go_on.set()
        await turn
        async with asyncio.timeout(10):
            while await code_of(desk.ask(request, token=viewer.token)) is not grpc.StatusCode.OK:
                pass


async def test_ga_16_a_call_that_runs_out_of_time_is_done_whole_or_not_at_all(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:

        async def create(issuer_id: str, seconds: float) -> bool:
            given = Issuer(issuer_uri=f"https://{issuer_id}.test")
            request = CreateIssuerRequest(issuer_id=issuer_id, issuer=given)
            outcome = await code_of(desk.ask(request, timeout=seconds))
            assert outcome in (grpc.StatusCode.OK, grpc.StatusCode.DEADLINE_EXCEEDED)
            return outcome is grpc.StatusCode.OK

        ids = [f"i-{n}" for n in range(30)]
        answered = await asyncio.gather(*(create(issuer_id, 0.004 * n) for n, issuer_id in enumerate(ids)))
        assert not all(answered)
        await desk.server.stop(10)
        await desk.house.restart()
        listed = desk.house.registry.page("", 100, with_deleted=True)
        assert {name for name, done in zip(ids, answered, strict=True) if done} <= {listing.id for listing in listed}
        assert {file.stem for file in files(tmp_path / "tenants", "*.db")} == {listing.uid for listing in listed}
        assert files(tmp_path, "*.new") == []


async def test_stopping_lets_what_has_begun_end(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        made = await desk.issuer("a")
        begun, go_on = threading.Event(), threading.Event()

        def slow(turn: Turn, _: None) -> None:
            begun.set()
            go_on.wait(10)

        turn = asyncio.ensure_future(desk.house.registry.tenant("a").actor.run(slow, None))
        await asyncio.to_thread(begun.wait, 10)
        change = UpdateIssuerRequest(issuer=Issuer(name=made.name, policy=IssuerPolicy(debug=True)))
        waiting = asyncio.ensure_future(desk.ask(change))
        await desk.ask(ListIssuersRequest())  # came after the change on the same connection, so that has begun
        stopping = asyncio.ensure_future(desk.server.stop(10))
        while await code_of(desk.ask(ListIssuersRequest())) is grpc.StatusCode.OK:
            assert not stopping.done()
        go_on.set()
        await turn
        assert (await waiting).policy.debug is True
        await stopping


async def test_a_call_that_takes_long_is_let_go_and_done_all_the_same(tmp_path: Path) -> None:
    async with admin_desk(tmp_path, longest_call=0.05) as desk:
        await desk.house.registry.create(NewIssuer(id="a", uri="https://a.test", display_name="", policy=Policy()))
        begun, go_on = threading.Event(), threading.Event()

        def slow(turn: Turn, _: None) -> None:
            begun.set()
            go_on.wait(10)

        turn = asyncio.ensure_future(desk.house.registry.tenant("a").actor.run(slow, None))
        await asyncio.to_thread(begun.wait, 10)
        change = desk.ask(UpdateIssuerRequest(issuer=Issuer(name="issuers/a", policy=IssuerPolicy(debug=True))))
        await refused(change, grpc.StatusCode.DEADLINE_EXCEEDED, "CALL_TOO_LONG")
        go_on.set()
        await turn
        await desk.server.stop(10)
        assert (await desk.house.registry.tenant("a").actor.run(policy_of, None)).debug is True


async def test_a_caller_that_leaves_midway_does_not_undo_what_it_asked_for(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        made = await desk.issuer("a")
        begun, go_on = threading.Event(), threading.Event()

        def slow(turn: Turn, _: None) -> None:
            begun.set()
            go_on.wait(10)

        turn = asyncio.ensure_future(desk.house.registry.tenant("a").actor.run(slow, None))
        await asyncio.to_thread(begun.wait, 10)
        policy = IssuerPolicy(debug=True)
        change = desk.ask(UpdateIssuerRequest(issuer=Issuer(name=made.name, display_name="Both", policy=policy)))
        leaving = asyncio.ensure_future(change)
        await desk.ask(ListIssuersRequest())
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await desk.ask(ListIssuersRequest())  # the server has heard of it
        go_on.set()
        await turn
        await desk.server.stop(10)
        kept = desk.house.registry.tenant("a")
        assert kept.listing.display_name == "Both"
        assert (await kept.actor.run(policy_of, None)).debug is True
        assert "CANCELLED" in desk.logged()


async def test_every_call_is_a_line_in_the_log(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a")
        await refused(desk.ask(GetIssuerRequest(name="issuers/b")), grpc.StatusCode.NOT_FOUND, "ISSUER_NOT_FOUND")
        await refused(desk.ask(UpdateIssuerRequest(), token=None), STRANGER, "TOKEN_MISSING")
        lines = [line for line in desk.logged().splitlines() if '"admin"' in line]
        assert ["OK" in lines[0], "NOT_FOUND" in lines[1], "UNAUTHENTICATED" in lines[2]] == [True] * 3
        assert [name in line for name, line in zip(("Create", "Get", "Update"), lines, strict=True)] == [True] * 3
