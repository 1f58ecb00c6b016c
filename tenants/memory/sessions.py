"""Sessions in memory."""

from tenants.memory.table import Table
from tenants.records import Session


class MemorySessions:
    def __init__(self, table: Table[bytes, Session]) -> None:
        self._table = table

    def find(self, digest: bytes) -> Session | None:
        return self._table.find(digest)

    def add(self, session: Session) -> None:
        self._table.add(session.digest, session)

    def remove(self, digest: bytes) -> bool:
        return self._table.remove(digest)

    def remove_of_user(self, user_id: str, provider: str | None = None) -> int:
        return self._table.remove_all(
            self._table.keys(lambda session: session.user_id == user_id and provider in (None, session.provider))
        )

    def sweep(self, now: int, limit: int) -> int:
        return self._table.remove_all(self._table.keys(lambda session: session.expires_at <= now)[:limit])
