"""What requests must hold is what their protos say, and all that is wrong is told with the path of each field."""

import uuid
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest
from protos.admin.v1.client_service_pb2 import Client, CreateClientRequest, DeleteClientRequest, ListClientsRequest
from protos.admin.v1.event_service_pb2 import StreamEventsRequest, VerifyEventsRequest
from protos.admin.v1.identity_provider_service_pb2 import (
    CreateIdentityProviderRequest,
    IdentityProvider,
    UpdateIdentityProviderRequest,
)
from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, Issuer
from protos.admin.v1.workload_issuer_service_pb2 import (
    CreateWorkloadIssuerRequest,
    UpdateWorkloadIssuerRequest,
    WorkloadIssuer,
)
from server.admin.rules import Rules, Violations
from server.admin.service import METHODS
from tests.support.requirement import requirement

pytestmark = requirement("aip193:all-that-is-wrong-is-told")
ONE = uuid.UUID("0b81f7cc-2b3f-4b0e-9a54-1d5f0f6a1c11")
RULES = Rules(method.input_type for method in METHODS.values())


def wrong(request: Message) -> dict[str, str]:
    try:
        RULES.check(request)
    except Violations as violations:
        return {each.field: each.description for each in violations.found}
    return {}


def client(**members: Any) -> CreateClientRequest:
    return CreateClientRequest(parent="issuers/a", client=Client(display_name="x", **members))


def workload_issuer(**members: Any) -> CreateWorkloadIssuerRequest:
    given = WorkloadIssuer(issuer_uri="https://a.test", **members)
    return CreateWorkloadIssuerRequest(parent="issuers/a", workload_issuer_id="w", workload_issuer=given)


def test_what_holds_all_that_it_must_is_right() -> None:
    rule = WorkloadIssuer.Rule(client_id="c", claims={"sub": "a"})
    assert wrong(workload_issuer(rules=[rule], algorithms=["RS256"])) == {}


def test_what_is_required_must_be_there_at_every_depth() -> None:
    assert wrong(CreateWorkloadIssuerRequest()) == {
        "parent": "is required",
        "workload_issuer_id": "is required",
        "workload_issuer": "is required",
    }
    found = wrong(workload_issuer(rules=[WorkloadIssuer.Rule(client_id="c", claims={"a": "b"}), WorkloadIssuer.Rule()]))
    assert found == {
        "workload_issuer.rules[1].client_id": "is required",
        "workload_issuer.rules[1].claims": "is required",
    }


def test_a_kind_that_was_not_chosen_requires_nothing() -> None:
    given = IdentityProvider(client_id="c", google=IdentityProvider.GoogleConfig())
    request = CreateIdentityProviderRequest(parent="issuers/a", identity_provider_id="g", identity_provider=given)
    assert wrong(request) == {}
    given.oidc.SetInParent()
    request = CreateIdentityProviderRequest(parent="issuers/a", identity_provider_id="g", identity_provider=given)
    assert wrong(request) == {"identity_provider.oidc.issuer_uri": "is required"}


def test_an_update_need_not_say_what_the_thing_has_already() -> None:
    given = IdentityProvider(name="issuers/a/identityProviders/g", oidc=IdentityProvider.OidcConfig(token_uri="x"))
    assert wrong(UpdateIdentityProviderRequest(identity_provider=given)) == {}
    assert wrong(UpdateIdentityProviderRequest()) == {"identity_provider": "is required"}


def test_the_items_of_a_list_are_whole_in_an_update_too() -> None:
    given = WorkloadIssuer(name="issuers/a/workloadIssuers/w", rules=[WorkloadIssuer.Rule(client_id="c")])
    request = UpdateWorkloadIssuerRequest(workload_issuer=given)
    assert wrong(request) == {"workload_issuer.rules[0].claims": "is required"}


@pytest.mark.parametrize(
    ("members", "field", "description"),
    [
        ({"scope": "x" * 8_193}, "client.scope", "must be at most 8192 characters"),
        ({"resources": ["a", "x" * 8_193]}, "client.resources[1]", "must be at most 8192 characters"),
        ({"resources": ["a"] * 1_001}, "client.resources", "must have at most 1000 items"),
        ({"scope": "a\0b"}, "client.scope", "must not hold the character NUL"),
    ],
)
def test_every_text_and_list_has_an_end(members: dict[str, Any], field: str, description: str) -> None:
    assert wrong(client(**members)) == {field: description}


def test_what_is_at_its_end_is_right() -> None:
    assert wrong(client(scope="x" * 8_192, resources=["\N{PILE OF POO}" * 8_192] * 1_000)) == {}


def test_the_keys_and_values_of_a_map_are_texts_too() -> None:
    long = "x" * 8_193
    found = wrong(workload_issuer(rules=[WorkloadIssuer.Rule(client_id="c", claims={long: "v", "k": long})]))
    assert found == {
        f"workload_issuer.rules[0].claims[{'x' * 80}]": "the key must be at most 8192 characters",
        "workload_issuer.rules[0].claims[k]": "must be at most 8192 characters",
    }


