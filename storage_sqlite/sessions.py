"""The SQL of sessions."""

import sqlite3

from storage_sqlite.columns import changed
from tenants.problems import AlreadyThere
from tenants.records import Session


class Sessions:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, digest: bytes) -> Session | None:
        row = self._connection.execute(
            "SELECT user_id, provider, authenticated_at, expires_at FROM sessions WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            return None
        return Session(digest=digest, user_id=row[0], provider=row[1], authenticated_at=row[2], expires_at=row[3])

    def add(self, session: Session) -> None:
        try:
            self._connection.execute(
                "INSERT INTO sessions (digest, user_id, provider, authenticated_at, expires_at) VALUES (?, ?, ?, ?, ?)",
                (session.digest, session.user_id, session.provider, session.authenticated_at, session.expires_at),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere("session") from None

    def remove(self, digest: bytes) -> bool:
        return changed(self._connection.execute("DELETE FROM sessions WHERE digest = ?", (digest,)))

    def remove_of_user(self, user_id: str, provider: str | None = None) -> int:
        return self._connection.execute(
            "DELETE FROM sessions WHERE user_id = ?1 AND (?2 IS NULL OR provider = ?2)", (user_id, provider)
        ).rowcount

    def sweep(self, now: int, limit: int) -> int:
        return self._connection.execute(
            "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE expires_at <= ? LIMIT ?)",
            (now, limit),
        ).rowcount
