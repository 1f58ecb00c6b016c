"""A change of an issuer that bears a request id is done once, however often it is asked for (AIP-155)."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from protos.admin.v1.identity_provider_service_pb2 import (
    CreateIdentityProviderRequest,
    DeleteIdentityProviderRequest,
    IdentityProvider,
    ListIdentityProvidersRequest,
    UpdateIdentityProviderRequest,
)
from protos.admin.v1.issuer_service_pb2 import (
    CreateIssuerRequest,
    DeleteIssuerRequest,
    DisableIssuerRequest,
    EnableIssuerRequest,
    GetIssuerRequest,
    Issuer,
    IssuerPolicy,
    ListIssuersRequest,
    UndeleteIssuerRequest,
    UpdateIssuerRequest,
)
from protos.admin.v1.resource_service_pb2 import (
    CreateResourceRequest,
    DeleteResourceRequest,
    ListResourcesRequest,
    Resource,
    UpdateResourceRequest,
)
from protos.admin.v1.workload_issuer_service_pb2 import (
    CreateWorkloadIssuerRequest,
    DeleteWorkloadIssuerRequest,
    ListWorkloadIssuersRequest,
    UpdateWorkloadIssuerRequest,
    WorkloadIssuer,
)
from tests.support.admin import Desk, admin_desk, refused
from tests.support.requirement import requirement

pytestmark = [pytest.mark.asyncio(loop_scope="module"), requirement("aip155:a-request-is-done-once")]
INVALID = grpc.StatusCode.INVALID_ARGUMENT
NAME = "issuers/acme"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        yield desk


def named() -> str:
    return str(uuid.uuid4())


def creation(issuer_id: str, request_id: str, **members: Any) -> CreateIssuerRequest:
    given = Issuer(issuer_uri=f"https://{issuer_id}.test", **members)
    return CreateIssuerRequest(issuer_id=issuer_id, issuer=given, request_id=request_id)


async def test_an_issuer_is_made_once_by_ten_who_ask_at_once(desk: Desk) -> None:
    request = creation("ten", named())
    made = await asyncio.gather(*(desk.ask(request) for _ in range(10)))
    assert {issuer.uid for issuer in made} == {made[0].uid}
    assert [issuer.name for issuer in (await desk.ask(ListIssuersRequest())).issuers].count("issuers/ten") == 1


async def test_what_was_made_is_answered_as_it_stands_now(desk: Desk) -> None:
    request = creation("moved", named(), policy=IssuerPolicy(debug=True))
    made = await desk.ask(request)
    assert made.policy.debug is True
    assert await desk.ask(request) == made
    changed = await desk.ask(UpdateIssuerRequest(issuer=Issuer(name=made.name, display_name="Moved")))
    assert await desk.ask(request) == changed


async def test_an_id_that_has_named_another_request_is_refused(desk: Desk) -> None:
    request_id = named()
    await desk.ask(creation("first", request_id))
    await refused(desk.ask(creation("second", request_id)), INVALID, "REQUEST_INVALID", "request_id")
    other = desk.ask(creation("first", request_id, display_name="Other"))
    await refused(other, INVALID, "REQUEST_INVALID", "request_id")


async def test_without_an_id_each_request_stands_for_itself(desk: Desk) -> None:
    await desk.ask(creation("nameless", ""))
    again = desk.ask(creation("nameless", ""))
    await refused(again, grpc.StatusCode.ALREADY_EXISTS, "ISSUER_ID_TAKEN")
    again = desk.ask(creation("nameless", named()))
    await refused(again, grpc.StatusCode.ALREADY_EXISTS, "ISSUER_ID_TAKEN")


async def test_what_was_refused_is_tried_anew(desk: Desk) -> None:
    request = creation("late", named())
    await desk.issuer("early", uri="https://late.test")
    await refused(desk.ask(request), grpc.StatusCode.ALREADY_EXISTS, "ISSUER_URI_TAKEN")
    await refused(desk.ask(request), grpc.StatusCode.ALREADY_EXISTS, "ISSUER_URI_TAKEN")


def changes() -> list[Callable[[Issuer], Message]]:
    """The life of an issuer: each request is made of the answer to the one before, and bears the etag of it."""
    policy, mask = IssuerPolicy(debug=True), FieldMask(paths=["policy.debug", "display_name"])
    return [
        lambda _: creation("acme", named()),
        lambda last: UpdateIssuerRequest(
            issuer=Issuer(name=NAME, display_name="Acme", policy=policy, etag=last.etag),
            update_mask=mask,
            request_id=named(),
        ),
        lambda last: DisableIssuerRequest(name=NAME, etag=last.etag, request_id=named()),
        lambda last: EnableIssuerRequest(name=NAME, etag=last.etag, request_id=named()),
        lambda last: DeleteIssuerRequest(name=NAME, etag=last.etag, request_id=named()),
        lambda last: UndeleteIssuerRequest(name=NAME, etag=last.etag, request_id=named()),
    ]


async def listed(desk: Desk) -> Any:
    return desk.house.registry.page("", 100, with_deleted=True)


async def test_a_change_that_comes_again_is_no_change_whatever_its_etag(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        last = Issuer()
        for change in changes():
            request = change(last)
            last, then = await desk.ask(request), await listed(desk)
            assert await desk.ask(request) == last
            assert await listed(desk) == then


async def test_a_new_process_over_the_same_files_knows_what_was_done(tmp_path: Path) -> None:
    last, first = Issuer(), None
    for change in changes():
        request = change(last)
        async with admin_desk(tmp_path) as desk:
            last, then = await desk.ask(request), await listed(desk)
            first = first or last
        async with admin_desk(tmp_path) as desk:
            assert await desk.ask(request) == last
            assert await listed(desk) == then
    assert first is not None
    assert (last.uid, last.display_name, last.policy.debug) == (first.uid, "Acme", True)


async def test_after_a_day_the_name_of_a_request_may_be_forgotten(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        request = creation("acme", named())
        await desk.ask(request)
        await desk.ask(creation("other", named()))
        desk.house.clock.now += 86_400
        await desk.ask(creation("third", named()))
        again = desk.ask(request)
        await refused(again, grpc.StatusCode.ALREADY_EXISTS, "ISSUER_ID_TAKEN")


async def test_a_change_that_is_only_tried_out_is_told_and_not_made(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        made = await desk.issuer("acme")
        given = Issuer(name=NAME, display_name="Acme", policy=IssuerPolicy(debug=True))
        told = await desk.ask(UpdateIssuerRequest(issuer=given, validate_only=True))
        assert (told.display_name, told.policy.debug, told.etag) == ("Acme", True, made.etag)
        told = await desk.ask(DeleteIssuerRequest(name=NAME, validate_only=True))
        assert told.state == Issuer.STATE_DELETED
        assert told.HasField("purge_time")
        assert await desk.ask(GetIssuerRequest(name=NAME)) == made

        wrong = UpdateIssuerRequest(
            issuer=Issuer(name=NAME, policy=IssuerPolicy(signing_algorithm="HS256")), validate_only=True
        )
        await refused(desk.ask(wrong), INVALID, "REQUEST_INVALID", "issuer.policy.signing_algorithm")
        for request in (
            UpdateIssuerRequest(issuer=Issuer(name=NAME, display_name="x", etag="old"), validate_only=True),
            DeleteIssuerRequest(name=NAME, etag="old", validate_only=True),
        ):
            await refused(desk.ask(request), grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        await desk.ask(DeleteIssuerRequest(name=NAME))
        for request in (
            UpdateIssuerRequest(issuer=Issuer(name=NAME, display_name="x"), validate_only=True),
            DeleteIssuerRequest(name=NAME, validate_only=True),
        ):
            await refused(desk.ask(request), grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE")


# --- what belongs to an issuer


def of_resource(**more: Any) -> list[Message]:
    name = "issuers/a/resources/files"
    given = Resource(uri="https://files.test/mcp")
    return [
        CreateResourceRequest(parent="issuers/a", resource_id="files", resource=given, **more),
        UpdateResourceRequest(resource=Resource(name=name, display_name="Files"), **more),
        DeleteResourceRequest(name=name, **more),
    ]


def of_provider(**more: Any) -> list[Message]:
    name = "issuers/a/identityProviders/google"
    given = IdentityProvider(client_id="c", client_secret="s", google=IdentityProvider.GoogleConfig())
    parent = "issuers/a"
    return [
        CreateIdentityProviderRequest(parent=parent, identity_provider_id="google", identity_provider=given, **more),
        UpdateIdentityProviderRequest(identity_provider=IdentityProvider(name=name, display_name="G"), **more),
        DeleteIdentityProviderRequest(name=name, **more),
    ]


def of_workload_issuer(**more: Any) -> list[Message]:
    name = "issuers/a/workloadIssuers/ci"
    given = WorkloadIssuer(issuer_uri="https://ci.test")
    return [
        CreateWorkloadIssuerRequest(parent="issuers/a", workload_issuer_id="ci", workload_issuer=given, **more),
        UpdateWorkloadIssuerRequest(workload_issuer=WorkloadIssuer(name=name, display_name="CI"), **more),
        DeleteWorkloadIssuerRequest(name=name, **more),
    ]


async def everything(desk: Desk) -> list[Any]:
    lists = (ListResourcesRequest, ListIdentityProvidersRequest, ListWorkloadIssuersRequest)
    return [await desk.ask(kind(parent="issuers/a")) for kind in lists]


@pytest.mark.parametrize("kind", [of_resource, of_provider, of_workload_issuer])
async def test_what_is_only_tried_out_leaves_no_trace(tmp_path: Path, kind: Callable[..., list[Message]]) -> None:
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a")
        for tried, done in zip(kind(validate_only=True), kind(), strict=True):
            before = await everything(desk)
            told = await desk.ask(tried)
            assert await everything(desk) == before
            answer = await desk.ask(done)
            assert await everything(desk) != before
            assert told == Empty() or told.display_name == answer.display_name


@pytest.mark.parametrize("kind", [of_resource, of_provider, of_workload_issuer])
async def test_what_bears_an_id_is_answered_the_same_again(tmp_path: Path, kind: Callable[..., list[Message]]) -> None:
    requests = kind()
    for request in requests:
        request.request_id = named()  # type: ignore[attr-defined]
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a")
        answers = [await desk.ask(request) for request in requests]
    async with admin_desk(tmp_path) as desk:
        before = await everything(desk)
        assert [await desk.ask(request) for request in requests] == answers
        assert await everything(desk) == before
