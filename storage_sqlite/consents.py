"""The SQL of consents."""

import sqlite3
from collections.abc import Sequence

from storage_sqlite.columns import from_words, words
from tenants.records import Consent

_SELECT = "SELECT user_id, client_id, resource, redirect_uri, scopes, given_at FROM consents"


class Consents:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, user_id: str, client_id: str, resource: str, redirect_uri: str) -> Consent | None:
        row = self._connection.execute(
            f"{_SELECT} WHERE user_id = ? AND client_id = ? AND resource = ? AND redirect_uri = ?",
            (user_id, client_id, resource, redirect_uri),
        ).fetchone()
        return None if row is None else _consent(row)

    def put(self, consent: Consent) -> None:
        self._connection.execute(
            "INSERT INTO consents (user_id, client_id, resource, redirect_uri, scopes, given_at) "
            "VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET scopes = excluded.scopes, given_at = excluded.given_at",
            (
                consent.user_id,
                consent.client_id,
                consent.resource,
                consent.redirect_uri,
                words(consent.scopes),
                consent.given_at,
            ),
        )

    def of_user(self, user_id: str, client_id: str | None = None) -> Sequence[Consent]:
        rows = self._connection.execute(
            f"{_SELECT} WHERE user_id = ?1 AND (?2 IS NULL OR client_id = ?2) "
            "ORDER BY client_id, resource, redirect_uri",
            (user_id, client_id),
        )
        return [_consent(row) for row in rows]

    def remove(self, user_id: str, client_id: str) -> int:
        return self._connection.execute(
            "DELETE FROM consents WHERE user_id = ? AND client_id = ?", (user_id, client_id)
        ).rowcount

    def remove_of_user(self, user_id: str) -> int:
        return self._connection.execute("DELETE FROM consents WHERE user_id = ?", (user_id,)).rowcount

    def remove_of_client(self, client_id: str) -> int:
        return self._connection.execute("DELETE FROM consents WHERE client_id = ?", (client_id,)).rowcount

    def remove_for_resource(self, resource: str) -> int:
        return self._connection.execute("DELETE FROM consents WHERE resource = ?", (resource,)).rowcount


def _consent(row: tuple[str, str, str, str, str, int]) -> Consent:
    user_id, client_id, resource, redirect_uri, scopes, given_at = row
    return Consent(
        user_id=user_id,
        client_id=client_id,
        resource=resource,
        redirect_uri=redirect_uri,
        scopes=from_words(scopes),
        given_at=given_at,
    )
