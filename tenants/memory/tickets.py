"""Which tickets were spent, in memory: when each expires."""

from tenants.memory.table import Table


class MemoryTickets:
    def __init__(self, table: Table[bytes, int]) -> None:
        self._table = table

    def spend(self, ticket_id: bytes, expires_at: int) -> bool:
        if self._table.find(ticket_id) is not None:
            return False
        self._table.add(ticket_id, expires_at)
        return True

    def sweep(self, now: int, limit: int) -> int:
        return self._table.remove_all(self._table.keys(lambda expires_at: expires_at <= now)[:limit])
