"""The SQL of what an operator makes a few of, each with an id and a version. They are asked for all the time, so what
was read is remembered.
"""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, Protocol, TypeVar

from storage_sqlite.columns import changed
from tenants.problems import AlreadyThere


class Made(Protocol):
    @property
    def id(self) -> str: ...


M = TypeVar("M", bound=Made)


class Few(Generic[M]):
    def __init__(
        self,
        connection: sqlite3.Connection,
        table: str,
        columns: Sequence[str],
        *,
        stays: Collection[str],
        to_row: Callable[[M], tuple[Any, ...]],
        from_row: Callable[[tuple[Any, ...]], M],
    ) -> None:
        """`columns` begin with the id, and those that stay are as they were made; rows are in the same order."""
        places = [f"?{number}" for number in range(1, len(columns) + 1)]
        moving = [f"{name} = {place}" for name, place in zip(columns, places, strict=True) if name not in stays]
        named = ", ".join(columns)
        self._select = f"SELECT {named} FROM {table} ORDER BY id"
        self._insert = f"INSERT INTO {table} ({named}) VALUES ({', '.join(places)})"
        self._update = f"UPDATE {table} SET {', '.join(moving)} WHERE id = ?1 AND version = ?{len(columns) + 1}"
        self._delete = f"DELETE FROM {table} WHERE id = ?"
        self._connection = connection
        self._to_row = to_row
        self._from_row = from_row
        self._known: dict[str, M] | None = None

    def find(self, id: str, /) -> M | None:
        return self._read().get(id)

    def all(self) -> Sequence[M]:
        return list(self._read().values())

    def add(self, made: M, /) -> None:
        self._known = None
        try:
            self._connection.execute(self._insert, self._to_row(made))
        except sqlite3.IntegrityError:
            raise AlreadyThere(made.id) from None

    def change(self, made: M, /, *, version: int) -> bool:
        self._known = None
        return changed(self._connection.execute(self._update, (*self._to_row(made), version)))

    def remove(self, id: str, /) -> bool:
        self._known = None
        return changed(self._connection.execute(self._delete, (id,)))

    def forget(self) -> None:
        self._known = None

    def _read(self) -> dict[str, M]:
        """All of them by id, in order."""
        if self._known is None:
            self._known = {row[0]: self._from_row(row) for row in self._connection.execute(self._select)}
        return self._known
