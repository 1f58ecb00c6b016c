"""The SQL of spent tickets."""

import sqlite3

from storage_sqlite.columns import changed


class Tickets:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def spend(self, ticket_id: bytes, expires_at: int) -> bool:
        return changed(
            self._connection.execute(
                "INSERT INTO spent_tickets (id, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (ticket_id, expires_at),
            )
        )

    def sweep(self, now: int, limit: int) -> int:
        return self._connection.execute(
            "DELETE FROM spent_tickets WHERE id IN (SELECT id FROM spent_tickets WHERE expires_at <= ? LIMIT ?)",
            (now, limit),
        ).rowcount
