"""Answers in memory."""

from tenants.memory.table import Table
from tenants.records import Answer


class MemoryAnswers:
    def __init__(self, table: Table[bytes, Answer]) -> None:
        self._table = table

    def find(self, key: bytes) -> Answer | None:
        return self._table.find(key)

    def add(self, answer: Answer) -> None:
        self._table.add(answer.key, answer)

    def sweep(self, now: int, limit: int) -> int:
        return self._table.remove_all(self._table.keys(lambda answer: answer.expires_at <= now)[:limit])
