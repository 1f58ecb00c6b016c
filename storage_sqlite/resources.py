"""The SQL of resources. They are few and asked for with every token, so what was read is remembered."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from storage_sqlite.columns import changed, to_json
from tenants.problems import AlreadyThere
from tenants.records import Resource, ResourceScope

_COLUMNS = (
    "id, uri, canonical_uri, display_name, scopes, token_format, access_token_ttl, created_at, updated_at, "
    "disabled_at, version"
)


class Resources:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, Resource] | None = None

    def find(self, resource_id: str) -> Resource | None:
        return self._read().get(resource_id)

    def all(self) -> Sequence[Resource]:
        return list(self._read().values())

    def add(self, resource: Resource) -> None:
        self._known = None
        try:
            self._connection.execute(
                f"INSERT INTO resources ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(resource)
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(resource.id) from None

    def change(self, resource: Resource, *, version: int) -> bool:
        self._known = None
        return changed(
            self._connection.execute(
                "UPDATE resources SET display_name = ?4, scopes = ?5, token_format = ?6, access_token_ttl = ?7, "
                "updated_at = ?9, disabled_at = ?10, version = ?11 WHERE id = ?1 AND version = ?12",
                (*_row(resource), version),
            )
        )

    def remove(self, resource_id: str) -> bool:
        self._known = None
        return changed(self._connection.execute("DELETE FROM resources WHERE id = ?", (resource_id,)))

    def forget(self) -> None:
        self._known = None

    def _read(self) -> dict[str, Resource]:
        """All of them by id, in order."""
        if self._known is None:
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM resources ORDER BY id")
            self._known = {row[0]: _resource(row) for row in rows}
        return self._known


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
