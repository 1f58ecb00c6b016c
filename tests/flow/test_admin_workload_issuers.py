"""WorkloadIssuerService over gRPC: whose word of a workload counts, and which client each workload is."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.field_mask_pb2 import FieldMask

from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest, DisableIssuerRequest
from protos.admin.v1.workload_issuer_service_pb2 import (
    CreateWorkloadIssuerRequest,
    DeleteWorkloadIssuerRequest,
    GetWorkloadIssuerRequest,
    ListWorkloadIssuersRequest,
    UpdateWorkloadIssuerRequest,
    WorkloadIssuer,
)
from tenants.oauth.requests import JWT_BEARER
from tests.support.admin import Desk, admin_desk, refused
from tests.support.clients import claims
from tests.support.house import EPOCH
from tests.support.signer import Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, GONE, TAKEN = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ALREADY_EXISTS
KEY = Signer("ES256")
EVERYTHING: dict[str, Any] = {
    "display_name": "The cluster",
    "jwks": json.dumps(KEY.jwks, separators=(",", ":")),
    "algorithms": ["ES256"],
    "audience": "api://acme",
    "reusable": True,
    "rules": [
        {
            "client_id": "deploy",
            "claims": {"sub": "repo:acme/app:*", "environment": "production"},
            "scopes": ["email"],
            "resources": ["https://mcp.test/mcp"],
        },
        {"client_id": "deploy", "claims": {"sub": "repo:acme/tests:**"}},
    ],
    "disabled": True,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        for issuer_id in ("a", "b", "paged"):
            await desk.issuer(issuer_id)
        none: dict[str, Any] = {"token_endpoint_auth_method": "none", "redirect_uris": []}
        await desk.client("a", "deploy", grant_types=[JWT_BEARER], **none)
        yield desk


def creation(
    own_id: str, issuer: str = "a", *, uri: str | None = None, validate_only: bool = False, **members: Any
) -> CreateWorkloadIssuerRequest:
    given = WorkloadIssuer(issuer_uri=f"https://{own_id}.test" if uri is None else uri, **members)
    return CreateWorkloadIssuerRequest(
        parent=f"issuers/{issuer}", workload_issuer_id=own_id, workload_issuer=given, validate_only=validate_only
    )


async def create(desk: Desk, own_id: str, issuer: str = "a", **members: Any) -> WorkloadIssuer:
    return await desk.ask(creation(own_id, issuer, **members))


def update(name: str, *mask: str, **members: Any) -> UpdateWorkloadIssuerRequest:
    given = WorkloadIssuer(name=name, **members)
    return UpdateWorkloadIssuerRequest(workload_issuer=given, update_mask=FieldMask(paths=mask) if mask else None)


def named(own_id: str, issuer: str = "a") -> str:
    return f"issuers/{issuer}/workloadIssuers/{own_id}"


async def get(desk: Desk, name: str) -> WorkloadIssuer:
    return await desk.ask(GetWorkloadIssuerRequest(name=name))


async def test_a_workload_issuer_comes_back_as_it_was_made(desk: Desk) -> None:
    made = await create(desk, "whole", uri="spiffe://whole.test", **EVERYTHING)
    expected = WorkloadIssuer(**EVERYTHING, name=named("whole"), issuer_uri="spiffe://whole.test", etag=made.etag)
    expected.create_time.seconds = expected.update_time.seconds = EPOCH
    assert made == expected
    assert made.etag
    assert await get(desk, made.name) == made
    listed = await desk.ask(ListWorkloadIssuersRequest(parent="issuers/a"))
    assert list(listed.workload_issuers).count(made) == 1
    for mask in ((), ("*",)):
        request = UpdateWorkloadIssuerRequest(workload_issuer=made, update_mask=FieldMask(paths=mask))
        assert await desk.ask(request) == made


async def test_ids_and_uris_are_given_once_at_each_issuer(desk: Desk) -> None:
    made = await create(desk, "same")
    for again in (creation("same", uri="https://else.test"), creation("other", uri="https://same.test")):
        why = await refused(desk.ask(again), TAKEN, "ALREADY_EXISTS")
        assert why.resource == ("admin.tenantry.dev/WorkloadIssuer", made.name)
    elsewhere = await create(desk, "same", "b")
    await desk.ask(DeleteWorkloadIssuerRequest(name=elsewhere.name))
    why = await refused(get(desk, elsewhere.name), GONE, "NOT_FOUND")
    assert why.resource == ("admin.tenantry.dev/WorkloadIssuer", elsewhere.name)
    assert await get(desk, made.name) == made


async def test_validating_only_makes_nothing(desk: Desk) -> None:
    would_be = await desk.ask(creation("rehearsed", validate_only=True, **EVERYTHING))
    assert (would_be.name, would_be.display_name) == (named("rehearsed"), "The cluster")
    await refused(get(desk, would_be.name), GONE, "NOT_FOUND")


@pytest.mark.parametrize("own_id", ["", "../x", "a/b", "A", "1a", "a-", "a" * 64, "é", "a\n"])
async def test_ga_05_an_id_that_is_not_a_plain_name_is_refused(desk: Desk, own_id: str) -> None:
    await refused(create(desk, own_id, uri="https://x.test"), INVALID, "REQUEST_INVALID", "workload_issuer_id")


@pytest.mark.parametrize("name", ["", "issuers/a", "issuers/a/workloadIssuers/", "issuers/a/resources/x"])
async def test_ga_05_a_name_that_is_none_is_refused(desk: Desk, name: str) -> None:
    for kind in (GetWorkloadIssuerRequest, DeleteWorkloadIssuerRequest):
        await refused(desk.ask(kind(name=name)), INVALID, "REQUEST_INVALID", "name")
    await refused(desk.ask(update(name, display_name="x")), INVALID, "REQUEST_INVALID", "workload_issuer.name")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"uri": ""}, "issuer_uri"),
        ({"uri": "https://a.test"}, "issuer_uri"),
        ({"jwks": "{"}, "jwks"),
        ({"jwks": "[]"}, "jwks"),
        ({"jwks_uri": "https://127.0.0.1"}, "jwks_uri"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"rules": [{"client_id": "deploy"}]}, "rules[0].claims"),
        ({"rules": [{"claims": {"sub": "x"}}]}, "rules[0].client_id"),
        ({"rules": [{"client_id": "deploy", "claims": {"sub": "**"}}]}, "rules"),
        ({"rules": [{"client_id": "nobody", "claims": {"sub": "x"}}]}, "rules"),
    ],
)
async def test_what_cannot_be_kept_is_named(desk: Desk, members: dict[str, Any], field: str) -> None:
    await refused(create(desk, "odd", **members), INVALID, "REQUEST_INVALID", f"workload_issuer.{field}")


async def test_only_what_the_mask_names_changes(desk: Desk) -> None:
    made = await create(desk, "masked", **EVERYTHING)
    changed = await desk.ask(update(made.name, "display_name", "disabled", display_name="Again", reusable=False))
    assert (changed.display_name, changed.disabled, changed.reusable) == ("Again", False, True)
    assert changed.etag != made.etag
    emptied = await desk.ask(update(made.name, "rules"))
    assert list(emptied.rules) == []
    whole = await desk.ask(update(made.name, "*", display_name="Only this"))
    assert (whole.display_name, whole.jwks, whole.audience) == ("Only this", "", "")
    assert whole.issuer_uri == made.issuer_uri


async def test_a_uri_is_never_changed_and_an_old_etag_changes_nothing(desk: Desk) -> None:
    made = await create(desk, "fixed")
    await refused(desk.ask(update(made.name, "issuer_uri")), INVALID, "FIELD_IMMUTABLE", "update_mask")
    elsewhere = update(made.name, issuer_uri="https://elsewhere.test")
    await refused(desk.ask(elsewhere), INVALID, "FIELD_IMMUTABLE", "workload_issuer.issuer_uri")
    await refused(desk.ask(update(made.name, "etag")), INVALID, "UPDATE_MASK_INVALID", "update_mask")
    later = await desk.ask(update(made.name, display_name="later"))
    for request in (
        update(made.name, display_name="x", etag=made.etag),
        DeleteWorkloadIssuerRequest(name=made.name, etag=made.etag),
    ):
        why = await refused(desk.ask(request), grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        assert why.metadata["current_etag"] == later.etag


async def test_they_are_listed_page_by_page(desk: Desk) -> None:
    for own_id in ("c", "a", "b"):
        await create(desk, own_id, "paged")
    first = await desk.ask(ListWorkloadIssuersRequest(parent="issuers/paged", page_size=2))
    assert [one.name for one in first.workload_issuers] == [named("a", "paged"), named("b", "paged")]
    rest = ListWorkloadIssuersRequest(parent="issuers/paged", page_size=2, page_token=first.next_page_token)
    last = await desk.ask(rest)
    assert [one.name for one in last.workload_issuers] == [named("c", "paged")]
    assert last.next_page_token == ""
    rest.parent = "issuers/a"
    await refused(desk.ask(rest), INVALID, "PAGE_TOKEN_INVALID", "page_token")


async def test_the_operators_word_counts_from_the_next_request_on(desk: Desk) -> None:
    async def asked() -> int:
        now = desk.house.clock.now
        said = {"iss": "spiffe://acts.test", "sub": "w", "aud": "https://a.test/token", "iat": now, "exp": now + 60}
        form = {"grant_type": JWT_BEARER, "assertion": KEY.token({**said, "jti": str(next(numbers))})}
        answer = await desk.house.ask("POST", "/token", form=form)
        if answer.status_code == 200:
            assert claims(answer.json()["access_token"])["sub"] == "deploy"
        return answer.status_code

    numbers = iter(range(10))
    rules = [{"client_id": "deploy", "claims": {"sub": "w"}}]
    made = await create(desk, "acts", uri="spiffe://acts.test", jwks=json.dumps(KEY.jwks), rules=rules)
    seen = [await asked()]
    for members in ({"disabled": True}, {"disabled": False}):
        await desk.ask(update(made.name, "disabled", **members))
        seen.append(await asked())
    await desk.ask(DeleteWorkloadIssuerRequest(name=made.name))
    assert [*seen, await asked()] == [200, 401, 200, 401]


async def test_they_can_be_seen_to_while_the_issuer_is_disabled_and_not_once_it_is_deleted(desk: Desk) -> None:
    await desk.issuer("gone")
    made = await create(desk, "github", "gone")
    await desk.ask(DisableIssuerRequest(name="issuers/gone"))
    assert (await desk.ask(update(made.name, display_name="still"))).display_name == "still"
    await desk.ask(DeleteIssuerRequest(name="issuers/gone"))
    await refused(get(desk, made.name), grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE")
