"""How many calls are under way, and whose: so that nobody takes the room of all others."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from server.admin.limits import MOST_OF_ONE, MOST_OF_STRANGERS
from server.admin.status import TooManyCalls

STRANGERS = ""
"""In the place of an actor: all who call without showing anything."""


class Places:
    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, actor: str) -> Generator[None]:
        """One place, until the block ends. Raises TooManyCalls where they have as many as they may."""
        most = MOST_OF_STRANGERS if actor == STRANGERS else MOST_OF_ONE
        if self._taken[actor] >= most:
            raise TooManyCalls(f"{most} calls are under way already; wait until one has ended")
        self._taken[actor] += 1
        try:
            yield
        finally:
            self._taken[actor] -= 1
            if not self._taken[actor]:
                del self._taken[actor]
