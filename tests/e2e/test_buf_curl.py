"""Somebody else's gRPC client, which knows nothing of us but what reflection tells it."""

import json
import subprocess
from base64 import b64decode
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from tests.support.process import ROOT
from tests.support.serving import Serving, serving

pytestmark = pytest.mark.e2e
BUF = ROOT / ".venv" / "bin" / "buf"
WITHIN = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        yield server


def call(server: Serving, method: str, request: dict[str, Any], *, token: bool = True) -> tuple[int, str, str]:
    """The client's exit code, what it printed, and what it complained of."""
    shown = (server.data_dir / "admin.token").read_text("ascii").strip()
    headers = ["-H", f"authorization: Bearer {shown}", "--reflect-header", f"authorization: Bearer {shown}"]
    ran = subprocess.run(
        [
            str(BUF),
            "curl",
            "--protocol",
            "grpc",
            "--reflect-protocol",
            "grpc-v1alpha",
            *(headers if token else []),
            "-d",
            json.dumps(request),
            f"http://{server.grpc}/tenantry.admin.v1.{method}",
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=WITHIN,
        cwd=Path(server.data_dir),
    )
    return ran.returncode, ran.stdout, ran.stderr


def test_a_client_that_learns_us_by_reflection_provisions_an_issuer(server: Serving) -> None:
    issuer = {"issuer_uri": "https://acme.test", "display_name": "Acme"}
    code, said, complaint = call(server, "IssuerService/CreateIssuer", {"issuer_id": "acme", "issuer": issuer})
    assert code == 0, complaint
    made = json.loads(said)
    assert (made["name"], made["state"], made["policy"]["tokenFormat"]) == (
        "issuers/acme",
        "STATE_ACTIVE",
        "TOKEN_FORMAT_JWT",
    )
    code, said, _ = call(server, "IssuerService/ListIssuers", {"filter": 'display_name = "Ac*"'})
    assert [each["name"] for each in json.loads(said)["issuers"]] == ["issuers/acme"]
    code, said, _ = call(server, "KeyService/ListSigningKeys", {"parent": "issuers/acme"})
    assert [key["state"] for key in json.loads(said)["signingKeys"]] == ["STATE_CURRENT", "STATE_NEXT"]


def test_it_reads_what_is_wrong_in_the_details_of_an_error(server: Serving) -> None:
    code, _, complaint = call(server, "IssuerService/CreateIssuer", {"issuer_id": "Acme", "issuer": {}})
    assert code != 0
    told = json.loads(complaint)
    assert told["code"] == "invalid_argument"
    packed = {detail["type"]: b64decode(detail["value"] + "==") for detail in told["details"]}
    assert ErrorInfo.FromString(packed["google.rpc.ErrorInfo"]).reason == "REQUEST_INVALID"
    wrong = BadRequest.FromString(packed["google.rpc.BadRequest"]).field_violations
    assert sorted(each.field for each in wrong) == ["issuer.issuer_uri", "issuer_id"]


def test_without_a_token_it_learns_nothing(server: Serving) -> None:
    code, said, complaint = call(server, "IssuerService/ListIssuers", {}, token=False)
    assert (code != 0, said) == (True, "")
    assert "failed to find service" in complaint
