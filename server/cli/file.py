"""What a command reads from a file that it is given, or from the standard input."""

import sys
from pathlib import Path

from server.cli.failing import USED_WRONGLY, fail
from server.unreadable import why

STDIN = "-"


def text_in(place: str, what: str) -> str:
    """The text of the file, or of the standard input for `-`. Ends the command if `what` cannot be read."""
    try:
        return contents(place)
    except (OSError, UnicodeDecodeError) as error:
        fail(USED_WRONGLY, f"{what} cannot be read from {called(place)}: {why(error)}")


def contents(place: str) -> str:
    """The same. Raises OSError or UnicodeDecodeError."""
    return sys.stdin.read() if place == STDIN else Path(place).read_text("utf-8")


def called(place: str) -> str:
    return "the standard input" if place == STDIN else place
