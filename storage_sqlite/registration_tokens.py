"""The SQL of registration tokens."""

import sqlite3
from collections.abc import Sequence
from dataclasses import fields

from storage_sqlite.columns import changed
from tenants.problems import AlreadyThere
from tenants.records import RegistrationToken

_NAMES = [field.name for field in fields(RegistrationToken)]
_COLUMNS = ", ".join(_NAMES)


class RegistrationTokens:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, token: RegistrationToken) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO registration_tokens ({_COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))})",
                [getattr(token, name) for name in _NAMES],
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(token.id) from None

    def spend(self, digest: bytes, now: int) -> str | None:
        spent = self._connection.execute(
            "UPDATE registration_tokens SET uses_left = uses_left - 1 "
            "WHERE digest = ? AND expires_at > ? AND (uses_left IS NULL OR uses_left > 0) RETURNING id",
            (digest, now),
        ).fetchall()
        return spent[0][0] if spent else None

    def remove(self, token_id: str) -> bool:
        return changed(self._connection.execute("DELETE FROM registration_tokens WHERE id = ?", (token_id,)))

    def page(self, after: str, limit: int) -> Sequence[RegistrationToken]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM registration_tokens WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
        )
        return [RegistrationToken(**dict(zip(_NAMES, row, strict=True))) for row in rows]

    def sweep(self, now: int, limit: int) -> int:
        return self._connection.execute(
            "DELETE FROM registration_tokens WHERE id IN "
            "(SELECT id FROM registration_tokens WHERE expires_at <= ? LIMIT ?)",
            (now, limit),
        ).rowcount
