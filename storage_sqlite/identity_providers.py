"""The SQL of identity providers. They are few and asked for at every sign-in, so what was read is remembered."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from storage_sqlite.columns import changed, to_json
from tenants.problems import AlreadyThere
from tenants.records import AccessRule, ClaimMapping, IdentityProvider

_COLUMNS = (
    "id, kind, display_name, issuer_uri, authorization_uri, token_uri, user_uri, jwks_uri, client_id, auth_method, "
    "sealed_secret, public_jwk, scopes, token_algorithms, claims, access, login_domains, vouches_for_email, "
    "recheck_interval, created_at, updated_at, disabled_at, version, vouches_for_clients"
)


class IdentityProviders:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, IdentityProvider] | None = None

    def find(self, provider_id: str) -> IdentityProvider | None:
        return self._read().get(provider_id)

    def all(self) -> Sequence[IdentityProvider]:
        return list(self._read().values())

    def add(self, provider: IdentityProvider) -> None:
        self._known = None
        try:
            self._connection.execute(
                f"INSERT INTO identity_providers ({_COLUMNS}) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                _row(provider),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(provider.id) from None

    def change(self, provider: IdentityProvider, *, version: int) -> bool:
        self._known = None
        return changed(
            self._connection.execute(
                "UPDATE identity_providers SET kind = ?2, display_name = ?3, issuer_uri = ?4, authorization_uri = ?5, "
                "token_uri = ?6, user_uri = ?7, jwks_uri = ?8, client_id = ?9, auth_method = ?10, sealed_secret = ?11, "
                "public_jwk = ?12, scopes = ?13, token_algorithms = ?14, claims = ?15, access = ?16, "
                "login_domains = ?17, vouches_for_email = ?18, recheck_interval = ?19, updated_at = ?21, "
                "disabled_at = ?22, version = ?23, vouches_for_clients = ?24 WHERE id = ?1 AND version = ?25",
                (*_row(provider), version),
            )
        )

    def remove(self, provider_id: str) -> bool:
        self._known = None
        return changed(self._connection.execute("DELETE FROM identity_providers WHERE id = ?", (provider_id,)))

    def forget(self) -> None:
        self._known = None

    def _read(self) -> dict[str, IdentityProvider]:
        """All of them by id, in order."""
        if self._known is None:
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM identity_providers ORDER BY id")
            self._known = {row[0]: _provider(row) for row in rows}
        return self._known


def _row(provider: IdentityProvider) -> tuple[Any, ...]:
    return (
        provider.id,
        provider.kind,
        provider.display_name,
        provider.issuer_uri,
        provider.authorization_uri,
        provider.token_uri,
        provider.user_uri,
        provider.jwks_uri,
        provider.client_id,
        provider.auth_method,
        provider.sealed_secret,
        None if provider.public_jwk is None else to_json(provider.public_jwk),
        to_json(provider.scopes),
        to_json(provider.token_algorithms),
        to_json(asdict(provider.claims)),
        to_json(asdict(provider.access)),
        to_json(provider.login_domains),
        int(provider.vouches_for_email),
        provider.recheck_interval,
        provider.created_at,
        provider.updated_at,
        provider.disabled_at,
        provider.version,
        int(provider.vouches_for_clients),
    )


def _provider(row: tuple[Any, ...]) -> IdentityProvider:
    return IdentityProvider(
        id=row[0],
        kind=row[1],
        display_name=row[2],
        issuer_uri=row[3],
        authorization_uri=row[4],
        token_uri=row[5],
        user_uri=row[6],
        jwks_uri=row[7],
        client_id=row[8],
        auth_method=row[9],
        sealed_secret=row[10],
        public_jwk=None if row[11] is None else json.loads(row[11]),
        scopes=tuple(json.loads(row[12])),
        token_algorithms=tuple(json.loads(row[13])),
        claims=ClaimMapping(**json.loads(row[14])),
        access=_access(row[15]),
        login_domains=tuple(json.loads(row[16])),
        vouches_for_email=bool(row[17]),
        recheck_interval=row[18],
        created_at=row[19],
        updated_at=row[20],
        disabled_at=row[21],
        version=row[22],
        vouches_for_clients=bool(row[23]),
    )


def _access(text: str) -> AccessRule:
    """A demand that this version does not know is an error: who leaves one out lets in more than were meant."""
    return AccessRule(**{name: tuple(demanded) for name, demanded in json.loads(text).items()})
