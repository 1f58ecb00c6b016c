"""The SQL of logout notices."""

import sqlite3
from collections.abc import Sequence

from storage_sqlite.columns import changed
from tenants.problems import AlreadyThere
from tenants.records import LogoutNotice

_COLUMNS = "id, client_id, user_id, sid, created_at, due_at, attempts"


class LogoutNotices:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, notice: LogoutNotice) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO logout_notices ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    notice.id,
                    notice.client_id,
                    notice.user_id,
                    notice.sid,
                    notice.created_at,
                    notice.due_at,
                    notice.attempts,
                ),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(notice.id) from None

    def due(self, now: int, limit: int) -> Sequence[LogoutNotice]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM logout_notices WHERE due_at <= ? ORDER BY due_at, id LIMIT ?", (now, limit)
        )
        return [
            LogoutNotice(
                id=row[0],
                client_id=row[1],
                user_id=row[2],
                sid=row[3],
                created_at=row[4],
                due_at=row[5],
                attempts=row[6],
            )
            for row in rows
        ]

    def next_at(self) -> int | None:
        [at] = self._connection.execute("SELECT min(due_at) FROM logout_notices").fetchone()
        return at

    def count(self, user_id: str | None = None) -> int:
        [count] = self._connection.execute(
            "SELECT count(*) FROM logout_notices WHERE ?1 IS NULL OR user_id = ?1", (user_id,)
        ).fetchone()
        return count

    def put_off(self, notice_id: str, due_at: int, attempts: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE logout_notices SET due_at = ?, attempts = ? WHERE id = ?", (due_at, attempts, notice_id)
            )
        )

    def remove(self, notice_id: str) -> bool:
        return changed(self._connection.execute("DELETE FROM logout_notices WHERE id = ?", (notice_id,)))
