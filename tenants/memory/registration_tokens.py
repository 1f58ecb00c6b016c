"""Registration tokens in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.problems import AlreadyThere
from tenants.records import RegistrationToken


class MemoryRegistrationTokens:
    def __init__(self, table: Table[str, RegistrationToken]) -> None:
        self._table = table

    def add(self, token: RegistrationToken) -> None:
        if any(kept.digest == token.digest for kept in self._table):
            raise AlreadyThere(token.id)
        self._table.add(token.id, token)

    def spend(self, digest: bytes, now: int) -> str | None:
        token = next((kept for kept in self._table if kept.digest == digest), None)
        if token is None or token.expires_at <= now:
            return None
        left = None if token.uses_left is None else token.uses_left - 1
        if left is not None and left < 0:
            return None
        self._table.put(token.id, replace(token, uses_left=left))
        return token.id

    def remove(self, token_id: str) -> bool:
        return self._table.remove(token_id)

    def page(self, after: str, limit: int) -> Sequence[RegistrationToken]:
        return self._table.page(after, limit)

    def sweep(self, now: int, limit: int) -> int:
        return self._table.remove_all(self._table.keys(lambda token: token.expires_at <= now)[:limit])
