"""Deliveries in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.records import Delivery


class MemoryDeliveries:
    def __init__(self, table: Table[str, Delivery]) -> None:
        self._table = table

    def add(self, delivery: Delivery) -> None:
        self._table.add(delivery.id, delivery)

    def due(self, now: int, limit: int) -> Sequence[Delivery]:
        due = [delivery for delivery in self._table if delivery.due_at <= now]
        return sorted(due, key=lambda delivery: (delivery.due_at, delivery.id))[:limit]

    def next_at(self) -> int | None:
        return min((delivery.due_at for delivery in self._table), default=None)

    def count(self) -> int:
        return len(list(self._table))

    def put_off(self, delivery_id: str, due_at: int, attempts: int) -> bool:
        kept = self._table.find(delivery_id)
        return kept is not None and self._table.change(delivery_id, replace(kept, due_at=due_at, attempts=attempts))

    def remove(self, delivery_id: str) -> bool:
        return self._table.remove(delivery_id)

    def remove_all(self) -> int:
        return self._table.remove_all(self._table.keys(lambda _: True))
