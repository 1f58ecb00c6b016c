"""How identity providers are kept."""

import json
import sqlite3
from dataclasses import asdict
from typing import Any

from storage_sqlite.columns import to_json
from storage_sqlite.few import Few
from tenants.records import AccessRule, ClaimMapping, IdentityProvider

_COLUMNS = (
    *("id", "kind", "display_name", "issuer_uri", "authorization_uri", "token_uri", "user_uri", "jwks_uri"),
    *("client_id", "auth_method", "sealed_secret", "public_jwk", "scopes", "token_algorithms", "claims", "access"),
    *("login_domains", "vouches_for_email", "recheck_interval", "created_at", "updated_at", "disabled_at", "version"),
    "vouches_for_clients",
)
_STAY = ("id", "created_at")


def identity_providers(connection: sqlite3.Connection) -> Few[IdentityProvider]:
    return Few(connection, "identity_providers", _COLUMNS, stays=_STAY, to_row=_row, from_row=_provider)


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
