"""The SQL of users."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed, to_json
from storage_sqlite.recent import Recent
from tenants.problems import AlreadyThere
from tenants.records import Identity, User

_COLUMNS = (
    "id, email, email_verified, name, organization_id, roles, permissions, metadata, "
    "created_at, updated_at, last_login_at, disabled_at, fixed"
)
_SELECT = (
    f"SELECT {_COLUMNS}, (SELECT json_group_array(json_array(provider, subject)) FROM "
    "(SELECT provider, subject FROM identities WHERE user_id = users.id ORDER BY position)) FROM users"
)


class Users:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._recent = Recent[User]()

    def find(self, user_id: str) -> User | None:
        if (known := self._recent.find(user_id)) is not None:
            return known
        row = self._connection.execute(f"{_SELECT} WHERE id = ?", (user_id,)).fetchone()
        return None if row is None else self._recent.keep(user_id, _user(row))

    def find_identity(self, provider: str, subject: str) -> User | None:
        row = self._connection.execute(
            f"{_SELECT} WHERE id = (SELECT user_id FROM identities WHERE provider = ? AND subject = ?)",
            (provider, subject),
        ).fetchone()
        return None if row is None else _user(row)

    def any_from(self, provider: str) -> bool:
        found = self._connection.execute("SELECT 1 FROM identities WHERE provider = ? LIMIT 1", (provider,))
        return found.fetchone() is not None

    def find_email(self, email: str) -> Sequence[User]:
        rows = self._connection.execute(f"{_SELECT} WHERE email = ? ORDER BY id", (email,))
        return [_user(row) for row in rows]

    def add(self, user: User) -> None:
        self._refuse_taken(user)
        try:
            self._connection.execute(f"INSERT INTO users ({_COLUMNS}) VALUES ({', '.join('?' * 13)})", _row(user))
        except sqlite3.IntegrityError:
            raise AlreadyThere(user.id) from None
        self._add_identities(user)

    def change(self, user: User) -> bool:
        former = self.find(user.id)
        if former is None:
            return False
        if user.identities != former.identities:
            self._refuse_taken(user)
            self._connection.execute("DELETE FROM identities WHERE user_id = ?", (user.id,))
            self._add_identities(user)
        self._recent.forget(user.id)
        return changed(
            self._connection.execute(
                "UPDATE users SET email = ?2, email_verified = ?3, name = ?4, organization_id = ?5, roles = ?6, "
                "permissions = ?7, metadata = ?8, created_at = ?9, updated_at = ?10, last_login_at = ?11, "
                "disabled_at = ?12, fixed = ?13 WHERE id = ?1",
                _row(user),
            )
        )

    def remove(self, user_id: str) -> bool:
        self._recent.forget(user_id)
        self._connection.execute("DELETE FROM identities WHERE user_id = ?", (user_id,))
        return changed(self._connection.execute("DELETE FROM users WHERE id = ?", (user_id,)))

    def page(self, after: str, limit: int, organization_id: str | None = None) -> Sequence[User]:
        rows = self._connection.execute(
            f"{_SELECT} WHERE id > ?1 AND (?3 IS NULL OR organization_id = ?3) ORDER BY id LIMIT ?2",
            (after, limit, organization_id),
        )
        return [_user(row) for row in rows]

    def _refuse_taken(self, user: User) -> None:
        """Before anything is written: a caller may go on after AlreadyThere."""
        if len(set(user.identities)) < len(user.identities):
            raise AlreadyThere(user.id)
        for one in user.identities:
            holder = self._connection.execute(
                "SELECT user_id FROM identities WHERE provider = ? AND subject = ?", (one.provider, one.subject)
            ).fetchone()
            if holder is not None and holder[0] != user.id:
                raise AlreadyThere(user.id)

    def _add_identities(self, user: User) -> None:
        self._connection.executemany(
            "INSERT INTO identities (provider, subject, user_id, position) VALUES (?, ?, ?, ?)",
            [(one.provider, one.subject, user.id, position) for position, one in enumerate(user.identities)],
        )

    def forget(self) -> None:
        self._recent.forget_all()


def _row(user: User) -> tuple[Any, ...]:
    return (
        user.id,
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
        to_json(user.fixed),
    )


def _user(row: tuple[Any, ...]) -> User:
    return User(
        id=row[0],
        identities=tuple(Identity(*pair) for pair in json.loads(row[13])),
        email=row[1],
        email_verified=bool(row[2]),
        name=row[3],
        organization_id=row[4],
        roles=tuple(json.loads(row[5])),
        permissions=tuple(json.loads(row[6])),
        metadata=json.loads(row[7]),
        created_at=row[8],
        updated_at=row[9],
        last_login_at=row[10],
        disabled_at=row[11],
        fixed=tuple(json.loads(row[12])),
    )
