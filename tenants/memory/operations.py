"""Operations in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.memory.values import own
from tenants.records import Operation


class MemoryOperations:
    def __init__(self, table: Table[str, Operation]) -> None:
        self._table = table

    def find(self, operation_id: str) -> Operation | None:
        return self._table.find(operation_id)

    def add(self, operation: Operation) -> None:
        self._table.add(operation.id, replace(operation, progress=own(operation.progress)))

    def change(self, operation: Operation) -> bool:
        kept = self._table.find(operation.id)
        if kept is None:
            return False
        following = replace(
            kept,
            progress=own(operation.progress),
            percent=operation.percent,
            updated_at=operation.updated_at,
            cancelled_at=operation.cancelled_at,
            ended_at=operation.ended_at,
            response=operation.response,
            error=operation.error,
        )
        return self._table.change(operation.id, following)

    def remove(self, operation_id: str) -> bool:
        return self._table.remove(operation_id)

    def page(self, after: str, limit: int) -> Sequence[Operation]:
        return self._table.page(after, limit)

    def under_way(self) -> Sequence[Operation]:
        return [operation for operation in self._table if operation.ended_at is None]

    def sweep(self, before: int, limit: int) -> int:
        over = self._table.keys(lambda operation: operation.ended_at is not None and operation.ended_at < before)
        return self._table.remove_all(over[:limit])
