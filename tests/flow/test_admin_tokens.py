"""AdminTokenService: tokens for others, how long they count, and that a revoked one opens nothing."""

import uuid
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from protos.admin.v1.admin_token_service_pb2 import (
    AdminToken,
    CreateAdminTokenRequest,
    DeleteAdminTokenRequest,
    GetAdminTokenRequest,
    ListAdminTokensRequest,
)
from protos.admin.v1.issuer_service_pb2 import ListIssuersRequest
from tenants.admin_tokens import MOST
from tenants.listings import ListTurn
from tests.support.admin import Desk, admin_desk, files, refused
from tests.support.requirement import requirement
from tests.support.storage.samples import admin_token

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, GONE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
STRANGER = grpc.StatusCode.UNAUTHENTICATED
DAY, HOUR = 86_400, 3_600


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        await desk.issuer("a")
        yield desk


async def made(desk: Desk, id: str = "", *, token: str | None = None, **members: Any) -> AdminToken:
    given = AdminToken(**{"role": "ROLE_VIEWER", **members})
    request = CreateAdminTokenRequest(admin_token_id=id, admin_token=given)
    return await (desk.ask(request) if token is None else desk.ask(request, token=token))


async def opens(desk: Desk, secret: str) -> None:
    await desk.ask(ListIssuersRequest(), token=secret)


async def shuts(desk: Desk, secret: str, reason: str = "TOKEN_INVALID") -> None:
    await refused(opens(desk, secret), STRANGER, reason)


def turns(desk: Desk) -> float:
    """How many there were so far, of whatever store."""
    return desk.house.metrics.registry.get_sample_value("tenantry_turns_total") or 0


# --- the life of one


async def test_a_token_is_shown_once_and_kept_as_a_digest(desk: Desk) -> None:
    token = await made(desk, "ci", role="ROLE_ISSUER_ADMIN", issuers=["issuers/a"], display_name="CI of a")
    secret = token.token
    assert secret.startswith("tnadmin_")
    assert len(secret) > 40
    token.ClearField("token")
    now = desk.house.clock.now
    assert token == AdminToken(
        name="adminTokens/ci",
        role="ROLE_ISSUER_ADMIN",  # type: ignore[arg-type]
        issuers=["issuers/a"],
        display_name="CI of a",
        create_time=token.create_time,
        expire_time=token.expire_time,
        creator="root",
    )
    assert (token.create_time.seconds, token.expire_time.seconds) == (now, now + 90 * DAY)
    assert await desk.ask(GetAdminTokenRequest(name=token.name)) == token
    assert list((await desk.ask(ListAdminTokensRequest())).admin_tokens) == [token]
    for file in files(desk.house.data_dir):
        if file.suffix != ".token":
            assert secret.encode("ascii") not in file.read_bytes()
    assert secret not in desk.logged()
    await opens(desk, secret)
    await desk.ask(DeleteAdminTokenRequest(name=token.name))
    await shuts(desk, secret)
    await refused(desk.ask(GetAdminTokenRequest(name=token.name)), GONE, "NOT_FOUND")
    why = await refused(desk.ask(DeleteAdminTokenRequest(name=token.name)), GONE, "NOT_FOUND")
    assert why.resource == ("admin.tenantry.dev/AdminToken", "adminTokens/ci")


@requirement("house:a-revoked-admin-token-opens-nothing")
async def test_a_token_opens_until_it_expires_and_not_a_second_longer(desk: Desk) -> None:
    token = await made(desk, ttl=Duration(seconds=60))
    desk.house.clock.now += 59
    await opens(desk, token.token)
    desk.house.clock.now += 1
    await shuts(desk, token.token, "TOKEN_EXPIRED")
    assert (await desk.ask(GetAdminTokenRequest(name=token.name))).name == token.name


