"""What a command reads from a file that it is given, or from the standard input."""

import sys
from pathlib import Path

from server.cli.failing import USED_WRONGLY, fail


def text_in(place: str, what: str) -> str:
    """The text of the file, or of the standard input for `-`. Ends the command if `what` cannot be read."""
    try:
        return sys.stdin.read() if place == "-" else Path(place).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(USED_WRONGLY, f"{what} cannot be read: {error}")
