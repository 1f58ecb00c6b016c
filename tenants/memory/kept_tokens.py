"""Kept tokens in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.records import KeptToken


class MemoryKeptTokens:
    def __init__(self, table: Table[tuple[str, ...], KeptToken]) -> None:
        self._table = table

    def find(self, user_id: str, provider: str) -> KeptToken | None:
        return self._table.find((user_id, provider))

    def put(self, token: KeptToken) -> None:
        self._table.put((token.user_id, token.provider), token)

    def due(self, now: int, limit: int) -> Sequence[KeptToken]:
        due = [token for token in self._table if token.due_at <= now]
        return sorted(due, key=lambda token: (token.due_at, token.user_id, token.provider))[:limit]

    def next_at(self) -> int | None:
        return min((token.due_at for token in self._table), default=None)

    def change(self, token: KeptToken, *, former: bytes) -> bool:
        kept = self.find(token.user_id, token.provider)
        return kept is not None and kept.sealed == former and self._table.change((token.user_id, token.provider), token)

    def hasten(self, provider: str, beyond: int, now: int, limit: int) -> int:
        late = [token for token in self._table if token.provider == provider and token.due_at > beyond][:limit]
        return sum(self._table.change((token.user_id, provider), replace(token, due_at=now)) for token in late)

    def remove(self, user_id: str, provider: str) -> bool:
        return self._table.remove((user_id, provider))

    def remove_of_user(self, user_id: str) -> int:
        return self._table.remove_all(self._table.keys(lambda token: token.user_id == user_id))

    def remove_of_provider(self, provider: str) -> int:
        return self._table.remove_all(self._table.keys(lambda token: token.provider == provider))