async def test_when_it_was_last_used_is_kept_to_the_hour_and_written_once(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        token = await made(desk)
        desk.house.clock.now += HOUR
        hour = desk.house.clock.now // HOUR * HOUR
        before = turns(desk)
        for _ in range(3):
            await opens(desk, token.token)
        seen = await desk.ask(GetAdminTokenRequest(name=token.name))  # stands behind the note in the mailbox
        assert seen.last_use_time.seconds == hour
        assert not token.HasField("last_use_time")
        assert turns(desk) == before + 1 + 1
        await made(desk)
        await opens(desk, token.token)
        assert await desk.ask(GetAdminTokenRequest(name=token.name)) == seen


async def test_tokens_are_known_and_stay_revoked_after_a_restart(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        kept, revoked = await made(desk), await made(desk)
        await desk.ask(DeleteAdminTokenRequest(name=revoked.name))
        await opens(desk, kept.token)
    async with admin_desk(tmp_path) as desk:
        await opens(desk, kept.token)
        await shuts(desk, revoked.token)
        assert [each.name for each in (await desk.ask(ListAdminTokensRequest())).admin_tokens] == [kept.name]


async def test_an_owner_that_was_made_makes_others_and_is_named_as_their_maker(desk: Desk) -> None:
    owner = await made(desk, "second", role="ROLE_OWNER")
    other = await made(desk, token=owner.token)
    assert other.creator == "adminTokens/second"
    await desk.ask(DeleteAdminTokenRequest(name=owner.name), token=owner.token)
    await shuts(desk, owner.token)
    await opens(desk, other.token)


async def test_pages_hold_every_token_once(desk: Desk) -> None:
    for number in range(5):
        await made(desk, f"page-{number}")
    whole = [each.name for each in (await desk.ask(ListAdminTokensRequest())).admin_tokens]
    assert whole == sorted(whole)
    found: list[str] = []
    request = ListAdminTokensRequest(page_size=2)
    for _ in range(len(whole)):
        page = await desk.ask(request)
        found += [each.name for each in page.admin_tokens]
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    assert found == whole
    request.page_token = "AAAA"
    await refused(desk.ask(request), INVALID, "PAGE_TOKEN_INVALID", "page_token")


# --- what opens no more, in the middle


@requirement("house:a-revoked-admin-token-opens-nothing")
async def test_ga_24_a_stream_of_a_revoked_token_tells_nothing_more(desk: Desk) -> None:
    token = await made(desk)
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(desk.channel)
    call = stub.ServerReflectionInfo(metadata=(("authorization", f"Bearer {token.token}"),))
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    await call.write(asked)
    assert (await call.read()).list_services_response.service
    await desk.ask(DeleteAdminTokenRequest(name=token.name))

    async def once_more() -> None:
        await call.write(asked)
        await call.read()

    await refused(once_more(), STRANGER, "TOKEN_INVALID")


async def test_ga_24_a_silent_stream_ends_when_its_token_does(desk: Desk) -> None:
    token = await made(desk, ttl=Duration(seconds=60))
    stub: Any = health_pb2_grpc.HealthStub(desk.channel)
    metadata = (("authorization", f"Bearer {token.token}"),)
    watching = stub.Watch(health_pb2.HealthCheckRequest(), metadata=metadata, timeout=20)
    await watching.read()
    desk.house.clock.now += 60
    await refused(watching.read(), STRANGER, "TOKEN_EXPIRED")


# --- asked twice, or to be tried out


async def test_ga_19_a_token_that_is_asked_for_twice_under_one_name_is_made_once(desk: Desk) -> None:
    request = CreateAdminTokenRequest(
        admin_token=AdminToken(role="ROLE_VIEWER"),  # type: ignore[arg-type]
        request_id=str(uuid.uuid4()),
    )
    first, second = await desk.ask(request), await desk.ask(request)
    assert first == second
    assert first.token
    await opens(desk, second.token)
    request.admin_token.role = AdminToken.ROLE_OWNER
    await refused(desk.ask(request), INVALID, "REQUEST_INVALID", "request_id")
    gone = DeleteAdminTokenRequest(name=first.name, request_id=str(uuid.uuid4()))
    await desk.ask(gone)
    await desk.ask(gone)
    request.admin_token.role = AdminToken.ROLE_VIEWER
    assert await desk.ask(request) == first  # the answer, but the token is revoked
    await shuts(desk, first.token)


async def test_an_answer_is_kept_sealed_and_for_a_day(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        given = AdminToken(role="ROLE_OWNER")  # type: ignore[arg-type]
        request = CreateAdminTokenRequest(admin_token=given, request_id=str(uuid.uuid4()))
        secret = (await desk.ask(request)).token.encode("ascii")
        assert [file for file in files(tmp_path) if secret in file.read_bytes()] == []
        desk.house.clock.now += DAY - 1
        await desk.house.registry.ring()
        assert (await desk.ask(request)).token.encode("ascii") == secret
        desk.house.clock.now += 1
        await desk.house.registry.ring()
        assert (await desk.ask(request)).token.encode("ascii") != secret


async def test_a_rehearsal_makes_no_token_and_shows_none(desk: Desk) -> None:
    before = await desk.ask(ListAdminTokensRequest())
    request = CreateAdminTokenRequest(
        admin_token_id="tried",
        admin_token=AdminToken(role="ROLE_OWNER"),  # type: ignore[arg-type]
        validate_only=True,
    )
    tried = await desk.ask(request)
    assert (tried.name, tried.token) == ("adminTokens/tried", "")
    await desk.ask(DeleteAdminTokenRequest(name=before.admin_tokens[0].name, validate_only=True))
    assert await desk.ask(ListAdminTokensRequest()) == before


# --- what cannot be


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"role": 0}, "role"),
        ({"role": 9}, "role"),
        ({"ttl": Duration(seconds=59)}, "ttl"),
        ({"ttl": Duration(seconds=366 * DAY + 1)}, "ttl"),
        ({"ttl": Duration(seconds=60, nanos=1)}, "ttl"),
        ({"issuers": ["a"]}, "issuers"),
        ({"issuers": ["issuers/a", "issuers/a"]}, "issuers"),
        ({"issuers": ["issuers/-"]}, "issuers"),
        ({"issuers": ["issuers/a"] * 101}, "issuers"),
        ({"role": "ROLE_OWNER", "issuers": ["issuers/a"]}, "issuers"),
        ({"display_name": "a\n"}, "display_name"),
        ({"display_name": "a" * 64}, "display_name"),
    ],
)
async def test_a_token_that_cannot_be_is_refused_with_the_field(
    desk: Desk, members: dict[str, Any], field: str
) -> None:
    before = await desk.ask(ListAdminTokensRequest())
    await refused(made(desk, **members), INVALID, "REQUEST_INVALID", f"admin_token.{field}")
    assert await desk.ask(ListAdminTokensRequest()) == before


