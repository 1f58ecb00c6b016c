"""The SQL of events."""

import json
import sqlite3
from collections.abc import Sequence

from storage_sqlite.columns import to_json
from tenants.records import Event


class Events:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, event: Event) -> int:
        cursor = self._connection.execute(
            "INSERT INTO events (type, at, actor, subject, details) VALUES (?, ?, ?, ?, ?)",
            (event.type, event.at, event.actor, event.subject, to_json(event.details)),
        )
        return cursor.lastrowid or 0

    def page(self, after: int, limit: int) -> Sequence[Event]:
        rows = self._connection.execute(
            "SELECT sequence, type, at, actor, subject, details FROM events "
            "WHERE sequence > ? ORDER BY sequence LIMIT ?",
            (after, limit),
        )
        return [
            Event(sequence=row[0], type=row[1], at=row[2], actor=row[3], subject=row[4], details=json.loads(row[5]))
            for row in rows
        ]

    def sweep(self, before: int, limit: int) -> int:
        return self._connection.execute(
            "DELETE FROM events WHERE sequence IN (SELECT sequence FROM events ORDER BY sequence LIMIT ?2) AND at < ?1",
            (before, limit),
        ).rowcount
