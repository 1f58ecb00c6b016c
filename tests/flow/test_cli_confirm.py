"""What ends something is asked for, unless --yes is given; and where nobody can be asked, nothing is done."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from server.cli.app import app
from tests.support.command import tenantry
from tests.support.requirement import requirement
from tests.support.serving import Serving, serving

ENDING = ("delete", "remove", "revoke", "revoke-many")
TYPED = {
    "issuer delete acme": "acme",
    "user delete acme issuers/acme/users/u_a": "u_a",
    "client delete acme app": "app",
    "provider delete acme google": "google",
    "resource delete acme files": "files",
    "workload-issuer delete acme github": "github",
    "domain delete acme login.example.com": "login-example-com",
    "token delete adminTokens/ci": "ci",
    "key revoke acme k1": "k1",
    "grant revoke-many acme --all": "acme",
}
AGREED = (
    "session delete acme s1",
    "grant revoke acme 7",
    "registration-token delete acme r_1",
    "operation delete acme o1",
    "webhook remove acme",
)
NOWHERE = ("--address", "127.0.0.1:1", "--token", "t")


def ending() -> Iterator[tuple[str, Any]]:
    root: Any = get_command(app)
    for noun in root.list_commands(None):
        group = root.get_command(None, noun)
        for verb in getattr(group, "commands", {}):
            if verb in ENDING:
                yield f"{noun} {verb}", group.commands[verb]


@requirement("house:what-ends-something-is-asked-for")
def test_whatever_ends_something_can_be_told_not_to_ask() -> None:
    found = dict(ending())
    assert {name for name, command in found.items() if "yes" not in {each.name for each in command.params}} == set()
    assert {" ".join(words.split()[:2]) for words in (*TYPED, *AGREED)} == {*found} - {
        "context delete",
        "context remove",
    }


@requirement("house:what-ends-something-is-asked-for")
@pytest.mark.parametrize("words", [*TYPED, *AGREED])
def test_nothing_is_done_where_nobody_can_be_asked(tmp_path: Path, words: str) -> None:
    line = tenantry(*words.split(), *NOWHERE, cwd=tmp_path).failed(2)
    assert line == "tenantry: nothing is done: the standard input is no terminal, so nobody can be asked; give --yes"


@pytest.mark.parametrize(("words", "typed"), TYPED.items())
def test_what_nothing_brings_back_is_done_for_who_types_its_id(tmp_path: Path, words: str, typed: str) -> None:
    wrong = tenantry(*words.split(), *NOWHERE, cwd=tmp_path, stdin="yes\n").failed(2)
    assert f"nothing is done: that was not {typed}" in wrong
    assert "cannot reach" in tenantry(*words.split(), *NOWHERE, cwd=tmp_path, stdin=f"{typed}\n").failed(3)
    assert "cannot reach" in tenantry(*words.split(), *NOWHERE, "--yes", cwd=tmp_path).failed(3)


@pytest.mark.parametrize("words", AGREED)
def test_a_yes_is_enough_for_what_can_be_made_again(tmp_path: Path, words: str) -> None:
    assert "nothing is done" in tenantry(*words.split(), *NOWHERE, cwd=tmp_path, stdin="n\n").failed(2)
    assert "cannot reach" in tenantry(*words.split(), *NOWHERE, cwd=tmp_path, stdin="y\n").failed(3)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        server.operator("issuer", "create", "acme", "--uri", "https://acme.test")
        yield server


def test_who_withdraws_a_key_reads_which_one_signs_now(server: Serving) -> None:
    keys = server.operator("key", "list", "acme", "-o", "json").value
    [current] = [key["kid"] for key in keys if key["state"] == "STATE_CURRENT"]
    [following] = [key["kid"] for key in keys if key["state"] == "STATE_NEXT"]
    assert (
        server.operator("key", "revoke", "acme", current, "--yes").out == f"revoked {current}; {following} signs now\n"
    )
