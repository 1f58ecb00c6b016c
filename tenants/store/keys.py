"""How signing keys are kept."""

from collections.abc import Sequence
from typing import Protocol

from tenants.records import SigningKey


class SigningKeyNoun(Protocol):
    """At most one is `current`; a second is AlreadyThere."""

    def all(self) -> Sequence[SigningKey]:
        """Oldest first: in the order in which they were added."""
        ...

    def current(self) -> SigningKey:
        """The one that signs. Raises Broken if there is none."""
        ...

    def add(self, key: SigningKey) -> None: ...
    def change(self, key: SigningKey) -> bool: ...
    def remove(self, key_id: str) -> bool: ...
