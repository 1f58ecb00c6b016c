"""Settings: where they come from, which goes before which, and what cannot be used is said in one line."""

import re
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, get_args

import pytest

from server.settings import Address, CertifiedCaller, DevUser, Settings, SocketFile, read
from server.system import Unusable
from tenants.records import CertificateName, Role

PYTHON = re.compile(r"object|\bint\b|\bstr\b|indices|iterable|convert|argument|literal")
"""Words of its own that say nothing to an operator."""
SECRET = "a secret that must not be shown"


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without what would steer the settings."""
    import os

    for variable in [name for name in os.environ if name.startswith("TENANTRY_")]:
        monkeypatch.delenv(variable)


def config(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "tenantry.toml"
    file.write_text(text, "utf-8")
    return file


def why_not(dev: bool = False, path: Path | None = None, **flags: Any) -> str:
    with pytest.raises(Unusable) as raised:
        read(flags, dev=dev, config=path)
    line = str(raised.value)
    assert line.isprintable()  # so it is one line
    assert not PYTHON.search(line)
    return line


# --- where they come from


def test_without_anything_the_defaults_hold_and_only_loopback_is_listened_on() -> None:
    settings = read({}, dev=False)
    assert settings == Settings()
    assert [str(settings.http), str(settings.grpc), str(settings.management)] == [
        "127.0.0.1:8080",
        "127.0.0.1:9090",
        "127.0.0.1:9091",
    ]
    assert read({}, dev=True) == Settings(dev=True, data_dir=Path("var/dev"))


def test_a_flag_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = config(tmp_path, 'http = "[::1]:1"\ngrpc = "[::1]:1"\nmanagement = "[::1]:1"\n')
    monkeypatch.setenv("TENANTRY_HTTP", "127.0.0.1:2")
    monkeypatch.setenv("TENANTRY_GRPC", "127.0.0.1:2")
    settings = read({"http": "127.0.0.1:3", "grpc": None}, dev=False, config=file)
    assert (settings.http.port, settings.grpc.port, settings.management.port) == (3, 2, 1)
    monkeypatch.setenv("TENANTRY_CONFIG", str(file))
    assert read({}, dev=False).management == Address("[::1]", 1)


def test_every_setting_can_be_given_in_the_file_and_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Settings(
        data_dir=Path("/srv/tenantry"),
        http=Address("localhost", 1),
        grpc=Address("127.0.0.1", 2),
        grpc_certificate=Path("/srv/tls/server.pem"),
        grpc_key=Path("/srv/tls/server.key"),
        grpc_client_ca=Path("/srv/tls/ca.pem"),
        grpc_callers=(
            CertifiedCaller(CertificateName("san_uri", "spiffe://a.test/ci"), "operator", ("acme", "other")),
            CertifiedCaller(CertificateName("san_dns", "ops.a.test"), "owner"),
            CertifiedCaller(CertificateName("subject_dn", "CN=watcher,O=A"), "viewer"),
        ),
        management=Address("[::1]", 3),
        master_key="k",
        admin_token="t",
        trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        client_certificate_header="Client-Cert",
        outbound_ports=(443, 8443),
        dns_resolver=("fd00::53", 5353),
        max_open_tenants=5,
        idle_after=1.5,
        drain=2.5,
        log_requests=False,
        dev=True,
        dev_users=(DevUser("u@example.com", "p"), DevUser("v@example.com", "q:r")),
        allow_any_credentials=True,
        auto_sign_in="u@example.com",
        auto_consent=True,
    )
    assert [
        field.name for field in fields(Settings) if getattr(whole, field.name) == getattr(Settings(), field.name)
    ] == []
    file = config(
        tmp_path,
        """
        data_dir = "/srv/tenantry"
        http = "localhost:1"
        grpc = "127.0.0.1:2"
        grpc_certificate = "/srv/tls/server.pem"
        grpc_key = "/srv/tls/server.key"
        grpc_client_ca = "/srv/tls/ca.pem"
        grpc_callers = [
            {san_uri = "spiffe://a.test/ci", role = "operator", issuers = ["acme", "other"]},
            {san_dns = "Ops.A.test", role = "owner"},
            {subject_dn = "CN=watcher,O=A", role = "viewer"},
        ]
        management = "[::1]:3"
        master_key = "k"
        admin_token = "t"
        trusted_proxies = ["10.0.0.0/8", "fd00::/8"]
        client_certificate_header = "Client-Cert"
        outbound_ports = [443, 8443]
        dns_resolver = "[fd00::53]:5353"
        max_open_tenants = 5
        idle_after = 1.5
        drain = 2.5
        log_requests = false
        dev_users = [{email = "u@example.com", password = "p"}, {email = "v@example.com", password = "q:r"}]
        allow_any_credentials = true
        auto_sign_in = "u@example.com"
        auto_consent = true
        """,
    )
    assert read({}, dev=True, config=file) == whole
    for name, text in {
        "DATA_DIR": "/srv/tenantry",
        "HTTP": "localhost:1",
        "GRPC": "127.0.0.1:2",
        "GRPC_CERTIFICATE": "/srv/tls/server.pem",
        "GRPC_KEY": "/srv/tls/server.key",
        "GRPC_CLIENT_CA": "/srv/tls/ca.pem",
        "GRPC_CALLERS": '[{"san_uri": "spiffe://a.test/ci", "role": "operator", "issuers": ["acme", "other"]},'
        '{"san_dns": "Ops.A.test", "role": "owner"}, {"subject_dn": "CN=watcher,O=A", "role": "viewer"}]',
        "MANAGEMENT": "[::1]:3",
        "MASTER_KEY": "k",
        "ADMIN_TOKEN": "t",
        "TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8",
        "CLIENT_CERTIFICATE_HEADER": "Client-Cert",
        "OUTBOUND_PORTS": "443, 8443",
        "DNS_RESOLVER": "[fd00::53]:5353",
        "MAX_OPEN_TENANTS": "5",
        "IDLE_AFTER": "1.5",
        "DRAIN": "2.5",
        "LOG_REQUESTS": "No",
        "DEV_USERS": "u@example.com:p,v@example.com:q:r",
        "ALLOW_ANY_CREDENTIALS": "1",
        "AUTO_SIGN_IN": "u@example.com",
        "AUTO_CONSENT": "true",
    }.items():
        monkeypatch.setenv(f"TENANTRY_{name}", text)
    assert read({}, dev=True) == whole


@pytest.mark.parametrize("name", ["master_key", "admin_token"])
def test_a_secret_can_lie_in_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for text in ("mine", "theirs"):
        (tmp_path / text).write_text(f"{text}\n", "utf-8")
    file = config(tmp_path, f'{name}_file = "{tmp_path / "mine"}"\n')
    assert getattr(read({}, dev=False, config=file), name) == "mine"
    monkeypatch.setenv(f"TENANTRY_{name.upper()}_FILE", str(tmp_path / "theirs"))
    assert getattr(read({}, dev=False, config=file), name) == "theirs"
    monkeypatch.setenv(f"TENANTRY_{name.upper()}", "also")
    assert "both" in why_not()
    monkeypatch.delenv(f"TENANTRY_{name.upper()}_FILE")
    assert getattr(read({}, dev=False, config=file), name) == "also"  # the environment goes before the file


# --- what cannot be used


@pytest.mark.parametrize(
    "text",
    [
        *("http: x", "http = ", "\0", "[http]\nx = 1", 'http = "127.0.0.1:1"\nhttp = "127.0.0.1:1"'),
        *("dev = true", "DATA_DIR = 'x'", "http_file = 'x'", '"a\\nb" = 1'),
    ],
)
def test_a_file_that_says_what_nobody_knows_is_refused(tmp_path: Path, text: str) -> None:
    why_not(path=config(tmp_path, text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing"
    assert str(missing) in why_not(path=missing)
    assert str(tmp_path) in why_not(path=tmp_path)
    missing.write_bytes(b"\xff\xfe")
    assert str(missing) in why_not(path=missing)
    monkeypatch.setenv("TENANTRY_MASTER_KEY_FILE", str(missing))
    assert str(missing) in why_not()
    monkeypatch.setenv("TENANTRY_MASTER_KEY_FILE", "")
    assert "master_key" in why_not()


@pytest.mark.parametrize("name", ["TENANTRY_X", "TENANTRY_DEV", "TENANTRY_HTTP_FILE", "TENANTRY_http", "TENANTRY_"])
def test_a_variable_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    assert name in why_not()


def test_what_is_for_the_client_commands_is_no_unknown_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADDRESS", "TOKEN", "TOKEN_FILE", "CA", "CERT", "KEY"):
        monkeypatch.setenv(f"TENANTRY_{name}", "x")
    assert read({}, dev=False) == Settings()


@pytest.mark.parametrize(
    "address",
    [
        *("", ":", "127.0.0.1", "8080", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8080\n"),
        *("127.0.0.1:１", "::1:8080", "[::1]", "http://127.0.0.1:80", "127.0.0.1:8_0", "a b:1", "unix:", "é:1"),
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    for name in ("http", "grpc", "management"):
        assert why_not(**{name: address}).startswith(f"{name} cannot be ")


def test_no_host_means_every_address() -> None:
    assert read({"http": ":8080"}, dev=False).http == Address("0.0.0.0", 8080)


@pytest.mark.parametrize(
    "said",
    [
        *("data_dir = 5", 'data_dir = ""', 'data_dir = "a\\u0000b"', "http = 8080", "http = []", "master_key = 5"),
        *("admin_token = 12345678901234567890", "master_key_file = 5", 'master_key_file = "a\\u0000b"'),
        *('trusted_proxies = "x"', "trusted_proxies = 5", 'trusted_proxies = ["10.0.0.1/8"]'),
        *("client_certificate_header = 5", 'client_certificate_header = ""', 'client_certificate_header = "a_b"'),
        *("outbound_ports = []", 'outbound_ports = ""', "outbound_ports = 443", 'outbound_ports = ["https"]'),
        *('dns_resolver = "dns.example"', 'dns_resolver = "1.1"', 'dns_resolver = "1.1.1.1:0"', "dns_resolver = 53"),
        *('dns_resolver = "[::1]:65536"', 'dns_resolver = "::1"', 'dns_resolver = "１.1.1.1"', 'dns_resolver = ""'),
        *("outbound_ports = [0]", "outbound_ports = [65536]", "outbound_ports = [true]", "outbound_ports = [443.0]"),
        *('outbound_ports = "443,"', 'outbound_ports = "-1"', 'outbound_ports = "４４３"', 'outbound_ports = "4_4"'),
        *("max_open_tenants = 0", "max_open_tenants = inf", "max_open_tenants = []", 'max_open_tenants = "many"'),
        *("idle_after = -1", "idle_after = nan", "drain = inf", "drain = 1e300", "drain = 0", "log_requests = 2"),
        *("dev_users = []", 'dev_users = ""', 'dev_users = "u@example.com"', 'dev_users = ":p"', "dev_users = 5"),
        *('dev_users = ["u"]', 'dev_users = [{email = "u"}]', 'dev_users = [{email = 1, password = "p"}]'),
        *("dev_users = {email = 'u', password = 'p'}", "[[dev_users]]\nemail='u'\npassword='p'\nx='y'"),
        *("idle_after = 'abc'", "auto_sign_in = true", 'auto_consent = "maybe"', "allow_any_credentials = []"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name(tmp_path: Path, said: str) -> None:
    assert said.split()[0].strip("[]").removesuffix("_file") in why_not(dev=True, path=config(tmp_path, f"{said}\n"))


def test_users_that_are_written_in_another_way_are_shown_the_right_one(tmp_path: Path) -> None:
    for said in ("dev_users = ['u']", "[dev_users]\nemail = 'u'\npassword = 'p'", "[[dev_users]]\nemail = 'u'"):
        assert '[[dev_users]] email = "…" password = "…"' in why_not(dev=True, path=config(tmp_path, said))


def test_a_secret_of_the_wrong_kind_is_not_shown(tmp_path: Path) -> None:
    for name in ("master_key", "admin_token"):
        assert SECRET not in why_not(path=config(tmp_path, f'{name} = ["{SECRET}"]\n'))


# --- who may be listened to, and by whom


@pytest.mark.parametrize("host", ["0.0.0.0", "", "[::]", "192.0.2.1", "example.com", "127.0.0.2", "localhost.test"])
def test_the_admin_api_and_all_of_dev_stay_on_loopback(host: str) -> None:
    assert "loopback" in why_not(grpc=f"{host}:0")
    tls = {"grpc_certificate": Path("c"), "grpc_key": Path("k")}
    assert read({"grpc": f"{host}:0", **tls}, dev=False).grpc_key == Path("k")
    assert "loopback" in why_not(dev=True, grpc=f"{host}:0", **tls)
    for name in ("http", "grpc", "management"):
        assert "loopback" in why_not(dev=True, **{name: f"{host}:0"})
    assert read({"http": f"{host}:0", "management": f"{host}:0"}, dev=False).http.port == 0


def test_the_admin_api_can_be_at_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_GRPC", "unix:run/admin.sock")
    for dev in (False, True):
        assert read({}, dev=dev).grpc == SocketFile(Path("run/admin.sock"))
    for path in ("", "a\0b", "a\nb", "é" * 51):
        assert why_not(grpc=f"unix:{path}").startswith("grpc cannot be ")
    assert why_not(http="unix:run/x.sock").startswith("http cannot be ")


def test_what_is_said_of_tls_must_be_whole() -> None:
    certificate, key, ca = {"grpc_certificate": "c"}, {"grpc_key": "k"}, {"grpc_client_ca": "a"}
    assert "go together" in why_not(**certificate)
    assert "go together" in why_not(**key)
    assert "grpc_certificate" in why_not(**ca)
    assert "grpc_client_ca" in why_not(**certificate, **key, grpc_callers='[{"san_dns": "a.test", "role": "owner"}]')
    assert "socket" in why_not(**certificate, **key, grpc="unix:a")


@pytest.mark.parametrize(
    "said",
    [
        *("5", "{}", "[5]", "[{}]", '[{"role": "owner"}]', '[{"san_dns": "a.test"}]', "[", "x"),
        *('[{"san_dns": "a.test", "role": "root"}]', '[{"san_dns": "*.a.test", "role": "viewer"}]'),
        *('[{"san_uri": "a", "role": "viewer"}]', '[{"subject_dn": "a", "role": "viewer"}]'),
        *('[{"san_dns": 5, "role": "viewer"}]', '[{"san_dns": "a.test", "role": 5}]'),
        *('[{"san_ip": "127.0.0.1", "role": "viewer"}]', '[{"san_dns": "a.test", "role": "viewer", "x": 1}]'),
        *('[{"san_dns": "a.test", "san_uri": "https://a.test", "role": "viewer"}]',),
        *('[{"san_dns": "a.test", "role": "viewer", "issuers": "acme"}]',),
        *('[{"san_dns": "a.test", "role": "viewer", "issuers": ["issuers/acme"]}]',),
        *('[{"san_dns": "a.test", "role": "owner", "issuers": ["acme"]}]',),
    ],
)
def test_a_caller_that_cannot_be_is_refused(said: str) -> None:
    assert why_not(grpc_callers=said).startswith("grpc_callers cannot be ")


def test_of_several_callers_the_wrong_one_is_named() -> None:
    one, other = '{"san_dns": "a.test", "role": "viewer"}', '{"san_dns": "b.test", "role": "king"}'
    assert why_not(grpc_callers=f"[{one}, {other}, {one}]").endswith(
        ": entry 2: the role must be viewer, issuer-admin, operator, owner"
    )


def test_every_role_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    tls = {"grpc_certificate": "c", "grpc_key": "k", "grpc_client_ca": "a"}
    for role in get_args(Role):
        [caller] = read({**tls, "grpc_callers": f'[{{"san_dns": "a.test", "role": "{role}"}}]'}, dev=False).grpc_callers
        assert caller.role == role


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DEV_USERS", "u@example.com:p"),
        ("ALLOW_ANY_CREDENTIALS", "false"),
        ("AUTO_SIGN_IN", "u@example.com"),
        ("AUTO_CONSENT", "true"),
    ],
)
def test_what_is_for_development_is_refused_elsewhere(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(f"TENANTRY_{name}", text)
    assert f"{name.lower()} is for development only" in why_not()
    assert read({}, dev=True).dev


def test_a_header_with_certificates_is_believed_of_named_proxies_alone(tmp_path: Path) -> None:
    header = 'client_certificate_header = "Client-Cert"\n'
    assert "trusted_proxies" in why_not(path=config(tmp_path, header))
    settings = read({}, dev=False, config=config(tmp_path, f'{header}trusted_proxies = "10.0.0.1/32"\n'))
    assert settings.client_certificate_header == "Client-Cert"
