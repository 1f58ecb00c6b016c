"""Trying again where a store is busy or cannot be used."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenants.problems import Broken, Busy

PAUSES = (1.0, 5.0, 30.0, 120.0)
"""Seconds until the next attempt; after one more it is given up."""

T = TypeVar("T")


async def patiently(attempt: Callable[[], Awaitable[T]]) -> T:
    """Raises what the last attempt does, and at once what is neither Busy nor Broken."""
    for pause in PAUSES:
        try:
            return await attempt()
        except (Busy, Broken):
            await asyncio.sleep(pause)
    return await attempt()
