"""What cannot be undone, or not for long, is asked for twice."""

import sys
from typing import Annotated

import typer

from server.cli.failing import USED_WRONGLY, fail
from server.cli.readable import printable

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def confirm(what: str, wanted: str, *, yes: bool) -> None:
    """For what nothing brings back: the command ends unless `wanted` is typed. A script may pipe it in."""
    if not yes and (typed := _answer(f"To go on, type {what} ({wanted}): ")) != wanted:
        fail(USED_WRONGLY, f"nothing is done: {_why(typed, f'that was not {wanted}')}")


def agree(question: str, *, yes: bool) -> None:
    """For what can be made again: the command ends unless somebody says yes."""
    if not yes and (typed := _answer(f"{question}? [y/N] ")).lower() not in ("y", "yes"):
        fail(USED_WRONGLY, f"nothing is done: {_why(typed, 'that was no yes')}")


def _answer(question: str) -> str:
    if sys.stdin.isatty():
        print(printable(question), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _why(typed: str, otherwise: str) -> str:
    if not typed and not sys.stdin.isatty():
        return "the standard input is no terminal, so nobody can be asked; give --yes"
    return f"{otherwise}; or give --yes"
