"""`tenantry serve` and `tenantry dev`, from the first start to the last signal."""

import shlex
import signal
import socket
import stat
import sys
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from server.settings import read
from server.system import Unusable
from server.wiring import house
from tests.support.command import tenantry
from tests.support.serving import PORTS, Serving, serving

KEY = b64encode(b"k" * 32).decode("ascii")
TOKEN = "tnadmin_a-token-from-elsewhere"


def everything(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def refused(data_dir: Path, *words: str, mode: str = "serve", **variables: str) -> str:
    """The line that says why it did not start."""
    ran = tenantry(mode, *PORTS, "--data-dir", str(data_dir), *words, cwd=data_dir.parent, **variables)
    return ran.failed(2)


@contextmanager
def taken_address() -> Generator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def half_a_request(server: Serving) -> Generator[socket.socket]:
    """Somebody has sent the head of a request to a dev server, and takes their time with the body."""
    with socket.create_connection(("127.0.0.1", int(server.port)), 20) as connection:
        head = f"POST /register HTTP/1.1\r\nHost: localhost:{server.port}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: 43\r\nExpect: 100-continue\r\n\r\n".encode("ascii"))
        assert connection.recv(1_024).startswith(b"HTTP/1.1 100 ")  # the request has begun
        yield connection


# --- a start


def test_a_first_start_makes_what_it_needs_and_says_where_it_is(tmp_path: Path) -> None:
    with serving(tmp_path / "new" / "data") as server:
        [ready] = server.said
        assert ready == f"ready http={server.http} grpc={server.grpc} management={server.management}"
        assert not [address for address in (server.http, server.grpc, server.management) if address.endswith(":0")]
        assert (server.health("/livez"), server.health()) == (200, 200)
        assert server.get("/", "nobody.test").status_code == 404
        assert everything(server.data_dir) >= {"LOCK", "admin.token", "master.key", "registry.db"}
        for secret in ("admin.token", "master.key"):
            assert stat.S_IMODE((server.data_dir / secret).stat().st_mode) == 0o600
            assert (server.data_dir / secret).read_text("ascii").strip() not in server.logged() + ready
        assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
        assert server.operator("issuer", "list", "-o", "json").value == []

        before = everything(tmp_path)
        assert "in use" in refused(server.data_dir)
        assert everything(tmp_path) == before
        assert server.health() == 200


def test_secrets_can_come_from_files_and_nothing_else_opens_what_they_sealed(tmp_path: Path) -> None:
    token_file, key_file = tmp_path / "token", tmp_path / "key"
    token_file.write_text(f"{TOKEN}\n", "ascii")
    key_file.write_text(f"{KEY}\n", "ascii")
    variables = {"TENANTRY_ADMIN_TOKEN_FILE": str(token_file), "TENANTRY_MASTER_KEY_FILE": str(key_file)}
    with serving(tmp_path / "data", **variables) as server:
        assert not everything(server.data_dir) & {"admin.token", "master.key"}
        made = server.operator("issuer", "create", "acme", "--uri", "https://acme.test", TENANTRY_TOKEN=TOKEN)
        assert made.code == 0
        assert TOKEN not in server.logged()
        assert server.stop(signal.SIGINT) == 0
    sealed = everything(tmp_path / "data")
    assert "master.key is missing" in refused(tmp_path / "data")
    assert "not the master key" in refused(tmp_path / "data", TENANTRY_MASTER_KEY=b64encode(bytes(32)).decode("ascii"))
    assert everything(tmp_path / "data") == sealed
    with serving(tmp_path / "data", TENANTRY_MASTER_KEY=KEY) as server:
        assert server.operator("issuer", "get", "acme").code == 0


