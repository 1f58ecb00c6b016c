"""Lists of what a filter leaves over: an issuer's things are looked at, a bounded number of them in a call, so that a
page may be short where little is found."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from google.protobuf.message import Message

from server.admin.fitting import fitting
from tenants.acts.walk import Walk, Walked

TURNS = 20
"""Of the tenant, that one call takes for a page."""
K = TypeVar("K")
T = TypeVar("T")
M = TypeVar("M", bound=Message)


async def page(
    walk: Callable[[Walk[K, T]], Awaitable[Walked[K, T]]],
    place: K,
    limit: int,
    holds: Callable[[T], bool],
    *,
    shown: Callable[[T], M],
    place_of: Callable[[T], K],
) -> tuple[list[M], K | None]:
    """What `walk` finds in several turns, as it is shown, and where to go on: None where there is no more.

    `place_of` a thing is where to go on behind it.
    """
    found, more = list[T](), True
    for _ in range(TURNS):
        step = await walk(Walk(place, limit - len(found), holds))
        found += step.found
        place, more = step.place, step.more
        if not more or len(found) == limit:
            break
    fit = fitting([shown(each) for each in found])
    if len(fit) < len(found):
        return fit, place_of(found[len(fit) - 1])
    return fit, place if more else None


def asked(kind: str, *all_else: str) -> str:
    """All that a page token is good for only together with, in ASCII whatever a filter holds."""
    return f"{kind} {hashlib.sha256(repr(all_else).encode('utf-8')).hexdigest()}"
