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
    "generation, rotated_at, refresh_digest, refresh_expires_at, successor, access, "
    "sid, dpop_jkt, actor, amr, acr, parent_id, ended, ended_at, x5t"
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
                f"INSERT INTO grants ({_COLUMNS}, access_expires_at) VALUES ({', '.join('?' * 32)})",
                (
                    grant.id,
                    grant.user_id or "",
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
                    grant.sid,
                    grant.dpop_jkt,
                    None if grant.actor is None else to_json(grant.actor),
                    to_json(grant.amr),
                    grant.acr,
                    grant.parent_id,
                    _access(grant.ended),
                    grant.ended_at,
                    grant.x5t,
                    _last_end(grant),
                ),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(str(grant.id)) from None

    def rotate(self, grant: Grant, *, generation: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE grants SET dpop_jkt = ?, x5t = ?, code_spent_at = ?, generation = ?, rotated_at = ?, "
                "refresh_digest = ?, refresh_expires_at = ?, successor = ?, access = ?, access_expires_at = ? "
                "WHERE id = ? AND generation = ? AND revoked_at IS NULL",
                (
                    grant.dpop_jkt,
                    grant.x5t,
                    grant.code_spent_at,
                    grant.generation,
                    grant.rotated_at,
                    grant.refresh_digest,
                    grant.refresh_expires_at,
                    grant.successor,
                    _access(grant.access),
                    _last_end(grant),
                    grant.id,
                    generation,
                ),
            )
        )

    def end_access(self, grant_id: int, digest: bytes, now: int) -> bool:
        grant = self.find(grant_id)
        ended = [] if grant is None else [token for token in grant.access if token.digest == digest]
        if grant is None or not ended:
            return False
        kept = [token for token in grant.access if token.digest != digest]
        self._connection.execute(
            "UPDATE grants SET access = ?, ended = ?, ended_at = ? WHERE id = ?",
            (_access(kept), _access([*grant.ended, *ended]), now, grant_id),
        )
        return True

    def ended(self, after: tuple[int, int], before: int, limit: int) -> Sequence[tuple[int, Grant]]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS}, coalesce(revoked_at, ended_at) AS at FROM grants "
            "WHERE at IS NOT NULL AND (at, id) > (?, ?) AND at < ? ORDER BY at, id LIMIT ?",
            (*after, before, limit),
        )
        return [(row[-1], _grant(row)) for row in rows]

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

    def revoke_for_resource(self, resource: str, now: int) -> int:
        # it reads them all (200,000 in 0.14 s): an index would cost each new grant a page, for what is seldom done
        return self._connection.execute(
            "UPDATE grants SET revoked_at = ? WHERE resource = ? AND revoked_at IS NULL", (now, resource)
        ).rowcount

    def of_user(self, user_id: str) -> Sequence[Grant]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM grants WHERE user_id = ? ORDER BY id", (user_id,))
        return [_grant(row) for row in rows]

    def of_client_itself(self, client_id: str, resource: str) -> Grant | None:
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM grants WHERE user_id = '' AND client_id = ? AND resource = ? "
            "AND revoked_at IS NULL ORDER BY id LIMIT 1",
            (client_id, resource),
        ).fetchone()
        return None if row is None else _grant(row)

    def page(
        self, after: int, limit: int, *, user_id: str | None = None, client_id: str | None = None
    ) -> Sequence[Grant]:
        whose = [(name, value) for name, value in (("user_id", user_id), ("client_id", client_id)) if value is not None]
        conditions = "".join(f"{name} = ? AND " for name, _ in whose)
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM grants WHERE {conditions}id > ? ORDER BY id LIMIT ?",
            (*(value for _, value in whose), after, limit),
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
            "DELETE FROM grants WHERE id > ?1 AND id <= ?2 AND ((revoked_at IS NOT NULL AND access_expires_at <= ?3) "
            "OR expires_at <= ?3 OR ((code_spent_at IS NOT NULL OR code_expires_at <= ?3) "
            "AND coalesce(refresh_expires_at, 0) <= ?3 AND access_expires_at <= ?3))",
            (after, ids[-1], now),
        )
        return ids[-1] if len(ids) == limit else None


def _access(tokens: Sequence[LiveToken]) -> str:
    return to_json([_kept(token) for token in tokens])


def _kept(token: LiveToken) -> list[Any]:
    """What binds it stands there only if something does, as in files of before."""
    kept = [b64encode(token.digest).decode("ascii"), token.issued_at, token.expires_at, words(token.scopes)]
    bound = [token.dpop_jkt] if token.x5t is None else [token.dpop_jkt, token.x5t]
    return kept if bound == [None] else [*kept, *bound]


def _last_end(grant: Grant) -> int:
    return max((token.expires_at for token in (*grant.access, *grant.ended)), default=0)


def _live(kept: list[Any]) -> LiveToken:
    digest, issued_at, expires_at, scopes, *bound = kept
    return LiveToken(
        digest=b64decode(digest),
        issued_at=issued_at,
        expires_at=expires_at,
        scopes=None if scopes is None else from_words(scopes),
        dpop_jkt=bound[0] if bound else None,
        x5t=bound[1] if len(bound) > 1 else None,
    )


def _grant(row: tuple[Any, ...]) -> Grant:
    return Grant(
        id=row[0],
        user_id=row[1] or None,
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
        sid=row[22],
        dpop_jkt=row[23],
        actor=None if row[24] is None else json.loads(row[24]),
        amr=tuple(json.loads(row[25])),
        acr=row[26],
        parent_id=row[27],
        ended=tuple(map(_live, json.loads(row[28]))),
        ended_at=row[29],
        x5t=row[30],
    )
