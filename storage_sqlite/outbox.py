"""The SQL of messages on their way out."""

import sqlite3
from collections.abc import Sequence

from storage_sqlite.columns import changed
from tenants.problems import AlreadyThere
from tenants.records import Message, MessageKind

_COLUMNS = "id, kind, body, client_id, user_id, created_at, due_at, attempts"


class Outbox:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, message: Message) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO outbox ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    message.id,
                    message.kind,
                    message.body,
                    message.client_id,
                    message.user_id,
                    message.created_at,
                    message.due_at,
                    message.attempts,
                ),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(message.id) from None

    def due(self, kind: MessageKind, now: int, limit: int) -> Sequence[Message]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE kind = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?",
            (kind, now, limit),
        )
        return [
            Message(
                id=row[0],
                kind=row[1],
                body=row[2],
                client_id=row[3],
                user_id=row[4],
                created_at=row[5],
                due_at=row[6],
                attempts=row[7],
            )
            for row in rows
        ]

    def next_at(self, kind: MessageKind) -> int | None:
        [at] = self._connection.execute("SELECT min(due_at) FROM outbox WHERE kind = ?", (kind,)).fetchone()
        return at

    def count(self, kind: MessageKind, user_id: str | None = None) -> int:
        [count] = self._connection.execute(
            "SELECT count(*) FROM outbox WHERE kind = ?1 AND (?2 IS NULL OR user_id = ?2)", (kind, user_id)
        ).fetchone()
        return count

    def put_off(self, message_id: str, due_at: int, attempts: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE outbox SET due_at = ?, attempts = ? WHERE id = ?", (due_at, attempts, message_id)
            )
        )

    def hasten(self, kind: MessageKind, beyond: int, now: int, limit: int) -> int:
        return self._connection.execute(
            "UPDATE outbox SET due_at = ? WHERE id IN (SELECT id FROM outbox WHERE kind = ? AND due_at > ? LIMIT ?)",
            (now, kind, beyond, limit),
        ).rowcount

    def remove(self, message_id: str) -> bool:
        return changed(self._connection.execute("DELETE FROM outbox WHERE id = ?", (message_id,)))

    def remove_all(self, kind: MessageKind) -> int:
        return self._connection.execute("DELETE FROM outbox WHERE kind = ?", (kind,)).rowcount
