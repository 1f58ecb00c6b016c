"""The admin port in the world: TLS, certificates of callers, and the Unix socket, from `tenantry serve` on."""

import json
import os
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pytest
from cryptography import x509

from protos.admin.v1.admin_token_service_pb2 import ListAdminTokensRequest
from protos.admin.v1.issuer_service_pb2 import ListIssuersRequest
from server.admin.tls import TlsFiles, server_credentials
from server.settings import CertifiedCaller
from server.system import Unusable
from tenants.records import CertificateName
from tests.support.admin import TOKEN, Desk, admin_desk, channel_to, refused
from tests.support.admin_tls import Authority, authority, key_of
from tests.support.command import Ran, tenantry
from tests.support.requirement import requirement
from tests.support.serving import Serving, serving

URI = "spiffe://operator.test/ci"
ANY = ("--http", "127.0.0.1:0", "--management", "127.0.0.1:0")
KNOWN = (CertifiedCaller(CertificateName("san_uri", URI), "owner"),)


@pytest.fixture
def operator(tmp_path: Path) -> Authority:
    (tmp_path / "certificates").mkdir()
    return Authority(tmp_path / "certificates")


async def listed(desk: Desk, shown: grpc.ChannelCredentials | None, token: str | None = None) -> None:
    metadata = () if token is None else (("authorization", f"Bearer {token}"),)
    method = "/tenantry.admin.v1.AdminTokenService/ListAdminTokens"
    async with channel_to(desk.address, shown) as channel:
        await channel.unary_unary(method)(ListAdminTokensRequest().SerializeToString(), metadata=metadata, timeout=20)


async def not_reached(call: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


# --- who gets through TLS


@requirement("house:admin-tokens-go-by-tls-alone")
async def test_ga_04_a_port_with_tls_speaks_nothing_else(tmp_path: Path, operator: Authority) -> None:
    files = operator.serve()
    async with admin_desk(tmp_path / "house", tls=files, shown=operator.shown(None)) as desk:
        # an authority of callers is named, so all must be of it
        await not_reached(listed(desk, operator.shown(None), TOKEN))
        await not_reached(listed(desk, None, TOKEN))
        await listed(desk, operator.shown(operator.client("CN=anybody")), TOKEN)


async def test_without_an_authority_of_callers_a_token_is_enough(tmp_path: Path, operator: Authority) -> None:
    files = operator.serve()
    files = TlsFiles(files.certificate, files.key, None)
    async with admin_desk(tmp_path / "house", tls=files, shown=operator.shown(None)) as desk:
        await listed(desk, operator.shown(None), TOKEN)
        await refused(desk.ask(ListIssuersRequest(), token=None), grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")
        await not_reached(listed(desk, None, TOKEN))


async def test_a_certificate_of_another_authority_or_of_another_time_is_not_let_in(
    tmp_path: Path, operator: Authority
) -> None:
    async with admin_desk(
        tmp_path / "house", certified=KNOWN, tls=operator.serve(), shown=operator.shown(None)
    ) as desk:
        names = [f"uri:{URI}"]
        await listed(desk, operator.shown(operator.client("CN=ci", names)))
        forged = operator.client("CN=ci", names, by=authority("the operator"))
        await not_reached(listed(desk, operator.shown(forged)))
        await not_reached(listed(desk, operator.shown(operator.client("CN=ci", names, ends=1_700_000_000))))


async def test_a_certificate_that_expires_opens_nothing_more_on_the_same_connection(
    tmp_path: Path, operator: Authority
) -> None:
    async with admin_desk(
        tmp_path / "house", certified=KNOWN, tls=operator.serve(), shown=operator.shown(operator.client("CN=a"))
    ) as desk:
        ends = desk.house.clock.now + 60
        shown = operator.shown(operator.client("CN=ci", [f"uri:{URI}"], ends=ends))
        async with channel_to(desk.address, shown) as channel:
            call: Any = channel.unary_unary("/tenantry.admin.v1.IssuerService/ListIssuers")
            desk.house.clock.now = ends
            await call(b"", timeout=20)
            desk.house.clock.now = ends + 1
            await refused(call(b"", timeout=20), grpc.StatusCode.UNAUTHENTICATED, "CERTIFICATE_EXPIRED")


@pytest.mark.parametrize(
    ("subject", "alternative"),
    [
        ("CN=ci", [f"uri:{URI}/x"]),
        ("CN=ci", [f"uri:{URI.upper()}"]),
        ("CN=ci", ["dns:operator.test"]),
        (f"CN={URI}", ["dns:x.test"]),
        ("CN=ci.operator.test", ["dns:x.test"]),
        ("CN=ci", ["dns:*.operator.test"]),
    ],
)
async def test_a_name_counts_whole_and_in_its_own_place_only(
    tmp_path: Path, operator: Authority, subject: str, alternative: list[str]
) -> None:
    known = (*KNOWN, CertifiedCaller(CertificateName("san_dns", "ci.operator.test"), "owner"))
    shown = operator.shown(operator.client(subject, alternative))
    async with admin_desk(tmp_path / "house", certified=known, tls=operator.serve(), shown=shown) as desk:
        call = desk.ask(ListIssuersRequest(), token=None)
        await refused(call, grpc.StatusCode.UNAUTHENTICATED, "CERTIFICATE_UNKNOWN")
        [line] = [
            line
            for line in map(json.loads, desk.logged().splitlines())
            if line.get("method", "").endswith("ListIssuers")
        ]
        kind, _, name = alternative[0].partition(":")
        wanted = f"no entry of grpc_callers has a name of this certificate: subject_dn {subject}, san_{kind} {name}"
        assert line["error"] == wanted


async def test_what_a_certificate_does_is_remembered_under_its_name(tmp_path: Path, operator: Authority) -> None:
    shown = operator.shown(operator.client("CN=ci", [f"uri:{URI}"]))
    async with admin_desk(tmp_path / "house", certified=KNOWN, tls=operator.serve(), shown=shown) as desk:
        await desk.ask(ListIssuersRequest(), token=None)
        assert f'"actor":"certificates/{URI}"' in desk.logged().replace('": "', '":"')


# --- files that change


async def test_a_new_certificate_is_served_without_a_restart_and_a_broken_one_is_not(
    tmp_path: Path, operator: Authority
) -> None:
    files = operator.serve("first")
    shown = operator.shown(operator.client("CN=anybody"))
    async with admin_desk(tmp_path / "house", tls=files, shown=shown) as desk:

        async def served() -> str:
            await listed(desk, shown, TOKEN)
            return _certificate_at(desk.address, operator)

        assert "first" in await served()
        operator.serve("second")
        assert "second" in await served()
        files.key.write_bytes(key_of(authority("another")))
        assert "second" in await served()
        assert "second" in await served()
        assert desk.logged().count("key values mismatch") == 1  # however many strangers connect
        operator.serve("third")
        assert "third" in await served()
        # and an authority that is trusted no more lets nobody in
        assert files.client_ca is not None
        files.client_ca.write_text(authority("another").pem, "ascii")
        await not_reached(listed(desk, shown, TOKEN))


def _certificate_at(address: str, operator: Authority) -> str:
    """The subject of what the port shows, as another TLS library reads it."""
    context = ssl.create_default_context(cadata=operator.root.pem)
    context.set_alpn_protocols(["h2"])
    host, _, port = address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), 5) as plain,
        context.wrap_socket(plain, server_hostname=host) as shown,
    ):
        der = shown.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der).subject.rfc4514_string()


