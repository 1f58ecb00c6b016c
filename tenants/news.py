"""Who hears that an event was added to a trail, so that nobody has to ask every tenant again and again."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

Hear = Callable[[str, int], None]
"""Told of which issuer's trail (its id; empty: the registry's own), and the event's number there."""


class News:
    """What is told here is a hint: the turn may be undone yet, and its number given to another event."""

    def __init__(self) -> None:
        self._hearing: dict[object, Hear] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def heard_by(self, hear: Hear) -> Generator[None]:
        """Until the block ends, `hear` is called, in this event loop, for each event that is added from now on."""
        self._loop = asyncio.get_running_loop()
        place = object()
        self._hearing[place] = hear
        try:
            yield
        finally:
            del self._hearing[place]

    def tell(self, trail: str, sequence: int) -> None:
        """Called from a store's thread, inside the turn that adds the event. A turn that is asked for by who hears of
        it comes after that one, so it sees the event."""
        if self._hearing and self._loop is not None:
            self._loop.call_soon_threadsafe(self._spread, trail, sequence)

    def _spread(self, trail: str, sequence: int) -> None:
        for hear in list(self._hearing.values()):
            hear(trail, sequence)
