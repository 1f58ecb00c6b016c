"""Messages on their way out, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.records import Message, MessageKind


class MemoryOutbox:
    def __init__(self, table: Table[str, Message]) -> None:
        self._table = table

    def add(self, message: Message) -> None:
        self._table.add(message.id, message)

    def due(self, kind: MessageKind, now: int, limit: int) -> Sequence[Message]:
        due = [message for message in self._of(kind) if message.due_at <= now]
        return sorted(due, key=lambda message: (message.due_at, message.id))[:limit]

    def next_at(self, kind: MessageKind) -> int | None:
        return min((message.due_at for message in self._of(kind)), default=None)

    def count(self, kind: MessageKind, user_id: str | None = None) -> int:
        return sum(user_id in (None, message.user_id) for message in self._of(kind))

    def put_off(self, message_id: str, due_at: int, attempts: int) -> bool:
        kept = self._table.find(message_id)
        return kept is not None and self._table.change(message_id, replace(kept, due_at=due_at, attempts=attempts))

    def hasten(self, kind: MessageKind, beyond: int, now: int, limit: int) -> int:
        late = [message for message in self._of(kind) if message.due_at > beyond][:limit]
        return sum(self._table.change(message.id, replace(message, due_at=now)) for message in late)

    def remove(self, message_id: str) -> bool:
        return self._table.remove(message_id)

    def remove_all(self, kind: MessageKind) -> int:
        return self._table.remove_all(message.id for message in self._of(kind))

    def _of(self, kind: MessageKind) -> Sequence[Message]:
        return [message for message in self._table if message.kind == kind]
