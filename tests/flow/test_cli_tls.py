"""Who cannot speak with a server reads why: TLS that is missing or not wanted, a certificate that is not right."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.admin_tls import Authority, authority, key_of
from tests.support.process import free_port
from tests.support.serving import Serving, serving


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def operator(place: Path) -> Authority:
    stranger = authority("a stranger")
    (place / "stranger.pem").write_text(stranger.pem)
    (place / "empty.pem").write_text("nothing")
    known = Authority(place)
    for name, by in (("own", known.root), ("strange", stranger)):
        client = known.client("CN=ops", by=by)
        (place / f"{name}.pem").write_text(client.pem)
        (place / f"{name}.key").write_bytes(key_of(client))
    return known


@pytest.fixture(scope="module")
def open_to_all(operator: Authority, place: Path) -> Generator[Serving]:
    files = operator.serve()
    words = ("--grpc-certificate", str(files.certificate), "--grpc-key", str(files.key))
    with serving(place / "open" / "data", *words) as server:
        yield server


@pytest.fixture(scope="module")
def wanting(operator: Authority, place: Path) -> Generator[Serving]:
    """A server that wants certificates of its callers."""
    files = operator.serve()
    words = ("--grpc-certificate", str(files.certificate), "--grpc-key", str(files.key))
    with serving(place / "wanting" / "data", *words, "--grpc-client-ca", str(place / "ca.pem")) as server:
        yield server


def told(server: Serving, place: Path, words: str, **variables: str) -> str:
    options = [str(place / word) if "." in word else word for word in words.split()]
    return server.operator("issuer", "list", *options, **variables).failed(3)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "it speaks TLS: give --ca"),
        ("--ca stranger.pem", "its certificate is not of who is in --ca"),
        ("--ca empty.pem", "the file of --ca holds no certificate in PEM"),
    ],
)
def test_what_is_wrong_with_the_certificate_is_said(open_to_all: Serving, place: Path, words: str, why: str) -> None:
    assert f"no connection to the server at {open_to_all.grpc}: {why}" in told(open_to_all, place, words)
    assert open_to_all.operator("issuer", "list", "--ca", str(place / "ca.pem")).code == 0


def test_a_certificate_for_another_name_is_told_from_a_strangers(open_to_all: Serving, place: Path) -> None:
    there = open_to_all.grpc.replace("127.0.0.1", "localhost")
    assert "for another name than localhost" in told(open_to_all, place, "--ca ca.pem", TENANTRY_ADDRESS=there)


def test_where_nothing_speaks_tls_that_is_said_and_where_nobody_is_too(open_to_all: Serving, place: Path) -> None:
    line = told(open_to_all, place, "--ca ca.pem", TENANTRY_ADDRESS=open_to_all.http)
    assert "it answers, but not by TLS: leave --ca out" in line
    line = told(open_to_all, place, "--ca ca.pem", TENANTRY_ADDRESS=f"127.0.0.1:{free_port()}")
    assert "check that it runs" in line


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("--ca ca.pem", "it wants a certificate: give --cert and --key"),
        ("--ca ca.pem --cert strange.pem --key strange.key", "it does not take the one of --cert"),
    ],
)
def test_a_server_that_wants_a_certificate_is_understood(wanting: Serving, place: Path, words: str, why: str) -> None:
    assert f": {why}" in told(wanting, place, words)
    own = ("--ca", "ca.pem", "--cert", "own.pem", "--key", "own.key")
    options = [str(place / word) if "." in word else word for word in own]
    assert wanting.operator("server", "info", *options).code == 0
