"""Rows in a dict, and the journal that takes back what was done to them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from tenants.problems import AlreadyThere

K = TypeVar("K", str, int, bytes, tuple[str, ...])
V = TypeVar("V")


class Journal:
    """How to take back each change since the batch began, the latest last."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    @property
    def mark(self) -> int:
        """Where the journal stands; zero if nothing has changed."""
        return len(self._steps)

    def note(self, take_back: Callable[[], object]) -> None:
        self._steps.append(take_back)

    def undo(self, mark: int) -> None:
        """Take back everything since the journal stood at `mark`."""
        while len(self._steps) > mark:
            self._steps.pop()()

    def forget(self) -> None:
        """What was done stays done."""
        self._steps.clear()


@dataclass(slots=True)
class Rows(Generic[K, V]):
    """What one table holds. It stays when the store is closed, as a file would."""

    by_key: dict[K, V] = field(default_factory=dict[Any, Any])
    last_number: int = 0
    """The highest number that was ever given to a row."""


class Table(Generic[K, V]):
    """One table, open: every change goes through the journal."""

    def __init__(self, rows: Rows[K, V], journal: Journal) -> None:
        self._rows = rows
        self._journal = journal

    def __iter__(self) -> Iterator[V]:
        """All rows, in the order of their keys."""
        rows = self._rows.by_key
        return (rows[key] for key in sorted(rows))

    def find(self, key: K) -> V | None:
        return self._rows.by_key.get(key)

    def add(self, key: K, row: V) -> None:
        if key in self._rows.by_key:
            raise AlreadyThere(str(key))
        self.put(key, row)

    def change(self, key: K, row: V) -> bool:
        if key not in self._rows.by_key:
            return False
        self.put(key, row)
        return True

    def put(self, key: K, row: V) -> None:
        rows = self._rows.by_key
        if key in rows:
            former = rows[key]
            self._journal.note(lambda: rows.__setitem__(key, former))
        else:
            self._journal.note(lambda: rows.pop(key))
        rows[key] = row

    def remove(self, key: K) -> bool:
        rows = self._rows.by_key
        if key not in rows:
            return False
        former = rows.pop(key)
        self._journal.note(lambda: rows.__setitem__(key, former))
        return True

    def remove_all(self, keys: Iterable[K]) -> int:
        return sum([self.remove(key) for key in keys])

    def keys(self, which: Callable[[V], bool]) -> list[K]:
        """The keys of all rows that are `which`, in order."""
        rows = self._rows.by_key
        return [key for key in sorted(rows) if which(rows[key])]

    def page(self, after: K, limit: int, which: Callable[[V], bool] = lambda row: True) -> list[V]:
        """The first `limit` rows behind the key `after` that are `which`."""
        rows = self._rows.by_key
        return [rows[key] for key in sorted(rows) if key > after and which(rows[key])][:limit]

    def next_number(self) -> int:
        """One more than any that was kept, be its row still here or not."""
        rows, former = self._rows, self._rows.last_number
        self._journal.note(lambda: setattr(rows, "last_number", former))
        rows.last_number = former + 1
        return rows.last_number
