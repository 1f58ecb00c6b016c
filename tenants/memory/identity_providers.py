"""Identity providers in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.memory.values import own
from tenants.records import IdentityProvider


class MemoryIdentityProviders:
    def __init__(self, table: Table[str, IdentityProvider]) -> None:
        self._table = table

    def find(self, provider_id: str) -> IdentityProvider | None:
        return self._table.find(provider_id)

    def all(self) -> Sequence[IdentityProvider]:
        return list(self._table)

    def add(self, provider: IdentityProvider) -> None:
        self._table.add(provider.id, _kept(provider))

    def change(self, provider: IdentityProvider, *, version: int) -> bool:
        kept = self._table.find(provider.id)
        if kept is None or kept.version != version:
            return False
        return self._table.change(provider.id, replace(_kept(provider), created_at=kept.created_at))

    def remove(self, provider_id: str) -> bool:
        return self._table.remove(provider_id)


def _kept(provider: IdentityProvider) -> IdentityProvider:
    return provider if provider.public_jwk is None else replace(provider, public_jwk=own(provider.public_jwk))
