"""The operator's command against a running server: issuers come and go, and what is odd is refused in a line."""

from collections.abc import Generator

import pytest

from tests.support.requirement import requirement
from tests.support.serving import Serving, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        made = server.operator("issuer", "create", "acme", "--uri", "https://acme.test", "-o", "name")
        assert (made.code, made.out, made.err) == (0, "issuers/acme\n", "")
        yield server


def test_an_issuer_goes_and_comes_back(server: Serving) -> None:
    def state() -> str:
        return server.operator("issuer", "get", "acme", "-o", "json").value["state"]

    for verb, after in (
        ("disable", "DISABLED"),
        ("delete --yes", "DELETED"),
        ("undelete", "DISABLED"),
        ("enable", "ACTIVE"),
    ):
        assert server.operator("issuer", *verb.split(), "acme").code == 0
        assert state() == f"STATE_{after}"
    assert "FAILED_PRECONDITION" in server.operator("issuer", "undelete", "acme").failed(1)


@requirement("house:an-issuer-is-deleted-by-its-typed-id")
def test_an_issuer_is_deleted_by_who_types_its_id(server: Serving) -> None:
    server.operator("issuer", "create", "typed", "--uri", "https://typed.test")
    for typed in ("", "acme\n", "yes\n"):
        refused = server.operator("issuer", "delete", "typed", stdin=typed)
        assert (refused.code, refused.out) == (2, "")
        assert "nothing is done" in refused.err
        assert server.operator("issuer", "get", "typed", "-o", "json").value["state"] == "STATE_ACTIVE"
    deleted = server.operator("issuer", "delete", "typed", "-o", "name", stdin="typed\n")
    assert (deleted.code, deleted.out) == (0, "issuers/typed\n")


def test_a_change_of_an_older_version_is_refused(server: Serving) -> None:
    etag = server.operator("issuer", "get", "acme", "-o", "json").value["etag"]
    change = ("issuer", "update", "acme", "--display-name", "Acme", "--etag", etag)
    assert server.operator(*change).code == 0
    assert "ABORTED" in server.operator(*change).failed(1)


def test_what_was_given_is_quoted_without_what_a_terminal_obeys(server: Serving) -> None:
    odd = "http://x\ny\r\x1b[31mz"
    line = server.operator("issuer", "update", "acme", "--allowed-origin", odd).failed(1)
    assert line.isprintable()
    assert line.startswith("tenantry: --allowed-origin: ")


def test_arguments_that_are_no_text_are_used_wrongly(server: Serving) -> None:
    assert "UTF-8" in server.operator("issuer", "get", "\udcff").failed(2)


def test_a_time_that_is_too_long_is_for_the_server_to_refuse(server: Serving) -> None:
    line = server.operator("issuer", "update", "acme", "--session-ttl", "9999999999d").failed(1)
    assert line.startswith("tenantry: --session-ttl: ")


def test_a_token_that_is_several_words_is_not_sent(server: Serving) -> None:
    (server.data_dir.parent / "two").write_text("tnadmin_one\ntnadmin_two\n", "ascii")
    line = server.operator("issuer", "list", "--token-file", str(server.data_dir.parent / "two")).failed(2)
    assert "tnadmin" not in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "get", "acme", "a b"), "USER: 'a b'"),
        (("key", "get", "acme", "ü"), "KID: 'ü'"),
        (("session", "get", "acme", "s"), "SESSION: 's'"),
        (("grant", "get", "acme", "x"), "GRANT: 'x'"),
        (("domain", "get", "acme", "A"), "DOMAIN: 'A'"),
        (("provider", "get", "acme", "G"), "PROVIDER: 'G'"),
        (("provider", "update", "acme", "G", "--display-name", "x"), "PROVIDER: 'G'"),
        (("client", "get", "acme", "ü"), "CLIENT: 'ü'"),
        (("resource", "get", "acme", "F"), "RESOURCE: 'F'"),
        (("workload-issuer", "get", "acme", "G"), "WORKLOAD_ISSUER: 'G'"),
        (("registration-token", "delete", "acme", "x", "--yes"), "TOKEN: 'x'"),
        (("token", "get", "X"), "TOKEN: 'X'"),
        (("event", "get", "acme", "7x"), "EVENT: '7x'"),
        (("event", "get", "events/x"), "EVENT: 'x'"),
        (("operation", "wait", "acme", "7"), "OPERATION: '7'"),
    ],
)
def test_an_id_that_cannot_be_is_told_as_the_argument_that_it_is(
    server: Serving, words: tuple[str, ...], said: str
) -> None:
    assert server.operator(*words).failed(1) == f"tenantry: {said} cannot be an id (INVALID_ARGUMENT)"


@pytest.mark.parametrize(
    ("words", "argument"),
    [
        ("token create X --role viewer", "TOKEN"),
        ("resource create acme X --uri https://a.test", "RESOURCE"),
        ("provider create acme X --kind google --client-id x", "PROVIDER"),
        ("workload-issuer create acme X --issuer-uri https://a.test", "WORKLOAD_ISSUER"),
    ],
)
def test_a_new_id_that_cannot_be_is_told_with_what_can(server: Serving, words: str, argument: str) -> None:
    line = server.operator(*words.split()).failed(1)
    assert line.startswith(f"tenantry: {argument}: must be 1 to 63 of a-z")