def test_what_is_for_output_only_is_ignored() -> None:
    late = Timestamp(seconds=-1)
    assert wrong(client(client_secret="x" * 9_000, origin=99, create_time=late)) == {}
    assert wrong(CreateIssuerRequest(issuer_id="a", issuer=Issuer(issuer_uri="x", uid="x" * 9_000))) == {}


def test_an_update_mask_is_not_for_these_rules() -> None:
    given = IdentityProvider(name="issuers/a/identityProviders/g")
    mask = FieldMask(paths=["x" * 9_000] * 2_000)
    assert wrong(UpdateIdentityProviderRequest(identity_provider=given, update_mask=mask)) == {}


def token(**members: Any) -> CreateAdminTokenRequest:
    given: dict[str, Any] = {"role": AdminToken.ROLE_VIEWER, **members}
    return CreateAdminTokenRequest(admin_token=AdminToken(**given))


def test_an_enum_is_one_of_its_values_and_not_that_of_nothing_where_it_is_required() -> None:
    assert wrong(token()) == {}
    assert wrong(token(role=99)) == {"admin_token.role": "must be one of the values that are defined"}
    assert wrong(token(role=AdminToken.ROLE_UNSPECIFIED)) == {"admin_token.role": "is required"}


@pytest.mark.parametrize(
    ("ttl", "description"),
    [
        (Duration(seconds=60), ""),
        (Duration(seconds=31_622_400), ""),
        (Duration(seconds=59), "must be at least 1 minute and at most 366 days"),
        (Duration(), "must be at least 1 minute and at most 366 days"),
        (Duration(seconds=31_622_401), "must be at least 1 minute and at most 366 days"),
        (Duration(seconds=60, nanos=1), "must be whole seconds"),
        (Duration(seconds=-60), "must be at least 1 minute and at most 366 days"),
    ],
)
def test_a_duration_is_whole_seconds_within_its_bounds(ttl: Duration, description: str) -> None:
    assert wrong(token(ttl=ttl)).get("admin_token.ttl", "") == description


@pytest.mark.parametrize("seconds", [-1, 253_402_300_800, 9_223_372_036_854_775_807])
def test_a_time_is_one_that_can_be_written_down(seconds: int) -> None:
    assert wrong(StreamEventsRequest(start_time=Timestamp(seconds=253_402_300_799))) == {}
    request = StreamEventsRequest(start_time=Timestamp(seconds=seconds))
    assert wrong(request) == {"start_time": "must be a time from 1970 to 9999"}
    request = StreamEventsRequest(start_time=Timestamp(nanos=1_000_000_000))
    assert wrong(request) == {"start_time": "must be a time from 1970 to 9999"}


def test_a_number_is_within_its_bounds() -> None:
    assert wrong(VerifyEventsRequest(known_sequence=1)) == {}
    assert wrong(VerifyEventsRequest(known_sequence=-1)) == {"known_sequence": "must be at least 1"}


def test_a_page_has_no_negative_size() -> None:
    assert wrong(ListClientsRequest(parent="issuers/a", page_size=2_147_483_647)) == {}
    assert wrong(ListClientsRequest(parent="issuers/a", page_size=-1)) == {"page_size": "must be at least 0"}


@pytest.mark.parametrize("chosen", ["a", "a-1", "a" * 63])
def test_a_text_of_a_form_has_it(chosen: str) -> None:
    assert wrong(CreateAdminTokenRequest(admin_token_id=chosen, admin_token=token().admin_token)) == {}


@pytest.mark.parametrize("chosen", ["A", "a\n", "\na", "1a", "a-", "a" * 64, "ä"])
def test_a_text_of_another_form_is_told_which_it_needs(chosen: str) -> None:
    request = CreateAdminTokenRequest(admin_token_id=chosen, admin_token=token().admin_token)
    form = "must be 1 to 63 of a-z, 0-9 and -, begin with a letter and not end with -"
    assert wrong(request) == {"admin_token_id": form}


@pytest.mark.parametrize(
    "request_id",
    ["1", "x" * 36, f"{uuid.UUID(int=0)}", f"{{{ONE}}}", ONE.hex, f"{ONE}\n"],
)
def test_a_request_id_is_a_uuid(request_id: str) -> None:
    name = "issuers/a/clients/c"
    assert wrong(DeleteClientRequest(name=name, request_id=str(ONE))) == {}
    assert wrong(DeleteClientRequest(name=name, request_id=str(ONE).upper())) == {}
    request = DeleteClientRequest(name=name, request_id=request_id)
    assert wrong(request) == {"request_id": "must be a UUID, and not that of all zeros"}
