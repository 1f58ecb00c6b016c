"""Many callers of the admin API at once, and callers who mean no good: round after round, whatever the dice say.

Each is done a few times here, the same each time; with `--long` 500 times, each time differently.
"""

import asyncio
import os
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from protos.admin.v1 import annotations_pb2 as annotations
from protos.admin.v1.client_service_pb2 import GetClientRequest
from protos.admin.v1.domain_service_pb2 import CreateDomainRequest, DeleteDomainRequest, Domain, ListDomainsRequest
from protos.admin.v1.issuer_service_pb2 import (
    CreateIssuerRequest,
    DeleteIssuerRequest,
    GetIssuerRequest,
    Issuer,
    ListIssuersRequest,
    UpdateIssuerRequest,
)
from server.admin.limits import MAX_MESSAGE
from tenants.listings import PURGE_AFTER
from tests.support.admin import METHODS, Desk, admin_desk, path, refused, told
from tests.support.clients import PUBLIC

pytestmark = pytest.mark.asyncio(loop_scope="module")
OK, TAKEN, INVALID = grpc.StatusCode.OK, grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.INVALID_ARGUMENT
AT_ONCE = 12
METADATA = "/.well-known/oauth-authorization-server"

rounds = pytest.mark.parametrize(
    ("count", "seed"),
    [
        pytest.param(6, "short", id="short"),
        pytest.param(500, None, id="long", marks=[pytest.mark.long, pytest.mark.timeout(1_800)]),
    ],
)


def thrown(seed: str | None) -> random.Random:
    seed = seed or f"{random.random()}"
    print(f"seed {seed}")  # which pytest shows of a test that fails
    return random.Random(seed)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        await desk.issuer("a")
        await desk.issuer("b")
        await desk.client("a", "c")
        yield desk