async def test_a_name_that_is_taken_or_none_is_refused(desk: Desk) -> None:
    await made(desk, "taken")
    await refused(made(desk, "taken"), grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")
    for id in ("T", "a/b", "-a", "a" * 64):
        await refused(made(desk, id), INVALID, "REQUEST_INVALID", "admin_token_id")
    for name in ("", "taken", "adminTokens/", "adminTokens/T", "adminTokens/taken\n", "issuers/a"):
        await refused(desk.ask(GetAdminTokenRequest(name=name)), INVALID, "REQUEST_INVALID", "name")


async def test_a_token_for_an_issuer_that_is_not_there_is_refused(desk: Desk) -> None:
    await refused(made(desk, issuers=["issuers/nobody"]), GONE, "ISSUER_NOT_FOUND")


async def test_there_are_not_without_end_and_those_that_expired_long_ago_make_room(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:

        def fill(turn: ListTurn, _: None) -> None:
            for number in range(MOST):
                turn.tx.admin_tokens.add(admin_token(f"t{number}", expires_at=turn.now + 60))

        await desk.house.registry.perform(fill, None)
        await refused(made(desk), INVALID, "REQUEST_INVALID", "admin_token")
        desk.house.clock.now += 60 + 30 * DAY
        left = await made(desk)
        assert [each.name for each in (await desk.ask(ListAdminTokensRequest())).admin_tokens] == [left.name]
