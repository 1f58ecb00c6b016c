"""`tenantry workload-issuer …` against a running server."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from protos.admin.v1.workload_issuer_service_pb2 import WorkloadIssuer
from server.cli.workload_issuer import OPTIONS
from tenants.oauth.requests import JWT_BEARER
from tests.support.serving import Serving, serving
from tests.support.signer import Signer

SET_BY_SERVER = {"name", "issuer_uri", "create_time", "update_time", "etag"}
GITHUB = ("--issuer-uri", "https://token.actions.test")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        for issuer in ("acme", "every", "odd"):
            assert server.operator("issuer", "create", issuer, "--uri", f"https://{issuer}.test").code == 0
            deploy = ("--client-id", "deploy", "--auth-method", "none", "--grant-type", JWT_BEARER)
            assert server.operator("client", "create", issuer, *deploy).code == 0
        yield server


def workload_issuer(server: Serving, *words: str) -> Any:
    return server.operator("workload-issuer", *words, "-o", "json").value


def test_one_is_made_seen_changed_and_deleted(server: Serving) -> None:
    made = workload_issuer(server, "create", "acme", "github", *GITHUB, "--rule", "deploy sub=repo:acme/app:*")
    assert made["name"] == "issuers/acme/workloadIssuers/github"
    assert made["rules"] == [{"client_id": "deploy", "claims": {"sub": "repo:acme/app:*"}}]
    for name in ("acme", "issuers/acme"):
        assert workload_issuer(server, "get", name, "github") == made
    changed = workload_issuer(server, "update", "acme", "github", "--disable", "--etag", made["etag"])
    assert changed["disabled"] is True
    stale = server.operator("workload-issuer", "update", "acme", "github", "--enable", "--etag", made["etag"])
    assert "ABORTED" in stale.failed(1)
    assert workload_issuer(server, "list", "acme") == [changed]
    header, row = server.operator("workload-issuer", "list", "acme").out.splitlines()
    assert header.split() == ["ID", "ISSUER", "URI", "DISPLAY", "NAME", "DISABLED"]
    assert row.split() == ["github", GITHUB[1], "true"]
    gone = server.operator("workload-issuer", "delete", "acme", "github", "--yes")
    assert (gone.code, gone.out) == (0, f"deleted {made['name']}\n")
    assert "NOT_FOUND" in server.operator("workload-issuer", "get", "acme", "github").failed(1)


def test_every_field_has_an_option_and_takes_effect(server: Serving, tmp_path: Path) -> None:
    fields = {field.name for field in WorkloadIssuer.DESCRIPTOR.fields} - SET_BY_SERVER
    assert OPTIONS.keys() == fields
    keys, file = Signer("ES256").jwks, tmp_path / "keys.json"
    file.write_text(json.dumps(keys))
    words = ["--display-name", "CI", "--algorithm", "ES256", "--audience", "api://x", "--reusable", "--disable"]
    words += ["--rule", "deploy sub=repo:acme/app:** 'environment=the production' scope=email resource=https://m.test"]
    words += ["--rule", "deploy sub=a=b"]
    wanted: dict[str, Any] = {
        "display_name": "CI",
        "algorithms": ["ES256"],
        "audience": "api://x",
        "reusable": True,
        "rules": [
            {
                "client_id": "deploy",
                "claims": {"sub": "repo:acme/app:**", "environment": "the production"},
                "scopes": ["email"],
                "resources": ["https://m.test"],
            },
            {"client_id": "deploy", "claims": {"sub": "a=b"}},
        ],
        "disabled": True,
    }
    made = workload_issuer(server, "create", "every", "one", *GITHUB, "--jwks-file", str(file), *words)
    assert json.loads(made["jwks"]) == keys
    assert {name: made.get(name) for name in wanted} == wanted
    workload_issuer(server, "create", "every", "late", "--issuer-uri", "https://late.test")
    late = workload_issuer(server, "update", "every", "late", "--jwks-uri", "https://keys.test", *words)
    assert {name: late.get(name) for name in {*wanted, "jwks_uri"}} == {**wanted, "jwks_uri": "https://keys.test"}
    swapped = workload_issuer(server, "update", "every", "late", "--jwks-uri", "", "--jwks-file", str(file))
    assert "jwks_uri" not in swapped
    assert json.loads(swapped["jwks"]) == keys
    emptied = ["--display-name", "", "--algorithm", "", "--audience", "", "--single-use", "--rule", "", "--enable"]
    assert not workload_issuer(server, "update", "every", "late", *emptied, "--jwks-file", "").keys() & fields


def test_what_is_used_wrongly_ends_with_2_and_what_is_refused_with_1(server: Serving, tmp_path: Path) -> None:
    create = ("workload-issuer", "create", "odd", "x", *GITHUB)
    for words in (
        ("--rule", "deploy"),
        ("--rule", "deploy scope=email"),
        ("--rule", "deploy sub"),
        ("--rule", "deploy 'sub=x"),
        ("--rule", "sub=x sub=y"),
        ("--rule", "deploy =x"),
        ("--rule", "deploy sub=x sub=y"),
        ("--rule", " "),
        ("--jwks-file", str(tmp_path / "nothing")),
    ):
        server.operator(*create, *words).failed(2)
    assert "nothing to change" in server.operator("workload-issuer", "update", "odd", "x").failed(2)
    for words in (("--rule", "nobody sub=x"), ("--rule", "deploy sub=**")):
        assert "--rule" in server.operator(*create, *words).failed(1)
    assert "--algorithm" in server.operator(*create, "--algorithm", "none").failed(1)
    spiffe = ("workload-issuer", "create", "odd", "x", "--issuer-uri", "spiffe://x.test")
    assert "--jwks-uri" in server.operator(*spiffe).failed(1)
