"""Identity providers in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.records import IdentityProvider


class MemoryIdentityProviders:
    def __init__(self, table: Table[str, IdentityProvider]) -> None:
        self._table = table

    def find(self, provider_id: str) -> IdentityProvider | None:
        return self._table.find(provider_id)

    def all(self) -> Sequence[IdentityProvider]:
        return list(self._table)

    def add(self, provider: IdentityProvider) -> None:
        self._table.add(provider.id, provider)

    def change(self, provider: IdentityProvider, *, version: int) -> bool:
        kept = self._table.find(provider.id)
        if kept is None or kept.version != version:
            return False
        return self._table.change(provider.id, replace(provider, created_at=kept.created_at))

    def remove(self, provider_id: str) -> bool:
        return self._table.remove(provider_id)
