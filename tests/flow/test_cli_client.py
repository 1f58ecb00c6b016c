"""`tenantry client …` against a running server: changing clients, shutting them out and letting them in."""

from collections.abc import Generator
from typing import Any

import httpx
import pytest

from protos.admin.v1.client_service_pb2 import Client
from server.cli.certificate_name import NAME_FIELDS
from server.cli.client import OPTIONS
from tests.support.clients import RG
from tests.support.serving import Serving, serving

SET_BY_SERVER = {
    *("name", "client_id", "origin", "client_secret", "client_secret_set", "create_time", "last_use_time", "state"),
    *("software_statement", "secrets", "document_read_time", "document_expire_time", "etag"),
}
NOT_FOR_MADE = {"scope_limit", "backchannel_logout_session_required"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        for issuer in ("acme", "every"):
            assert server.operator("issuer", "create", issuer, "--uri", f"https://{issuer}.test").code == 0
        yield server


def client(server: Serving, *words: str) -> Any:
    return server.operator("client", *words, "-o", "json").value


def registers(server: Serving) -> str:
    answer = httpx.post(f"http://{server.http}/register", json=RG, headers={"Host": "acme.test"}, trust_env=False)
    assert answer.status_code == 201, answer.text
    return answer.json()["client_id"]


def test_every_field_of_a_client_can_be_changed_and_emptied(server: Serving) -> None:
    fields = {field.name for field in Client.DESCRIPTOR.fields} - SET_BY_SERVER - NOT_FOR_MADE - set(NAME_FIELDS)
    assert OPTIONS.keys() - {"tls_client_auth"} == fields
    words = ["--display-name", "App", "--redirect-uri", "https://app.test/a", "--redirect-uri", "https://app.test/b"]
    words += ["--auth-method", "private_key_jwt", "--jwks-uri", "https://app.test/jwks"]
    words += ["--assertion-algorithm", "ES256", "--application-type", "web", "--scope", "openid", "--scope", "email"]
    words += ["--dpop-bound", "--par-required", "--post-logout-redirect-uri", "https://app.test/left"]
    words += ["--backchannel-logout-uri", "https://app.test/told", "--userinfo-algorithm", "ES256"]
    words += ["--resource", "https://mcp.test/mcp", "--target-resource", "https://mcp.test/other"]
    words += ["--grant-type", "authorization_code", "--grant-type", "urn:ietf:params:oauth:grant-type:token-exchange"]
    made = client(server, "create", "every", "--client-id", "made", *words)
    client(server, "create", "every", "--client-id", "changed", "--redirect-uri", "https://app.test/cb")
    changed = client(server, "update", "every", "changed", *words)
    assert {name: changed.get(name) for name in fields} == {name: made.get(name) for name in fields}
    fewer = ["--display-name", "", "--scope", "", "--post-logout-redirect-uri", "", "--backchannel-logout-uri", ""]
    fewer += ["--no-dpop-bound", "--no-par-required", "--userinfo-algorithm", ""]
    emptied = client(server, "update", "every", "changed", *fewer)
    gone = made.keys() - emptied.keys()
    assert gone == {
        *("display_name", "scope", "post_logout_redirect_uris", "backchannel_logout_uri", "dpop_bound_access_tokens"),
        *("require_pushed_authorization_requests", "userinfo_signed_response_alg"),
    }


def test_a_client_is_changed_only_at_the_version_that_was_seen(server: Serving) -> None:
    made = client(server, "create", "acme", "--client-id", "seen", "--redirect-uri", "https://app.test/cb")
    client(server, "update", "acme", "seen", "--display-name", "New", "--etag", made["etag"])
    for words in (
        ("update", "--display-name", "X"),
        ("disable",),
        ("enable",),
        ("approve",),
        ("refresh",),
        ("delete", "--yes"),
    ):
        stale = server.operator("client", words[0], "acme", "seen", *words[1:], "--etag", made["etag"])
        assert "ABORTED" in stale.failed(1)
    assert "nothing to change" in server.operator("client", "update", "acme", "seen").failed(2)


def test_a_method_that_needs_a_secret_prints_it_this_once(server: Serving) -> None:
    client(server, "create", "acme", "--client-id", "opening", "--redirect-uri", "https://app.test/cb")
    changed = client(server, "update", "acme", "opening", "--auth-method", "client_secret_post")
    assert changed["client_secret"].startswith("tns_")
    assert "client_secret" not in client(server, "get", "acme", "opening")


def test_a_client_is_shut_out_and_let_in_again(server: Serving) -> None:
    client(server, "create", "acme", "--client-id", "blocked", "--redirect-uri", "https://app.test/cb")
    for verb, state in (("disable", "STATE_DISABLED"), ("enable", "STATE_ACTIVE")):
        assert client(server, verb, "acme", "blocked")["state"] == state


def test_who_waits_is_found_by_a_filter_and_approved(server: Serving) -> None:
    before = registers(server)
    assert server.operator("issuer", "update", "acme", "--approval-required").code == 0
    waiting = registers(server)
    listed = ("list", "acme", "--filter", "state = STATE_PENDING")
    assert [found["client_id"] for found in client(server, *listed)] == [waiting]
    assert client(server, "approve", "acme", waiting)["state"] == "STATE_ACTIVE"
    assert client(server, *listed) == []
    registered = client(server, "list", "acme", "--filter", "origin = ORIGIN_REGISTRATION")
    assert {found["client_id"] for found in registered} == {before, waiting}
    wrong = server.operator("client", "list", "acme", "--filter", "state")
    assert wrong.failed(1).startswith("tenantry: --filter: expected = or !=")


def test_of_a_client_that_came_by_itself_only_the_limit_can_be_changed(server: Serving) -> None:
    own = registers(server)
    assert client(server, "update", "acme", own, "--scope-limit", "openid")["scope_limit"] == "openid"
    assert "scope_limit" not in client(server, "update", "acme", own, "--scope-limit", "")
    refused = server.operator("client", "update", "acme", own, "--display-name", "Mine").failed(1)
    assert refused.startswith("tenantry: --display-name: is what the client says of itself")
    assert "known by a document" in server.operator("client", "refresh", "acme", own).failed(1)
