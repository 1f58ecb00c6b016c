"""Signing keys in memory, by the number that says which was added first."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.memory.values import own
from tenants.problems import AlreadyThere, Broken
from tenants.records import SigningKey


class MemorySigningKeys:
    def __init__(self, table: Table[int, SigningKey]) -> None:
        self._table = table

    def all(self) -> Sequence[SigningKey]:
        return list(self._table)

    def current(self) -> SigningKey:
        key = self._current()
        if key is None:
            raise Broken("no signing key is current")
        return key

    def add(self, key: SigningKey) -> None:
        if self._numbers(key.id):
            raise AlreadyThere(key.id)
        self._refuse_second(key)
        self._table.add(self._table.next_number(), _kept(key))

    def change(self, key: SigningKey) -> bool:
        numbers = self._numbers(key.id)
        if numbers:
            self._refuse_second(key)
        return any(self._table.change(number, _kept(key)) for number in numbers)

    def remove(self, key_id: str) -> bool:
        return self._table.remove_all(self._numbers(key_id)) == 1

    def _numbers(self, key_id: str) -> list[int]:
        """The number of the key, if it is there."""
        return self._table.keys(lambda key: key.id == key_id)

    def _current(self) -> SigningKey | None:
        return next((key for key in self._table if key.state == "current"), None)

    def _refuse_second(self, key: SigningKey) -> None:
        """Raises AlreadyThere if `key` is to sign and another one does."""
        current = self._current()
        if key.state == "current" and current is not None and current.id != key.id:
            raise AlreadyThere(current.id)


def _kept(key: SigningKey) -> SigningKey:
    return replace(key, public_jwk=own(key.public_jwk))
