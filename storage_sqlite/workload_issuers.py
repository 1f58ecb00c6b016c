"""How workload issuers are kept."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from storage_sqlite.columns import to_json
from storage_sqlite.few import Few
from tenants.records import ClaimMatch, WorkloadIssuer, WorkloadRule

_COLUMNS = (
    *("id", "display_name", "issuer_uri", "jwks_uri", "jwks", "algorithms", "audience", "reusable", "rules"),
    *("created_at", "updated_at", "disabled_at", "version"),
)
_STAY = ("id", "issuer_uri", "created_at")


def workload_issuers(connection: sqlite3.Connection) -> Few[WorkloadIssuer]:
    return Few(connection, "workload_issuers", _COLUMNS, stays=_STAY, to_row=_row, from_row=_issuer)


def _row(issuer: WorkloadIssuer) -> tuple[Any, ...]:
    return (
        issuer.id,
        issuer.display_name,
        issuer.issuer_uri,
        issuer.jwks_uri,
        None if issuer.jwks is None else to_json(issuer.jwks),
        to_json(issuer.algorithms),
        issuer.audience,
        int(issuer.reusable),
        to_json([asdict(rule) for rule in issuer.rules]),
        issuer.created_at,
        issuer.updated_at,
        issuer.disabled_at,
        issuer.version,
    )


def _issuer(row: tuple[Any, ...]) -> WorkloadIssuer:
    return WorkloadIssuer(
        id=row[0],
        display_name=row[1],
        issuer_uri=row[2],
        jwks_uri=row[3],
        jwks=None if row[4] is None else json.loads(row[4]),
        algorithms=tuple(json.loads(row[5])),
        audience=row[6],
        reusable=bool(row[7]),
        rules=tuple(_rule(said) for said in json.loads(row[8])),
        created_at=row[9],
        updated_at=row[10],
        disabled_at=row[11],
        version=row[12],
    )


def _rule(said: Mapping[str, Any]) -> WorkloadRule:
    """A condition that this version does not know is an error: who leaves one out lets in more than were meant."""
    lists: dict[str, Any] = {
        "claims": tuple(ClaimMatch(**match) for match in said["claims"]),
        "scopes": tuple(said["scopes"]),
        "resources": tuple(said["resources"]),
    }
    return WorkloadRule(**{**said, **lists})
