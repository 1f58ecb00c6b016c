"""The SQL of admin tokens."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed, from_words, words
from tenants.problems import AlreadyThere
from tenants.records import AdminToken

_COLUMNS = "id, digest, role, issuers, display_name, created_at, created_by, expires_at, last_used_at"


class AdminTokens:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, token_id: str) -> AdminToken | None:
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM admin_tokens WHERE id = ?", (token_id,)).fetchone()
        return None if row is None else _token(row)

    def all(self) -> Sequence[AdminToken]:
        return [_token(row) for row in self._connection.execute(f"SELECT {_COLUMNS} FROM admin_tokens ORDER BY id")]

    def add(self, token: AdminToken) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO admin_tokens ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    token.id,
                    token.digest,
                    token.role,
                    words(token.issuers),
                    token.display_name,
                    token.created_at,
                    token.created_by,
                    token.expires_at,
                    token.last_used_at,
                ),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(token.id) from None

    def used(self, token_id: str, at: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE admin_tokens SET last_used_at = ?2 WHERE id = ?1 AND last_used_at < ?2", (token_id, at)
            )
        )

    def remove(self, token_id: str) -> bool:
        return changed(self._connection.execute("DELETE FROM admin_tokens WHERE id = ?", (token_id,)))


def _token(row: tuple[Any, ...]) -> AdminToken:
    return AdminToken(
        id=row[0],
        digest=row[1],
        role=row[2],
        issuers=from_words(row[3]),
        display_name=row[4],
        created_at=row[5],
        created_by=row[6],
        expires_at=row[7],
        last_used_at=row[8],
    )
