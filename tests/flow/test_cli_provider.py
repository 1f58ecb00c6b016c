"""`tenantry provider …` against a running server."""

import json
from collections.abc import Generator
from typing import Any

import pytest

from protos.admin.v1.identity_provider_service_pb2 import IdentityProvider
from server.cli.provider import OPTIONS, Kind
from tenants.acts.provider_kinds import KINDS
from tests.support.command import tenantry
from tests.support.serving import Serving, serving

SECRET = "our-secret-at-the-provider"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        for issuer in ("acme", "every"):
            assert server.operator("issuer", "create", issuer, "--uri", f"https://{issuer}.test").code == 0
        (server.data_dir / "secret").write_text(f"{SECRET}\n", "utf-8")
        yield server


def provider(server: Serving, *words: str) -> Any:
    return server.operator("provider", *words, "-o", "json").value


def test_a_provider_is_made_seen_changed_and_deleted_and_its_secret_is_shown_never(server: Serving) -> None:
    words = ("acme", "google", "--kind", "google", "--client-id", "ours", "--client-secret-file", "secret")
    made = provider(server, "create", *words)
    assert made["name"] == "issuers/acme/identityProviders/google"
    assert made["redirect_uri"] == "https://acme.test/callback/google"
    assert made["google"] == {}
    assert made["client_secret_set"] is True
    for how in ("json", "yaml", "table", "name"):
        shown = server.operator("provider", "get", "acme", "google", "-o", how)
        assert shown.code == 0
        assert SECRET not in shown.out
    assert provider(server, "get", "issuers/acme", "google") == made
    options = ("--hosted-domain", "acme.test", "--allow-group", "staff", "--roles-claim", "acme.roles", "--disable")
    changed = provider(server, "update", "acme", "google", *options)
    assert changed["google"] == {"hosted_domain": "acme.test"}
    assert changed["access_rule"] == {"groups": ["staff"]}
    assert changed["claim_mapping"] == made["claim_mapping"] | {"roles": "acme.roles"}
    assert changed["disabled"] is True
    assert changed["client_secret_set"] is True
    emptied = provider(server, "update", "acme", "google", "--hosted-domain", "", "--allow-group", "", "--enable")
    assert (emptied["google"], emptied.get("access_rule", {}), "disabled" in emptied) == ({}, {}, False)
    assert "ABORTED" in server.operator("provider", "delete", "acme", "google", "--yes", "--etag", made["etag"]).failed(
        1
    )
    gone = server.operator("provider", "delete", "acme", "google", "--yes")
    assert (gone.code, gone.out) == (0, "deleted issuers/acme/identityProviders/google\n")
    assert "NOT_FOUND" in server.operator("provider", "get", "acme", "google").failed(1)


def test_a_key_takes_the_place_of_a_secret_and_is_made_anew_when_asked(server: Serving) -> None:
    words = ("acme", "keyed", "--kind", "oidc", "--issuer-uri", "https://login.test", "--client-id", "ours")
    made = provider(server, "create", *words, "--auth-method", "private_key_jwt")
    assert made["client_assertion_algorithm"] == json.loads(made["public_jwk"])["alg"] == "ES256"
    assert made["client_jwks_uri"] == "https://acme.test/callback/keyed/jwks.json"
    assert "client_secret_set" not in made
    shown = server.operator("provider", "get", "acme", "keyed").out
    assert made["public_jwk"] in shown  # as it may be pasted
    rolled = provider(server, "update", "acme", "keyed", "--new-key")
    assert json.loads(rolled["public_jwk"])["kid"] != json.loads(made["public_jwk"])["kid"]
    other = provider(server, "update", "acme", "keyed", "--assertion-algorithm", "EdDSA")
    assert json.loads(other["public_jwk"])["alg"] == "EdDSA"
    both = server.operator("provider", "update", "acme", "keyed", "--new-key", "--client-secret-file", "secret")
    assert "--new-key" in both.failed(2)
    words = ("keyed", "--auth-method", "client_secret_post", "--client-secret-file", "secret")
    assert provider(server, "update", "acme", *words)["client_secret_set"] is True
    assert "client_secret" in server.operator("provider", "update", "acme", "keyed", "--new-key").failed(1)


def test_durations_and_switches_are_typed_and_read_as_elsewhere(server: Serving) -> None:
    words = ("acme", "asked", "--kind", "google", "--client-id", "ours", "--client-secret-file", "secret")
    made = provider(server, "create", *words, "--recheck-interval", "12h", "--vouches-for-email")
    assert (made["recheck_interval"], made["vouches_for_email"]) == ("43200s", True)
    [line] = [
        line
        for line in server.operator("provider", "get", "acme", "asked").out.splitlines()
        if line.startswith("recheck_interval:")
    ]
    assert line.split()[1] == "12h"
    changed = provider(server, "update", "acme", "asked", "--recheck-interval", "0", "--no-vouches-for-email")
    assert changed.keys() & {"recheck_interval", "vouches_for_email"} == set()
    assert "5 minutes" in server.operator("provider", "update", "acme", "asked", "--recheck-interval", "1m").failed(1)


