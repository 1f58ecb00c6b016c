"""ResourceService over gRPC: the MCP servers that tokens of an issuer may be asked for."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest, DisableIssuerRequest, IssuerPolicy
from protos.admin.v1.resource_service_pb2 import (
    CreateResourceRequest,
    DeleteResourceRequest,
    GetResourceMetadataRequest,
    GetResourceRequest,
    ListResourcesRequest,
    Resource,
    UpdateResourceRequest,
)
from tests.support.admin import Desk, admin_desk, refused
from tests.support.house import EPOCH

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, GONE, TAKEN = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ALREADY_EXISTS
EVERYTHING: dict[str, Any] = {
    "display_name": "Files",
    "scopes": [
        {"name": "files:write", "description": "Change your files", "implies": ["files:read"]},
        {"name": "files:read"},
    ],
    "token_format": IssuerPolicy.TOKEN_FORMAT_OPAQUE,
    "access_token_ttl": Duration(seconds=600),
    "disabled": True,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(tmp_path_factory.mktemp("house")) as desk:
        for issuer_id in ("a", "b", "paged"):
            await desk.issuer(issuer_id)
        yield desk


def creation(
    resource_id: str, issuer: str = "a", *, uri: str | None = None, validate_only: bool = False, **members: Any
) -> CreateResourceRequest:
    given = Resource(uri=f"https://{resource_id}.test/mcp" if uri is None else uri, **members)
    return CreateResourceRequest(
        parent=f"issuers/{issuer}", resource_id=resource_id, resource=given, validate_only=validate_only
    )


async def create(desk: Desk, resource_id: str, issuer: str = "a", **members: Any) -> Resource:
    return await desk.ask(creation(resource_id, issuer, **members))


def update(name: str, *mask: str, **members: Any) -> UpdateResourceRequest:
    given = Resource(name=name, **members)
    return UpdateResourceRequest(resource=given, update_mask=FieldMask(paths=mask) if mask else None)


def named(resource_id: str, issuer: str = "a") -> str:
    return f"issuers/{issuer}/resources/{resource_id}"


async def get(desk: Desk, name: str) -> Resource:
    return await desk.ask(GetResourceRequest(name=name))


async def test_a_resource_comes_back_as_it_was_made(desk: Desk) -> None:
    made = await create(desk, "whole", uri="HTTPS://Whole.test/mcp", **EVERYTHING)
    expected = Resource(
        **EVERYTHING,
        name=named("whole"),
        uri="HTTPS://Whole.test/mcp",
        metadata_uri="https://a.test/.well-known/oauth-protected-resource/whole",
        etag=made.etag,
    )
    expected.create_time.seconds = expected.update_time.seconds = EPOCH
    assert made == expected
    assert made.etag
    assert await get(desk, made.name) == made
    listed = await desk.ask(ListResourcesRequest(parent="issuers/a"))
    assert list(listed.resources).count(made) == 1
    for mask in ((), ("*",)):
        request = UpdateResourceRequest(resource=made, update_mask=FieldMask(paths=mask))
        assert await desk.ask(request) == made


async def test_what_is_left_out_is_as_the_policy_says(desk: Desk) -> None:
    made = await create(desk, "plain")
    assert (made.display_name, list(made.scopes), made.disabled) == ("", [], False)
    assert made.token_format == IssuerPolicy.TOKEN_FORMAT_UNSPECIFIED
    assert not made.HasField("access_token_ttl")
    timeless = await create(desk, "timeless", access_token_ttl=Duration())
    assert not timeless.HasField("access_token_ttl")


async def test_ids_and_uris_are_given_once_at_each_issuer(desk: Desk) -> None:
    made = await create(desk, "same")
    for again in (creation("same", uri="https://else.test"), creation("other", uri="HTTPS://SAME.test:443/mcp")):
        why = await refused(desk.ask(again), TAKEN, "ALREADY_EXISTS")
        assert why.resource == ("admin.tenantry.dev/Resource", made.name)
    elsewhere = await create(desk, "same", "b")
    await desk.ask(DeleteResourceRequest(name=elsewhere.name))
    why = await refused(get(desk, elsewhere.name), GONE, "NOT_FOUND")
    assert why.resource == ("admin.tenantry.dev/Resource", elsewhere.name)
    assert await get(desk, made.name) == made


async def test_validating_only_makes_nothing(desk: Desk) -> None:
    would_be = await desk.ask(creation("rehearsed", validate_only=True, **EVERYTHING))
    assert (would_be.name, would_be.display_name) == (named("rehearsed"), "Files")
    await refused(get(desk, would_be.name), GONE, "NOT_FOUND")
    await create(desk, "rehearsed")
    await refused(desk.ask(creation("rehearsed", validate_only=True)), TAKEN, "ALREADY_EXISTS")


@pytest.mark.parametrize("resource_id", ["", "../x", "a/b", "A", "1a", "a-", "a" * 64, "é", "a\n"])
async def test_ga_05_an_id_that_is_not_a_plain_name_is_refused(desk: Desk, resource_id: str) -> None:
    await refused(create(desk, resource_id, uri="https://x.test"), INVALID, "REQUEST_INVALID", "resource_id")


@pytest.mark.parametrize(
    "name",
    [
        *("", "a", "issuers/a", "issuers/a/resources/", "issuers/a/resources/x/y", "issuers/a/clients/x"),
        *("issuers/A/resources/x", "issuers/a/resources/..", "issuers/a/resources/x\n"),
    ],
)
async def test_ga_05_a_name_that_is_none_is_refused(desk: Desk, name: str) -> None:
    for kind in (GetResourceRequest, DeleteResourceRequest, GetResourceMetadataRequest):
        await refused(desk.ask(kind(name=name)), INVALID, "REQUEST_INVALID", "name")
    await refused(desk.ask(update(name, display_name="x")), INVALID, "REQUEST_INVALID", "resource.name")


ODD: list[tuple[dict[str, Any], str]] = [
    ({"uri": ""}, "resource.uri"),
    ({"uri": "http://mcp.test"}, "resource.uri"),
    ({"uri": f"https://{'x' * 3_000}.test"}, "resource.uri"),
    ({"uri": "https://A.test/"}, "resource.uri"),
    ({"display_name": "x" * 64}, "resource.display_name"),
    ({"scopes": [{"name": "offline_access"}]}, "resource.scopes"),
    ({"scopes": [{"name": "a", "implies": ["b"]}]}, "resource.scopes"),
    ({"scopes": [{}]}, "resource.scopes[0].name"),
    ({"token_format": 9}, "resource.token_format"),
    ({"access_token_ttl": Duration(seconds=9)}, "resource.access_token_ttl"),
    ({"access_token_ttl": Duration(seconds=60, nanos=1)}, "resource.access_token_ttl"),
    ({"access_token_ttl": Duration(seconds=-60)}, "resource.access_token_ttl"),
]


@pytest.mark.parametrize(("members", "field"), ODD)
async def test_a_resource_that_cannot_be_is_refused_with_the_field(
    desk: Desk, members: dict[str, Any], field: str
) -> None:
    for only in (False, True):
        await refused(desk.ask(creation("odd", validate_only=only, **members)), INVALID, "REQUEST_INVALID", field)
    await refused(get(desk, named("odd")), GONE, "NOT_FOUND")


# --- changes


async def test_ga_11_without_a_mask_what_is_set_is_changed_and_with_one_what_it_names(desk: Desk) -> None:
    made = await create(desk, "changed", **EVERYTHING)
    renamed = await desk.ask(update(made.name, display_name="New"))
    assert renamed.display_name == "New"
    assert list(renamed.scopes) == list(made.scopes)
    only = await desk.ask(update(made.name, "scopes", "token_format", scopes=[{"name": "x"}], display_name="ignored"))
    assert (only.display_name, [scope.name for scope in only.scopes]) == ("New", ["x"])
    assert only.token_format == IssuerPolicy.TOKEN_FORMAT_UNSPECIFIED
    assert only.access_token_ttl == Duration(seconds=600)
    enabled = await desk.ask(update(made.name, "disabled", "access_token_ttl"))
    assert (enabled.disabled, enabled.HasField("access_token_ttl")) == (False, False)
    reset = await desk.ask(update(made.name, "*"))
    assert (reset.display_name, list(reset.scopes), reset.uri) == ("", [], made.uri)
    assert await get(desk, made.name) == reset


@pytest.mark.parametrize(
    ("mask", "reason", "field"),
    [
        (("uri",), "FIELD_IMMUTABLE", "update_mask"),
        (("name",), "FIELD_IMMUTABLE", "update_mask"),
        (("etag",), "UPDATE_MASK_INVALID", "update_mask"),
        (("metadata_uri",), "UPDATE_MASK_INVALID", "update_mask"),
        (("scopes.name",), "UPDATE_MASK_INVALID", "update_mask"),
        (("access_token_ttl.seconds",), "UPDATE_MASK_INVALID", "update_mask"),
        (("nothing",), "UPDATE_MASK_INVALID", "update_mask"),
        (("disabled", "disabled"), "UPDATE_MASK_INVALID", "update_mask"),
        (("*", "disabled"), "UPDATE_MASK_INVALID", "update_mask"),
        ((), "FIELD_IMMUTABLE", "resource.uri"),
        (("*",), "FIELD_IMMUTABLE", "resource.uri"),
    ],
)
async def test_what_cannot_be_changed_is_refused_and_nothing_is(
    desk: Desk, mask: tuple[str, ...], reason: str, field: str
) -> None:
    kept = await create(desk, "stays")
    change = update(kept.name, *mask, uri="https://moved.test", display_name="x")
    await refused(desk.ask(change), INVALID, reason, field)
    assert await get(desk, kept.name) == kept
    await desk.ask(DeleteResourceRequest(name=kept.name))


async def test_ga_10_a_change_of_an_older_version_is_refused(desk: Desk) -> None:
    made = await create(desk, "versioned")
    newer = await desk.ask(update(made.name, display_name="New", etag=made.etag))
    assert newer.etag != made.etag
    for late in (
        update(made.name, display_name="Late", etag=made.etag),
        DeleteResourceRequest(name=made.name, etag=made.etag),
    ):
        why = await refused(desk.ask(late), grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        assert why.metadata["current_etag"] == newer.etag
    same = await desk.ask(update(made.name, display_name="New", etag=newer.etag))
    assert same == newer
    await desk.ask(DeleteResourceRequest(name=made.name, etag=newer.etag))
    await refused(get(desk, made.name), GONE, "NOT_FOUND")


async def test_resources_are_paged_in_the_order_of_their_ids(desk: Desk) -> None:
    ids = [f"r{n}" for n in (1, 2, 3, 4, 5)]
    for resource_id in reversed(ids):
        await create(desk, resource_id, "paged")
    seen: list[str] = []
    token = ""
    for expected in (2, 2, 1):
        page = await desk.ask(ListResourcesRequest(parent="issuers/paged", page_size=2, page_token=token))
        assert len(page.resources) == expected
        seen += [resource.name for resource in page.resources]
        token = page.next_page_token
    assert (seen, token) == ([named(resource_id, "paged") for resource_id in ids], "")
    page = await desk.ask(ListResourcesRequest(parent="issuers/paged", page_size=2))
    elsewhere = ListResourcesRequest(parent="issuers/a", page_token=page.next_page_token)
    await refused(desk.ask(elsewhere), INVALID, "PAGE_TOKEN_INVALID", "page_token")
    await refused(
        desk.ask(ListResourcesRequest(parent="issuers/a", page_size=-1)), INVALID, "REQUEST_INVALID", "page_size"
    )
    await refused(desk.ask(ListResourcesRequest(parent="a")), INVALID, "REQUEST_INVALID", "parent")


# --- what it publishes, and what is left of it


async def test_what_a_resource_has_to_publish_is_what_its_issuer_serves(desk: Desk) -> None:
    made = await create(desk, "described", scopes=[{"name": "x"}], display_name="Described")
    told = await desk.ask(GetResourceMetadataRequest(name=made.name))
    assert told.name == made.name
    assert told.served_at == "https://described.test/.well-known/oauth-protected-resource/mcp"
    assert told.www_authenticate == f'Bearer resource_metadata="{told.served_at}"'
    assert told.metadata_uri == made.metadata_uri
    served = await desk.house.ask("GET", "/.well-known/oauth-protected-resource/described")
    assert served.text == told.document
    assert json.loads(told.document)["scopes_supported"] == ["x"]
    await refused(desk.ask(GetResourceMetadataRequest(name=named("nobody"))), GONE, "NOT_FOUND")


async def test_resources_are_kept_and_changed_while_the_issuer_is_disabled_and_not_once_it_is_deleted(
    tmp_path: Path,
) -> None:
    async with admin_desk(tmp_path) as desk:
        issuer = await desk.issuer("a")
        made = await create(desk, "kept")
        await desk.ask(DisableIssuerRequest(name=issuer.name))
        changed = await desk.ask(update(made.name, disabled=True))
        assert changed.disabled
        assert await get(desk, made.name) == changed
        await desk.ask(DeleteIssuerRequest(name=issuer.name))
        for request in (
            GetResourceRequest(name=made.name),
            creation("new"),
            update(made.name, disabled=False),
            DeleteResourceRequest(name=made.name),
            ListResourcesRequest(parent=issuer.name),
            GetResourceMetadataRequest(name=made.name),
        ):
            await refused(desk.ask(request), grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE")


async def test_a_page_holds_no_more_than_a_message_takes(tmp_path: Path) -> None:
    long = "\N{PILE OF POO}" * 255
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a")
        for n in range(12):
            scopes = [{"name": f"s{n}-{m}", "description": long} for m in range(100)]
            await create(desk, f"r-{n}", uri=f"https://r-{n}.test", scopes=scopes)
        names, token, pages = list[str](), "", 0
        while token or not pages:
            page = await desk.ask(ListResourcesRequest(parent="issuers/a", page_size=1_000, page_token=token))
            names += [resource.name for resource in page.resources]
            token, pages = page.next_page_token, pages + 1
            assert page.ByteSize() < 1_100_000
        assert pages > 1
        assert names == sorted(f"issuers/a/resources/r-{n}" for n in range(12))