async def outcome(call: Awaitable[Any]) -> tuple[grpc.StatusCode, str]:
    """How it ended, and the reason if it was refused in our words."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code(), told(error).reason
    return OK, ""


async def together(calls: list[Awaitable[Any]]) -> list[tuple[grpc.StatusCode, str]]:
    return list(await asyncio.gather(*map(outcome, calls)))


def stores(desk: Desk) -> set[str]:
    """The uids of which there are files."""
    return {file.name.partition(".")[0] for file in (desk.house.data_dir / "tenants").rglob("*") if file.is_file()}


async def uids(desk: Desk) -> set[str]:
    found: set[str] = set()
    request = ListIssuersRequest(page_size=1_000, show_deleted=True)
    for _ in range(10):
        page = await desk.ask(request)
        found |= {issuer.uid for issuer in page.issuers}
        request.page_token = page.next_page_token
        if not request.page_token:
            return found
    raise AssertionError("more issuers than were made")


def issuer(issuer_id: str, uri: str) -> CreateIssuerRequest:
    return CreateIssuerRequest(issuer_id=issuer_id, issuer=Issuer(issuer_uri=uri))


@rounds
async def test_ga_07_of_many_who_want_one_id_or_one_host_one_gets_it(desk: Desk, count: int, seed: str | None) -> None:
    dice = thrown(seed)
    for number in range(count):
        name = f"r{count}-{number}"
        ids = [issuer(name, f"https://{name}-{which}.test") for which in range(AT_ONCE)]
        hosts = [issuer(f"{name}-h{which}", f"https://{name}.test") for which in range(AT_ONCE)]
        same = [issuer(f"{name}-same", f"https://{name}-same.test")] * AT_ONCE
        for requests, reasons in (
            (ids, {"ISSUER_ID_TAKEN"}),
            (hosts, {"ISSUER_URI_TAKEN"}),
            (same, {"ISSUER_ID_TAKEN"}),
        ):
            dice.shuffle(requests)
            outcomes = await together([desk.ask(request) for request in requests])
            assert outcomes.count((OK, "")) == 1, outcomes
            assert {reason for code, reason in outcomes if code is not OK} == reasons
    assert stores(desk) == await uids(desk)


@rounds
async def test_ga_07_a_host_is_one_issuers_own_or_one_issuers_domain(desk: Desk, count: int, seed: str | None) -> None:
    dice = thrown(seed)
    for number in range(count):
        host = f"h{count}-{number}.localhost"
        requests: list[Message] = [
            CreateDomainRequest(parent=f"issuers/{dice.choice('ab')}", domain_id=f"d{which}", domain=Domain(host=host))
            for which in range(AT_ONCE)
        ]
        requests.append(issuer(f"h{count}-{number}", f"http://{host}:8080"))
        dice.shuffle(requests)
        outcomes = await together([desk.ask(request) for request in requests])
        assert outcomes.count((OK, "")) == 1, outcomes
        assert {reason for code, reason in outcomes if code is not OK} <= {"HOST_TAKEN", "ISSUER_URI_TAKEN"}
        domains = [
            domain
            for parent in ("issuers/a", "issuers/b")
            for domain in (await desk.ask(ListDomainsRequest(parent=parent))).domains
        ]
        issuer_has_it = isinstance(requests[outcomes.index((OK, ""))], CreateIssuerRequest)
        assert [domain.host for domain in domains] == ([] if issuer_has_it else [host])
        await asyncio.gather(*(desk.ask(DeleteDomainRequest(name=domain.name)) for domain in domains))


@rounds
async def test_ga_09_an_issuer_deleted_under_traffic_leaves_nothing_behind(
    tmp_path: Path, count: int, seed: str | None
) -> None:
    dice = thrown(seed)
    async with admin_desk(tmp_path) as desk:
        descriptors = 0
        for number in range(count):
            name = f"d-{number}"
            await desk.issuer(name, f"https://{name}.test")
            await desk.house.client(name, "P", **PUBLIC)
            ended = asyncio.Event()
            seen: list[int | grpc.StatusCode] = []
            traffic = [
                asyncio.create_task(until(ended, ask, seen))
                for ask in (browsing(desk, name), registering(desk, name), administering(desk, name))
            ]
            for _ in range(dice.randint(0, 20)):
                await asyncio.sleep(0)
            await desk.ask(DeleteIssuerRequest(name=f"issuers/{name}"))
            assert (await desk.house.ask("GET", METADATA, host=f"{name}.test")).status_code == 404
            desk.house.clock.now += PURGE_AFTER
            await desk.house.ring()
            ended.set()
            await asyncio.gather(*traffic)
            assert seen
            assert set(seen) <= {200, 201, 404, 503, OK, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.FAILED_PRECONDITION}
            assert stores(desk) == set(), "a file that traffic made anew"
            await refused(desk.issuer(name), TAKEN, "ISSUER_ID_TAKEN")
            descriptors = descriptors or len(os.listdir("/proc/self/fd"))
        assert len(os.listdir("/proc/self/fd")) <= descriptors + 8
        assert not [link for link in descriptors_of(tmp_path) if link.endswith("(deleted)")]


def descriptors_of(directory: Path) -> list[str]:
    links: list[str] = []
    for number in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            continue
    return [link for link in links if link.startswith(str(directory))]


Ask = Callable[[], Awaitable[int | grpc.StatusCode]]


async def until(ended: asyncio.Event, ask: Ask, seen: list[int | grpc.StatusCode]) -> None:
    while not ended.is_set():
        seen.append(await ask())


def browsing(desk: Desk, name: str) -> Ask:
    async def ask() -> int:
        return (await desk.house.ask("GET", METADATA, host=f"{name}.test")).status_code

    return ask


def registering(desk: Desk, name: str) -> Ask:
    """Each writes into the issuer's file."""

    async def ask() -> int:
        made = {"redirect_uris": ["https://app.test/cb"], "token_endpoint_auth_method": "none"}
        answer = await desk.house.ask("POST", "/register", host=f"{name}.test", json=made)
        return 201 if answer.status_code == 429 else answer.status_code

    return ask


def administering(desk: Desk, name: str) -> Ask:
    async def ask() -> grpc.StatusCode:
        return (await outcome(desk.ask(GetClientRequest(name=f"issuers/{name}/clients/P"))))[0]

    return ask


@rounds
async def test_ga_12_what_is_too_large_is_not_read(desk: Desk, count: int, seed: str | None) -> None:
    dice = thrown(seed)
    before = await uids(desk)
    for _ in range(count):
        request = issuer("large", "https://large.test")
        size = MAX_MESSAGE + dice.choice((-1_000, -1, 0, 1, 1_000, 5 * MAX_MESSAGE))
        request.issuer.display_name = "x" * (size - 100)
        request.issuer.display_name += "x" * (size - request.ByteSize())
        assert request.ByteSize() == size
        if size <= MAX_MESSAGE:
            await refused(desk.ask(request), INVALID, "REQUEST_INVALID", "issuer.display_name")
        else:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await desk.ask(request)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await uids(desk) == before


BAD_PATHS = (
    *("name", "uid", "issuer_uri", "state", "etag", "create_time", "purge_time", "unknown", "", " ", ".", "..", "*.*"),
    *("policy.unknown", "policy.", ".policy", "policy..scopes", "Policy", "display-name", "displayName", "policy.*"),
    *("policy.scopes.x", "policy/scopes", "policy.access_token_ttl.seconds", "issuer.display_name", "x" * 500, "\0"),
    *("display_name\n", "display_name ", "ｐolicy", "policy.registration_limit.burst", "__class__", "DESCRIPTOR"),
)
GOOD_PATHS = ("display_name", "policy.scopes", "policy.session_ttl", "policy")


