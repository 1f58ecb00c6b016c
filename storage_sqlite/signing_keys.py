"""The SQL of signing keys. They are few and asked for all the time, so what was read is remembered."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed, to_json
from tenants.problems import AlreadyThere, Broken
from tenants.records import SigningKey

_COLUMNS = "id, algorithm, state, public_jwk, sealed_private, created_at, activated_at, retired_at, expires_at"


class SigningKeys:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: list[SigningKey] | None = None

    def all(self) -> Sequence[SigningKey]:
        if self._known is None:
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM signing_keys ORDER BY rowid")
            self._known = [_key(row) for row in rows]
        return self._known

    def current(self) -> SigningKey:
        for key in self.all():
            if key.state == "current":
                return key
        raise Broken("no signing key is current")

    def add(self, key: SigningKey) -> None:
        self._known = None
        try:
            self._connection.execute(
                f"INSERT INTO signing_keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(key)
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(key.id) from None

    def change(self, key: SigningKey) -> bool:
        self._known = None
        try:
            return changed(
                self._connection.execute(
                    "UPDATE signing_keys SET algorithm = ?2, state = ?3, public_jwk = ?4, sealed_private = ?5, "
                    "created_at = ?6, activated_at = ?7, retired_at = ?8, expires_at = ?9 WHERE id = ?1",
                    _row(key),
                )
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(key.id) from None

    def remove(self, key_id: str) -> bool:
        self._known = None
        return changed(self._connection.execute("DELETE FROM signing_keys WHERE id = ?", (key_id,)))

    def forget(self) -> None:
        self._known = None


def _row(key: SigningKey) -> tuple[Any, ...]:
    return (
        key.id,
        key.algorithm,
        key.state,
        to_json(dict(key.public_jwk)),
        key.sealed_private,
        key.created_at,
        key.activated_at,
        key.retired_at,
        key.expires_at,
    )


def _key(row: tuple[Any, ...]) -> SigningKey:
    return SigningKey(
        id=row[0],
        algorithm=row[1],
        state=row[2],
        public_jwk=json.loads(row[3]),
        sealed_private=row[4],
        created_at=row[5],
        activated_at=row[6],
        retired_at=row[7],
        expires_at=row[8],
    )
