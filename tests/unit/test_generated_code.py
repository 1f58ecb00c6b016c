"""What is made from the .proto files is up to date, and what they promised once, they keep."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

from server.admin.service import METHODS
from tests.support.requirement import requirement

ROOT = Path(__file__).parents[2]
PROMISED = ROOT / "protos" / "promised.binpb"


def test_what_is_committed_is_what_the_protos_make() -> None:
    done = subprocess.run([ROOT / "scripts" / "protos", "--check"], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_proto_file_has_its_generated_code_and_none_is_left_over() -> None:
    folder = ROOT / "protos" / "admin" / "v1"
    made = {f"{file.stem}{end}" for file in folder.glob("*.proto") for end in ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py")}
    assert {file.name for file in folder.glob("*_pb2*") if file.is_file()} == made


def test_every_method_that_the_server_has_is_described() -> None:
    described = json.loads((ROOT / "docs" / "admin-api.json").read_bytes())
    paths = {method["path"] for service in described["services"] for method in service["methods"]}
    assert paths == set(METHODS)


def renamed(file: FileDescriptorProto) -> None:
    file.service[0].name = "ProvisioningService"


def gone(file: FileDescriptorProto) -> None:
    del file.service[0].method[-1]


def of_another_kind(file: FileDescriptorProto) -> None:
    file.message_type[0].field[1].type = FieldDescriptorProto.TYPE_INT64


def renumbered(file: FileDescriptorProto) -> None:
    file.message_type[0].field[1].number = 999


def without_a_field(file: FileDescriptorProto) -> None:
    del file.message_type[0].field[1]


def without_a_value(file: FileDescriptorProto) -> None:
    del file.message_type[0].enum_type[0].value[-1]


def unchanged(file: FileDescriptorProto) -> None:
    """The same."""


@requirement("house:the-admin-api-keeps-its-promise")
@pytest.mark.parametrize(
    "change", [renamed, gone, of_another_kind, renumbered, without_a_field, without_a_value, unchanged]
)
def test_a_promise_that_is_broken_is_found(tmp_path: Path, change: Callable[[FileDescriptorProto], None]) -> None:
    image = FileDescriptorSet.FromString(PROMISED.read_bytes())
    [file] = (file for file in image.file if file.name.endswith("/issuer_service.proto"))
    change(file)
    changed = tmp_path / "changed.binpb"
    changed.write_bytes(image.SerializeToString())
    command = [ROOT / ".venv/bin/buf", "breaking", changed, "--against", PROMISED, "--config", ROOT / "buf.yaml"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, cwd=tmp_path)
    assert bool(done.returncode) == (change is not unchanged), done.stderr
    assert ("issuer_service.proto" in done.stdout) == (change is not unchanged)