def test_dev_has_one_issuer_at_once_and_still_after_another_start(tmp_path: Path) -> None:
    with serving(tmp_path / "data", mode="dev") as server:
        uri = f"http://localhost:{server.port}"
        for wanted in (uri, "dev@example.com / dev", server.grpc, str(server.data_dir)):
            assert wanted in "\n".join(server.said)
        metadata = server.get("/.well-known/oauth-authorization-server", f"localhost:{server.port}")
        assert metadata.json()["issuer"] == uri
        assert server.stop(signal.SIGINT) == 0
    with serving(tmp_path / "data", "--http", f"127.0.0.1:{server.port}", mode="dev") as server:
        assert server.operator("issuer", "list", "-o", "name").out == "issuers/demo\n"


def issuer_made(server: Serving, cwd: Path) -> str:
    """What comes of the line of the greeting that makes another issuer, done as it is."""
    [line] = [line for line in server.said if "Another issuer" in line]
    words = shlex.split(line.partition("Another issuer")[2])
    assert words[:3] == [sys.executable, "-m", "server"]
    return tenantry(*words[3:], "-o", "name", cwd=cwd).out


def test_dev_says_how_another_issuer_is_made_beside_where_it_was_started(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "admin.token").write_text("of another server\n", "ascii")  # which a command finds by itself
    with serving(tmp_path / "data", mode="dev") as server:
        assert issuer_made(server, tmp_path) == "issuers/acme\n"


def test_dev_says_who_is_signed_in_and_what_is_not_asked(tmp_path: Path) -> None:
    def said(*words: str) -> str:
        with serving(tmp_path / "data", *words, mode="dev") as server:
            return "\n".join(server.said)

    plain = said()
    assert "Consent" not in plain
    assert "not by 127.0.0.1" in plain
    assert "the documentation" not in plain
    automatic = said("--auto-sign-in", "u@example.com", "--auto-consent")
    assert "u@example.com, without being asked" in automatic
    assert "dev@example.com" not in automatic
    assert "Consent" in automatic
    port = automatic.rpartition("ready http=127.0.0.1:")[2].split()[0]
    # the first one was at another port
    assert f"It is called demo-{port}: say that where the documentation says demo" in automatic
    assert "with any password" in said("--allow-any-credentials")


def test_a_browser_that_opens_a_dev_server_by_its_number_is_told_its_name(tmp_path: Path) -> None:
    def opened(mode: str) -> str:
        with serving(tmp_path / mode, mode=mode) as server:
            answer = httpx.get(f"http://{server.http}/", headers={"Accept": "text/html"}, trust_env=False, timeout=20)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        return answer.text

    assert "open it as <strong>localhost</strong>" in opened("dev")
    assert "localhost" not in opened("serve")


# --- no start


def test_a_port_in_use_is_said_and_nothing_made(tmp_path: Path) -> None:
    with taken_address() as taken:
        assert taken in refused(tmp_path / "data", "--grpc", taken)
    assert everything(tmp_path) == set()


def test_a_setting_that_is_not_known_is_said(tmp_path: Path) -> None:
    config = tmp_path / "tenantry.toml"
    config.write_text('htpp = "127.0.0.1:0"\n', "utf-8")
    assert "htpp" in refused(tmp_path / "data", TENANTRY_CONFIG=str(config))
    assert "TENANTRY_HTPP" in refused(tmp_path / "data", mode="dev", TENANTRY_HTPP="127.0.0.1:0")
    assert not (tmp_path / "data").exists()


def test_what_must_stay_on_loopback_does(tmp_path: Path) -> None:
    assert "loopback" in refused(tmp_path / "data", "--grpc", "0.0.0.0:0")
    assert "loopback" in refused(tmp_path / "data", "--http", "0.0.0.0:0", mode="dev")
    assert everything(tmp_path) == set()


def test_serve_has_no_back_doors_for_development(tmp_path: Path) -> None:
    assert "--auto-consent" in refused(tmp_path / "data", "--auto-consent")
    assert "development only" in refused(tmp_path / "data", TENANTRY_AUTO_SIGN_IN="dev@example.com")
    assert everything(tmp_path) == set()


