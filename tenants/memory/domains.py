"""Domains in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.problems import AlreadyThere
from tenants.records import Domain


class MemoryDomains:
    def __init__(self, table: Table[tuple[str, ...], Domain]) -> None:
        self._table = table

    def find(self, issuer_id: str, domain_id: str) -> Domain | None:
        return self._table.find((issuer_id, domain_id))

    def find_host(self, host: str) -> Domain | None:
        return next((domain for domain in self._table if domain.host == host), None)

    def of(self, issuer_id: str) -> Sequence[Domain]:
        return [domain for domain in self._table if domain.issuer_id == issuer_id]

    def verified(self) -> Sequence[Domain]:
        return [domain for domain in self._table if domain.verified_at is not None]

    def add(self, domain: Domain) -> None:
        if self.find_host(domain.host) is not None or self.find(domain.issuer_id, domain.id) is not None:
            raise AlreadyThere(domain.id)
        self._table.add((domain.issuer_id, domain.id), domain)

    def change(self, domain: Domain, *, version: int) -> bool:
        kept = self.find(domain.issuer_id, domain.id)
        if kept is None or kept.version != version:
            return False
        changed = replace(domain, host=kept.host, challenge=kept.challenge, created_at=kept.created_at)
        return self._table.change((domain.issuer_id, domain.id), changed)

    def remove(self, issuer_id: str, domain_id: str) -> bool:
        return self._table.remove((issuer_id, domain_id))

    def remove_all(self, issuer_id: str) -> int:
        return sum(self.remove(issuer_id, domain.id) for domain in self.of(issuer_id))
