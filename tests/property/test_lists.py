"""Every list of the admin API: whatever pages it is read in, each thing stands in it once and in order, also while
others come and go; what was just made is in it; and where to go on is told for that list alone."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest, DeleteAdminTokenRequest
from protos.admin.v1.client_service_pb2 import Client, CreateClientRequest, DeleteClientRequest
from protos.admin.v1.domain_service_pb2 import CreateDomainRequest, DeleteDomainRequest, Domain
from protos.admin.v1.grant_service_pb2 import RevokeGrantsRequest
from protos.admin.v1.identity_provider_service_pb2 import (
    CreateIdentityProviderRequest,
    DeleteIdentityProviderRequest,
    IdentityProvider,
)
from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, DeleteIssuerRequest, Issuer
from protos.admin.v1.key_service_pb2 import RollSigningKeysRequest
from protos.admin.v1.registration_token_service_pb2 import (
    CreateRegistrationTokenRequest,
    DeleteRegistrationTokenRequest,
    RegistrationToken,
)
from protos.admin.v1.resource_service_pb2 import CreateResourceRequest, DeleteResourceRequest, Resource
from protos.admin.v1.user_service_pb2 import CreateUserRequest, DeleteUserRequest, User
from protos.admin.v1.workload_issuer_service_pb2 import (
    CreateWorkloadIssuerRequest,
    DeleteWorkloadIssuerRequest,
    WorkloadIssuer,
)
from tests.flow.town import settle
from tests.support.admin import METHODS, Desk, admin_desk, path, refused
from tests.support.browser import Browser
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

LISTS = [method for method in METHODS if method.name.startswith("List")]
HERE = "issuers/a"
LEAST = 3
"""Things of each kind, for pages to mean anything."""
MANY = 7
ROUNDS = 4


@dataclass(frozen=True)
class Kind:
    """Things that come and go."""

    made: Callable[[int], Message]
    removed: type[Message]


GOOGLE = {"client_id": "c", "client_secret": "s", "google": {}}
KINDS: dict[str, Kind] = {
    "ListIssuers": Kind(
        lambda n: CreateIssuerRequest(issuer_id=f"i{n:03}", issuer=Issuer(issuer_uri=f"https://i{n}.test")),
        DeleteIssuerRequest,
    ),
    "ListClients": Kind(
        lambda n: CreateClientRequest(
            parent=HERE, client_id=f"c{n:03}", client=Client(redirect_uris=["https://app.test/cb"])
        ),
        DeleteClientRequest,
    ),
    "ListDomains": Kind(
        lambda n: CreateDomainRequest(parent=HERE, domain=Domain(host=f"d{n:03}.example.com")), DeleteDomainRequest
    ),
    "ListIdentityProviders": Kind(
        lambda n: CreateIdentityProviderRequest(
            parent=HERE, identity_provider_id=f"p{n:03}", identity_provider=IdentityProvider(**GOOGLE)
        ),
        DeleteIdentityProviderRequest,
    ),
    "ListRegistrationTokens": Kind(
        lambda n: CreateRegistrationTokenRequest(parent=HERE, registration_token=RegistrationToken(note=str(n))),
        DeleteRegistrationTokenRequest,
    ),
    "ListResources": Kind(
        lambda n: CreateResourceRequest(
            parent=HERE, resource_id=f"r{n:03}", resource=Resource(uri=f"https://mcp.test/{n}")
        ),
        DeleteResourceRequest,
    ),
    "ListUsers": Kind(
        lambda n: CreateUserRequest(
            parent=HERE, user_id=f"u_{n:03}", user=User(identities=[User.Identity(provider="dev", subject=f"s{n}")])
        ),
        DeleteUserRequest,
    ),
    "ListWorkloadIssuers": Kind(
        lambda n: CreateWorkloadIssuerRequest(
            parent=HERE,
            workload_issuer_id=f"w{n:03}",
            workload_issuer=WorkloadIssuer(issuer_uri=f"https://w{n}.test"),
        ),
        DeleteWorkloadIssuerRequest,
    ),
    "ListAdminTokens": Kind(
        lambda n: CreateAdminTokenRequest(admin_token_id=f"t{n:03}", admin_token=AdminToken(role="ROLE_VIEWER")),
        DeleteAdminTokenRequest,
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    """A house in which something is in every list: whoever adds a list adds what fills it."""
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        town = await settle(desk.house)
        for kind in KINDS.values():
            for n in range(MANY):
                await desk.ask(kind.made(n))
        for user in (0, 1):
            for _ in range(LEAST):
                await Browser(town.house, user).code()
        await desk.ask(RollSigningKeysRequest(parent=HERE))
        for _ in range(LEAST):
            await desk.ask(RevokeGrantsRequest(parent=HERE, force=True, validate_only=True))
        yield desk


async def page(
    desk: Desk, method: MethodDescriptor, size: int, token: str, parent: str = HERE
) -> tuple[list[Any], str]:
    request: Any = GetMessageClass(method.input_type)(page_size=size, page_token=token)
    for field in ("parent", "name"):
        if field in method.input_type.fields_by_name:
            setattr(request, field, parent)
    answer = await desk.call(path(method), request)
    [items] = [
        getattr(answer, field.name)
        for field in method.output_type.fields
        if field.is_repeated and field.message_type is not None
    ]
    return list(items), answer.next_page_token


async def walked(
    desk: Desk, method: MethodDescriptor, size: Callable[[], int], between: Callable[[], Awaitable[None]] | None = None
) -> list[str]:
    """The names of all that stands in the list, as they are met."""
    found: list[str] = []
    token = ""
    for _ in range(10_000):
        wanted = size()
        items, token = await page(desk, method, wanted, token)
        assert len(items) <= wanted
        found += [item.name for item in items]
        if not token:
            return found
        if between is not None:
            await between()
    raise AssertionError("the list does not end")


@requirement("house:a-list-holds-each-thing-once-and-in-order")
@pytest.mark.parametrize("method", LISTS, ids=lambda method: method.name)
async def test_pages_of_any_size_hold_each_thing_once_and_in_the_same_order(
    desk: Desk, method: MethodDescriptor
) -> None:
    whole = await walked(desk, method, lambda: 1_000)
    assert len(set(whole)) == len(whole) >= LEAST
    for size in range(1, min(len(whole), 12) + 2):
        assert await walked(desk, method, lambda size=size: size) == whole
    chance = random.Random(method.name)
    for _ in range(ROUNDS):
        assert await walked(desk, method, lambda: chance.randint(1, len(whole) + 1)) == whole


@requirement("house:a-list-holds-each-thing-once-and-in-order")
@pytest.mark.parametrize("method", LISTS, ids=lambda method: method.name)
async def test_where_to_go_on_is_told_for_one_list_alone(desk: Desk, method: MethodDescriptor) -> None:
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    _, token = await page(desk, method, 1, "")
    assert token
    for other in LISTS:
        for parent in (HERE, "issuers/b"):
            here = other is method and (
                parent == HERE or not {"parent", "name"} & set(method.input_type.fields_by_name)
            )
            if not here:
                await refused(page(desk, other, 1, token, parent), invalid, "PAGE_TOKEN_INVALID", "page_token")
    for wrong in (token[:-4], token + "AAAA", ("B" if token[0] == "A" else "A") + token[1:], "x", "é"):
        await refused(page(desk, method, 1, wrong), invalid, "PAGE_TOKEN_INVALID", "page_token")


@requirement("house:a-list-holds-each-thing-once-and-in-order")
@pytest.mark.parametrize("name", KINDS)
async def test_what_is_there_all_the_time_is_met_once_while_others_come_and_go(desk: Desk, name: str) -> None:
    [method] = [method for method in LISTS if method.name == name]
    kind, before = KINDS[name], await walked(desk, method, lambda: 1_000)
    chance = random.Random(name)
    passing: list[str] = []
    numbers = iter(range(100, 1_000))

    async def come_and_go() -> None:
        if passing and chance.random() < 0.4:
            await desk.ask(kind.removed(name=passing.pop(chance.randrange(len(passing)))))
        else:
            passing.append((await desk.ask(kind.made(next(numbers)))).name)

    async def all_at_once() -> None:
        await asyncio.gather(come_and_go(), page(desk, method, 3, ""))

    for _ in range(ROUNDS):
        met = await walked(desk, method, lambda: chance.randint(1, 4), all_at_once)
        assert len(set(met)) == len(met)
        assert [name for name in met if name in before] == before
    for name in passing:
        await desk.ask(kind.removed(name=name))


@requirement("house:what-was-just-done-is-seen")
@pytest.mark.parametrize("name", KINDS)
async def test_what_was_just_made_is_in_the_list_and_what_was_just_removed_is_not(desk: Desk, name: str) -> None:
    [method] = [method for method in LISTS if method.name == name]
    kind = KINDS[name]
    made = [each.name for each in await asyncio.gather(*(desk.ask(kind.made(n)) for n in range(50, 50 + MANY)))]
    assert set(made) <= set(await walked(desk, method, lambda: 5))
    await asyncio.gather(*(desk.ask(kind.removed(name=each)) for each in made))
    assert not set(made) & set(await walked(desk, method, lambda: 5))
