"""`tenantry event …` against a running server, and the check that docs/events.md gives to be copied."""

import json
import re
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Ran, tenantry
from tests.support.process import Program, RunningTenantry, running, tenantry_dev
from tests.support.requirement import requirement
from tests.support.serving import Serving, serving

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningTenantry]:
    with tenantry_dev(tmp_path_factory.mktemp("house") / "data") as server:
        server.create_issuer("acme", "http://acme.localhost:8080")
        for number in range(3):
            server.create_client("http://acme.localhost:8080", f"app-{number}", redirect_uris=["https://app.test/cb"])
        yield server


def run(server: RunningTenantry, *words: str) -> Ran:
    return tenantry(*("event", *words), cwd=Path.cwd(), TENANTRY_ADDRESS=server.grpc, TENANTRY_TOKEN=server.admin_token)


def exported(server: RunningTenantry, *words: str) -> list[dict[str, Any]]:
    told = run(server, "export", *words)
    assert told.code == 0, told.err
    return [json.loads(line) for line in told.out.splitlines()]


def checked_by_the_page(lines: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    [recipe] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    given = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return subprocess.run(
        [sys.executable, "-c", recipe], input=given, capture_output=True, encoding="utf-8", timeout=30
    )


def test_the_newest_events_are_listed_in_their_order(server: RunningTenantry) -> None:
    every = run(server, "list", "acme", "-o", "json").value
    assert [event["type"] for event in every] == ["issuer.created", *["client.created"] * 3]
    assert run(server, "list", "acme", "--limit", "2", "-o", "json").value == every[2:]
    assert every[-1]["details"]["after"]["redirect_uris"] == ["https://app.test/cb"]
    chosen = run(server, "list", "acme", "--filter", 'subject = "app-1"', "-o", "name").out
    assert chosen == f"{every[2]['name']}\n"
    header, *rows = run(server, "list", "acme").out.splitlines()
    assert header.split() == ["EVENT", "TIME", "TYPE", "ACTOR", "SUBJECT", "ADDRESS", "ID"]
    assert rows[-1].split()[-5:] == [
        "client.created",
        "root",
        "app-2",
        "127.0.0.1",
        every[-1]["name"].rpartition("/")[2],
    ]
    assert run(server, "get", every[1]["name"], "-o", "json").value == every[1]
    assert run(server, "get", "acme", every[1]["name"].rpartition("/")[2], "-o", "json").value == every[1]
    assert "ISSUER EVENT" in run(server, "get", "acme").failed(2)
    sheet = run(server, "get", every[1]["name"]).out
    assert "  after:\n" in sheet
    own = run(server, "list", "-o", "json").value
    assert ("issuer.created", "acme") in [(event["type"], event["subject"]) for event in own]


def test_what_is_used_wrongly_or_refused_says_so(server: RunningTenantry) -> None:
    line = run(server, "list", "acme", "--filter", "kind = x").failed(1)
    assert line.startswith("tenantry: --filter: expected one of type, ")
    assert "at character 1" in line
    assert "issuers/nobody" in run(server, "export", "nobody").failed(1)
    assert "--known" in run(server, "verify", "acme", "--known", "7").failed(2)
    assert "'yesterday' is no time" in run(server, "tail", "acme", "--since", "yesterday").failed(2)
    assert "--all" in run(server, "tail", "acme", "--all").failed(2)
    assert "issuers/nobody" in run(server, "tail", "nobody").failed(1)
    nobody = tenantry("event", "tail", cwd=Path.cwd(), TENANTRY_ADDRESS="127.0.0.1:9", TENANTRY_TOKEN="x" * 20)
    assert "cannot reach" in nobody.failed(3)


def test_verify_says_what_to_keep_and_sees_if_it_is_gone(server: RunningTenantry) -> None:
    told = run(server, "verify", "acme", "-o", "json").value
    newest = exported(server, "acme")[-1]
    assert told["known"] == f"{newest['sequence']}:{newest['hash']}"
    assert run(server, "verify", "acme", "--known", told["known"], "-o", "json").value == told
    gone = run(server, "verify", "acme", "--known", f"99:{newest['hash']}").failed(1)
    assert gone == "tenantry: issuers/acme/events/99: it is gone"
    other = run(server, "verify", "acme", "--known", f"1:{newest['hash']}").failed(1)
    assert "its hash is not the one that is known" in other
    assert int(run(server, "verify", "-o", "json").value["checked_count"]) >= 2


def test_an_export_is_checked_without_us(server: RunningTenantry) -> None:
    for trail in (["acme"], []):
        lines = exported(server, *trail)
        done = checked_by_the_page(lines)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"all is as it was written, up to {lines[-1]['hash']}\n"
    lines = exported(server, "acme")
    assert "does not follow" in checked_by_the_page([lines[0], *lines[2:]]).stderr
    for changed in ({"actor": "x"}, {"details": {}}, {"subject": "x"}, {"event_time": "2026-01-01T00:00:00Z"}):
        done = checked_by_the_page([*lines[:2], lines[2] | changed, *lines[3:]])
        assert done.returncode == 1
        assert f"{lines[2]['name']} is not as it was written" in done.stderr


@contextmanager
def tailing(serving: Serving, resume_file: Path, address: str) -> Iterator[Program]:
    options = ("--token-file", str(serving.data_dir / "admin.token"), "--address", address)
    command = [sys.executable, "-u", "-m", "server", "event", "tail", "acme", "-o", "json", *options]
    with running([*command, "--resume-file", str(resume_file)]) as program:
        yield program


def subjects(program: Program, until: str) -> list[str]:
    """Whom the events that it prints are of, up to that one."""
    found: list[str] = []
    while not found or found[-1] != until:
        line = program.wait_for(lambda line: line.startswith("{"))
        found.append(json.loads(line)["subject"])
    return found


@requirement("house:a-listener-misses-nothing")
@pytest.mark.parametrize("end", ["asked", "killed"])
def test_tail_loses_nothing_when_the_server_starts_again_and_when_it_does_itself(tmp_path: Path, end: str) -> None:
    data, resume = tmp_path / "data", tmp_path / "resume"

    def client(server: Serving, name: str) -> None:
        made = server.operator(
            *("client", "create", "acme", "--client-id", name, "--redirect-uri", "https://app.test/cb")
        )
        assert made.code == 0, made.err

    with serving(data) as server:
        assert server.operator("issuer", "create", "acme", "--uri", "https://acme.test").code == 0
        address = server.grpc
        with tailing(server, resume, address) as tail:
            while not resume.exists():  # the first message says where it begins
                assert server.process.poll() is None
            client(server, "one")
            assert subjects(tail, "one") == ["one"]
            if end == "killed":
                server.process.kill()
                server.process.wait(30)
            else:
                assert server.stop() == 0
            tail.wait_for(lambda line: "the stream broke" in line)
            with serving(data, "--grpc", address) as again:
                client(again, "two")
                assert subjects(tail, "two")[-1:] == ["two"]
                tail.kill()
                client(again, "three")
                client(again, "four")
                with tailing(again, resume, address) as later:
                    assert subjects(later, "four")[-2:] == ["three", "four"]