@pytest.mark.parametrize("spoiled", ["certificate", "key", "client_ca"])
async def test_files_that_cannot_be_used_are_told_at_the_start(
    tmp_path: Path, operator: Authority, spoiled: str
) -> None:
    files = operator.serve()
    path: Path = getattr(files, spoiled)
    for said in (b"", b"nothing", None):
        if said is None:
            path.unlink()
        else:
            path.write_bytes(said)
        with pytest.raises(Unusable) as caught:
            server_credentials(files, print)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


# --- the whole program


def flags(operator: Authority) -> list[str]:
    files = operator.serve()
    named = {"certificate": files.certificate, "key": files.key, "client-ca": files.client_ca}
    return [word for name, path in named.items() for word in (f"--grpc-{name}", str(path))]


def run(server: Serving, *words: str, **variables: str) -> Ran:
    """A command of somebody elsewhere, who has no token unless it is said."""
    return tenantry(*words, cwd=server.data_dir.parent, TENANTRY_ADDRESS=server.grpc, **variables)


def test_callers_are_known_by_certificates_from_the_settings_on(tmp_path: Path, operator: Authority) -> None:
    config = tmp_path / "tenantry.toml"
    config.write_text(
        f"""
        [[grpc_callers]]
        san_uri = "{URI}"
        role = "owner"

        [[grpc_callers]]
        subject_dn = "CN=watcher,O=Operator"
        role = "viewer"
        issuers = ["acme"]
        """,
        "utf-8",
    )
    for name, client in {
        "ci": operator.client("CN=x", [f"uri:{URI}"]),
        "watcher": operator.client("CN=watcher,O=Operator"),
        "nobody": operator.client("CN=nobody"),
    }.items():
        (tmp_path / f"{name}.pem").write_text(client.pem, "ascii")
        (tmp_path / f"{name}.key").write_bytes(key_of(client))

    def having(name: str) -> dict[str, str]:
        files = {"CA": operator.serve().client_ca, "CERT": tmp_path / f"{name}.pem", "KEY": tmp_path / f"{name}.key"}
        return {f"TENANTRY_{variable}": str(path) for variable, path in files.items()}

    with serving(tmp_path / "data", "--config", str(config), *flags(operator)) as server:
        ci, watcher, nobody = (having(name) for name in ("ci", "watcher", "nobody"))
        made = run(server, "issuer", "create", "acme", "--uri", "https://acme.test", "-o", "name", **ci)
        assert made.out == "issuers/acme\n"
        assert run(server, "issuer", "list", "-o", "name", **watcher).out == "issuers/acme\n"
        assert "PERMISSION_DENIED" in run(server, "issuer", "disable", "acme", **watcher).failed(1)
        assert "certificate" in run(server, "issuer", "list", **nobody).failed(1)
        token_file = str(server.data_dir / "admin.token")
        assert run(server, "issuer", "list", TENANTRY_TOKEN_FILE=token_file, **nobody).code == 0
        info = run(server, "server", "info", "-o", "json", **ci).value
        assert info["capabilities"] == ["caller-certificates"]
        without = {"TENANTRY_CA": ci["TENANTRY_CA"], "TENANTRY_TOKEN_FILE": token_file}
        assert "it wants a certificate" in run(server, "issuer", "list", **without).failed(3)


