"""Every call of the admin API has the form that its callers know from other APIs (https://aip.dev)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.api import annotations_pb2 as http_annotations  # pyright: ignore[reportMissingTypeStubs]
from google.api import (  # pyright: ignore[reportMissingTypeStubs]
    client_pb2,
    field_behavior_pb2,
    field_info_pb2,
    resource_pb2,
)
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from protos.admin.v1 import annotations_pb2 as annotations
from server.admin.service import METHODS
from server.admin.status import DOMAIN

STANDARD = {"Get": "get", "List": "get", "Create": "post", "Update": "patch", "Delete": "delete"}
CALLS_OUT = frozenset({"TestIdentityProvider", "TestWebhook"})
"""They change nothing, although only who may change something may call them."""
OURS = tuple(method for method in METHODS.values() if method.full_name.startswith("tenantry."))
"""Others are as others made them: google.longrunning.Operations."""
each_method = pytest.mark.parametrize("method", OURS, ids=lambda method: method.name)


def option(described: Any, extension: Any) -> Any:
    return described.GetOptions().Extensions[extension]


def behaviour(field: FieldDescriptor) -> set[str]:
    kinds: Any = field_behavior_pb2.FieldBehavior
    return {kinds.Name(number) for number in option(field, field_behavior_pb2.field_behavior)}


def of_requests(kind: Descriptor, seen: set[str]) -> Iterator[FieldDescriptor]:
    """Every field that a caller may send in one, at every depth."""
    if kind.full_name in seen or not kind.full_name.startswith("tenantry."):
        return
    seen.add(kind.full_name)
    for field in kind.fields:
        yield field
        within = field.message_type
        if within is not None and "OUTPUT_ONLY" not in behaviour(field) and not within.GetOptions().map_entry:
            yield from of_requests(within, seen)


def messages() -> Iterator[Descriptor]:
    for file in {method.file.name: method.file for method in (method.containing_service for method in OURS)}.values():
        yield from file.message_types_by_name.values()


def changes(method: MethodDescriptor) -> bool:
    reads = option(method, annotations.access) == annotations.ACCESS_READ or method.name.startswith(("Get", "List"))
    return not reads and method.name not in CALLS_OUT


def test_the_wire_names_are_those_that_others_rely_on() -> None:
    for service in {method.containing_service.full_name for method in OURS}:
        assert re.fullmatch(r"tenantry\.admin\.v1\.[A-Z][A-Za-z]+Service", service)


@each_method
def test_a_request_is_called_after_its_method_and_says_how_each_field_behaves(method: MethodDescriptor) -> None:
    assert method.input_type.name == f"{method.name}Request"
    assert [field.full_name for field in of_requests(method.input_type, set()) if not behaviour(field)] == []


@each_method
def test_a_method_has_its_place_in_http(method: MethodDescriptor) -> None:
    rule = option(method, http_annotations.http)
    verb = rule.WhichOneof("pattern")
    path = getattr(rule, verb)
    assert path.startswith("/v1/")
    fields = method.input_type.fields_by_name
    for variable in re.findall(r"\{([a-z_.]+)=", path):
        assert variable.partition(".")[0] in fields
    assert rule.body in ("", "*", *fields)
    assert bool(rule.body) == (verb in ("post", "patch"))
    standard = next((found for begin, found in STANDARD.items() if method.name.startswith(begin)), None)
    assert standard in (None, verb)


def test_no_two_methods_have_one_place_in_http() -> None:
    rules = [option(method, http_annotations.http) for method in OURS]
    places = [(rule.WhichOneof("pattern"), getattr(rule, rule.WhichOneof("pattern"))) for rule in rules]
    assert len(set(places)) == len(places)


@each_method
def test_a_method_says_what_it_is_called_with(method: MethodDescriptor) -> None:
    signatures = option(method, client_pb2.method_signature)
    assert signatures
    for signature in signatures:
        assert all(name in method.input_type.fields_by_name for name in signature.split(",") if name)


@each_method
def test_a_change_can_be_sent_again(method: MethodDescriptor) -> None:
    fields = method.input_type.fields_by_name
    assert ("request_id" in fields) == changes(method)
    if "request_id" in fields:
        info = option(fields["request_id"], field_info_pb2.field_info)
        assert info.format == field_info_pb2.FieldInfo.UUID4


@each_method
def test_what_is_created_updated_or_deleted_can_be_tried_out(method: MethodDescriptor) -> None:
    fields = method.input_type.fields_by_name
    if method.name.startswith(("Create", "Update", "Delete")):
        assert "validate_only" in fields
    assert ("update_mask" in fields) == method.name.startswith("Update")


@each_method
def test_a_list_comes_in_pages(method: MethodDescriptor) -> None:
    if method.name.startswith("List"):
        assert {"page_size", "page_token"} <= set(method.input_type.fields_by_name)
        assert "next_page_token" in method.output_type.fields_by_name


def test_a_thing_with_a_name_says_how_it_is_named() -> None:
    patterns: dict[str, set[str]] = {}
    for message in messages():
        name = message.fields_by_name.get("name")
        if name is None or "IDENTIFIER" not in behaviour(name):
            continue
        resource = option(message, resource_pb2.resource)
        assert resource.type == f"{DOMAIN}/{message.name}"
        assert all(re.fullmatch(r"([a-z][A-Za-z]*(/\{[a-z_]+\})?/?)+", pattern) for pattern in resource.pattern)
        assert resource.plural
        patterns[resource.type] = set(resource.pattern)
    assert all(patterns.values())
    referred = {
        (field.full_name, reference.type or reference.child_type)
        for method in OURS
        for field in method.input_type.fields
        if (reference := option(field, resource_pb2.resource_reference)).ByteSize()
    }
    assert {kind for _, kind in referred} <= set(patterns)
    named = {
        field.full_name for method in OURS for field in method.input_type.fields if field.name in ("name", "parent")
    }
    assert named <= {name for name, _ in referred}


def test_only_what_is_told_once_or_shown_in_no_answer_is_a_secret() -> None:
    for message in messages():
        for field in message.fields:
            texts = field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated
            if texts and field.name in ("secret", "client_secret", "token", "private_jwk"):
                once = option(field, annotations.shown_once)
                assert once or "INPUT_ONLY" in behaviour(field), field.full_name
                assert not once or behaviour(field) in ({"OUTPUT_ONLY"}, set()), field.full_name


def test_an_etag_can_be_sent_back_where_there_is_something_to_change() -> None:
    updates = {method.name.removeprefix("Update") for method in OURS if method.name.startswith("Update")}
    for message in messages():
        if "etag" in message.fields_by_name and not message.name.endswith("Request"):
            how = behaviour(message.fields_by_name["etag"])
            assert how == {"OPTIONAL" if message.name in updates else "OUTPUT_ONLY"}, message.full_name


@each_method
def test_what_has_an_etag_can_be_deleted_as_it_was_seen(method: MethodDescriptor) -> None:
    if method.name.startswith("Delete"):
        [thing] = [message for message in messages() if message.name == method.name.removeprefix("Delete")]
        assert ("etag" in method.input_type.fields_by_name) == ("etag" in thing.fields_by_name)
