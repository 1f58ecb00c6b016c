"""`tenantry context …`: several servers, each known by a name."""

import stat
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.command import Ran, tenantry
from tests.support.requirement import requirement
from tests.support.serving import Serving, serving


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Serving, Serving]]:
    with (
        serving(tmp_path_factory.mktemp("one") / "data") as one,
        serving(tmp_path_factory.mktemp("two") / "data") as two,
    ):
        for server, own_id in ((one, "at-one"), (two, "at-two")):
            assert server.operator("issuer", "create", own_id, "--uri", f"https://{own_id}.test").code == 0
        yield one, two


@pytest.fixture
def known(servers: tuple[Serving, Serving], tmp_path: Path) -> Path:
    """Where somebody works who knows both."""
    for name, server in zip(("one", "two"), servers, strict=True):
        words = ("--address", server.grpc, "--token-file", str(server.data_dir / "admin.token"))
        assert tenantry("context", "add", name, *words, cwd=tmp_path).code == 0
    return tmp_path


def issuers(cwd: Path, *words: str, **environment: str) -> list[str]:
    ran = tenantry("issuer", "list", "-o", "name", *words, cwd=cwd, **environment)
    assert ran.code == 0, ran
    return ran.out.split()


def test_the_one_in_use_is_called_and_another_one_by_its_name(known: Path) -> None:
    assert issuers(known) == ["issuers/at-one"], "the first one that was added"
    assert issuers(known, "--context", "two") == ["issuers/at-two"]
    assert issuers(known, TENANTRY_CONTEXT="two") == ["issuers/at-two"]
    assert issuers(known, "--context", "one", TENANTRY_CONTEXT="two") == ["issuers/at-one"]
    assert tenantry("context", "use", "two", cwd=known).code == 0
    assert issuers(known) == ["issuers/at-two"]


def test_a_context_that_is_named_comes_before_the_environment_and_options_before_it(
    known: Path, servers: tuple[Serving, Serving]
) -> None:
    one, _ = servers
    its_token = str(one.data_dir / "admin.token")
    assert issuers(known, "--context", "two", TENANTRY_ADDRESS=one.grpc, TENANTRY_TOKEN="nobody's") == [
        "issuers/at-two"
    ]
    options = ("--address", one.grpc, "--token-file", its_token)
    assert issuers(known, "--context", "two", *options) == ["issuers/at-one"]


@requirement("house:a-token-goes-to-its-own-server")
def test_the_token_of_a_context_goes_to_no_other_address(known: Path, servers: tuple[Serving, Serving]) -> None:
    _, two = servers
    for words, variables in ((("--address", two.grpc), {}), ((), {"TENANTRY_ADDRESS": two.grpc})):
        assert "no admin token" in tenantry("issuer", "list", *words, cwd=known, **variables).failed(2)


def test_they_are_listed_and_forgotten(known: Path, servers: tuple[Serving, Serving]) -> None:
    listed = tenantry("context", "list", "-o", "json", cwd=known).value
    assert [(item["name"], item["current"], item["address"]) for item in listed] == [
        ("one", True, servers[0].grpc),
        ("two", False, servers[1].grpc),
    ]
    assert tenantry("context", "list", "-o", "name", cwd=known).out == "one\ntwo\n"
    assert tenantry("context", "delete", "one", cwd=known, stdin="y\n").code == 0
    assert tenantry("context", "list", "-o", "name", cwd=known).out == "two\n"
    assert "no admin token" in tenantry("issuer", "list", cwd=known).failed(2), "none is in use"


def test_a_context_that_is_added_again_keeps_what_is_not_given(known: Path, servers: tuple[Serving, Serving]) -> None:
    (known / "ca.pem").touch()
    before = tenantry("context", "show", "-o", "json", cwd=known).value
    assert (before["name"], before["address"], before["current"]) == ("one", servers[0].grpc, True)
    again = tenantry("context", "add", "one", "--ca", "ca.pem", cwd=known)
    assert (again.code, again.err) == (0, "")
    assert tenantry("context", "show", "one", "-o", "json", cwd=known).value == before | {"ca": str(known / "ca.pem")}


@requirement("house:a-token-goes-to-its-own-server")
def test_a_context_that_is_elsewhere_now_forgets_its_token_and_says_so(known: Path) -> None:
    moved = tenantry("context", "add", "one", "--address", "127.0.0.1:1", cwd=known)
    assert (moved.code, "without what it had before: --token-file" in moved.err) == (0, True)
    assert "token_file" not in tenantry("context", "show", "one", "-o", "json", cwd=known).value


def test_the_file_is_for_its_owner_and_holds_no_token(known: Path, servers: tuple[Serving, Serving]) -> None:
    file = known / ".config" / "tenantry" / "contexts.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    for server in servers:
        assert (server.data_dir / "admin.token").read_text().strip() not in file.read_text()


def test_files_are_found_from_everywhere_and_any_path_is_kept(tmp_path: Path) -> None:
    odd = 'a "b"\\c\x7fé'
    for file in (odd, "ca.pem"):
        (tmp_path / file).touch()
    words = ("--address", "admin.example.com:9090", "--token-file", odd, "--ca", "ca.pem")
    assert tenantry("context", "add", "odd", *words, cwd=tmp_path).code == 0
    [item] = tenantry("context", "list", "-o", "json", cwd=tmp_path).value
    assert (item["token_file"], item["ca"]) == (str(tmp_path / odd), str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("context use nobody", "no context 'nobody'"),
        ("context remove nobody", "no context 'nobody'"),
        ("context delete nobody", "no context 'nobody'"),
        ("context show nobody", "no context 'nobody'"),
        ("context show", "none is in use"),
        ("context add a --address a:1 --ca nowhere.pem", "nowhere.pem' does not exist"),
        ("issuer list --context nobody", "no context 'nobody'"),
        ("context add -x --address a:1", "-x"),
        ("context add a/b --address a:1", "name is"),
        ("context add a --address nowhere", "is no address"),
        (f"context add a --address a:1 --cert {__file__}", "--cert and --key go together"),
        ("context add a", "--address"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(tmp_path: Path, words: str, said: str) -> None:
    assert said in tenantry(*words.split(), cwd=tmp_path).failed(2)


@pytest.mark.parametrize(
    "text",
    ["current = ", "current = 'a'", "contexts = 1", "[contexts.a]", "[contexts.a]\naddress = 1", "x = 1", "\x00"],
)
def test_a_file_that_was_spoilt_is_not_used(tmp_path: Path, text: str) -> None:
    file = tmp_path / ".config" / "tenantry" / "contexts.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert str(file) in tenantry("issuer", "list", cwd=tmp_path).failed(2)
    assert "cannot be used" in tenantry("context", "list", cwd=tmp_path).failed(2)


def completed(cwd: Path, words: str, **environment: str) -> Ran:
    shell = {"_TENANTRY_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    return tenantry(cwd=cwd, **shell, **environment)


def test_a_shell_completes_contexts_and_the_ids_of_issuers_or_keeps_silent(known: Path) -> None:
    assert completed(known, "tenantry issuer get at-").out.split() == ["at-one"]
    assert completed(known, "tenantry issuer get --context two at-").out.split() == ["at-two"]
    assert completed(known, "tenantry issuer get --context t").out.split() == ["two"]
    assert completed(known, "tenantry context use o").out.split() == ["one"]
    assert completed(known, "tenantry work").out.split() == ["workload-issuer"]
    silent = completed(known, "tenantry issuer get at-", TENANTRY_ADDRESS="127.0.0.1:1", TENANTRY_TOKEN="t")
    assert (silent.out.strip(), silent.err) == ("", "")
