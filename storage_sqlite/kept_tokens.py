"""The SQL of kept tokens."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed
from tenants.records import KeptToken

_COLUMNS = "user_id, provider, sealed, due_at, attempts"


class KeptTokens:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, user_id: str, provider: str) -> KeptToken | None:
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM kept_tokens WHERE user_id = ? AND provider = ?", (user_id, provider)
        ).fetchone()
        return None if row is None else _token(row)

    def put(self, token: KeptToken) -> None:
        self._connection.execute(f"INSERT OR REPLACE INTO kept_tokens ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", _row(token))

    def due(self, now: int, limit: int) -> Sequence[KeptToken]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM kept_tokens WHERE due_at <= ? ORDER BY due_at, user_id, provider LIMIT ?",
            (now, limit),
        )
        return [_token(row) for row in rows]

    def next_at(self) -> int | None:
        [at] = self._connection.execute("SELECT min(due_at) FROM kept_tokens").fetchone()
        return at

    def change(self, token: KeptToken, *, former: bytes) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE kept_tokens SET sealed = ?3, due_at = ?4, attempts = ?5 "
                "WHERE user_id = ?1 AND provider = ?2 AND sealed = ?6",
                (*_row(token), former),
            )
        )

    def hasten(self, provider: str, beyond: int, now: int, limit: int) -> int:
        return self._connection.execute(
            "UPDATE kept_tokens SET due_at = ?1 WHERE provider = ?2 AND user_id IN "
            "(SELECT user_id FROM kept_tokens WHERE provider = ?2 AND due_at > ?3 LIMIT ?4)",
            (now, provider, beyond, limit),
        ).rowcount

    def remove(self, user_id: str, provider: str) -> bool:
        return changed(
            self._connection.execute("DELETE FROM kept_tokens WHERE user_id = ? AND provider = ?", (user_id, provider))
        )

    def remove_of_user(self, user_id: str) -> int:
        return self._connection.execute("DELETE FROM kept_tokens WHERE user_id = ?", (user_id,)).rowcount

    def remove_of_provider(self, provider: str) -> int:
        return self._connection.execute("DELETE FROM kept_tokens WHERE provider = ?", (provider,)).rowcount


def _row(token: KeptToken) -> tuple[Any, ...]:
    return token.user_id, token.provider, token.sealed, token.due_at, token.attempts


def _token(row: tuple[Any, ...]) -> KeptToken:
    return KeptToken(user_id=row[0], provider=row[1], sealed=row[2], due_at=row[3], attempts=row[4])
