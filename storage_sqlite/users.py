"""The SQL of users."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed, to_json
from storage_sqlite.recent import Recent
from tenants.problems import AlreadyThere
from tenants.records import User

_COLUMNS = (
    "id, provider, subject, email, email_verified, name, organization_id, roles, permissions, metadata, "
    "created_at, updated_at, last_login_at, disabled_at"
)


class Users:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._recent = Recent[User]()

    def find(self, user_id: str) -> User | None:
        if (known := self._recent.find(user_id)) is not None:
            return known
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM users WHERE id = ?", (user_id,)).fetchone()
        return None if row is None else self._recent.keep(user_id, _user(row))

    def find_identity(self, provider: str, subject: str) -> User | None:
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM users WHERE provider = ? AND subject = ?", (provider, subject)
        ).fetchone()
        return None if row is None else _user(row)

    def any_from(self, provider: str) -> bool:
        found = self._connection.execute("SELECT 1 FROM users WHERE provider = ? LIMIT 1", (provider,))
        return found.fetchone() is not None

    def find_email(self, email: str) -> Sequence[User]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM users WHERE email = ? ORDER BY id", (email,))
        return [_user(row) for row in rows]

    def add(self, user: User) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO users ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(user)
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(user.id) from None

    def change(self, user: User) -> bool:
        self._recent.forget(user.id)
        try:
            return changed(
                self._connection.execute(
                    "UPDATE users SET provider = ?2, subject = ?3, email = ?4, email_verified = ?5, name = ?6, "
                    "organization_id = ?7, roles = ?8, permissions = ?9, metadata = ?10, created_at = ?11, "
                    "updated_at = ?12, last_login_at = ?13, disabled_at = ?14 WHERE id = ?1",
                    _row(user),
                )
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(user.id) from None

    def remove(self, user_id: str) -> bool:
        self._recent.forget(user_id)
        return changed(self._connection.execute("DELETE FROM users WHERE id = ?", (user_id,)))

    def page(self, after: str, limit: int, organization_id: str | None = None) -> Sequence[User]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM users WHERE id > ?1 AND (?3 IS NULL OR organization_id = ?3) ORDER BY id LIMIT ?2",
            (after, limit, organization_id),
        )
        return [_user(row) for row in rows]

    def forget(self) -> None:
        self._recent.forget_all()


def _row(user: User) -> tuple[Any, ...]:
    return (
        user.id,
        user.provider,
        user.subject,
        user.email,
        int(user.email_verified),
        user.name,
        user.organization_id,
        to_json(user.roles),
        to_json(user.permissions),
        to_json(user.metadata),
        user.created_at,
        user.updated_at,
        user.last_login_at,
        user.disabled_at,
    )


def _user(row: tuple[Any, ...]) -> User:
    return User(
        id=row[0],
        provider=row[1],
        subject=row[2],
        email=row[3],
        email_verified=bool(row[4]),
        name=row[5],
        organization_id=row[6],
        roles=tuple(json.loads(row[7])),
        permissions=tuple(json.loads(row[8])),
        metadata=json.loads(row[9]),
        created_at=row[10],
        updated_at=row[11],
        last_login_at=row[12],
        disabled_at=row[13],
    )