def test_a_secret_comes_from_the_standard_input(server: Serving) -> None:
    words = ("acme", "piped", "--kind", "github", "--client-id", "ours", "--client-secret-file", "-", "-o", "json")
    made = tenantry(
        *("provider", "create", *words, "--address", server.grpc, "--token-file", "admin.token"),
        cwd=server.data_dir,
        stdin=f"{SECRET}\n",
    )
    assert made.value["client_secret_set"] is True
    assert SECRET not in made.out + made.err


def test_every_field_of_a_provider_has_an_option_and_takes_effect(server: Serving) -> None:
    assert [kind.value for kind in Kind] == list(KINDS)
    configs: dict[str, dict[str, Any]] = {
        "oidc": {
            "issuer_uri": "https://login.test",
            "authorization_uri": "https://login.test/authorize",
            "token_uri": "https://login.test/token",
            "user_uri": "https://login.test/me",
            "jwks_uri": "https://login.test/jwks",
            "id_token_algorithms": ["ES256", "EdDSA"],
        },
        "oauth2": {
            "authorization_uri": "https://id.test/authorize",
            "token_uri": "https://id.test/token",
            "user_uri": "https://id.test/me",
        },
        "workos": {},
        "auth0": {"domain": "acme.eu.auth0.com"},
        "okta": {"domain": "acme.okta.com", "authorization_server": "default"},
        "google": {"hosted_domain": "acme.test"},
        "github": {"base_uri": "https://git.acme.test"},
        "entra": {"directory": "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"},
    }
    said: set[str] = set()
    for kind, config in configs.items():
        assert config.keys() == {field.name for field in _fields_of(kind)}
        said |= config.keys()
        options = [word for name, value in config.items() for word in _option(name, value)]
        words = ("every", kind, "--kind", kind, "--client-id", "ours", "--client-secret-file", "secret")
        made = provider(server, "create", *words, *options)
        assert made[kind] == config
    plain: dict[str, tuple[str, Any]] = {
        "display_name": ("--display-name Staff", "Staff"),
        "disabled": ("--disable", True),
        "client_id": ("--client-id others", "others"),
        "token_endpoint_auth_method": ("--auth-method private_key_jwt", "private_key_jwt"),
        "client_assertion_algorithm": ("--assertion-algorithm PS256", "PS256"),
        "scopes": ("--scope openid --scope groups", ["openid", "groups"]),
        "login_domains": ("--login-domain acme.test", ["acme.test"]),
        "vouches_for_email": ("--vouches-for-email", True),
        "vouches_for_clients": ("--vouches-for-clients", True),
        "recheck_interval": ("--recheck-interval 30d", "2592000s"),
    }
    access = {
        "email_domains": "--allow-email-domain",
        "organizations": "--allow-organization",
        "groups": "--allow-group",
    }
    claims = {field.name: f"my_{field.name}" for field in IdentityProvider.ClaimMapping.DESCRIPTOR.fields}
    named = said | plain.keys() | access.keys() | {f"{name}_claim" for name in claims} | {"client_secret"}
    assert named == OPTIONS.keys()
    words = [word for text, _ in plain.values() for word in text.split()]
    words += [word for option in access.values() for word in (option, "acme.test")]
    words += [word for name, claim in claims.items() for word in (f"--{name.replace('_', '-')}-claim", claim)]
    changed = provider(server, "update", "every", "oidc", *words)
    assert {name: changed[name] for name in plain} == {name: value for name, (_, value) in plain.items()}
    assert changed["access_rule"] == {name: ["acme.test"] for name in access}
    assert changed["claim_mapping"] == claims


def test_providers_are_listed(server: Serving) -> None:
    assert server.operator("issuer", "create", "listed", "--uri", "https://listed.test").code == 0
    assert provider(server, "list", "listed") == []
    for name in ("b", "a"):
        words = ("listed", name, "--kind", "workos", "--client-id", "ours", "--client-secret-file", "secret")
        assert server.operator("provider", "create", *words).code == 0
    names = server.operator("provider", "list", "listed", "-o", "name").out.splitlines()
    assert names == ["issuers/listed/identityProviders/a", "issuers/listed/identityProviders/b"]
    _, *rows = server.operator("provider", "list", "listed").out.splitlines()
    assert [row.split()[0] for row in rows] == ["a", "b"]


def test_what_is_refused_is_said_in_a_line_without_the_secret(server: Serving) -> None:
    words = ("acme", "odd", "--kind", "oidc", "--client-id", "ours", "--client-secret-file", "secret")
    line = server.operator("provider", "create", *words, "--issuer-uri", "https://acme.test").failed(1)
    assert line.startswith("tenantry: --issuer-uri: ")
    assert SECRET not in line
    words = ("acme", "kept", "--kind", "github", "--client-id", "ours", "--client-secret-file", "secret")
    assert server.operator("provider", "create", *words).code == 0
    assert "--domain" in server.operator("provider", "update", "acme", "kept", "--domain", "acme.okta.com").failed(2)


def _option(name: str, value: str | list[str]) -> list[str]:
    if isinstance(value, list):
        return [word for each in value for word in (f"--{name.replace('_', '-').removesuffix('s')}", each)]
    return [f"--{name.replace('_', '-')}", value]


def _fields_of(kind: str) -> Any:
    message = IdentityProvider.DESCRIPTOR.fields_by_name[kind].message_type
    assert message is not None
    return message.fields
