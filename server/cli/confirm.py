"""What cannot be undone, or not for long, is asked for twice: it has to be typed."""

import sys
from typing import Annotated

import typer

from server.cli.failing import USED_WRONGLY, fail

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def confirm(what: str, wanted: str) -> None:
    """Ends the command unless `wanted` is typed. A script may pipe it in, or give --yes."""
    print(f"To go on, type {what} ({wanted}): ", end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        print(file=sys.stderr)
    if typed != wanted:
        fail(USED_WRONGLY, f"nothing is deleted: that was not {wanted}; or give --yes")
