"""Who may call what: every method of the admin API, as its proto describes it, tried by every kind of caller."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from protos.admin.v1 import annotations_pb2 as annotations
from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest, DeleteAdminTokenRequest
from protos.admin.v1.client_service_pb2 import GetClientRequest
from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, GetIssuerRequest, Issuer, ListIssuersRequest
from protos.admin.v1.server_service_pb2 import GetServerInfoRequest
from server.admin.caller import issuer_of, issuers_named
from server.settings import CertifiedCaller
from tenants.records import DAY, CertificateName
from tests.support.admin import METHODS, TOKEN, Desk, admin_desk, channel_to, path, refused, told
from tests.support.admin_tls import Authority
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")
STRANGER, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED
DOCUMENTED = (Path(__file__).parents[2] / "docs" / "admin-access.md").read_text("utf-8")


def documented() -> dict[str, set[str]]:
    """What each role may, as docs/admin-access.md has it in its first table."""
    header, _, *rows = [line.strip("| ").split("|") for line in DOCUMENTED.split("\n\n| role |")[1].splitlines()[:6]]
    return {
        row[0].strip("` ").replace("-", "_").upper(): {
            access.strip() for access, may in zip(header, row[1:], strict=False) if "yes" in may
        }
        for row in rows
    }


MAY = documented()
OF_NO_ISSUER = {"CreateIssuer", "CreateAdminToken", "GetAdminToken", "ListAdminTokens", "DeleteAdminToken"}
"""Besides those that show everybody what is theirs."""
SPIFFE = "spiffe://operator.test"
SECONDS = 20.0


@dataclass(frozen=True)
class Tried:
    """A kind of caller, and what is known of them."""

    channel: grpc.aio.Channel
    token: str | None = None
    role: str = ""
    """Empty: nobody."""
    bound_to: str = ""


@dataclass(frozen=True)
class Place:
    desk: Desk
    callers: dict[str, Tried]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Place]:
    """An admin port that asks for certificates, and one caller of each kind."""
    operator = Authority(tmp_path_factory.mktemp("certificates"))
    nobody = operator.client("CN=nobody", ["uri:spiffe://operator.test/nobody", "dns:operator.test"])
    certified = (
        CertifiedCaller(CertificateName("san_uri", f"{SPIFFE}/owner"), "owner"),
        CertifiedCaller(CertificateName("san_dns", "operator.test.example"), "operator", ("mine",)),
        CertifiedCaller(CertificateName("subject_dn", "CN=watcher,O=Operator"), "viewer", ("theirs",)),
    )
    async with admin_desk(
        tmp_path_factory.mktemp("house"),
        certified=certified,
        tls=operator.serve(),
        shown=operator.shown(nobody),
    ) as desk:
        for issuer_id in ("mine", "theirs"):
            await desk.issuer(issuer_id)
        callers = {
            "no token": Tried(desk.channel),
            "a wrong token": Tried(desk.channel, TOKEN + "x"),
            "the root token": Tried(desk.channel, TOKEN, "OWNER"),
        }
        for role in MAY:
            callers[f"token {role}"] = Tried(desk.channel, await token(desk, role), role)
            if role != "OWNER":
                for issuer_id in ("mine", "theirs"):
                    bound = await token(desk, role, issuer_id)
                    callers[f"token {role} of {issuer_id}"] = Tried(desk.channel, bound, role, issuer_id)
        callers["an expired token"] = Tried(desk.channel, await token(desk, "OWNER", ttl=60))
        desk.house.clock.now += 60
        callers["a revoked token"] = Tried(desk.channel, await token(desk, "OWNER", id="revoked"))
        await desk.ask(DeleteAdminTokenRequest(name="adminTokens/revoked"))
        for subject, alternative, role, bound in (
            ("CN=x", f"uri:{SPIFFE}/owner", "OWNER", ""),
            ("CN=x", "dns:Operator.Test.example", "OPERATOR", "mine"),
            ("CN=watcher,O=Operator", "dns:x.test", "VIEWER", "theirs"),
        ):
            channel = channel_to(desk.address, operator.shown(operator.client(subject, [alternative])))
            callers[f"certificate {alternative}"] = Tried(channel, None, role, bound)
        yield Place(desk, callers)
        await asyncio.gather(*(each.channel.close() for each in callers.values()))


async def token(desk: Desk, role: str, *issuers: str, id: str = "", ttl: int = 30 * DAY) -> str:
    given = AdminToken(role=f"ROLE_{role}", issuers=[f"issuers/{issuer}" for issuer in issuers])  # type: ignore[arg-type]
    given.ttl.seconds = ttl
    made = await desk.ask(CreateAdminTokenRequest(admin_token_id=id, admin_token=given))
    return made.token


def request_of(method: MethodDescriptor, issuer_id: str) -> Any:
    """A request that is for this issuer, if such can be, and that changes nothing in it."""
    request = GetMessageClass(method.input_type)()
    for field in method.input_type.fields:
        if field.name == "parent":
            request.parent = f"issuers/{issuer_id}"
        elif field.name == "name":
            request.name = f"issuers/{issuer_id}/nothing/x"
        elif field.message_type is not None and "name" in field.message_type.fields_by_name and not field.is_repeated:
            getattr(request, field.name).name = f"issuers/{issuer_id}/nothing/x"
    return request


async def answered(caller: Tried, method: MethodDescriptor, request: Message) -> grpc.aio.AioRpcError | None:
    """What they are told; None if nobody says no, in the beginning of a stream."""
    kind = caller.channel.unary_stream if method.server_streaming else caller.channel.unary_unary
    metadata = () if caller.token is None else (("authorization", f"Bearer {caller.token}"),)
    call: Any = kind(path(method))(request.SerializeToString(), metadata=metadata, timeout=SECONDS)
    try:
        await (call.read() if method.server_streaming else call)
    except grpc.aio.AioRpcError as error:
        return error
    finally:
        call.cancel()
    return None


def access_of(method: MethodDescriptor) -> tuple[str, bool]:
    if method.containing_service.full_name == "google.longrunning.Operations":
        reads = method.name in ("GetOperation", "ListOperations", "WaitOperation")
        return "READ" if reads else "WRITE", method.name == "ListOperations"
    options: Any = method.GetOptions()
    access = annotations.Access.Name(options.Extensions[annotations.access]).removeprefix("ACCESS_")
    return access, options.Extensions[annotations.shows_own]


# --- what the protos say


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_ga_03_every_method_says_who_may_call_it(method: MethodDescriptor) -> None:
    access, _ = access_of(method)
    assert access in MAY["OWNER"]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_ga_03_every_request_names_its_issuer_where_it_is_looked_for(method: MethodDescriptor) -> None:
    request = request_of(method, "mine")
    if method.name in OF_NO_ISSUER:
        assert issuer_of(GetMessageClass(method.input_type)()) is None
    elif {"parent", "name", "update_mask"} & {field.name for field in method.input_type.fields}:
        assert issuer_of(request) == "mine"
        assert set(issuers_named(request)) == {"mine"}
    else:
        assert access_of(method)[1], "neither of an issuer, nor showing everybody what is theirs"


# --- the matrix


async def test_the_documented_roles_may_more_from_one_to_the_next() -> None:
    assert list(MAY) == ["VIEWER", "ISSUER_ADMIN", "OPERATOR", "OWNER"]
    assert list(map(len, MAY.values())) == [1, 2, 3, 4]


@requirement("house:every-admin-method-says-who-may")
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
async def test_ga_02_ga_03_every_method_is_for_those_alone_whom_it_says(place: Place, method: MethodDescriptor) -> None:
    access, shows_own = access_of(method)
    request = request_of(method, "mine")
    of_issuer = method.name not in OF_NO_ISSUER and issuer_of(request) is not None
    for name, caller in place.callers.items():
        error = await answered(caller, method, request)
        code = None if error is None else error.code()
        bound_elsewhere = caller.bound_to and (caller.bound_to != "mine" if of_issuer else not shows_own)
        if not caller.role:
            assert code is STRANGER, name
        elif access not in MAY[caller.role] or bound_elsewhere:
            assert code is DENIED, name
            assert error is not None
            assert told(error).reason == "ROLE_REQUIRED"
        else:
            assert code not in (STRANGER, DENIED), name


@requirement("house:the-admin-api-denies-before-it-looks")
@pytest.mark.parametrize(
    "method",
    [each for each in METHODS if each.name not in OF_NO_ISSUER and issuer_of(request_of(each, "mine"))],
    ids=lambda method: method.name,
)
async def test_ga_02_a_denial_is_the_same_whether_there_is_such_an_issuer_or_not(
    place: Place, method: MethodDescriptor
) -> None:
    bound = place.callers["token OPERATOR of mine"]
    texts: set[str] = set()
    for issuer_id in ("theirs", "nobody"):
        error = await answered(bound, method, request_of(method, issuer_id))
        assert error is not None
        why = told(error)
        texts.add(repr(why).replace(why.metadata["request_id"], "ID"))
    [text] = texts
    assert "PERMISSION_DENIED" in text


# --- what the matrix cannot say


async def test_ga_02_naming_an_issuer_in_what_is_to_be_made_gives_no_right(place: Place) -> None:
    bound = place.callers["token OPERATOR of mine"]
    for issuer_id, request_id in (("new", ""), ("issuers/mine", ""), ("new", "issuers/mine")):
        given = Issuer(name="issuers/mine", issuer_uri="https://new.test")
        request = CreateIssuerRequest(issuer_id=issuer_id, issuer=given, request_id=request_id)
        await refused(place.desk.ask(request, token=bound.token), DENIED, "ROLE_REQUIRED")
    assert [issuer.name for issuer in await listed(place, "the root token")] == ["issuers/mine", "issuers/theirs"]


async def listed(place: Place, name: str) -> list[Issuer]:
    caller = place.callers[name]
    return list((await place.desk.ask(ListIssuersRequest(), token=caller.token)).issuers)


async def test_whoever_is_bound_sees_their_own_issuers_and_no_others(place: Place) -> None:
    for issuer_id in ("mine", "theirs"):
        name = f"token VIEWER of {issuer_id}"
        assert [issuer.name for issuer in await listed(place, name)] == [f"issuers/{issuer_id}"]
        info = await place.desk.ask(GetServerInfoRequest(), token=place.callers[name].token)
        assert info.issuer_count == 1
    assert (await place.desk.ask(GetServerInfoRequest())).issuer_count == 2


async def test_a_denial_comes_before_what_is_asked_is_read_closely(place: Place) -> None:
    bound = place.callers["token VIEWER of mine"].token
    await refused(place.desk.ask(GetClientRequest(name="issuers/theirs/%%%"), token=bound), DENIED, "ROLE_REQUIRED")
    await refused(place.desk.ask(GetIssuerRequest(name="mine"), token=bound), DENIED, "ROLE_REQUIRED")


async def test_a_token_goes_before_a_certificate(place: Place) -> None:
    owner = place.callers[f"certificate uri:{SPIFFE}/owner"]
    [create] = [method for method in METHODS if method.name == "ListAdminTokens"]
    assert await answered(owner, create, request_of(create, "")) is None
    for name, code in (("token VIEWER", DENIED), ("a wrong token", STRANGER), ("an expired token", STRANGER)):
        both = Tried(owner.channel, place.callers[name].token)
        error = await answered(both, create, request_of(create, ""))
        assert error is not None
        assert error.code() is code, name


async def test_a_certificate_that_nobody_knows_is_told_so(place: Place) -> None:
    call = place.desk.call("/tenantry.admin.v1.IssuerService/ListIssuers", b"\xff\xff", token=None)
    await refused(call, STRANGER, "CERTIFICATE_UNKNOWN")
    await refused(place.desk.call("/nothing/at.all", b"", token=None), STRANGER, "CERTIFICATE_UNKNOWN")
