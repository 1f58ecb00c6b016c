"""The SQL of the registry's listings."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed
from tenants.problems import AlreadyThere
from tenants.records import Listing

_COLUMNS = (
    "id, uid, uri, state, display_name, created_at, updated_at, deleted_at, purge_at, was_disabled, "
    "version, alarm_at, alarm_attempts"
)


class Listings:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, issuer_id: str) -> Listing | None:
        return self._one("id = ?", issuer_id)

    def find_uri(self, uri: str) -> Listing | None:
        return self._one("uri = ?", uri)

    def at_host(self, host: str) -> Sequence[Listing]:
        found = [
            row
            for scheme in ("https", "http")
            for row in self._connection.execute(
                f"SELECT {_COLUMNS} FROM listings WHERE uri = ?1 OR (uri >= ?1 || '/' AND uri < ?1 || '0') "
                "OR (uri >= ?1 || ':' AND uri < ?1 || ';')",  # what follows / and : in ASCII
                (f"{scheme}://{host}",),
            )
        ]
        return sorted(map(_listing, found), key=lambda listing: listing.id)

    def add(self, listing: Listing) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO listings ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(listing)
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(listing.id) from None

    def change(self, listing: Listing, *, version: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE listings SET state = ?, display_name = ?, updated_at = ?, deleted_at = ?, purge_at = ?, "
                "was_disabled = ?, version = ? WHERE id = ? AND version = ?",
                (
                    listing.state,
                    listing.display_name,
                    listing.updated_at,
                    listing.deleted_at,
                    listing.purge_at,
                    int(listing.was_disabled),
                    listing.version,
                    listing.id,
                    version,
                ),
            )
        )

    def withdraw(self, issuer_id: str) -> bool:
        return changed(
            self._connection.execute("DELETE FROM listings WHERE id = ? AND state = 'building'", (issuer_id,))
        )

    def set_alarm(self, issuer_id: str, at: int, attempts: int) -> None:
        self._connection.execute(
            "UPDATE listings SET alarm_at = ?, alarm_attempts = ? WHERE id = ?", (at, attempts, issuer_id)
        )

    def hasten(self, beyond: int, now: int, limit: int) -> int:
        return self._connection.execute(
            "UPDATE listings SET alarm_at = ?1, alarm_attempts = 0 WHERE id IN "
            "(SELECT id FROM listings WHERE state IN ('active', 'disabled') AND alarm_at > ?2 LIMIT ?3)",
            (now, beyond, limit),
        ).rowcount

    def due(self, now: int, limit: int) -> Sequence[Listing]:
        rows = self._connection.execute(
            f"SELECT * FROM (SELECT {_COLUMNS} FROM listings WHERE state IN ('active', 'disabled') AND alarm_at <= ?1 "
            f"ORDER BY alarm_at, id LIMIT ?2) UNION ALL SELECT * FROM (SELECT {_COLUMNS} FROM listings "
            "WHERE state = 'deleted' AND purge_at <= ?1 ORDER BY purge_at, id LIMIT ?2)",
            (now, limit),
        )
        overdue = sorted(map(_listing, rows), key=lambda listing: (_due_at(listing), listing.id))
        return overdue[:limit]

    def all(self) -> Sequence[Listing]:
        return [_listing(row) for row in self._connection.execute(f"SELECT {_COLUMNS} FROM listings ORDER BY id")]

    def _one(self, condition: str, value: str) -> Listing | None:
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM listings WHERE {condition}", (value,)).fetchone()
        return None if row is None else _listing(row)


def _due_at(listing: Listing) -> int:
    return listing.alarm_at if listing.state != "deleted" or listing.purge_at is None else listing.purge_at


def _row(listing: Listing) -> tuple[Any, ...]:
    return (
        listing.id,
        listing.uid,
        listing.uri,
        listing.state,
        listing.display_name,
        listing.created_at,
        listing.updated_at,
        listing.deleted_at,
        listing.purge_at,
        int(listing.was_disabled),
        listing.version,
        listing.alarm_at,
        listing.alarm_attempts,
    )


def _listing(row: tuple[Any, ...]) -> Listing:
    return Listing(
        id=row[0],
        uid=row[1],
        uri=row[2],
        state=row[3],
        display_name=row[4],
        created_at=row[5],
        updated_at=row[6],
        deleted_at=row[7],
        purge_at=row[8],
        was_disabled=bool(row[9]),
        version=row[10],
        alarm_at=row[11],
        alarm_attempts=row[12],
    )
