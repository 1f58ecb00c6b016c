"""The SQL of grants. What happens once is one conditional statement: whoever comes second changes nothing."""

import json
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed, from_words, to_json, words
from tenants.problems import AlreadyThere
from tenants.records import Grant, LiveToken

_COLUMNS = (
    "id, user_id, client_id, scopes, resource, created_at, expires_at, provider, authenticated_at, nonce, "
    "revoked_at, "
    "code_digest, code_challenge, redirect_uri, code_expires_at, code_spent_at, "
    "generation, rotated_at, refresh_digest, refresh_expires_at, successor, access"
)


class Grants:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, grant_id: int) -> Grant | None:
        if grant_id > 0x7FFF_FFFF_FFFF_FFFF:
            return None
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM grants WHERE id = ?", (grant_id,)).fetchone()
        return None if row is None else _grant(row)

    def add(self, grant: Grant) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO grants ({_COLUMNS}, access_expires_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    grant.id,
                    grant.user_id,
                    grant.client_id,
                    words(grant.scopes),
                    grant.resource,
                    grant.created_at,
                    grant.expires_at,
                    grant.provider,
                    grant.authenticated_at,
                    grant.nonce,
                    grant.revoked_at,
                    grant.code_digest,
                    grant.code_challenge,
                    grant.redirect_uri,
                    grant.code_expires_at,
                    grant.code_spent_at,
                    grant.generation,
                    grant.rotated_at,
                    grant.refresh_digest,
                    grant.refresh_expires_at,
                    grant.successor,
                    _access(grant.access),
                    _last_end(grant.access),
                ),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(str(grant.id)) from None

    def rotate(self, grant: Grant, *, generation: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE grants SET code_spent_at = ?, generation = ?, rotated_at = ?, refresh_digest = ?, "
                "refresh_expires_at = ?, successor = ?, access = ?, access_expires_at = ? "
                "WHERE id = ? AND generation = ? AND revoked_at IS NULL",
                (
                    grant.code_spent_at,
                    grant.generation,
                    grant.rotated_at,
                    grant.refresh_digest,
                    grant.refresh_expires_at,
                    grant.successor,
                    _access(grant.access),
                    _last_end(grant.access),
                    grant.id,
                    generation,
                ),
            )
        )

    def keep_access(self, grant_id: int, access: Sequence[LiveToken]) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE grants SET access = ?, access_expires_at = ? WHERE id = ?",
                (_access(access), _last_end(access), grant_id),
            )
        )

    def revoke(self, grant_id: int, now: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE grants SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (now, grant_id)
            )
        )

    def revoke_of_user(self, user_id: str, now: int, client_id: str | None = None) -> int:
        return self._connection.execute(
            "UPDATE grants SET revoked_at = ?2 WHERE user_id = ?1 AND (?3 IS NULL OR client_id = ?3) "
            "AND revoked_at IS NULL",
            (user_id, now, client_id),
        ).rowcount

    def revoke_of_client(self, client_id: str, now: int) -> int:
        return self._connection.execute(
            "UPDATE grants SET revoked_at = ? WHERE client_id = ? AND revoked_at IS NULL", (now, client_id)
        ).rowcount

    def revoke_from_provider(self, user_id: str, provider: str, now: int) -> int:
        return self._connection.execute(
            "UPDATE grants SET revoked_at = ? WHERE user_id = ? AND provider = ? AND revoked_at IS NULL",
            (now, user_id, provider),
        ).rowcount

    def of_user(self, user_id: str) -> Sequence[Grant]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM grants WHERE user_id = ? ORDER BY id", (user_id,))
        return [_grant(row) for row in rows]

    def page(self, after: int, limit: int) -> Sequence[Grant]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM grants WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
        )
        return [_grant(row) for row in rows]

    def sweep(self, now: int, after: int, limit: int) -> int | None:
        ids = [
            row[0]
            for row in self._connection.execute(
                "SELECT id FROM grants WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
            )
        ]
        if not ids:
            return None
        self._connection.execute(
            "DELETE FROM grants WHERE id > ?1 AND id <= ?2 AND (revoked_at IS NOT NULL OR expires_at <= ?3 "
            "OR ((code_spent_at IS NOT NULL OR code_expires_at <= ?3) "
            "AND coalesce(refresh_expires_at, 0) <= ?3 AND access_expires_at <= ?3))",
            (after, ids[-1], now),
        )
        return ids[-1] if len(ids) == limit else None


def _access(tokens: Sequence[LiveToken]) -> str:
    return to_json(
        [
            [b64encode(token.digest).decode("ascii"), token.issued_at, token.expires_at, words(token.scopes)]
            for token in tokens
        ]
    )


def _last_end(tokens: Sequence[LiveToken]) -> int:
    return max((token.expires_at for token in tokens), default=0)


def _live(kept: list[Any]) -> LiveToken:
    digest, issued_at, expires_at, scopes = kept
    return LiveToken(
        digest=b64decode(digest),
        issued_at=issued_at,
        expires_at=expires_at,
        scopes=None if scopes is None else from_words(scopes),
    )


def _grant(row: tuple[Any, ...]) -> Grant:
    return Grant(
        id=row[0],
        user_id=row[1],
        client_id=row[2],
        scopes=from_words(row[3]),
        resource=row[4],
        created_at=row[5],
        expires_at=row[6],
        provider=row[7],
        authenticated_at=row[8],
        nonce=row[9],
        revoked_at=row[10],
        code_digest=row[11],
        code_challenge=row[12],
        redirect_uri=row[13],
        code_expires_at=row[14],
        code_spent_at=row[15],
        generation=row[16],
        rotated_at=row[17],
        refresh_digest=row[18],
        refresh_expires_at=row[19],
        successor=row[20],
        access=tuple(map(_live, json.loads(row[21]))),
    )
