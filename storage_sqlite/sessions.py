"""The SQL of sessions."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed, to_json
from tenants.problems import AlreadyThere
from tenants.records import Session

_COLUMNS = "digest, user_id, provider, authenticated_at, expires_at, amr, acr, sid, clients"


class Sessions:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, digest: bytes) -> Session | None:
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM sessions WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else _session(row)

    def add(self, session: Session) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO sessions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    session.digest,
                    session.user_id,
                    session.provider,
                    session.authenticated_at,
                    session.expires_at,
                    to_json(session.amr),
                    session.acr,
                    session.sid,
                    to_json(session.clients),
                ),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere("session") from None

    def note_client(self, digest: bytes, client_id: str) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE sessions SET clients = json_insert(clients, '$[#]', ?2) WHERE digest = ?1 "
                "AND NOT EXISTS (SELECT 1 FROM json_each(clients) WHERE value = ?2)",
                (digest, client_id),
            )
        )

    def remove(self, digest: bytes) -> bool:
        return changed(self._connection.execute("DELETE FROM sessions WHERE digest = ?", (digest,)))

    def of_user(self, user_id: str) -> Sequence[Session]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM sessions WHERE user_id = ? ORDER BY digest", (user_id,)
        )
        return [_session(row) for row in rows]

    def page(self, after: bytes, limit: int) -> Sequence[Session]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM sessions WHERE digest > ? ORDER BY digest LIMIT ?", (after, limit)
        )
        return [_session(row) for row in rows]

    def sweep(self, now: int, limit: int) -> int:
        return self._connection.execute(
            "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE expires_at <= ? LIMIT ?)",
            (now, limit),
        ).rowcount


def _session(row: tuple[Any, ...]) -> Session:
    return Session(
        digest=row[0],
        user_id=row[1],
        provider=row[2],
        authenticated_at=row[3],
        expires_at=row[4],
        amr=tuple(json.loads(row[5])),
        acr=row[6],
        sid=row[7],
        clients=tuple(json.loads(row[8])),
    )
