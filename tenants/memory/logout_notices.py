"""Logout notices in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.records import LogoutNotice


class MemoryLogoutNotices:
    def __init__(self, table: Table[str, LogoutNotice]) -> None:
        self._table = table

    def add(self, notice: LogoutNotice) -> None:
        self._table.add(notice.id, notice)

    def due(self, now: int, limit: int) -> Sequence[LogoutNotice]:
        due = [notice for notice in self._table if notice.due_at <= now]
        return sorted(due, key=lambda notice: (notice.due_at, notice.id))[:limit]

    def next_at(self) -> int | None:
        return min((notice.due_at for notice in self._table), default=None)

    def count(self, user_id: str | None = None) -> int:
        return sum(user_id in (None, notice.user_id) for notice in self._table)

    def put_off(self, notice_id: str, due_at: int, attempts: int) -> bool:
        kept = self._table.find(notice_id)
        return kept is not None and self._table.change(notice_id, replace(kept, due_at=due_at, attempts=attempts))

    def remove(self, notice_id: str) -> bool:
        return self._table.remove(notice_id)
