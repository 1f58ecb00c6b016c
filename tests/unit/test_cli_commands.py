"""`tenantry issuer …` and `tenantry client …` against a running server."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from protos.admin.v1.issuer_service_pb2 import IssuerPolicy
from server.cli.policy import OPTIONS
from tenants.oauth.requests import DEVICE_CODE, JWT_BEARER, TOKEN_EXCHANGE
from tests.support import certificates
from tests.support.command import Ran, tenantry
from tests.support.process import RunningTenantry, tenantry_dev
from tests.support.signer import Signer

Run = Callable[..., Ran]
CA = certificates.made("CN=authority", ca=True)
KEYS = json.dumps(Signer("ES256").jwks, separators=(",", ":"))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work") / "var" / "dev"


@pytest.fixture(scope="module")
def server(data_dir: Path) -> Generator[RunningTenantry]:
    with tenantry_dev(data_dir) as server:
        yield server


@pytest.fixture(scope="module")
def run(server: RunningTenantry, data_dir: Path) -> Run:
    """The command in the directory that `./var/dev` lies in: so the token is found without being named."""

    def run(*arguments: str) -> Ran:
        return tenantry(*arguments, cwd=data_dir.parents[1], TENANTRY_ADDRESS=server.grpc)

    return run


def test_an_issuer_is_made_seen_changed_and_switched(run: Run) -> None:
    made = run("issuer", "create", "acme", "--uri", "http://acme.localhost:8080", "-o", "json").value
    assert made["name"] == "issuers/acme"
    assert made["issuer_uri"] == "http://acme.localhost:8080"
    assert made["state"] == "STATE_ACTIVE"
    assert run("issuer", "get", "acme", "-o", "json").value == made
    assert run("issuer", "get", "issuers/acme", "-o", "json").value == made
    changed = run("issuer", "update", "acme", "--display-name", "Acme", "--session-ttl", "2h", "-o", "json").value
    assert (changed["display_name"], changed["policy"]["session_ttl"]) == ("Acme", "7200s")
    assert changed["policy"] == made["policy"] | {"session_ttl": "7200s"}
    assert run("issuer", "update", "acme", "--display-name", "No", "--etag", made["etag"]).failed(1)
    for verb, state in (
        ("disable", "DISABLED"),
        ("enable", "ACTIVE"),
        ("delete --yes", "DELETED"),
        ("undelete", "ACTIVE"),
    ):
        assert run("issuer", *verb.split(), "acme", "-o", "json").value["state"] == f"STATE_{state}"


def test_an_issuer_below_a_path_is_made_and_listed(run: Run) -> None:
    uri = "http://acme.localhost:8080/team"
    assert run("issuer", "create", "team", "--uri", uri, "-o", "json").value["issuer_uri"] == uri
    assert uri in [issuer["issuer_uri"] for issuer in run("issuer", "list", "-o", "json").value]
    assert "must not have token in its path" in run("issuer", "create", "bad", "--uri", f"{uri}/token").failed(1)


def test_every_field_of_a_policy_has_an_option_and_takes_effect(run: Run, data_dir: Path) -> None:
    (data_dir.parents[1] / "ca.pem").write_text(CA.pem)
    (data_dir.parents[1] / "keys.json").write_text(KEYS)
    assert OPTIONS.keys() == {field.name for field in IssuerPolicy.DESCRIPTOR.fields}
    given: dict[str, Any] = {
        "access_token_ttl": ("--access-token-ttl 15m", "900s"),
        "refresh_token_ttl": ("--refresh-token-ttl 0", "0s"),
        "grant_ttl": ("--grant-ttl 7d", "604800s"),
        "authorization_code_ttl": ("--authorization-code-ttl 60s", "60s"),
        "replay_window": ("--replay-window 0s", "0s"),
        "session_ttl": ("--session-ttl 3600", "3600s"),
        "scopes": ("--scope mcp --scope openid", ["mcp", "openid"]),
        "token_format": ("--token-format opaque", "TOKEN_FORMAT_OPAQUE"),
        "signing_algorithm": ("--signing-algorithm EdDSA", "EdDSA"),
        "key_roll_interval": ("--key-roll-interval 30d", "2592000s"),
        "registration": ("--registration token", "REGISTRATION_TOKEN"),
        "unused_client_ttl": ("--unused-client-ttl 10d", "864000s"),
        "private_redirect_schemes": ("--private-redirect-scheme cursor", ["cursor"]),
        "allowed_origins": ("--allowed-origin https://app.test", ["https://app.test"]),
        "registration_limit": ("--registration-limit 5", {"per_minute": 5, "burst": 5}),
        "failure_limit": ("--failure-limit 6,7", {"per_minute": 6, "burst": 7}),
        "client_limit": ("--client-limit 1000000,1", {"per_minute": 1_000_000, "burst": 1}),
        "guess_limit": ("--guess-limit none", {}),
        "session_limit": ("--session-limit 1", {"per_minute": 1, "burst": 1}),
        "dpop_nonce_required": ("--dpop-nonce-required", True),
        "par_required": ("--par-required", True),
        "debug": ("--debug", True),
        "link_by_email": ("--link-by-email", True),
        "first_party_origins": ("--first-party-origin https://app.test", ["https://app.test"]),
        "client_documents": ("--client-documents listed", "CLIENT_DOCUMENTS_LISTED"),
        "client_document_hosts": ("--client-document-host claude.ai", ["claude.ai"]),
        "client_certificate_authorities": ("--client-certificate-authority ca.pem", [CA.pem]),
        "software_statement_issuers": (
            "--software-statement-issuer urn:a,https://a.test/jwks --software-statement-issuer urn:b,keys.json",
            [{"issuer": "urn:a", "jwks_uri": "https://a.test/jwks"}, {"issuer": "urn:b", "jwks": KEYS}],
        ),
        "software_statement_required": ("--software-statement-required", True),
        "approval_required": ("--approval-required", True),
    }
    options = [word for words, _ in given.values() for word in words.split()]
    wanted = {name: value for name, (_, value) in given.items()}
    made = run("issuer", "create", "every", "--uri", "https://every.test", *options, "-o", "json").value
    assert made["policy"] == wanted
    run("issuer", "create", "late", "--uri", "https://late.test")
    assert run("issuer", "update", "late", *options, "-o", "json").value["policy"] == wanted


def test_a_list_is_replaced_and_emptied_and_people_read_what_an_empty_one_means(run: Run) -> None:
    lists = {"first_party_origins": "none", "private_redirect_schemes": "none", "allowed_origins": "none"}
    words = ("--first-party-origin", "https://a.test", "--private-redirect-scheme", "a")
    words = (*words, "--allowed-origin", "https://a.test")
    run("issuer", "create", "lists", "--uri", "https://lists.test", *words)
    changed = run("issuer", "update", "lists", "--first-party-origin", "https://b.test", "-o", "json").value["policy"]
    assert changed["first_party_origins"] == ["https://b.test"]
    assert changed["private_redirect_schemes"] == ["a"]
    empty = ("--first-party-origin", "", "--private-redirect-scheme", "", "--allowed-origin", "")
    changed = run("issuer", "update", "lists", *empty, "-o", "json").value["policy"]
    assert not changed.keys() & lists.keys()
    shown = policy_shown(run("issuer", "get", "lists"))
    assert {name: shown[name] for name in lists} == lists
    assert "scopes" in run("issuer", "update", "lists", "--scope", "").failed(1)
    line = run("issuer", "create", "none", "--uri", "https://none.test", "--allowed-origin", "").failed(2)
    assert "--allowed-origin" in line


def policy_shown(ran: Ran) -> dict[str, str]:
    """What people are told of a policy."""
    _, _, lines = ran.out.partition("policy:\n")
    pairs = [line.split(":", 1) for line in lines.splitlines() if line.startswith("  ")]
    return {name.strip(): value.strip() for name, value in pairs}


def test_the_help_shows_the_defaults_of_a_new_issuer(run: Run) -> None:
    run("issuer", "create", "plain", "--uri", "https://plain.test")
    shown = policy_shown(run("issuer", "get", "plain"))
    assert {name: annotation.__metadata__[0].show_default for name, (annotation, _) in OPTIONS.items()} == shown
    told = " ".join(run("issuer", "create", "--help").out.split())
    for default in shown.values():
        assert f"[default: ({default})]" in told


def test_people_read_durations_as_they_may_be_typed(run: Run) -> None:
    run("issuer", "create", "lasting", "--uri", "https://lasting.test", "--display-name", "3600s")
    for said in ("90s", "1m", "90m", "2h", "25h", "7d", "0s"):
        ran = run("issuer", "update", "lasting", "--refresh-token-ttl", said)
        assert policy_shown(ran)["refresh_token_ttl"] == said
        assert " 3600s\n" in ran.out
    assert run("issuer", "get", "lasting", "-o", "json").value["policy"]["refresh_token_ttl"] == "0s"


def test_issuers_are_listed_in_every_format(run: Run) -> None:
    run("issuer", "create", "listed", "--uri", "https://listed.test", "--display-name", "Listed")
    run("issuer", "create", "gone", "--uri", "https://gone.test")
    run("issuer", "delete", "gone", "--yes")
    items = run("issuer", "list", "-o", "json").value
    assert {"issuers/demo", "issuers/listed"} <= {item["name"] for item in items}
    assert "issuers/gone" not in {item["name"] for item in items}
    assert yaml.safe_load(run("issuer", "list", "-o", "yaml").out) == items
    assert run("issuer", "list", "-o", "name").out.splitlines() == [item["name"] for item in items]
    header, *rows = run("issuer", "list").out.splitlines()
    assert header.split() == ["ID", "ISSUER", "URI", "STATE", "DISPLAY", "NAME", "CREATE", "TIME"]
    [row] = [row for row in rows if row.startswith("listed ")]
    assert row.split()[:4] == ["listed", "https://listed.test", "active", "Listed"]
    assert "issuers/gone" in run("issuer", "list", "--show-deleted", "-o", "name").out.splitlines()


def test_a_long_value_stays_on_its_line_when_nobody_watches(run: Run) -> None:
    uri = f"https://{'x' * 60}.{'y' * 60}.test"
    run("issuer", "create", "long", "--uri", uri)
    [row] = [row for row in run("issuer", "list").out.splitlines() if row.startswith("long ")]
    assert uri in row


def test_a_client_is_made_with_a_secret_that_is_shown_once(run: Run) -> None:
    run("issuer", "create", "owner", "--uri", "https://owner.test")
    words = ["owner", "--redirect-uri", "https://app.test/cb", "--client-id", "app"]
    made = run("client", "create", *words, "--auth-method", "client_secret_basic", "-o", "json").value
    secret = made.pop("client_secret")
    assert made["client_secret_set"] is True
    for how in ("json", "yaml", "table", "name"):
        shown = run("client", "get", "owner", "app", "-o", how)
        assert shown.code == 0
        assert secret not in shown.out
    assert run("client", "get", "owner", "app", "-o", "json").value == made
    rotated = run("client", "rotate-secret", "owner", "app", "--overlap", "1h", "-o", "json").value
    assert rotated["client_secret"] not in ("", secret)
    assert rotated["name"] == "issuers/owner/clients/app"
    assert run("client", "rotate-secret", "owner", "app", "-o", "name").out == "issuers/owner/clients/app\n"
    assert "client_secret: " in run("client", "rotate-secret", "owner", "app").out


def test_a_client_is_made_with_public_keys_from_a_file_or_at_an_address(run: Run, tmp_path: Path) -> None:
    run("issuer", "create", "keys", "--uri", "https://keys.test")
    keyed = ("client", "create", "keys", "--redirect-uri", "https://app.test/cb", "--auth-method", "private_key_jwt")
    jwks = Signer("ES256").jwks
    (tmp_path / "jwks.json").write_text(json.dumps(jwks))
    words = ("--jwks-file", str(tmp_path / "jwks.json"), "--assertion-algorithm", "ES256")
    made = run(*keyed, *words, "-o", "json").value
    assert json.loads(made["jwks"]) == jwks
    assert made["token_endpoint_auth_signing_alg"] == "ES256"
    assert "client_secret" not in made
    made = run(*keyed, "--jwks-uri", "https://app.test/jwks", "-o", "json").value
    assert made["jwks_uri"] == "https://app.test/jwks"
    assert "needs jwks or jwks_uri" in run(*keyed).failed(1)
    line = run(*keyed, "--jwks-file", "no/such/file").failed(2)
    assert line.endswith("the JWK Set cannot be read from no/such/file: No such file or directory")


def test_a_client_is_held_to_bound_tokens_and_pushed_requests(run: Run) -> None:
    run("issuer", "create", "held", "--uri", "https://held.test")
    words = ("client", "create", "held", "--redirect-uri", "https://app.test/cb", "-o", "json")
    free = run(*words).value
    names = {"dpop_bound_access_tokens", "require_pushed_authorization_requests"}
    assert not names & free.keys()
    held = run(*words, "--dpop-bound", "--par-required").value
    assert [held[name] for name in sorted(names)] == [True, True]
    assert run("client", "get", "held", held["client_id"], "-o", "json").value == held


def test_nobody_is_trusted_by_a_slip(run: Run) -> None:
    run("issuer", "create", "trusting", "--uri", "https://trusting.test")
    words = ("issuer", "update", "trusting")
    assert "cannot be read" in run(*words, "--client-certificate-authority", "nowhere.pem").failed(2)
    for text in ("urn:a", ",keys.json", "urn:a,"):
        assert "ISSUER,KEYS" in run(*words, "--software-statement-issuer", text).failed(2)
    assert "cannot be read" in run(*words, "--software-statement-issuer", "urn:a,nowhere.json").failed(2)
    line = run(*words, "--software-statement-issuer", "urn:a,ftp://a.test").failed(2)
    assert "cannot be read" in line
    emptied = run(*words, "--software-statement-issuer", "", "--client-certificate-authority", "", "-o", "json").value
    assert not {"software_statement_issuers", "client_certificate_authorities"} & emptied["policy"].keys()


def test_a_client_with_a_certificate_is_named_by_one_name(run: Run) -> None:
    run("issuer", "create", "certified", "--uri", "https://certified.test")
    words = (
        "client",
        "create",
        "certified",
        "--redirect-uri",
        "https://app.test/cb",
        "--auth-method",
        "tls_client_auth",
    )
    for text in ("CN=a", "cn=a", "san-dns=", "san-dns"):
        assert "KIND=NAME" in run(*words, "--certificate-name", text).failed(2)
    line = run(*words, "--certificate-name", "subject-dn=CN=a,O=b", "--certificate-bound").failed(1)
    assert "token_endpoint_auth_method" in line, "nobody tells this server of certificates"


def test_a_client_says_how_its_users_leave(run: Run) -> None:
    run("issuer", "create", "left", "--uri", "https://left.test")
    back, told = "https://app.test/left", "https://app.test/told"
    leaving = ("--post-logout-redirect-uri", back, "--backchannel-logout-uri", told)
    words = ("client", "create", "left", "--redirect-uri", "https://app.test/cb", "-o", "json", *leaving)
    made = run(*words, "--userinfo-algorithm", "ES256").value
    assert (made["post_logout_redirect_uris"], made["backchannel_logout_uri"]) == ([back], told)
    assert made["userinfo_signed_response_alg"] == "ES256"


def test_a_client_is_made_for_grant_types_without_a_browser(run: Run) -> None:
    run("issuer", "create", "machines", "--uri", "https://machines.test")
    words = ("client", "create", "machines", "-o", "json", "--auth-method", "client_secret_basic", "--grant-type")
    for grant_type in ("client_credentials", JWT_BEARER, DEVICE_CODE):
        made = run(*words, grant_type).value
        assert made["grant_types"] == [grant_type]
        assert "redirect_uris" not in made
    uris = ("https://mcp.test/a", "https://mcp.test/b")
    made = run(*words, TOKEN_EXCHANGE, "--resource", uris[0], "--target-resource", uris[1]).value
    assert (made["resources"], made["target_resources"]) == ([uris[0]], [uris[1]])
    line = run(*words, TOKEN_EXCHANGE, "--resource", uris[0]).failed(1)
    assert line.startswith("tenantry: --target-resource: ")
    assert run("client", "create", "machines").failed(2).startswith("tenantry: give --redirect-uri, ")


def test_a_client_that_only_introspects_needs_no_grant_type(run: Run) -> None:
    run("issuer", "create", "keepers", "--uri", "https://keepers.test")
    words = ("client", "create", "keepers", "-o", "json", "--resource", "https://mcp.test/a")
    made = run(*words, "--auth-method", "client_secret_basic").value
    assert not made.keys() & {"grant_types", "redirect_uris"}
    usual = run(*words, "--auth-method", "client_secret_basic", "--redirect-uri", "https://app.test/cb").value
    assert usual["grant_types"] == ["authorization_code", "refresh_token"]
    assert run(*words).failed(1).startswith("tenantry: --resource: ")


def test_scopes_are_repeated_for_whatever_they_are_given(run: Run) -> None:
    two = ("--scope", "mcp", "--scope", "openid")
    run("issuer", "create", "scoped", "--uri", "https://scoped.test", *two)
    words = ("client", "create", "scoped", "--redirect-uri", "https://app.test/cb", "-o", "json")
    assert run(*words, *two).value["scope"] == "mcp openid"
    assert "scope" not in run(*words).value


def test_clients_are_listed_and_deleted(run: Run) -> None:
    run("issuer", "create", "many", "--uri", "https://many.test")
    assert run("client", "list", "many", "-o", "json").value == []
    for client_id in ("one", "two"):
        words = ("--client-id", client_id, "--redirect-uri", "http://localhost/cb", "--application-type", "native")
        assert run("client", "create", "many", *words).code == 0
    assert run("client", "list", "many", "-o", "name").out.splitlines() == [
        "issuers/many/clients/one",
        "issuers/many/clients/two",
    ]
    assert run("client", "delete", "many", "one", "--yes").out == "deleted issuers/many/clients/one\n"
    assert run("client", "delete", "many", "two", "--yes", "-o", "json").value == {"name": "issuers/many/clients/two"}
    header, *rows = run("client", "list", "many").out.splitlines()
    assert (header.split()[:2], rows) == (["CLIENT", "ID"], [])


def test_what_the_server_refuses_ends_with_1_and_says_why(run: Run) -> None:
    assert "issuers/nobody" in run("issuer", "get", "nobody").failed(1)
    line = run("issuer", "create", "bad", "--uri", "http://bad.test").failed(1)
    assert line.startswith("tenantry: --uri: ")
    assert "issuers/demo" in run("issuer", "create", "demo", "--uri", "https://demo.test").failed(1)
    line = run("issuer", "update", "demo", "--access-token-ttl", "1").failed(1)
    assert line.startswith("tenantry: --access-token-ttl: ")
    assert "deleted" not in run("client", "delete", "demo", "nobody", "--yes").failed(1)
    assert "clients/https%3A%2F%2Fapp.test%2Fc" in run("client", "get", "demo", "https://app.test/c").failed(1)


def test_a_wrong_token_ends_with_1_and_is_not_repeated(server: RunningTenantry, data_dir: Path) -> None:
    line = tenantry("issuer", "list", "--address", server.grpc, "--token", "tnadmin_wrong", cwd=data_dir).failed(1)
    assert "--token-file" in line
    assert "tnadmin_wrong" not in line


def test_the_token_comes_from_where_it_is_said_to_lie(server: RunningTenantry, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{server.admin_token}\n", "ascii")
    ways: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
        (("--token", server.admin_token), {}),
        (("--token-file", str(tmp_path / "token")), {}),
        (("--data-dir", str(data_dir)), {}),
        ((), {"TENANTRY_TOKEN": server.admin_token}),
        ((), {"TENANTRY_TOKEN_FILE": str(tmp_path / "token")}),
        ((), {"TENANTRY_DATA_DIR": str(data_dir)}),
    )
    for options, environment in ways:
        ran = tenantry("issuer", "list", "-o", "name", "--address", server.grpc, *options, cwd=tmp_path, **environment)
        assert ran.out == "" or "issuers/demo" in ran.out.splitlines()
        assert (ran.code, ran.err) == (0, "")


def test_a_web_proxy_in_the_environment_is_not_asked(server: RunningTenantry, data_dir: Path) -> None:
    proxy = "http://127.0.0.1:1"
    words = ("issuer", "list", "-o", "name", "--address", server.grpc, "--data-dir", str(data_dir))
    ran = tenantry(*words, cwd=data_dir, http_proxy=proxy, https_proxy=proxy, grpc_proxy=proxy, no_proxy="")
    assert (ran.code, ran.err) == (0, "")


def test_a_server_of_another_kind_is_not_reached(server: RunningTenantry, data_dir: Path) -> None:
    words = ("issuer", "list", "--address", server.http, "--data-dir", str(data_dir))
    assert server.http in tenantry(*words, cwd=data_dir).failed(3)
