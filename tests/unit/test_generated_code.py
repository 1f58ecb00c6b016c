"""The generated code is what protoc makes of the .proto files, and these say what every field and method is."""

import subprocess
from pathlib import Path

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor

from protos.admin.v1 import (
    client_service_pb2,
    identity_provider_service_pb2,
    issuer_service_pb2,
    registration_token_service_pb2,
    resource_service_pb2,
    webhook_service_pb2,
)

ROOT = Path(__file__).parents[2]
PROTOS = (
    issuer_service_pb2.DESCRIPTOR,
    client_service_pb2.DESCRIPTOR,
    identity_provider_service_pb2.DESCRIPTOR,
    registration_token_service_pb2.DESCRIPTOR,
    resource_service_pb2.DESCRIPTOR,
    webhook_service_pb2.DESCRIPTOR,
)
SAID_ELSEWHERE = {
    "IssuerPolicy",
    "RateLimit",
    "ListRegistrationTokensResponse",
    "ListIssuersResponse",
    "ListClientsResponse",
    "RotateClientSecretResponse",
    "ListIdentityProvidersResponse",
    "ListResourcesResponse",
}


def test_what_is_committed_is_what_protoc_makes() -> None:
    done = subprocess.run([ROOT / "scripts" / "protos", "--check"], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_wire_names_are_those_that_others_rely_on() -> None:
    assert {file.package for file in PROTOS} == {"tenantry.admin.v1"}
    services = {service.full_name for file in PROTOS for service in file.services_by_name.values()}
    names = ("Issuer", "Client", "IdentityProvider", "RegistrationToken", "Resource", "Webhook")
    assert services == {f"tenantry.admin.v1.{name}Service" for name in names}


def test_every_proto_file_has_its_generated_code_and_none_is_left_over() -> None:
    folder = ROOT / "protos" / "admin" / "v1"
    made = {f"{file.stem}{end}" for file in folder.glob("*.proto") for end in ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py")}
    assert {file.name for file in folder.glob("*_pb2*") if file.is_file()} == made


def test_every_field_of_a_request_or_resource_says_how_it_behaves() -> None:
    silent = [
        field.full_name
        for file in PROTOS
        for message in file.message_types_by_name.values()
        if message.name not in SAID_ELSEWHERE
        for field in message.fields
        if not behaviour(field)
    ]
    assert silent == []


def test_only_what_is_told_once_or_shown_in_no_answer_is_a_secret() -> None:
    secrets = {
        field.full_name.removeprefix("tenantry.admin.v1.")
        for file in PROTOS
        for message in file.message_types_by_name.values()
        for field in message.fields
        if "secret" in field.name and field.type == FieldDescriptor.TYPE_STRING
    }
    told_once = {"Client.client_secret", "RotateClientSecretResponse.client_secret", "Webhook.secret"}
    assert secrets == told_once | {"IdentityProvider.client_secret"}
    client = client_service_pb2.Client.DESCRIPTOR.fields_by_name["client_secret"]
    webhook = webhook_service_pb2.Webhook.DESCRIPTOR.fields_by_name["secret"]
    assert behaviour(client) == behaviour(webhook) == ["OUTPUT_ONLY"]
    provider = identity_provider_service_pb2.IdentityProvider.DESCRIPTOR.fields_by_name["client_secret"]
    assert behaviour(provider) == ["INPUT_ONLY"]


def behaviour(field: FieldDescriptor) -> list[str]:
    numbers = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return [field_behavior_pb2.FieldBehavior.Name(number) for number in numbers]
