"""The SQL of operations."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed, to_json
from tenants.problems import AlreadyThere
from tenants.records import Operation, Origin

_COLUMNS = (
    "id, verb, issuer_id, lock, request, actor, address, request_id, created_at, "
    "progress, percent, updated_at, cancelled_at, ended_at, response, error"
)


class Operations:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, operation_id: str) -> Operation | None:
        found = self._connection.execute(f"SELECT {_COLUMNS} FROM operations WHERE id = ?", (operation_id,)).fetchone()
        return None if found is None else _operation(found)

    def add(self, operation: Operation) -> None:
        origin = operation.origin
        asked = (operation.id, operation.verb, operation.issuer_id, operation.lock, operation.request)
        by = (origin.actor, origin.address, origin.request_id, operation.created_at)
        try:
            self._connection.execute(
                f"INSERT INTO operations ({_COLUMNS}) VALUES ({', '.join('?' * 16)})",
                (*asked, *by, *_standing(operation)),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(operation.id) from None

    def change(self, operation: Operation) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE operations SET progress = ?, percent = ?, updated_at = ?, cancelled_at = ?, ended_at = ?, "
                "response = ?, error = ? WHERE id = ?",
                (*_standing(operation), operation.id),
            )
        )

    def remove(self, operation_id: str) -> bool:
        return changed(self._connection.execute("DELETE FROM operations WHERE id = ?", (operation_id,)))

    def page(self, after: str, limit: int) -> Sequence[Operation]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM operations WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
        )
        return [_operation(row) for row in rows]

    def under_way(self) -> Sequence[Operation]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM operations WHERE ended_at IS NULL ORDER BY id")
        return [_operation(row) for row in rows]

    def sweep(self, before: int, limit: int) -> int:
        return self._connection.execute(
            "DELETE FROM operations WHERE id IN (SELECT id FROM operations WHERE ended_at < ? LIMIT ?)",
            (before, limit),
        ).rowcount


def _standing(operation: Operation) -> tuple[Any, ...]:
    """What of it changes."""
    return (
        to_json(operation.progress),
        operation.percent,
        operation.updated_at,
        operation.cancelled_at,
        operation.ended_at,
        operation.response,
        operation.error,
    )


def _operation(row: tuple[Any, ...]) -> Operation:
    return Operation(
        id=row[0],
        verb=row[1],
        issuer_id=row[2],
        lock=row[3],
        request=row[4],
        origin=Origin(row[5], row[6], row[7]),
        created_at=row[8],
        progress=json.loads(row[9]),
        percent=row[10],
        updated_at=row[11],
        cancelled_at=row[12],
        ended_at=row[13],
        response=row[14],
        error=row[15],
    )
