"""`tenantry domain …` against a running server."""

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


def domain(server: RunningTenantry, *words: str) -> Any:
    return tenantry("domain", *words, cwd=Path.cwd(), TENANTRY_ADDRESS=server.grpc, TENANTRY_TOKEN=server.admin_token)


def test_a_domain_is_claimed_shown_verified_and_deleted(server: RunningTenantry) -> None:
    made = domain(server, "create", "demo", "login.localhost", "-o", "json").value
    assert (made["name"], made["state"]) == ("issuers/demo/domains/login-localhost", "STATE_ACTIVE")
    assert domain(server, "get", "demo", "login-localhost", "-o", "json").value == made
    assert domain(server, "verify", "demo", "login-localhost", "-o", "json").value == made
    pending = domain(server, "create", "demo", "login.invalid", "--domain-id", "second").out.split()
    assert pending[pending.index("challenge_name:") + 1] == "_tenantry-challenge.login.invalid"
    assert domain(server, "get", "demo", "login.localhost", "-o", "json").value == made, "its host says it too"
    header, first, second = domain(server, "list", "demo").out.splitlines()
    assert header.split() == ["ID", "HOST", "STATE", "VERIFY", "TIME", "LAST", "ERROR"]
    assert [row.split()[:2] for row in (first, second)] == [
        ["login-localhost", "login.localhost"],
        ["second", "login.invalid"],
    ]
    assert "stale" not in domain(server, "delete", "demo", "second", "--etag", "stale", "--yes").failed(1)
    assert domain(server, "delete", "demo", "second", "--yes").out == "deleted issuers/demo/domains/second\n"
    assert "domains/second" in domain(server, "get", "demo", "second").failed(1)
    header, row = domain(server, "list", "demo").out.splitlines()
    assert (header.split()[0], row.split()[0]) == ("HOST", "login.localhost"), (
        "an id that is the host again says nothing"
    )


def test_the_record_of_a_claim_is_printed_to_be_pasted(server: RunningTenantry) -> None:
    *_, record = domain(server, "create", "demo", "paste.invalid").out.splitlines()
    value = domain(server, "get", "demo", "paste-invalid", "-o", "json").value["challenge_value"]
    assert record == f'_tenantry-challenge.paste.invalid. 300 IN TXT "{value}"'


def test_who_answers_at_a_host_is_said_or_that_nobody_does(server: RunningTenantry) -> None:
    [route] = domain(server, "resolve", server.http.replace("127.0.0.1", "localhost"), "-o", "json").value
    assert route["issuer"] == "issuers/demo"
    line = domain(server, "resolve", "nobody.example").failed(1)
    assert "nobody answers at nobody.example; say the port too" in line
    assert "port" not in domain(server, "resolve", "nobody.example:8080").failed(1)


def test_a_domain_that_is_not_verified_fails_with_the_reason(server: RunningTenantry) -> None:
    domain(server, "create", "demo", "unsaid.invalid")
    line = domain(server, "verify", "demo", "unsaid-invalid").failed(1)
    assert "unsaid.invalid is not verified: " in line
    assert "_tenantry-challenge.unsaid.invalid" in line


def test_what_is_used_wrongly_is_said_in_a_line(server: RunningTenantry) -> None:
    assert "HOST" in domain(server, "create", "demo").failed(2)
    assert "login.example.com" in domain(server, "create", "demo", "LOGIN.example").failed(1)
    assert "issuers/nobody" in domain(server, "list", "nobody").failed(1)
    assert domain(server, "create", "demo", "twice.localhost").code == 0
    assert "ALREADY_EXISTS" in domain(server, "create", "demo", "twice.localhost", "--domain-id", "other").failed(1)
