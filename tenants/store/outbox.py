"""How messages wait."""

from collections.abc import Sequence
from typing import Protocol

from tenants.records import Message, MessageKind


class OutboxNoun(Protocol):
    """Messages that wait to be told; an id is one of both kinds."""

    def add(self, message: Message) -> None: ...
    def due(self, kind: MessageKind, now: int, limit: int) -> Sequence[Message]:
        """Those due at `now` or before: the most overdue first, then by id."""
        ...

    def next_at(self, kind: MessageKind) -> int | None:
        """When the next one is due, if there is any."""
        ...

    def count(self, kind: MessageKind, user_id: str | None = None) -> int:
        """How many wait; of this user, if one is named."""
        ...

    def put_off(self, message_id: str, due_at: int, attempts: int) -> bool: ...
    def hasten(self, kind: MessageKind, beyond: int, now: int, limit: int) -> int:
        """What is due later than `beyond` is due at `now`, at most `limit`; how many."""
        ...

    def remove(self, message_id: str) -> bool: ...
    def remove_all(self, kind: MessageKind) -> int: ...
