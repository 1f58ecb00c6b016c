"""The process is killed right after it has answered a sign-in: the webhook hears of it after the next start."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks import Webhook as Receiver

from protos.admin.v1.webhook_service_pb2 import UpdateWebhookRequest, Webhook
from protos.admin.v1.webhook_service_pb2_grpc import WebhookServiceStub
from tests.support.browser import form_of
from tests.support.process import RunningTenantry, tenantry_dev

WITHIN = 30
TAKEN = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
CALLBACK = "http://127.0.0.1/cb"


@contextmanager
def listening(port: int = 0) -> Generator[socket.socket]:
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))
        door.listen()
        door.settimeout(WITHIN)
        yield door


def hear(door: socket.socket) -> tuple[dict[str, str], bytes]:
    """The next message, taken."""
    connection, _ = door.accept()
    with connection, connection.makefile("rb") as stream:
        connection.settimeout(WITHIN)
        stream.readline()
        lines = [line.split(": ", 1) for line in iter(lambda: stream.readline().decode("ascii").strip(), "")]
        headers = {name.lower(): value for name, value in lines}
        body = stream.read(int(headers["content-length"]))
        connection.sendall(TAKEN)
        return headers, body


def sign_in(server: RunningTenantry, client: str) -> None:
    """As far as the session: the redirect after the password."""
    query: dict[str, Any] = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": CALLBACK,
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    with httpx.Client(base_url=server.demo, trust_env=False, timeout=WITHIN) as browser:
        path, fields = form_of(browser.get("/authorize", params=query))
        form = {**fields, "email": "dev@example.com", "password": "dev"}
        answer = browser.post(path, data=form, headers={"Origin": server.demo, "Sec-Fetch-Site": "same-origin"})
        assert answer.status_code in (302, 303), answer.text


def test_a_sign_in_that_was_answered_is_told_after_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with listening() as deaf:  # who calls waits for an answer that never comes
        port = deaf.getsockname()[1]
        with tenantry_dev(data) as server:
            webhook = Webhook(name="issuers/demo/webhook", uri=f"http://127.0.0.1:{port}/hook")
            made = server.admin(WebhookServiceStub, "UpdateWebhook", UpdateWebhookRequest(webhook=webhook))
            server.create_client(server.demo, "app", redirect_uris=[CALLBACK], token_endpoint_auth_method="none")
            sign_in(server, "app")
            server.program.kill()
    with listening(port) as door, tenantry_dev(data):
        headers, body = hear(door)
    message = Receiver(made.secret).verify(body, headers)
    assert message["data"]["user"]["email"] == "dev@example.com"
    assert message["data"]["first_sign_in"] is True
