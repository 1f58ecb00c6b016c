"""Events in memory, by their sequence number."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.memory.values import own
from tenants.records import Event


class MemoryEvents:
    def __init__(self, table: Table[int, Event]) -> None:
        self._table = table

    def add(self, event: Event) -> int:
        sequence = self._table.next_number()
        self._table.add(sequence, replace(event, sequence=sequence, details=own(event.details)))
        return sequence

    def page(self, after: int, limit: int) -> Sequence[Event]:
        return self._table.page(after, limit)

    def sweep(self, before: int, limit: int) -> int:
        oldest = self._table.page(0, limit)
        return self._table.remove_all(event.sequence for event in oldest if event.at < before)