def test_the_socket_is_for_the_servers_own_user_who_needs_no_token(tmp_path: Path) -> None:
    path = tmp_path / "run" / "admin.sock"
    path.parent.mkdir()
    with serving(tmp_path / "data", "--grpc", f"unix:{path}") as server:
        assert server.grpc == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert run(server, "issuer", "list", "-o", "json").value == []
        assert run(server, "token", "create", "ci", "--role", "viewer", "-o", "json").value["creator"] == "socket"
        assert "does not accept" in run(server, "issuer", "list", TENANTRY_TOKEN="wrong").failed(1)
        again = tenantry("serve", "--data-dir", str(tmp_path / "other"), "--grpc", f"unix:{path}", *ANY, cwd=tmp_path)
        assert "another server" in again.failed(2)
        assert server.stop() == 0
        assert not path.exists()
        assert "cannot reach" in run(server, "issuer", "list").failed(3)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))  # what a crash leaves behind
    with serving(tmp_path / "data", "--grpc", f"unix:{path}") as server:
        assert run(server, "issuer", "list", "-o", "json").value == []
        assert server.stop() == 0


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user")
def test_another_user_cannot_open_the_socket(tmp_path: Path) -> None:
    knock = (
        "import os, socket, sys\nos.setgid(65534); os.setuid(65534)\nsocket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    )
    with TemporaryDirectory() as open_to_all:
        path = Path(open_to_all) / "admin.sock"
        path.parent.chmod(0o755)
        with serving(tmp_path / "data", "--grpc", f"unix:{path}"):
            ran = subprocess.run([sys.executable, "-c", knock, str(path)], capture_output=True, text=True, check=False)
    assert "PermissionError" in ran.stderr


def test_ga_04_beyond_this_machine_it_speaks_tls(tmp_path: Path, operator: Authority) -> None:
    with serving(tmp_path / "data", *flags(operator), "--grpc", "0.0.0.0:0") as server:
        assert "a server" in _certificate_at(f"127.0.0.1:{server.grpc.rpartition(':')[2]}", operator)
        assert server.stop() == 0


def test_what_hinders_the_admin_port_is_told_in_a_line(tmp_path: Path) -> None:
    def why_not(*words: str) -> str:
        return tenantry("serve", "--data-dir", str(tmp_path / "data"), *words, *ANY, cwd=tmp_path).failed(2)

    assert "x.pem" in why_not("--grpc-certificate", "x.pem", "--grpc-key", "y.pem", "--grpc", "127.0.0.1:0")
    assert "no such folder" in why_not("--grpc", f"unix:{tmp_path}/none/admin.sock")
    (tmp_path / "file").touch()
    assert "something else" in why_not("--grpc", f"unix:{tmp_path}/file")


@requirement("house:admin-tokens-go-by-tls-alone")
def test_a_command_sends_no_token_in_the_clear_to_another_machine(tmp_path: Path) -> None:
    said = tenantry("issuer", "list", "--token", "t", "--address", "192.0.2.1:9090", cwd=tmp_path).failed(2)
    assert "--ca" in said
    assert "go together" in tenantry("issuer", "list", "--cert", "x.pem", cwd=tmp_path).failed(2)
    assert "x.pem" in tenantry("issuer", "list", "--cert", "x.pem", "--key", "x.pem", cwd=tmp_path).failed(2)
