"""`tenantry doctor` and `tenantry healthcheck`, on a house that stands and on one that runs."""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import DAY, made
from tests.support.command import Ran, tenantry
from tests.support.serving import serving

STATES = ("ok", "warn", "fail")


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a server leaves that had two issuers and was stopped."""
    data_dir = tmp_path_factory.mktemp("house") / "data"
    with serving(data_dir) as server:
        for own_id in ("acme", "beta"):
            assert server.operator("issuer", "create", own_id, "--uri", f"https://{own_id}.test").code == 0
        assert server.stop() == 0
    return data_dir


@pytest.fixture
def data_dir(left_behind: Path, tmp_path: Path) -> Path:
    """A copy of it, to do bad things to."""
    return Path(shutil.copytree(left_behind, tmp_path / "data"))


def doctor(data_dir: Path, *words: str, **environment: str) -> Ran:
    return tenantry("doctor", "--data-dir", str(data_dir), "-o", "json", *words, cwd=data_dir.parent, **environment)


def findings(ran: Ran, code: int = 0) -> dict[str, tuple[str, str]]:
    """The worst of each check, and what is said of it."""
    assert ran.code == code, ran
    worst: dict[str, tuple[str, str]] = {}
    for item in sorted(json.loads(ran.out), key=lambda item: STATES.index(item["state"])):
        assert (item["state"] == "ok") == ("advice" not in item), "what is not well comes with what to do"
        worst[item["name"]] = (item["state"], f"{item['message']}; {item.get('advice', '')}")
    return worst


def tenant_file(data_dir: Path) -> Path:
    return min((data_dir / "tenants").glob("??/*.db"))


def test_all_is_well_where_a_server_was_stopped_and_nothing_is_changed(data_dir: Path) -> None:
    def kept() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in data_dir.rglob("*")}

    before = kept()
    found = findings(doctor(data_dir))
    assert {state for state, _ in found.values()} == {"ok"}
    assert found.keys() == {"sqlite", "disk", "clock", "directory", "lock", "registry", "tenants", "master key"}
    assert "2 issuers" in found["registry"][1]
    assert "all 2" in found["master key"][1]
    assert kept() == before
    shown = tenantry("doctor", "--data-dir", str(data_dir), cwd=data_dir.parent)
    assert [line.split()[0] for line in shown.out.splitlines()] == ["ok"] * 8
    assert "\x1b" not in shown.out


def test_a_crash_leaves_a_log_which_is_read_too(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir) as server:
        assert server.operator("issuer", "create", "acme", "--uri", "https://acme.test").code == 0
    assert (data_dir / "registry.db-wal").stat().st_size > 0
    assert "1 issuer;" in findings(doctor(data_dir))["registry"][1]


def test_a_secret_that_others_may_read_fails(data_dir: Path) -> None:
    (data_dir / "master.key").chmod(0o640)
    state, told = findings(doctor(data_dir), code=1)["directory"]
    assert (state, f"chmod 600 {data_dir / 'master.key'}" in told) == ("fail", True)
    (data_dir / "master.key").chmod(0o600)
    data_dir.chmod(0o755)
    assert findings(doctor(data_dir))["directory"][0] == "warn"


def test_another_master_key_and_none_fail(data_dir: Path) -> None:
    other = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    state, told = findings(doctor(data_dir, TENANTRY_MASTER_KEY=other), code=1)["master key"]
    assert (state, "not the master key" in told) == ("fail", True)
    (data_dir / "master.key.id").unlink()
    (data_dir / "master.key").rename(data_dir / "lost.key")
    assert findings(doctor(data_dir), code=1)["master key"][0] == "fail"


def test_a_data_key_that_the_master_key_does_not_open_fails_with_the_issuers_name(data_dir: Path) -> None:
    with sqlite3.connect(tenant_file(data_dir)) as file:
        file.execute("UPDATE issuer SET sealed_data_key = zeroblob(60)")
    file.close()
    state, told = findings(doctor(data_dir), code=1)["master key"]
    assert (state, "acme" in told or "beta" in told) == ("fail", True)


def test_files_that_are_missing_damaged_too_new_or_nobodys_are_told(data_dir: Path) -> None:
    one, two = sorted((data_dir / "tenants").glob("??/*.db"))
    with sqlite3.connect(one) as file:
        file.execute("PRAGMA user_version = 1000")
    file.close()
    assert "newer" in findings(doctor(data_dir), code=1)["tenants"][1]
    one.write_bytes(b"x" * 8_192)
    two.rename(two.with_name("00000000-0000-0000-0000-000000000000.db"))
    ran = doctor(data_dir)
    state, told = findings(ran, code=1)["tenants"]
    assert (state, "acme" in told, "beta" in told) == ("fail", True, True)
    assert "no issuer is listed for 00000000-" in ran.out
    (data_dir / "registry.db").write_bytes(b"")
    assert findings(doctor(data_dir), code=1)["registry"][0] == "fail"


def test_a_clock_that_went_back_fails(data_dir: Path) -> None:
    later = time.time() + DAY
    os.utime(data_dir / "registry.db", (later, later))
    assert findings(doctor(data_dir), code=1)["clock"][0] == "fail"


def test_there_is_nothing_to_see_where_no_server_was(tmp_path: Path) -> None:
    found = findings(doctor(tmp_path / "none"))
    assert found["directory"][0] == "warn"
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("days", "state", "code"), [(90, "ok", 0), (5, "warn", 0), (-1, "fail", 1)])
def test_certificates_are_told_before_they_end(data_dir: Path, days: int, state: str, code: int) -> None:
    now = int(time.time())
    pem = data_dir.parent / "grpc.pem"
    pem.write_text(made("CN=admin", begins=now - 30 * DAY, ends=now + days * DAY + 60).pem)
    files = {"TENANTRY_GRPC_CERTIFICATE": str(pem), "TENANTRY_GRPC_KEY": str(pem)}
    assert findings(doctor(data_dir, **files), code=code)["certificate"][0] == state
    pem.write_text("no certificate")
    assert findings(doctor(data_dir, **files), code=1)["certificate"][0] == "fail"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Any]:
    with serving(tmp_path_factory.mktemp("running") / "data", mode="dev") as server:
        yield server


def test_a_server_that_runs_is_asked_and_its_issuers_are_called(running: Any) -> None:
    def found(code: int = 0) -> dict[str, tuple[str, str]]:
        return findings(doctor(running.data_dir, "--address", running.grpc), code=code)

    def made(own_id: str, uri: str) -> None:
        assert running.operator("issuer", "create", own_id, "--uri", uri).code == 0

    well = found()
    assert {state for state, _ in well.values()} == {"ok"}
    assert "1 issuer answers" in well["metadata"][1]
    assert "master key" not in well, "its files are the server's own"
    made("here", f"http://here.localhost:{running.port}/below")
    assert "2 issuers answer" in found()["metadata"][1]
    made("away", "https://away.invalid")
    assert "https://away.invalid" in found()["metadata"][1]
    assert found()["metadata"][0] == "warn"
    made("taken", f"http://localhost:{running.management.rpartition(':')[2]}")
    assert found(1)["metadata"][0] == "fail"
    provider = ("--kind", "oidc", "--issuer-uri", "http://127.0.0.1:9", "--client-id", "x", "--auth-method", "none")
    assert running.operator("provider", "create", "here", "gone", *provider).code == 0
    state, told = found(1)["providers"]
    assert (state, "issuers/here/identityProviders/gone" in told) == ("fail", True)


def test_the_doctor_finds_the_server_that_other_commands_find(tmp_path: Path) -> None:
    def checks(*words: str, **environment: str) -> dict[str, tuple[str, str]]:
        return findings(tenantry("doctor", "-o", "json", *words, cwd=tmp_path, **environment))

    with serving(tmp_path / "var" / "dev") as server:
        at = {"TENANTRY_ADDRESS": server.grpc}
        assert tenantry("issuer", "list", cwd=tmp_path, **at).code == 0
        found = checks(**at)
        assert "var/dev is for its owner alone" in found["directory"][1]
        assert f"{server.grpc} answers" in found["server"][1]
        words = ("--address", server.grpc, "--token-file", str(server.data_dir / "admin.token"))
        assert tenantry("context", "add", "here", *words, cwd=tmp_path).code == 0
        assert f"{server.grpc} answers" in checks()["server"][1]
        assert f"{server.grpc} answers" in checks("--data-dir", "none", "--context", "here")["server"][1]


def test_an_issuer_where_nobody_can_sign_in_is_told(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        assert "none is set up" in findings(doctor(server.data_dir, "--address", server.grpc))["providers"][1]
        assert server.operator("issuer", "create", "alone", "--uri", "https://alone.invalid").code == 0
        state, told = findings(doctor(server.data_dir, "--address", server.grpc))["providers"]
        assert (state, "for want of an identity provider: alone" in told) == ("warn", True)


def test_a_server_that_does_not_answer_or_has_another_token_fails(running: Any) -> None:
    assert findings(doctor(running.data_dir, "--address", "127.0.0.1:1"), code=1)["server"][0] == "fail"
    wrong = {"TENANTRY_ADMIN_TOKEN": "tnadmin_of-another-server"}
    ran = doctor(running.data_dir, "--address", running.grpc, **wrong)
    assert findings(ran, code=1)["server"][0] == "fail"


def test_no_token_is_sent_to_another_machine_in_the_clear(running: Any) -> None:
    state, told = findings(doctor(running.data_dir, "--address", "admin.test.invalid:9090"))["server"]
    assert (state, "in the clear" in told) == ("warn", True)
    assert doctor(running.data_dir, "--address", "dns:///admin.test.invalid").code == 2


@pytest.mark.parametrize("host", ["[::1]", "127.0.0.1"])
def test_the_doctor_calls_where_the_settings_say(running: Any, host: str) -> None:
    state, told = findings(doctor(running.data_dir, TENANTRY_GRPC=f"{host}:1"), code=1)["server"]
    assert (state, f"at {host}:1;" in told) == ("fail", True)


def test_a_health_check_ends_with_0_where_a_server_is_ready_and_with_1_where_not(running: Any, tmp_path: Path) -> None:
    ready = tenantry("healthcheck", "--management", running.management, cwd=tmp_path)
    assert (ready.code, ready.out) == (0, "ready\n")
    assert tenantry("healthcheck", cwd=tmp_path, TENANTRY_MANAGEMENT=running.management).code == 0
    assert "not ready" in tenantry("healthcheck", "--management", running.http, cwd=tmp_path).failed(1)
    assert "nothing answers" in tenantry("healthcheck", "--management", "127.0.0.1:1", cwd=tmp_path).failed(1)


def test_settings_that_cannot_be_used_are_told_in_a_line(tmp_path: Path) -> None:
    assert "unknown variable" in tenantry("doctor", cwd=tmp_path, TENANTRY_COLOR="red").failed(2)
    assert "management" in tenantry("healthcheck", "--management", "nowhere", cwd=tmp_path).failed(2)