def test_a_list_of_issuers_that_cannot_be_read_is_said_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"no database " * 1_000)
    ran = tenantry("serve", *PORTS, "--data-dir", str(tmp_path), cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].startswith("tenantry: the list of issuers")
    assert "Traceback" not in ran.err
    assert (tmp_path / "registry.db").read_bytes() == b"no database " * 1_000


async def why_not(data_dir: Path, **settings: str) -> str:
    """Why a house with these settings cannot start, without a process of its own."""
    anywhere = dict.fromkeys(("http", "grpc", "management"), "127.0.0.1:0")
    with pytest.raises(Unusable) as raised:
        async with house(read({**anywhere, "data_dir": data_dir, **settings}, dev=False)):
            pass
    return str(raised.value)


@pytest.mark.parametrize("name", ["http", "grpc", "management"])
@pytest.mark.parametrize("address", ["127.0.0.1:{}", "localhost:{}", "192.0.2.1:0", "[2001:db8::1]:0", "no.invalid:0"])
async def test_an_address_that_cannot_be_had_is_said_and_nothing_made(tmp_path: Path, name: str, address: str) -> None:
    with taken_address() as taken:
        address = address.format(taken.rpartition(":")[2])
        if name != "grpc" or address.startswith(("127.", "localhost")):
            assert address in await why_not(tmp_path / "data", **{name: address})
    assert everything(tmp_path) == set()


@pytest.mark.parametrize("key", ["", "not base64!", b64encode(b"k" * 31).decode("ascii"), f"{KEY}\n{KEY}"])
async def test_a_master_key_that_is_none_is_said_but_not_shown(tmp_path: Path, key: str) -> None:
    line = await why_not(tmp_path / "data", master_key=key)
    assert "master key" in line
    assert not key or key not in line
    assert everything(tmp_path / "data") == {"LOCK"}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"not base64!"])
async def test_a_key_file_that_is_damaged_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "master.key").write_bytes(content)
    assert "master" in await why_not(tmp_path)
    assert (tmp_path / "master.key").read_bytes() == content
    assert everything(tmp_path) == {"LOCK", "master.key"}


async def test_a_token_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    assert "20 characters" in await why_not(tmp_path, admin_token="secret")
    assert "registry.db" not in everything(tmp_path)


async def test_a_token_that_no_call_can_carry_is_refused(tmp_path: Path) -> None:
    for token in ("ä" * 20, "two words of a token", "tnadmin_one\ntnadmin_two"):
        assert "admin token" in await why_not(tmp_path, admin_token=token)
    assert "registry.db" not in everything(tmp_path)


async def test_a_data_directory_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file", "utf-8")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert str(path) in await why_not(path)


async def test_what_could_not_start_is_in_nobodys_way(tmp_path: Path) -> None:
    await why_not(tmp_path, master_key="none")
    async with house(read({"data_dir": tmp_path, "http": ":0", "grpc": "localhost:0", "management": ":0"}, dev=False)):
        assert everything(tmp_path) >= {"admin.token", "master.key", "registry.db"}


# --- the end


def test_a_signal_ends_it_well_after_what_was_begun(tmp_path: Path) -> None:
    with serving(tmp_path / "data", mode="dev") as server:
        with half_a_request(server) as connection:
            server.process.send_signal(signal.SIGTERM)
            assert server.turns_unready()
            assert server.health("/livez") == 200
            connection.sendall(b'{"redirect_uris":["https://app.test/cb"]}  ')
            assert connection.recv(65_536).startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(10) == 0
        assert "Traceback" not in server.logged()
        assert [name for name in everything(tmp_path) if name.endswith(("-wal", "-shm", ".new"))] == []


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with serving(tmp_path / "data", mode="dev") as server, half_a_request(server):
        server.process.send_signal(signal.SIGTERM)
        assert server.turns_unready()
        assert server.stop(within=3) == 1


def test_an_end_waits_no_longer_than_the_drain_time(tmp_path: Path) -> None:
    with serving(tmp_path / "data", mode="dev", TENANTRY_DRAIN="1") as server, half_a_request(server):
        assert server.stop(within=10) == 0
