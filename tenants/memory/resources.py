"""Resources in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.problems import AlreadyThere
from tenants.records import Resource


class MemoryResources:
    def __init__(self, table: Table[str, Resource]) -> None:
        self._table = table

    def find(self, resource_id: str) -> Resource | None:
        return self._table.find(resource_id)

    def all(self) -> Sequence[Resource]:
        return list(self._table)

    def add(self, resource: Resource) -> None:
        if any(other.canonical_uri == resource.canonical_uri for other in self._table):
            raise AlreadyThere(resource.id)
        self._table.add(resource.id, resource)

    def change(self, resource: Resource, *, version: int) -> bool:
        kept = self._table.find(resource.id)
        if kept is None or kept.version != version:
            return False
        stays = {"uri": kept.uri, "canonical_uri": kept.canonical_uri, "created_at": kept.created_at}
        return self._table.change(resource.id, replace(resource, **stays))

    def remove(self, resource_id: str) -> bool:
        return self._table.remove(resource_id)
