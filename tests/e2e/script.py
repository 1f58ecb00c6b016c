"""A script of tests/e2e/node that runs: what it says, and where it sends its person."""

import asyncio
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.person import Person
from tests.support import node
from tests.support.process import Program, running


@dataclass(frozen=True, slots=True)
class Script:
    program: Program

    async def said(self, word: str) -> str:
        """What stands behind the word in the next line that begins with it."""
        line = await asyncio.to_thread(self.program.wait_for, lambda line: line.startswith(f"{word} "))
        return line.removeprefix(f"{word} ")

    async def saw(self, word: str = "done") -> dict[str, Any]:
        return json.loads(await self.said(word))

    async def sends(self, person: Person, word: str = "open") -> None:
        """The person goes where it sends them, and comes back to it."""
        await person.http.get(await person.open(await self.said(word)))


@contextmanager
def script(programs: node.NodePrograms, name: str, *given: str | dict[str, Any]) -> Generator[Script]:
    """Start it, with these arguments: a dict goes as JSON."""
    words = [each if isinstance(each, str) else json.dumps(each) for each in given]
    with running([*programs.script(name), *words], cwd=programs.folder) as program:
        yield Script(program)
