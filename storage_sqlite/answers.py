"""The SQL of answers."""

import sqlite3

from tenants.problems import AlreadyThere
from tenants.records import Answer


class Answers:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, key: bytes) -> Answer | None:
        row = self._connection.execute(
            "SELECT key, asked, sealed, expires_at FROM answers WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else Answer(key=row[0], asked=row[1], sealed=row[2], expires_at=row[3])

    def add(self, answer: Answer) -> None:
        try:
            self._connection.execute(
                "INSERT INTO answers (key, asked, sealed, expires_at) VALUES (?, ?, ?, ?)",
                (answer.key, answer.asked, answer.sealed, answer.expires_at),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere("answer") from None

    def sweep(self, now: int, limit: int) -> int:
        return self._connection.execute(
            "DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE expires_at <= ? LIMIT ?)", (now, limit)
        ).rowcount
