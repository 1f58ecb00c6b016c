"""`tenantry resource …` against a running server."""

import json
from collections.abc import Generator
from typing import Any

import pytest

from protos.admin.v1.resource_service_pb2 import Resource
from server.cli.resource import OPTIONS
from tests.support.serving import Serving, serving

SET_BY_SERVER = {"name", "uri", "metadata_uri", "create_time", "update_time", "etag"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        for issuer in ("acme", "every", "odd"):
            assert server.operator("issuer", "create", issuer, "--uri", f"https://{issuer}.test").code == 0
        yield server


def resource(server: Serving, *words: str) -> Any:
    return server.operator("resource", *words, "-o", "json").value


def test_a_resource_is_made_seen_changed_and_deleted(server: Serving) -> None:
    made = resource(server, "create", "acme", "files", "--uri", "https://files.test/mcp", "--display-name", "Files")
    assert made["name"] == "issuers/acme/resources/files"
    assert made["metadata_uri"] == "https://acme.test/.well-known/oauth-protected-resource/files"
    for name in ("acme", "issuers/acme"):
        assert resource(server, "get", name, "files") == made
    changed = resource(server, "update", "acme", "files", "--disable", "--etag", made["etag"])
    assert changed["disabled"] is True
    assert "ABORTED" in server.operator(
        "resource", "update", "acme", "files", "--enable", "--etag", made["etag"]
    ).failed(1)
    assert "disabled" not in resource(server, "update", "acme", "files", "--enable")
    gone = server.operator("resource", "delete", "acme", "files", "--yes")
    assert (gone.code, gone.out) == (0, "deleted issuers/acme/resources/files\n")
    assert "NOT_FOUND" in server.operator("resource", "get", "acme", "files").failed(1)
    resource(server, "create", "acme", "again", "--uri", "https://files.test/mcp")
    assert resource(server, "delete", "acme", "again", "--yes") == {"name": "issuers/acme/resources/again"}


def test_every_field_of_a_resource_has_an_option_and_takes_effect(server: Serving) -> None:
    fields = {field.name for field in Resource.DESCRIPTOR.fields} - SET_BY_SERVER
    assert OPTIONS.keys() - {"implies"} == fields
    words = ["--display-name", "Files", "--token-format", "opaque", "--access-token-ttl", "10m", "--disable"]
    words += [
        "--scope",
        "files:write Change your files",
        "--scope",
        "files:read",
        "--implies",
        "files:write files:read",
    ]
    wanted = {
        "display_name": "Files",
        "scopes": [
            {"name": "files:write", "description": "Change your files", "implies": ["files:read"]},
            {"name": "files:read"},
        ],
        "token_format": "TOKEN_FORMAT_OPAQUE",
        "access_token_ttl": "600s",
        "disabled": True,
    }
    made = resource(server, "create", "every", "files", "--uri", "https://files.test", *words)
    assert {name: made.get(name) for name in fields} == wanted
    resource(server, "create", "every", "late", "--uri", "https://late.test")
    late = resource(server, "update", "every", "late", *words)
    assert {name: late.get(name) for name in fields} == wanted
    emptied = ["--display-name", "", "--token-format", "policy", "--access-token-ttl", "0", "--scope", "", "--enable"]
    assert not resource(server, "update", "every", "late", *emptied).keys() & fields


def test_people_read_the_scopes_one_below_the_other(server: Serving) -> None:
    words = ("--scope", "a Do a", "--scope", "b", "--implies", "a b", "--access-token-ttl", "90m")
    shown = server.operator("resource", "create", "every", "shown", "--uri", "https://shown.test", *words).out
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    start = lines.index("scopes:")
    assert lines[start + 1 : start + 5] == ["- name: a", "description: Do a", "implies: b", "- name: b"]
    assert "access_token_ttl: 90m" in lines


def test_resources_are_listed_in_every_format(server: Serving) -> None:
    assert resource(server, "list", "odd") == []
    made = resource(server, "create", "odd", "one", "--uri", "https://one.test", "--display-name", "One")
    assert resource(server, "list", "odd") == [made]
    assert server.operator("resource", "list", "odd", "-o", "name").out == "issuers/odd/resources/one\n"
    header, row = server.operator("resource", "list", "odd").out.splitlines()
    assert header.split() == ["ID", "URI", "DISPLAY", "NAME", "DISABLED"]
    assert row.split() == ["one", "https://one.test", "One"]


def test_what_a_resource_has_to_publish_is_printed_to_be_pasted(server: Serving) -> None:
    words = ("--uri", "https://mcp.test/mcp", "--scope", "x")
    made = resource(server, "create", "acme", "mcp", *words)
    ran = server.operator("resource", "metadata", "acme", "mcp")
    assert ran.code == 0
    place = "https://mcp.test/.well-known/oauth-protected-resource/mcp"
    assert place in ran.out
    assert made["metadata_uri"] in ran.out
    assert f'WWW-Authenticate: Bearer resource_metadata="{place}"\n' in ran.out
    document = "\n".join(line for line in ran.out.splitlines() if not line.startswith(("#", "WWW-Authenticate")))
    wanted = {
        "resource": "https://mcp.test/mcp",
        "authorization_servers": ["https://acme.test"],
        "scopes_supported": ["x"],
        "bearer_methods_supported": ["header"],
    }
    assert json.loads(document) == wanted
    told = resource(server, "metadata", "acme", "mcp")
    assert json.loads(told["document"]) == wanted
    assert (told["served_at"], told["metadata_uri"]) == (place, made["metadata_uri"])
    assert server.operator("resource", "metadata", "acme", "mcp", "-o", "name").out == "issuers/acme/resources/mcp\n"


def test_what_is_used_wrongly_ends_with_2_and_what_is_refused_with_1(server: Serving) -> None:
    create = ("resource", "create", "odd", "x", "--uri", "https://x.test")
    for words, said in (
        (("--implies", "a b"), "--scope"),
        (("--scope", "a", "--implies", "b a"), "b"),
        (("--scope", "a", "--implies", ""), "--implies"),
        (("--scope", "a", "--scope", "a again"), "twice"),
    ):
        assert said in server.operator(*create, *words).failed(2)
    assert "nothing to change" in server.operator("resource", "update", "odd", "x").failed(2)
    assert server.operator(*create, "--scope", "openid").failed(1).startswith("tenantry: --scope: ")
    line = server.operator("resource", "create", "odd", "x", "--uri", "http://x.test").failed(1)
    assert line.startswith("tenantry: --uri: ")
    assert "issuers/odd/resources/x" in server.operator("resource", "get", "odd", "x").failed(1)
