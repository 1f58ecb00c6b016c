"""`tenantry webhook …` against a running server."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import tenantry
from tests.support.process import RunningTenantry, tenantry_dev

WITHIN = 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningTenantry]:
    with tenantry_dev(tmp_path_factory.mktemp("house") / "data") as server:
        yield server


def run(server: RunningTenantry, *words: str) -> Any:
    return tenantry(
        *("webhook", *words), cwd=Path.cwd(), TENANTRY_ADDRESS=server.grpc, TENANTRY_TOKEN=server.admin_token
    )


@contextmanager
def answering(status: str) -> Generator[str]:
    """The address of a receiver that answers one call."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(WITHIN)

        def answer() -> None:
            connection, _ = door.accept()
            with connection:
                connection.settimeout(WITHIN)
                connection.recv(65_536)
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode("ascii"))

        answers = threading.Thread(target=answer, daemon=True)
        answers.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/hook"
        answers.join(WITHIN)


def test_a_webhook_is_set_seen_changed_and_removed_and_its_secret_is_shown_once(server: RunningTenantry) -> None:
    uri = "http://127.0.0.1:9/hook"
    none = run(server, "get", "demo", "-o", "json").value
    assert (none["name"], none.keys()) == ("issuers/demo/webhook", {"name", "etag"})
    made = run(server, "set", "demo", uri, "-o", "json").value
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["uri"] == uri
    for how in ("json", "yaml", "table", "name"):
        shown = run(server, "get", "issuers/demo", "-o", how)
        assert shown.code == 0
        assert secret not in shown.out
    assert run(server, "get", "demo", "-o", "json").value == made
    assert run(server, "set", "demo", f"{uri}2", "--etag", none["etag"]).failed(1)
    moved = run(server, "set", "demo", f"{uri}2", "--etag", made["etag"], "-o", "json").value
    assert (moved["uri"], "secret" in moved) == (f"{uri}2", False)
    rotated = run(server, "rotate-secret", "demo", "--overlap", "1h", "-o", "json").value
    assert rotated["secret"] not in ("", secret)
    assert "former_secret_expire_time" in rotated
    assert "secret: " in run(server, "rotate-secret", "demo").out
    gone = run(server, "remove", "demo", "--yes")
    assert (gone.code, gone.out) == (0, "removed issuers/demo/webhook\n")
    assert run(server, "remove", "demo", "--yes", "-o", "json").value == none


def test_what_is_refused_is_said_in_a_line(server: RunningTenantry) -> None:
    assert "tenantry: URI: " in run(server, "set", "demo", "https://10.0.0.1/").failed(1)
    assert "no webhook" in run(server, "test", "demo").failed(1)
    assert "issuers/nobody" in run(server, "get", "nobody").failed(1)


def test_a_test_ends_with_0_where_the_message_is_received_and_says_why_not_with_1(server: RunningTenantry) -> None:
    with answering("202 Accepted") as uri:
        assert run(server, "set", "demo", uri).code == 0
        tried = run(server, "test", "demo", "-o", "json").value
        assert tried == {"name": "issuers/demo/webhook", "status_code": 202}
    with answering("418 No") as uri:
        assert run(server, "set", "demo", uri).code == 0
        assert "status 418" in run(server, "test", "demo").failed(1)
    assert "no connection" in run(server, "test", "demo").failed(1)
