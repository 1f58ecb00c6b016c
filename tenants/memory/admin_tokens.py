"""Admin tokens in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.problems import AlreadyThere
from tenants.records import AdminToken


class MemoryAdminTokens:
    def __init__(self, table: Table[str, AdminToken]) -> None:
        self._table = table

    def find(self, token_id: str) -> AdminToken | None:
        return self._table.find(token_id)

    def all(self) -> Sequence[AdminToken]:
        return list(self._table)

    def add(self, token: AdminToken) -> None:
        if any(kept.digest == token.digest for kept in self._table):
            raise AlreadyThere(token.id)
        self._table.add(token.id, token)

    def used(self, token_id: str, at: int) -> bool:
        token = self._table.find(token_id)
        if token is None or token.last_used_at >= at:
            return False
        return self._table.change(token_id, replace(token, last_used_at=at))

    def remove(self, token_id: str) -> bool:
        return self._table.remove(token_id)
