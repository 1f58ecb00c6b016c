"""Going through many things of one kind, a bounded number of them in one turn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

LOOKED_AT = 200
"""Things, in one turn, so that looking never delays a request by more than a few milliseconds."""

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Walk(Generic[K, T]):
    place: K
    """Things behind it are looked at."""
    limit: int
    """So many are wanted at most."""
    holds: Callable[[T], bool] = lambda _: True
    """Which are wanted."""


@dataclass(frozen=True, slots=True)
class Walked(Generic[K, T]):
    found: tuple[T, ...]
    place: K
    """Where to go on."""
    more: bool
    """Whether there may be more behind it."""


def walk(page: Callable[[K, int], Sequence[T]], place_of: Callable[[T], K], asked: Walk[K, T]) -> Walked[K, T]:
    """`page` gives things in their order, after a place and at most so many."""
    place, found = asked.place, list[T]()
    looked_at = page(place, LOOKED_AT)
    for thing in looked_at:
        if len(found) == asked.limit:
            return Walked(tuple(found), place, True)
        place = place_of(thing)
        if asked.holds(thing):
            found.append(thing)
    return Walked(tuple(found), place, len(looked_at) == LOOKED_AT)
