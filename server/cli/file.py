"""What a command reads from a file that it is given, or from the standard input."""

import sys
from pathlib import Path

from server.cli.failing import USED_WRONGLY, fail

STDIN = "-"


def text_in(place: str, what: str) -> str:
    """The text of the file, or of the standard input for `-`. Ends the command if `what` cannot be read."""
    try:
        return sys.stdin.read() if place == STDIN else Path(place).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(USED_WRONGLY, f"{what} cannot be read from {called(place)}: {why(error)}")


def called(place: str) -> str:
    return "the standard input" if place == STDIN else place


def why(error: OSError | ValueError) -> str:
    """Why a file cannot be read, without its name."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8"
    return (isinstance(error, OSError) and error.strerror) or str(error)
