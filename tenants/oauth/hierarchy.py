"""Scopes that imply narrower ones of the same resource (MCP 2026-07-28, Step-Up Authorization Flow).

A grant holds what was allowed, and a token tells that and all that it implies, so that a resource looks for one scope
and need not know the others. What implies what is read anew each time: the operator's word of today counts.
"""

from collections.abc import Collection, Iterable, Sequence

from tenants.records import Resource, ResourceScope


def with_implied(scopes: Iterable[str], registered: Resource | None) -> tuple[str, ...]:
    """`scopes`, and behind them what they imply, step by step, each once."""
    narrower = {} if registered is None else {scope.name: scope.implies for scope in registered.scopes}
    found = dict.fromkeys(scopes)
    waiting = list(found)
    for name in waiting:
        new = [implied for implied in narrower.get(name, ()) if implied not in found]
        found.update(dict.fromkeys(new))
        waiting.extend(new)
    return tuple(found)


def widest(scopes: Sequence[str], registered: Resource | None) -> tuple[str, ...]:
    """Those of `scopes` that no other one of them implies: who allows these allows them all."""
    implied = {narrow for name in scopes for narrow in with_implied((name,), registered) if narrow != name}
    return tuple(name for name in scopes if name not in implied)


def goes_round(scopes: Collection[ResourceScope]) -> str | None:
    """A scope that implies itself, or that implies one that does, if there is any."""
    narrower = {scope.name: scope.implies for scope in scopes}
    left = set(narrower)
    while left:
        ends = {name for name in left if not left & set(narrower[name])}
        if not ends:
            return min(left)
        left -= ends
    return None
