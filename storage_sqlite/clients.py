"""The SQL of clients."""

import json
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from storage_sqlite.columns import changed, from_words, to_json, words
from storage_sqlite.recent import Recent
from tenants.problems import AlreadyThere
from tenants.records import CertificateName, Client, ClientDocument, ClientSecret

_COLUMNS = (
    "id, name, origin, auth_method, redirect_uris, grant_types, response_types, secrets, scopes, "
    "application_type, resources, metadata, created_at, last_used_at, disabled_at, jwks, jwks_uri, "
    "assertion_algorithm, dpop_bound, par_required, registration_digest, document, post_logout_redirect_uris, "
    "backchannel_logout_uri, next_registration_digest, target_resources, certificate_name, certificate_bound, "
    "scope_limit, approval"
)


_NOT_JUDGED = "(disabled_at IS NULL AND approval IS NOT 'approved' AND scope_limit IS NULL)"
"""As Client.is_judged."""


class Clients:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._recent = Recent[Client]()

    def find(self, client_id: str) -> Client | None:
        if (known := self._recent.find(client_id)) is not None:
            return known
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM clients WHERE id = ?", (client_id,)).fetchone()
        return None if row is None else self._recent.keep(client_id, _client(row))

    def add(self, client: Client) -> None:
        try:
            self._connection.execute(f"INSERT INTO clients ({_COLUMNS}) VALUES ({', '.join('?' * 30)})", _row(client))
        except sqlite3.IntegrityError:
            raise AlreadyThere(client.id) from None

    def change(self, client: Client) -> bool:
        self._recent.forget(client.id)
        return changed(
            self._connection.execute(
                "UPDATE clients SET name = ?2, origin = ?3, auth_method = ?4, redirect_uris = ?5, grant_types = ?6, "
                "response_types = ?7, secrets = ?8, scopes = ?9, application_type = ?10, resources = ?11, "
                "metadata = ?12, created_at = ?13, last_used_at = ?14, disabled_at = ?15, jwks = ?16, "
                "jwks_uri = ?17, assertion_algorithm = ?18, dpop_bound = ?19, par_required = ?20, "
                "registration_digest = ?21, document = ?22, post_logout_redirect_uris = ?23, "
                "backchannel_logout_uri = ?24, next_registration_digest = ?25, target_resources = ?26, "
                "certificate_name = ?27, certificate_bound = ?28, scope_limit = ?29, approval = ?30 WHERE id = ?1",
                _row(client),
            )
        )

    def remove(self, client_id: str) -> bool:
        self._recent.forget(client_id)
        return changed(self._connection.execute("DELETE FROM clients WHERE id = ?", (client_id,)))

    def page(self, after: str, limit: int) -> Sequence[Client]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM clients WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
        )
        return [_client(row) for row in rows]

    def used(self, client_id: str, at: int) -> None:
        self._recent.forget(client_id)
        self._connection.execute("UPDATE clients SET last_used_at = ? WHERE id = ?", (at, client_id))

    def sweep(self, unused_since: int, limit: int) -> int:
        self._recent.forget_all()
        return self._connection.execute(
            "DELETE FROM clients WHERE id IN (SELECT id FROM clients WHERE origin != 'admin' "
            f"AND last_used_at < ? AND (origin != 'document' OR {_NOT_JUDGED}) "
            "AND NOT EXISTS (SELECT 1 FROM grants WHERE client_id = clients.id) LIMIT ?)",
            (unused_since, limit),
        ).rowcount

    def keep_documents(self, most: int) -> int:
        of_documents = "SELECT count(*) FROM clients WHERE origin = 'document'"
        if self._connection.execute(of_documents).fetchone()[0] <= most:
            return 0
        self._recent.forget_all()
        return self._connection.execute(
            "DELETE FROM clients WHERE id IN (SELECT id FROM clients WHERE origin = 'document' "
            f"AND {_NOT_JUDGED} AND NOT EXISTS (SELECT 1 FROM grants WHERE client_id = clients.id) "
            "ORDER BY last_used_at DESC, id DESC LIMIT -1 OFFSET ?)",
            (most,),
        ).rowcount

    def forget(self) -> None:
        self._recent.forget_all()


def _row(client: Client) -> tuple[Any, ...]:
    secrets = [[b64encode(secret.digest).decode("ascii"), secret.expires_at] for secret in client.secrets]
    return (
        client.id,
        client.name,
        client.origin,
        client.auth_method,
        to_json(client.redirect_uris),
        words(client.grant_types),
        words(client.response_types),
        to_json(secrets),
        words(client.scopes),
        client.application_type,
        to_json(client.resources),
        to_json(client.metadata),
        client.created_at,
        client.last_used_at,
        client.disabled_at,
        None if client.jwks is None else to_json(client.jwks),
        client.jwks_uri,
        client.assertion_algorithm,
        int(client.dpop_bound),
        int(client.par_required),
        client.registration_digest,
        _document_text(client.document),
        to_json(client.post_logout_redirect_uris),
        client.backchannel_logout_uri,
        client.next_registration_digest,
        to_json(client.target_resources),
        None if client.certificate_name is None else to_json(astuple(client.certificate_name)),
        int(client.certificate_bound),
        words(client.scope_limit),
        client.approval,
    )


def _client(row: tuple[Any, ...]) -> Client:
    return Client(
        id=row[0],
        name=row[1],
        origin=row[2],
        auth_method=row[3],
        redirect_uris=tuple(json.loads(row[4])),
        grant_types=from_words(row[5]),
        response_types=from_words(row[6]),
        secrets=tuple(ClientSecret(digest=b64decode(text), expires_at=end) for text, end in json.loads(row[7])),
        scopes=None if row[8] is None else from_words(row[8]),
        application_type=row[9],
        resources=tuple(json.loads(row[10])),
        metadata=json.loads(row[11]),
        created_at=row[12],
        last_used_at=row[13],
        disabled_at=row[14],
        jwks=None if row[15] is None else json.loads(row[15]),
        jwks_uri=row[16],
        assertion_algorithm=row[17],
        dpop_bound=bool(row[18]),
        par_required=bool(row[19]),
        registration_digest=row[20],
        document=_document(row[21]),
        post_logout_redirect_uris=tuple(json.loads(row[22])),
        backchannel_logout_uri=row[23],
        next_registration_digest=row[24],
        target_resources=tuple(json.loads(row[25])),
        certificate_name=None if row[26] is None else CertificateName(*json.loads(row[26])),
        certificate_bound=bool(row[27]),
        scope_limit=None if row[28] is None else from_words(row[28]),
        approval=row[29],
    )


def _document_text(document: ClientDocument | None) -> str | None:
    if document is None:
        return None
    return to_json([document.fetched_at, document.expires_at, b64encode(document.digest).decode("ascii")])


def _document(text: str | None) -> ClientDocument | None:
    if text is None:
        return None
    fetched_at, expires_at, digest = json.loads(text)
    return ClientDocument(fetched_at=fetched_at, expires_at=expires_at, digest=b64decode(digest))
