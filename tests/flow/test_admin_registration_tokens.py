"""RegistrationTokenService over gRPC: who may register clients, told once."""

from collections.abc import AsyncGenerator

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration

from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest, DisableIssuerRequest, IssuerPolicy
from protos.admin.v1.registration_token_service_pb2 import (
    CreateRegistrationTokenRequest,
    DeleteRegistrationTokenRequest,
    ListRegistrationTokensRequest,
    RegistrationToken,
)
from tenants.records import DAY
from tests.support.admin import Desk, admin_desk, files, refused
from tests.support.clients import RG
from tests.support.house import EPOCH

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, GONE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
NAME = "issuers/a/registrationTokens/r_0123456789abcdef"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        await desk.issuer("a", "https://a.test", registration=IssuerPolicy.REGISTRATION_TOKEN)
        await desk.issuer("b", "https://b.test", registration=IssuerPolicy.REGISTRATION_TOKEN)
        yield desk


async def create(desk: Desk, parent: str = "issuers/a", **members: object) -> RegistrationToken:
    given = RegistrationToken(**members)  # pyright: ignore[reportArgumentType]
    return await desk.ask(CreateRegistrationTokenRequest(parent=parent, registration_token=given))


async def listed(desk: Desk, parent: str = "issuers/a") -> list[RegistrationToken]:
    return list((await desk.ask(ListRegistrationTokensRequest(parent=parent))).registration_tokens)


async def register(desk: Desk, token: str, host: str = "a.test") -> int:
    """The status of a registration with this token."""
    shown = [("Authorization", f"Bearer {token}")]
    return (await desk.house.ask("POST", "/register", host=host, json=RG, headers=shown)).status_code


async def test_a_token_is_told_once_and_registers_one_client_within_a_week(desk: Desk) -> None:
    made = await create(desk)
    assert made.name.startswith("issuers/a/registrationTokens/r_")
    assert made.token.startswith("tni_")
    assert (made.note, made.uses_left, made.HasField("uses_left")) == ("", 1, True)
    assert (made.create_time.seconds, made.expire_time.seconds) == (EPOCH, EPOCH + 7 * DAY)
    token, made.token = made.token, ""
    assert made in await listed(desk)
    assert not any(token.encode() in file.read_bytes() for file in files(desk.house.data_dir, "*.db-wal"))
    assert await register(desk, token, "b.test") == 401
    assert [await register(desk, token) for _ in range(2)] == [201, 401]
    [used] = [each for each in await listed(desk) if each.name == made.name]
    assert (used.uses_left, used.HasField("uses_left")) == (0, True)
    assert token not in desk.logged()


async def test_a_token_has_the_note_the_end_and_the_number_that_were_asked_for(desk: Desk) -> None:
    made = await create(desk, note="for Ann", ttl=Duration(seconds=60), uses=3)
    assert (made.note, made.uses_left, made.expire_time.seconds) == ("for Ann", 3, EPOCH + 60)
    assert (made.HasField("ttl"), made.HasField("uses")) == (False, False)
    endless = await create(desk, uses=0)
    assert not endless.HasField("uses_left")
    assert [await register(desk, endless.token) for _ in range(3)] == [201] * 3


async def test_a_deleted_token_registers_nobody(desk: Desk) -> None:
    made = await create(desk, uses=0)
    await desk.ask(DeleteRegistrationTokenRequest(name=made.name))
    assert await register(desk, made.token) == 401
    assert made.name not in [each.name for each in await listed(desk)]
    why = await refused(desk.ask(DeleteRegistrationTokenRequest(name=made.name)), GONE, "NOT_FOUND")
    assert why.resource == ("admin.tenantry.dev/RegistrationToken", made.name)


async def test_tokens_are_listed_in_pages_and_each_issuer_has_its_own(desk: Desk) -> None:
    made = sorted([(await create(desk, "issuers/b")).name for _ in range(3)])
    request = ListRegistrationTokensRequest(parent="issuers/b", page_size=2)
    first = await desk.ask(request)
    assert [each.name for each in first.registration_tokens] == made[:2]
    request.page_token = first.next_page_token
    last = await desk.ask(request)
    assert ([each.name for each in last.registration_tokens], last.next_page_token) == (made[2:], "")
    request.parent = "issuers/a"
    await refused(desk.ask(request), INVALID, "PAGE_TOKEN_INVALID", "page_token")
    elsewhere = DeleteRegistrationTokenRequest(name=made[0].replace("issuers/b", "issuers/a"))
    await refused(desk.ask(elsewhere), GONE, "NOT_FOUND")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"note": "a" * 256}, "note"),
        ({"note": "a\n"}, "note"),
        ({"ttl": Duration(seconds=59)}, "ttl"),
        ({"ttl": Duration(seconds=0)}, "ttl"),
        ({"ttl": Duration(seconds=60, nanos=1)}, "ttl"),
        ({"ttl": Duration(seconds=367 * DAY)}, "ttl"),
        ({"uses": -1}, "uses"),
        ({"uses": 1_000_001}, "uses"),
    ],
)
async def test_a_token_that_cannot_be_is_refused_with_the_field(
    desk: Desk, members: dict[str, object], field: str
) -> None:
    before = await listed(desk)
    await refused(create(desk, **members), INVALID, "REQUEST_INVALID", f"registration_token.{field}")
    assert await listed(desk) == before


@pytest.mark.parametrize(
    "name", ["", "r_0123456789abcdef", "issuers/a", f"{NAME}0", NAME.upper(), NAME.replace("r_", "x_"), f"{NAME}\n"]
)
async def test_a_name_that_is_none_is_refused(desk: Desk, name: str) -> None:
    await refused(desk.ask(DeleteRegistrationTokenRequest(name=name)), INVALID, "REQUEST_INVALID", "name")


async def test_of_no_issuer_there_are_no_tokens(desk: Desk) -> None:
    await refused(create(desk, "issuers/nobody"), GONE, "ISSUER_NOT_FOUND")
    await refused(create(desk, "a"), INVALID, "REQUEST_INVALID", "parent")
    await refused(desk.ask(ListRegistrationTokensRequest(parent="")), INVALID, "REQUEST_INVALID", "parent")


async def test_tokens_are_made_while_the_issuer_is_disabled_but_not_once_it_is_deleted(desk: Desk) -> None:
    await desk.issuer("c")
    await desk.ask(DisableIssuerRequest(name="issuers/c"))
    made = await create(desk, "issuers/c")
    assert [each.name for each in await listed(desk, "issuers/c")] == [made.name]
    await desk.ask(DeleteIssuerRequest(name="issuers/c"))
    await refused(create(desk, "issuers/c"), grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE")
