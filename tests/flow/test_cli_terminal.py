"""What people see in a terminal of some width, and scripts where there is none."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Generator

import pytest

from tests.support.serving import Serving, serving

URI = "https://files-of-a-customer-with-a-long-name.example.com/mcp/with/a/long/path"
WITHIN = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    with serving(tmp_path_factory.mktemp("house") / "data") as server:
        server.operator("issuer", "create", "acme", "--uri", "https://acme.test")
        server.operator("resource", "create", "acme", "files", "--uri", URI, "--display-name", "[bold]Files[/bold]")
        yield server


def seen(server: Serving, columns: int, *words: str, **environment: str) -> str:
    """What a terminal of so many columns is sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    variables = {"TENANTRY_ADDRESS": server.grpc, "TENANTRY_TOKEN_FILE": str(server.data_dir / "admin.token")}
    unset = ("COLUMNS", "NO_COLOR", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    process = subprocess.Popen(
        [sys.executable, "-m", "server", *words],
        stdin=theirs,
        stdout=theirs,
        env={**kept, "TERM": "xterm-256color", **variables, **environment},
    )
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 4_096):
            said += part
    except OSError:  # how a terminal says that nobody writes any more
        pass
    finally:
        os.close(ours)
        assert process.wait(WITHIN) == 0
    return said.decode().replace("\r\n", "\n")


def plain(text: str) -> list[str]:
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_table_fits_the_terminal_and_nothing_of_it_is_lost(server: Serving, columns: int) -> None:
    lines = plain(seen(server, columns, "resource", "list", "acme"))
    assert max(map(len, lines)) <= columns
    letters = "".join(lines)
    assert "…" not in letters
    for character in set(URI):
        assert letters.count(character) >= URI.count(character)
    assert "[bold]" in "".join(lines), "what strangers write is no markup"


def test_a_wide_terminal_has_a_line_for_each_and_no_column_that_says_nothing(server: Serving) -> None:
    header, row = plain(seen(server, 200, "issuer", "list"))
    assert header.split() == ["ID", "ISSUER", "URI", "STATE", "CREATE", "TIME"]
    assert re.fullmatch(r"acme  https://acme\.test  active  20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ", row)


def test_a_sheet_says_how_long_ago_something_was(server: Serving) -> None:
    lines = plain(seen(server, 120, "issuer", "get", "acme"))
    [made] = [line for line in lines if line.startswith("create_time:")]
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ \(\d+ (seconds?|minutes?) ago\)$", made)


def test_colours_are_for_terminals_and_not_for_who_wants_none(server: Serving) -> None:
    doctor = ("doctor", "--data-dir", str(server.data_dir), "--address", server.grpc)
    assert "\x1b[32mok" in seen(server, 120, *doctor, TENANTRY_ADDRESS="", TENANTRY_TOKEN_FILE="")
    assert "\x1b[3" not in seen(server, 120, *doctor, TENANTRY_ADDRESS="", TENANTRY_TOKEN_FILE="", NO_COLOR="1")
    assert "\x1b" not in server.operator("issuer", "list").out


@pytest.mark.parametrize("columns", [80, 120])
def test_what_is_to_be_copied_or_read_at_a_glance_stays_in_one_piece(server: Serving, columns: int) -> None:
    client = ("--redirect-uri", "https://app.test/cb", "--display-name", "An app with quite a long name for people")
    made = server.operator("client", "create", "acme", *client, "-o", "json").value["client_id"]
    keys = [key["kid"] for key in server.operator("key", "list", "acme", "-o", "json").value]
    shown = plain(seen(server, columns, "key", "list", "acme"))
    assert [line.split()[0] for line in shown[1:]] == keys
    assert made in [line.split()[0] for line in plain(seen(server, columns, "client", "list", "acme"))]
    events = "\n".join(plain(seen(server, columns, "event", "list", "acme")))
    assert " client.created " in events
    assert " resource.created " in events


def test_items_of_a_list_are_marked_and_a_secret_says_that_it_is_shown_this_once(server: Serving) -> None:
    words = (
        "--redirect-uri",
        "https://app.test/a/long/way/to/go",
        "--redirect-uri",
        "https://app.test/b/even/longer/way",
    )
    lines = plain(seen(server, 80, "client", "create", "acme", *words, "--auth-method", "client_secret_basic"))
    start = lines.index("redirect_uris:")
    assert lines[start + 1 : start + 3] == [
        "  - https://app.test/a/long/way/to/go",
        "  - https://app.test/b/even/longer/way",
    ]
    [secret] = [line for line in lines if line.startswith("client_secret:")]
    assert secret.endswith(" (shown this once)")
    assert not [line for line in lines if line.startswith("last_use_time:")], "nobody used it"
