"""Sessions in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.records import Session


class MemorySessions:
    def __init__(self, table: Table[bytes, Session]) -> None:
        self._table = table

    def find(self, digest: bytes) -> Session | None:
        return self._table.find(digest)

    def add(self, session: Session) -> None:
        self._table.add(session.digest, session)

    def note_client(self, digest: bytes, client_id: str) -> bool:
        kept = self._table.find(digest)
        if kept is None or client_id in kept.clients:
            return False
        return self._table.change(digest, replace(kept, clients=(*kept.clients, client_id)))

    def remove(self, digest: bytes) -> bool:
        return self._table.remove(digest)

    def of_user(self, user_id: str) -> Sequence[Session]:
        found = [session for session in self._table if session.user_id == user_id]
        return sorted(found, key=lambda session: session.digest)

    def page(self, after: bytes, limit: int) -> Sequence[Session]:
        return self._table.page(after, limit)

    def sweep(self, now: int, limit: int) -> int:
        return self._table.remove_all(self._table.keys(lambda session: session.expires_at <= now)[:limit])
