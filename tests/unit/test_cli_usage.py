"""The command where it is used wrongly, or finds no server."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from server.cli.app import NOUNS
from tests.support.command import tenantry
from tests.support.process import free_port


def test_the_version_is_the_one_that_is_installed(tmp_path: Path) -> None:
    ran = tenantry("--version", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, f"tenantry {version('tenantry')}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("bogus", "bogus"),
        ("issuer bogus", "bogus"),
        ("issuer get", "ISSUER"),
        ("issuer get a b", "b"),
        ("issuer create acme", "--uri"),
        ("issuer list --bogus", "--bogus"),
        ("issuer list -o xml", "xml"),
        ("issuer create acme --uri https://a.test --session-ttl 5w", "5w"),
        ("issuer create acme --uri https://a.test --session-ttl -1", "-1"),
        ("issuer create acme --uri https://a.test --session-ttl ５", "５"),
        ("issuer create acme --uri https://a.test --token-format saml --token t", "jwt"),
        ("issuer update acme --token t", "nothing to change"),
        ("issuer update acme --signing-algorithm none --token t", "ES256"),
        ("issuer get A --token t", "must be 1 to 63 of a-z"),
        ("issuer get ../x --token t", "must be 1 to 63 of a-z"),
        ("issuer create Bad --uri https://bad.test --token t", "must be 1 to 63 of a-z"),
        *(
            (f"issuer update acme --failure-limit {text} --token t", text)
            for text in ("0", "60,", "60/600", "-1", "60,0", "1_0", "６０", "some")
        ),
        ("client list issuers/acme/x --token t", "must be 1 to 63 of a-z"),
        ("client list", "ISSUER"),
        ("client create acme --redirect-uri https://a.test/cb --auth-method foo", "'client_secret_basic'"),
        ("client create acme --redirect-uri https://a.test/cb --grant-type implicit", "'authorization_code'"),
        ("provider create acme", "PROVIDER"),
        ("provider create acme google", "--kind"),
        ("provider create acme x --kind saml", "saml"),
        ("provider create acme x --kind google --domain acme.okta.com --token t", "--domain"),
        ("provider create acme x --kind google --client-secret secret", "--client-secret"),
        ("provider create acme x --kind google --client-secret-file no/such/file --token t", "no/such/file"),
        ("provider create acme x --kind google --client-secret-file - --token t", "empty"),
        ("provider create acme x --kind oidc --auth-method client_secret_jwt --token t", "'private_key_jwt'"),
        ("provider create acme x --kind oidc --assertion-algorithm HS256 --token t", "'ES256'"),
        ("provider create acme x --kind google --jwks-uri https://a.test --token t", "--jwks-uri"),
        ("provider create acme x --kind oidc --recheck-interval 5w --token t", "5w"),
        ("provider create acme x --kind oidc --new-key --token t", "--new-key"),
        ("provider update acme x --token t", "nothing to change"),
        ("serve --outbound-ports https", "outbound_ports"),
        ("dev --outbound-ports 0", "outbound_ports"),
        ("webhook set acme", "URI"),
        ("webhook get acme/x --token t", "must be 1 to 63 of a-z"),
        ("webhook rotate-secret acme --overlap 5w", "5w"),
        ("issuer list --token t --address nonsense", "HOST:PORT"),
        ("issuer list --token t --address http://127.0.0.1:9090", "HOST:PORT"),
        ("issuer list --token ü", "token"),
        ("issuer list", "--data-dir"),
        ("issuer list --token-file no/such/file", "no/such/file"),
        ("issuer list --token-file .", "the admin token cannot be read from .: Is a directory"),
    ],
)
def test_what_is_used_wrongly_ends_with_2_and_says_what_in_a_line(tmp_path: Path, words: str, said: str) -> None:
    assert said in tenantry(*words.split(), cwd=tmp_path).failed(2)


@pytest.mark.parametrize("words", ["", "issuer", "client", "provider"])
def test_a_noun_without_a_verb_shows_the_help(tmp_path: Path, words: str) -> None:
    ran = tenantry(*words.split(), cwd=tmp_path)
    assert ran.code == 2
    assert "Usage: tenantry" in ran.err


def test_what_is_said_reads_as_a_sentence(tmp_path: Path) -> None:
    line = tenantry("issuer", "list", "-o", "xml", cwd=tmp_path).failed(2)
    assert ": 'xml' is not one of 'table', 'json', 'yaml', 'name'; see tenantry issuer list --help" in line
    assert "'client'? see tenantry --help" in tenantry("cliemt", cwd=tmp_path).failed(2)


@pytest.mark.parametrize("words", ["", *NOUNS])
def test_no_line_of_the_help_is_cut(tmp_path: Path, words: str) -> None:
    _, _, commands = tenantry(*words.split(), "--help", cwd=tmp_path, COLUMNS="80").out.partition("Commands:\n")
    lines = commands.splitlines()
    assert lines
    assert [line for line in lines if line.endswith("...")] == []


@pytest.mark.parametrize("words", ["provider create", "provider update"])
def test_the_help_says_what_to_write_and_not_how_it_is_kept(tmp_path: Path, words: str) -> None:
    shown = tenantry(*words.split(), "--help", cwd=tmp_path, COLUMNS="200").out
    assert "--scope SCOPE" in shown
    assert "list[" not in shown
    options = shown.partition("Options:\n")[2].splitlines()
    assert [line for line in options if "<str>" in line and "--etag" not in line] == []


def test_the_help_has_what_finds_a_server_under_a_heading_of_its_own(tmp_path: Path) -> None:
    shown = tenantry("key", "revoke", "--help", cwd=tmp_path, COLUMNS="80").out
    own, _, connection = shown.partition("Connection:\n")
    assert ("--reason" in own, "--yes" in own, "--address" in own) == (True, True, False)
    assert "--address" in connection


def test_help_shows_no_secret_of_the_environment(tmp_path: Path) -> None:
    ran = tenantry("issuer", "list", "--help", cwd=tmp_path, TENANTRY_TOKEN="tnadmin_secret")
    assert ran.code == 0
    assert "TENANTRY_TOKEN" in ran.out
    assert "tnadmin_secret" not in ran.out + ran.err


def test_a_server_that_is_not_there_ends_with_3(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert address in tenantry("issuer", "list", "--token", "t", "--address", address, cwd=tmp_path).failed(3)


def test_the_client_commands_know_nothing_of_how_issuers_are_kept() -> None:
    program = (
        "import sys, server.cli.issuer, server.cli.client, server.cli.provider\n"
        "sys.exit(' '.join({name.partition('.')[0] for name in sys.modules} & {'tenants', 'storage_sqlite', 'grpc'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False)
    assert done.stderr.strip() == ""  # and gRPC is loaded only once it is needed


def test_the_version_is_said_without_loading_what_serves(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom server.cli.app import app\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "heavy = {'grpc', 'google', 'quart', 'yaml', 'rich', 'cryptography', 'concurrent', 'storage_sqlite'}\n"
        "parts = {'importlib.metadata', 'server.settings', 'server.cli.client', 'server.cli.user'}\n"
        "sys.exit(' '.join(loaded & heavy | sys.modules.keys() & parts))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert done.stderr.strip() == ""
