"""How resources are kept."""

import json
import sqlite3
from dataclasses import astuple
from typing import Any

from storage_sqlite.columns import to_json
from storage_sqlite.few import Few
from tenants.records import Resource, ResourceScope

_COLUMNS = (
    *("id", "uri", "canonical_uri", "display_name", "scopes", "token_format", "access_token_ttl"),
    *("created_at", "updated_at", "disabled_at", "version"),
)
_STAY = ("id", "uri", "canonical_uri", "created_at")


def resources(connection: sqlite3.Connection) -> Few[Resource]:
    return Few(connection, "resources", _COLUMNS, stays=_STAY, to_row=_row, from_row=_resource)


def _row(resource: Resource) -> tuple[Any, ...]:
    return (
        resource.id,
        resource.uri,
        resource.canonical_uri,
        resource.display_name,
        to_json([astuple(scope) for scope in resource.scopes]),
        resource.token_format,
        resource.access_token_ttl,
        resource.created_at,
        resource.updated_at,
        resource.disabled_at,
        resource.version,
    )


def _resource(row: tuple[Any, ...]) -> Resource:
    return Resource(
        id=row[0],
        uri=row[1],
        canonical_uri=row[2],
        display_name=row[3],
        scopes=tuple(
            ResourceScope(name=name, description=description, implies=tuple(implies))
            for name, description, implies in json.loads(row[4])
        ),
        token_format=row[5],
        access_token_ttl=row[6],
        created_at=row[7],
        updated_at=row[8],
        disabled_at=row[9],
        version=row[10],
    )
