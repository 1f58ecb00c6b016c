"""`tenantry token …` and `tenantry server …` against a running server."""

from collections.abc import Generator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.command import Ran, tenantry
from tests.support.process import RunningTenantry, tenantry_dev


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningTenantry]:
    with tenantry_dev(tmp_path_factory.mktemp("house") / "data") as server:
        yield server


def run(server: RunningTenantry, *words: str, token: str = "") -> Ran:
    return tenantry(*words, cwd=Path.cwd(), TENANTRY_ADDRESS=server.grpc, TENANTRY_TOKEN=token or server.admin_token)


def test_a_token_is_made_used_seen_and_revoked(server: RunningTenantry) -> None:
    words = ("token", "create", "ci", "--role", "issuer-admin", "--issuer", "demo", "--display-name", "CI")
    made = run(server, *words, "--expires-in", "1d", "-o", "json").value
    secret = made.pop("token")
    assert (made["role"], made["issuers"]) == ("ROLE_ISSUER_ADMIN", ["issuers/demo"])
    assert run(server, "issuer", "list", "-o", "name", token=secret).out == "issuers/demo\n"
    assert "PERMISSION_DENIED" in run(server, "token", "list", token=secret).failed(1)
    seen = run(server, "token", "get", "ci", "-o", "json").value
    assert seen.pop("last_use_time").endswith(":00:00Z")
    assert seen == made
    header, row = run(server, "token", "list").out.splitlines()
    assert header.split()[:3] == ["ID", "ROLE", "ISSUERS"]
    assert row.split()[:3] == ["ci", "issuer-admin", "demo"]
    assert secret not in row
    assert run(server, "token", "delete", "ci", "--yes").out == "deleted adminTokens/ci\n"
    assert "does not accept" in run(server, "issuer", "list", token=secret).failed(1)
    assert "adminTokens/ci" in run(server, "token", "get", "adminTokens/ci").failed(1)


def test_a_token_without_a_name_is_given_one(server: RunningTenantry) -> None:
    made = run(server, "token", "create", "--role", "viewer", "-o", "name").out.strip()
    assert made.startswith("adminTokens/t-")
    assert run(server, "token", "delete", made, "--yes").out == f"deleted {made}\n"


def test_what_is_used_wrongly_is_said_in_a_line(server: RunningTenantry) -> None:
    assert "--role" in run(server, "token", "create", "x").failed(2)
    assert "viewer" in run(server, "token", "create", "x", "--role", "admin").failed(2)
    assert "--expires-in" in run(server, "token", "create", "x", "--role", "viewer", "--expires-in", "1s").failed(1)
    assert "TOKEN" in run(server, "token", "delete").failed(2)


def test_a_server_says_what_it_is(server: RunningTenantry) -> None:
    info = run(server, "server", "info", "-o", "json").value
    assert info["version"] == version("tenantry")
    assert info["capabilities"] == ["development"]
    assert info["issuer_count"] == 1
    assert info["limits"] == {
        "max_page_size": 1_000,
        "max_message_bytes": 1_048_576,
        "max_calls": 200,
        "max_open_issuers": 1_000,
    }
    assert info["mcp_specification_versions"][-1] == "2025-03-26"
    assert info["start_time"]
    assert "version:" in run(server, "server", "info").out
