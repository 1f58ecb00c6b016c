"""How the trail is kept, and the answers to requests that may come again."""

from collections.abc import Sequence
from typing import Protocol

from tenants.records import Answer, Event


class EventNoun(Protocol):
    def add(self, event: Event) -> int:
        """Append it; its sequence number, whatever the event says of it.

        The numbers rise from 1, and none that was kept comes again, even after it was swept.
        """
        ...

    def page(self, after: int, limit: int) -> Sequence[Event]:
        """In the order of their sequence numbers."""
        ...

    def page_back(self, before: int, limit: int) -> Sequence[Event]:
        """Of those with smaller numbers than `before`, the newest first."""
        ...

    def last(self) -> Event | None:
        """The newest, to which the next is chained."""
        ...

    def sweep(self, before: int, limit: int) -> int:
        """Look at the `limit` oldest, and remove those that happened before `before`; how many. The newest stays."""
        ...


class AnswerNoun(Protocol):
    def find(self, key: bytes) -> Answer | None: ...
    def add(self, answer: Answer) -> None: ...
    def sweep(self, now: int, limit: int) -> int:
        """Forget those that expired at `now` or before; how many."""
        ...
