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

    def page_back(self, before: int, limit: int) -> Sequence[Event]:
        older = (event for event in self._table if event.sequence < before)
        return sorted(older, key=lambda event: -event.sequence)[:limit]

    def last(self) -> Event | None:
        return max(self._table, key=lambda event: event.sequence, default=None)

    def sweep(self, before: int, limit: int) -> int:
        newest = self.last()
        oldest = [event for event in self._table.page(0, limit) if event is not newest]
        return self._table.remove_all(event.sequence for event in oldest if event.at < before)
