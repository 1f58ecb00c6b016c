"""The SQL of organizations, and of the domains that are theirs."""

import json
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from storage_sqlite.columns import changed, to_json
from tenants.problems import AlreadyThere
from tenants.records import Organization

_SELECT = (
    "SELECT id, name, slug, metadata, created_at, updated_at, (SELECT json_group_array(domain) FROM "
    "(SELECT domain FROM organization_domains WHERE organization_id = organizations.id ORDER BY position)) "
    "FROM organizations"
)


class Organizations:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, organization_id: str) -> Organization | None:
        return self._one("WHERE id = ?", organization_id)

    def find_slug(self, slug: str) -> Organization | None:
        return self._one("WHERE slug = ?", slug)

    def find_domain(self, domain: str) -> Organization | None:
        return self._one("WHERE id = (SELECT organization_id FROM organization_domains WHERE domain = ?)", domain)

    def add(self, organization: Organization) -> None:
        with self._both_tables(organization):
            self._connection.execute(
                "INSERT INTO organizations (id, name, slug, metadata, created_at, updated_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                _row(organization),
            )
            self._put_domains(organization)

    def change(self, organization: Organization) -> bool:
        with self._both_tables(organization):
            found = changed(
                self._connection.execute(
                    "UPDATE organizations SET name = ?2, slug = ?3, metadata = ?4, created_at = ?5, updated_at = ?6 "
                    "WHERE id = ?1",
                    _row(organization),
                )
            )
            if found:
                self._connection.execute(
                    "DELETE FROM organization_domains WHERE organization_id = ?", (organization.id,)
                )
                self._put_domains(organization)
        return found

    def remove(self, organization_id: str) -> bool:
        return changed(self._connection.execute("DELETE FROM organizations WHERE id = ?", (organization_id,)))

    def page(self, after: str, limit: int) -> Sequence[Organization]:
        rows = self._connection.execute(f"{_SELECT} WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
        return [_organization(row) for row in rows]

    def _one(self, where: str, value: str) -> Organization | None:
        row = self._connection.execute(f"{_SELECT} {where}", (value,)).fetchone()
        return None if row is None else _organization(row)

    @contextmanager
    def _both_tables(self, organization: Organization) -> Generator[None]:
        """Both are written or neither is, also for a caller who goes on after AlreadyThere."""
        self._connection.execute("SAVEPOINT organization")
        try:
            yield
        except sqlite3.IntegrityError:
            self._connection.execute("ROLLBACK TO organization")
            raise AlreadyThere(organization.id) from None
        finally:
            self._connection.execute("RELEASE organization")

    def _put_domains(self, organization: Organization) -> None:
        self._connection.executemany(
            "INSERT INTO organization_domains (domain, organization_id, position) VALUES (?, ?, ?)",
            [(domain, organization.id, position) for position, domain in enumerate(organization.domains)],
        )


def _row(organization: Organization) -> tuple[Any, ...]:
    return (
        organization.id,
        organization.name,
        organization.slug,
        to_json(organization.metadata),
        organization.created_at,
        organization.updated_at,
    )


def _organization(row: tuple[Any, ...]) -> Organization:
    return Organization(
        id=row[0],
        name=row[1],
        slug=row[2],
        metadata=json.loads(row[3]),
        created_at=row[4],
        updated_at=row[5],
        domains=tuple(json.loads(row[6])),
    )
