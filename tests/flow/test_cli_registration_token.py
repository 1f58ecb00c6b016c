"""`tenantry registration-token …` against a running server."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import tenantry
from tests.support.process import RunningTenantry, tenantry_dev


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningTenantry]:
    with tenantry_dev(tmp_path_factory.mktemp("house") / "data") as server:
        yield server


def run(server: RunningTenantry, *words: str) -> Any:
    return tenantry(*words, cwd=Path.cwd(), TENANTRY_ADDRESS=server.grpc, TENANTRY_TOKEN=server.admin_token)


def tokens(server: RunningTenantry, *words: str) -> Any:
    return run(server, "registration-token", *words)


def test_a_token_is_printed_once_listed_and_deleted(server: RunningTenantry) -> None:
    run(server, "issuer", "create", "tokens", "--uri", "https://tokens.test", "--registration", "token")
    words = ("--note", "for Ann", "--expires-in", "2h", "--uses", "0", "-o", "json")
    made = tokens(server, "create", "tokens", *words).value
    token = made.pop("token")
    assert (made["note"], "uses_left" in made) == ("for Ann", False)
    assert tokens(server, "list", "tokens", "-o", "json").value == [made]
    header, row = tokens(server, "list", "tokens").out.splitlines()
    assert header.split() == ["ID", "NOTE", "USES", "LEFT", "EXPIRE", "TIME"]
    assert row.startswith(f"{made['name'].rpartition('/')[2]} ")
    assert token not in row
    usual = tokens(server, "create", "tokens")
    assert "token: " in usual.out
    assert "uses_left: " in usual.out
    short = made["name"].rpartition("/")[2]
    assert tokens(server, "delete", "tokens", short, "--yes").out == f"deleted {made['name']}\n"
    assert "registrationTokens" in tokens(server, "delete", "tokens", short, "--yes").failed(1)


def test_what_is_used_wrongly_is_said_in_a_line(server: RunningTenantry) -> None:
    assert "5w" in tokens(server, "create", "demo", "--expires-in", "5w").failed(2)
    assert "--uses" in tokens(server, "create", "demo", "--uses", "-1").failed(2)
    assert "tenantry: --expires-in: " in tokens(server, "create", "demo", "--expires-in", "1s").failed(1)
    assert "TOKEN" in tokens(server, "delete", "demo").failed(2)
    assert "issuers/nobody" in tokens(server, "list", "nobody").failed(1)