@rounds
async def test_ga_11_a_mask_with_one_bad_path_changes_nothing(desk: Desk, count: int, seed: str | None) -> None:
    dice = thrown(seed)
    before = await desk.ask(GetIssuerRequest(name="issuers/a"))
    for _ in range(count):
        paths = [*dice.sample(GOOD_PATHS, dice.randint(0, 3)), dice.choice(BAD_PATHS)]
        dice.shuffle(paths)
        repeated = dice.choice(GOOD_PATHS)
        if dice.random() < 0.2:
            paths = [repeated, repeated]
        elif dice.random() < 0.1:
            paths *= 1_000
        given = Issuer(name="issuers/a", display_name="Changed", issuer_uri="https://changed.test", etag=before.etag)
        given.policy.scopes.append("changed")
        request = UpdateIssuerRequest(issuer=given, update_mask=FieldMask(paths=paths))
        code, reason = await outcome(desk.ask(request))
        assert (code, reason) in ((INVALID, "UPDATE_MASK_INVALID"), (INVALID, "FIELD_IMMUTABLE")), paths
    assert await desk.ask(GetIssuerRequest(name="issuers/a")) == before


EVIL = (
    *(
        "../",
        "..%2f",
        "..\\",
        "/etc/",
        "/",
        "%2e%2e/",
        ".",
        "~",
        "-",
        "\0",
        "\n",
        " ",
        "\t",
        "\u202e",
        "\u200b",
        "\ufeff",
    ),
    *(
        "é",
        "e\u0301",
        "ａ",
        "а",
        "ı",
        "\u212a",
        "ſ",
        ".db",
        ".db-wal",
        ":",
        "*",
        "?",
        "#",
        "%",
        "'",
        '"',
        ";--",
        "{",
        "A",
    ),
)
"""Bits of paths, look-alikes of letters (fullwidth, Cyrillic, dotless, Kelvin, long s), what shells and SQL obey."""

EVIL_IN_HOSTS = [bit for bit in EVIL if not bit.startswith(".db")]


@rounds
async def test_ga_05_no_name_is_a_path_and_none_is_taken_for_another(desk: Desk, count: int, seed: str | None) -> None:
    dice = thrown(seed)
    before, kept = {file for file in desk.house.data_dir.rglob("*") if file.is_file()}, await uids(desk)
    for _ in range(count):
        method = dice.choice(METHODS)
        if method.server_streaming:
            continue
        request = GetMessageClass(method.input_type)()
        names = [field for field in method.input_type.fields if field.name in ("name", "parent") or is_id(field)]
        for field in names:
            good = "a" if is_id(field) else "issuers/a" if field.name == "parent" else name_of(method)
            setattr(request, field.name, mangled(good, dice))
        code, reason = await outcome(desk.call(path(method), request))
        if names:
            assert (code, reason.startswith(("REQUEST_INVALID", "FIELD"))) == (INVALID, True), (method.name, request)
        else:
            assert code in (OK, INVALID, grpc.StatusCode.NOT_FOUND), (method.name, code)
        evil = issuer(mangled("a", dice), f"https://{mangled('a', dice)}.test")
        assert (await outcome(desk.ask(evil)))[0] is INVALID, evil
        host = f"{mangled('a', dice, EVIL_IN_HOSTS)}.test"
        claimed = CreateDomainRequest(parent="issuers/a", domain_id="x", domain=Domain(host=host))
        assert (await outcome(desk.ask(claimed)))[0] is INVALID, claimed
    assert {file for file in desk.house.data_dir.rglob("*") if file.is_file() and ".db-" not in file.name} <= before
    assert await uids(desk) == kept


def is_id(field: FieldDescriptor) -> bool:
    """Whether it is the last part of the name of a thing that is to be made."""
    return field.name.endswith("_id") and field.name != "request_id"


def name_of(method: MethodDescriptor) -> str:
    """Of something that such a method might be about."""
    options: Any = method.GetOptions()
    owned = options.Extensions[annotations.access] == annotations.ACCESS_OWN
    thing = method.name.removeprefix("Get").removeprefix("Delete").removeprefix("Verify")
    return "adminTokens/a" if owned else f"issuers/a/{thing[0].lower()}{thing[1:]}s/a"


def mangled(good: str, dice: random.Random, evil: Sequence[str] = EVIL) -> str:
    """With something in it, before it or after it that belongs into no name."""
    at = dice.randint(0, len(good))
    return good[:at] + dice.choice(evil) + good[at:]
