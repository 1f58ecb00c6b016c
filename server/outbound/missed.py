"""What could not be had is not asked for again at once: strangers make us look as often as they like, and we are not to
be what they throw at others.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

COOL_DOWN = 10
"""Seconds in which it is not."""
MAX_MISSED = 1_000


class Missed:
    def __init__(self, clock: Callable[[], int]) -> None:
        """`clock` gives whole seconds since 1970-01-01 UTC."""
        self._clock = clock
        self._missed: OrderedDict[Hashable, int] = OrderedDict()

    def lately(self, look: Hashable) -> bool:
        """Whether the same was looked for a moment ago, in vain."""
        at = self._missed.get(look)
        return at is not None and 0 <= self._clock() - at < COOL_DOWN

    def note(self, look: Hashable) -> None:
        self._missed[look] = self._clock()
        self._missed.move_to_end(look)
        if len(self._missed) > MAX_MISSED:
            self._missed.popitem(last=False)
