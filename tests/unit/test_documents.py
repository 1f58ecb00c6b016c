"""Files that declare issuers, read without a server."""

from pathlib import Path

import pytest

from server.cli.declared.documents import Unreadable, read


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kind: Realm\nid: a", "document 1: must begin with kind: Issuer"),
        ("just text", "document 1: must begin with kind: Issuer"),
        ("{kind: Issuer}", "id: must be 1 to 63"),
        ("{kind: Issuer, id: ../x}", "id: must be 1 to 63"),
        ("{kind: Issuer, id: a, id: b}", "id is there twice"),
        ('{"kind": "Issuer", "id": "a", "id": "b"}', "id is there twice"),
        ("{kind: Issuer, id: a, color: red}", "document 1, color: is no field of Issuer"),
        ("{kind: Issuer, id: a, uid: x}", "uid: is set by the server"),
        ("{kind: Issuer, id: a, etag: x}", "etag: is set by the server"),
        ("{kind: Issuer, id: a, display_name: 7}", "display_name: must be text, not 7"),
        ("{kind: Issuer, id: a, display_name: }", "display_name: says nothing"),
        ("{kind: Issuer, id: a, policy: strict}", "policy: must have fields of IssuerPolicy"),
        ("{kind: Issuer, id: a, policy: {session_ttl: 5w}}", "policy.session_ttl: must be a duration such as 15m"),
        ("{kind: Issuer, id: a, policy: {token_format: saml}}", "policy.token_format: must be jwt, opaque, not 'saml'"),
        ("{kind: Issuer, id: a, policy: {debug: maybe}}", "policy.debug: must be true or false"),
        ("{kind: Issuer, id: a, policy: {scopes: openid}}", "policy.scopes: must be a list, of text"),
        (
            "{kind: Issuer, id: a, policy: {client_limit: {burst: x}}}",
            "policy.client_limit.burst: must be a whole number",
        ),
        ("{kind: Issuer, id: a, clients: {id: b}}", "clients: must be a list"),
        ("{kind: Issuer, id: a, clients: [b]}", "clients[0]: must have an id"),
        ("{kind: Issuer, id: a, clients: [{id: b}, {id: b}]}", "clients[1]: b is there twice"),
        ("{kind: Issuer, id: a, webhook: [x]}", "webhook: must have fields of Webhook"),
        (
            "{kind: Issuer, id: a, resources: [{id: b, scopes: [{nam: x}]}]}",
            "resources[0], scopes[0].nam: is no field of",
        ),
        ("{kind: Issuer, id: a, resources: [{id: b, scopes: x}]}", "resources[0], scopes: must be a list"),
        ("{kind: Issuer, id: a}\n---\n{kind: Issuer, id: a}", "document 2: a is declared in"),
        ("kind: [", "cannot be read"),
        ("[" * 5_000, "cannot be read"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(f"{text}\n")
    with pytest.raises(Unreadable) as caught:
        read([str(file)])
    assert caught.value.lines[0].startswith(str(file))
    assert told in caught.value.lines[0]


def test_what_is_no_text_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"kind: \xff")
    for name in ("bad.yaml", "nothing.yaml", "."):
        with pytest.raises(Unreadable) as caught:
            read([str(tmp_path / name)])
        assert "cannot be read" in caught.value.lines[0]


def test_a_time_and_a_word_of_yaml_are_text_where_text_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text("{kind: Issuer, id: a, display_name: 2026-01-01, policy: {session_ttl: 90}}\n")
    [declared] = read([str(file)])
    assert declared.issuer.message.display_name == "2026-01-01"
    assert declared.issuer.message.policy.session_ttl.seconds == 90
    assert declared.issuer.said == ("display_name", "policy.session_ttl")
