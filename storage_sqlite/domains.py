"""The SQL of domains."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from storage_sqlite.columns import changed
from tenants.problems import AlreadyThere
from tenants.records import Domain

_COLUMNS = "issuer_id, id, host, challenge, created_at, checked_at, verified_at, last_error, version"


class Domains:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, issuer_id: str, domain_id: str) -> Domain | None:
        return next(iter(self._where("issuer_id = ? AND id = ?", issuer_id, domain_id)), None)

    def find_host(self, host: str) -> Domain | None:
        return next(iter(self._where("host = ?", host)), None)

    def of(self, issuer_id: str) -> Sequence[Domain]:
        return self._where("issuer_id = ?", issuer_id)

    def verified(self) -> Sequence[Domain]:
        return self._where("verified_at IS NOT NULL")

    def add(self, domain: Domain) -> None:
        try:
            self._connection.execute(
                f"INSERT INTO domains ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    domain.issuer_id,
                    domain.id,
                    domain.host,
                    domain.challenge,
                    domain.created_at,
                    domain.checked_at,
                    domain.verified_at,
                    domain.last_error,
                    domain.version,
                ),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(domain.id) from None

    def change(self, domain: Domain, *, version: int) -> bool:
        return changed(
            self._connection.execute(
                "UPDATE domains SET checked_at = ?, verified_at = ?, last_error = ?, version = ? "
                "WHERE issuer_id = ? AND id = ? AND version = ?",
                (
                    domain.checked_at,
                    domain.verified_at,
                    domain.last_error,
                    domain.version,
                    domain.issuer_id,
                    domain.id,
                    version,
                ),
            )
        )

    def remove(self, issuer_id: str, domain_id: str) -> bool:
        return changed(
            self._connection.execute("DELETE FROM domains WHERE issuer_id = ? AND id = ?", (issuer_id, domain_id))
        )

    def remove_all(self, issuer_id: str) -> int:
        return self._connection.execute("DELETE FROM domains WHERE issuer_id = ?", (issuer_id,)).rowcount

    def _where(self, condition: str, *values: str) -> list[Domain]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM domains WHERE {condition} ORDER BY issuer_id, id", values
        )
        return [_domain(row) for row in rows]


def _domain(row: tuple[Any, ...]) -> Domain:
    return Domain(
        issuer_id=row[0],
        id=row[1],
        host=row[2],
        challenge=row[3],
        created_at=row[4],
        checked_at=row[5],
        verified_at=row[6],
        last_error=row[7],
        version=row[8],
    )
