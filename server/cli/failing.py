"""How a command ends that could not do what was asked: a code, and one line."""

import sys
from typing import NoReturn

import typer

from server.cli.readable import printable

REFUSED, USED_WRONGLY, UNREACHABLE = 1, 2, 3


def fail(code: int, line: str) -> NoReturn:
    complain(line)
    raise typer.Exit(code)


def complain(line: str) -> None:
    """One line, whatever it quotes, and nothing in it that a terminal obeys."""
    print(f"tenantry: {printable(' '.join(line.split()))}", file=sys.stderr)
