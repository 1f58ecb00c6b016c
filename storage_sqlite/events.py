"""The SQL of events."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import to_json
from tenants.records import Event

_COLUMNS = "type, at, actor, address, request_id, subject, details, previous, hash"


class Events:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, event: Event) -> int:
        cursor = self._connection.execute(
            f"INSERT INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                event.type,
                event.at,
                event.actor,
                event.address,
                event.request_id,
                event.subject,
                to_json(event.details),
                event.previous,
                event.hash,
            ),
        )
        return cursor.lastrowid or 0

    def page(self, after: int, limit: int) -> Sequence[Event]:
        rows = self._connection.execute(
            f"SELECT sequence, {_COLUMNS} FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, limit)
        )
        return [_event(row) for row in rows]

    def page_back(self, before: int, limit: int) -> Sequence[Event]:
        rows = self._connection.execute(
            f"SELECT sequence, {_COLUMNS} FROM events WHERE sequence < ? ORDER BY sequence DESC LIMIT ?",
            (before, limit),
        )
        return [_event(row) for row in rows]

    def last(self) -> Event | None:
        row = self._connection.execute(
            f"SELECT sequence, {_COLUMNS} FROM events ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
        return None if row is None else _event(row)

    def sweep(self, before: int, limit: int) -> int:
        return self._connection.execute(
            "DELETE FROM events WHERE sequence IN (SELECT sequence FROM events ORDER BY sequence LIMIT ?2) "
            "AND at < ?1 AND sequence < (SELECT max(sequence) FROM events)",
            (before, limit),
        ).rowcount


def _event(row: tuple[Any, ...]) -> Event:
    return Event(
        sequence=row[0],
        type=row[1],
        at=row[2],
        actor=row[3],
        address=row[4],
        request_id=row[5],
        subject=row[6],
        details=json.loads(row[7]),
        previous=row[8],
        hash=row[9],
    )
