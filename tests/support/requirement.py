"""Which requirement a test proves: how it says so, and what a collected suite says all in all."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.requirements import REQUIREMENTS

TESTS = Path(__file__).parent.parent


def requirement(*ids: str) -> pytest.MarkDecorator:
    """Mark a test, or one of its parameter sets, as the proof of the requirements `ids`."""
    unknown = [id for id in ids if id not in REQUIREMENTS]
    if unknown or not ids:
        raise LookupError(f"not in tests/requirements.py: {', '.join(unknown) or 'no id given'}")
    return pytest.mark.requirement(*ids)


@dataclass(frozen=True, slots=True)
class Proofs:
    """What the collected tests say they prove, by requirement id, and which test files had no part in it."""

    tests: dict[str, list[str]]
    absent: tuple[str, ...]

    def unknown(self, known: Iterable[str]) -> dict[str, list[str]]:
        return {id: tests for id, tests in self.tests.items() if id not in set(known)}

    def unproven(self, known: Iterable[str]) -> list[str]:
        return sorted(set(known) - self.tests.keys())


PROOFS = pytest.StashKey[Proofs]()


def proofs_of(items: Iterable[pytest.Item]) -> Proofs:
    tests: dict[str, list[str]] = {}
    files: set[Path] = set()
    for item in items:
        files.add(item.path)
        for mark in item.iter_markers("requirement"):
            for id in mark.args:
                tests.setdefault(str(id), []).append(item.nodeid)
    absent = (str(file.relative_to(TESTS)) for file in sorted(set(TESTS.rglob("test_*.py")) - files))
    return Proofs(tests, tuple(absent))
