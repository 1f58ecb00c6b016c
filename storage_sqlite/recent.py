"""Records read lately, as they stand in the file: one connection owns it, so nobody changes them behind its back."""

from typing import Generic, TypeVar

R = TypeVar("R")

PLACES = 500


class Recent(Generic[R]):
    """At most PLACES of them, by key; the one read first goes first."""

    def __init__(self) -> None:
        self._records: dict[str, R] = {}

    def find(self, key: str) -> R | None:
        return self._records.get(key)

    def keep(self, key: str, record: R) -> R:
        if len(self._records) >= PLACES:
            del self._records[next(iter(self._records))]
        self._records[key] = record
        return record

    def forget(self, key: str) -> None:
        self._records.pop(key, None)

    def forget_all(self) -> None:
        self._records.clear()
