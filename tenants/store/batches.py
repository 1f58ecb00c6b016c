"""A store, open, and the cupboard of stores: work is done in batches, each made durable by one commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Done:
    """The work returned, and what it wrote is durable."""

    value: object


@dataclass(frozen=True, slots=True)
class Undone:
    """The work raised, and nothing that it wrote is kept."""

    error: Exception


Outcome = Done | Undone


@dataclass(frozen=True, slots=True)
class Commit:
    """What a batch left behind, one outcome a work. `wrote` is False where nothing changed: nothing needs to be copied.

    True promises nothing: a store may say so of a batch whose every change was undone.
    """

    outcomes: Sequence[Outcome]
    wrote: bool


class Store(Protocol, Generic[T_co]):
    """One file (or its like), open, with one owner. Its type parameter is the transaction that work is given."""

    async def perform(self, works: Sequence[Callable[[T_co], object]]) -> Commit:
        """Run `works` in order in one transaction and commit it. Each sees what those before it wrote and kept.

        Raises Unknown if the commit failed, and Broken if the file cannot be used; then no outcome is known, the store
        is of no more use, and must be closed and opened again. Work that raises Broken ends the batch that way, before
        the commit: of such a batch nothing is kept, and the works after it are not begun.
        """
        ...

    async def close(self) -> None:
        """Let go of file, descriptors and thread. May be called twice."""
        ...


class Stores(Protocol, Generic[T_co]):
    """The cupboard: where the stores of all tenants lie, by uid. Nothing that a caller names becomes a path."""

    async def create(self, uid: str, works: Sequence[Callable[[T_co], object]]) -> None:
        """Make the store of `uid`, with what `works` write. It appears whole or not at all, or is AlreadyThere.

        If one of the works raises, so does this, and there is no store.
        """
        ...

    async def open(self, uid: str) -> Store[T_co]:
        """Open it, bringing its schema up to date. Raises Broken, or NewerSchema without touching it.

        One that is not there is Broken too: opening never makes one.
        """
        ...

    async def remove(self, uid: str) -> None:
        """Delete it and all that belongs to it. Removing what is not there is no error."""
        ...

    async def uids(self) -> Sequence[str]:
        """All stores that there are, whole ones only."""
        ...
