"""The SQL of deliveries."""

import sqlite3
from collections.abc import Sequence

from storage_sqlite.columns import changed
from tenants.problems import AlreadyThere
from tenants.records import Delivery


class Deliveries:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, delivery: Delivery) -> None:
        try:
            self._connection.execute(
                "INSERT INTO deliveries (id, body, created_at, due_at, attempts) VALUES (?, ?, ?, ?, ?)",
                (delivery.id, delivery.body, delivery.created_at, delivery.due_at, delivery.attempts),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(delivery.id) from None

    def due(self, now: int, limit: int) -> Sequence[Delivery]:
        rows = self._connection.execute(
            "SELECT id, body, created_at, due_at, attempts FROM deliveries WHERE due_at <= ? "
            "ORDER BY due_at, id LIMIT ?",
            (now, limit),
        )
        return [Delivery(id=row[0], body=row[1], created_at=row[2], due_at=row[3], attempts=row[4]) for row in rows]

    def next_at(self) -> int | None:
        [at] = self._connection.execute("SELECT min(due_at) FROM deliveries").fetchone()
        return at

    def count(self) -> int:
        [count] = self._connection.execute("SELECT count(*) FROM deliveries").fetchone()
        return count

    def put_off(self, delivery_id: str, due_at: int, attempts: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE deliveries SET due_at = ?, attempts = ? WHERE id = ?", (due_at, attempts, delivery_id)
            )
        )

    def remove(self, delivery_id: str) -> bool:
        return changed(self._connection.execute("DELETE FROM deliveries WHERE id = ?", (delivery_id,)))

    def remove_all(self) -> int:
        return self._connection.execute("DELETE FROM deliveries").rowcount
