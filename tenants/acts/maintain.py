"""The alarm: what a tenant does for itself, from time to time. Doing it twice does no harm."""

from dataclasses import dataclass

from tenants.acts import signing_keys
from tenants.records import DAY
from tenants.turn import Turn

LIMIT = 500
"""Rows looked at in one turn, so that a sweep never delays a request by more than a few milliseconds."""
SWEEP_INTERVAL = 3_600
EVENT_RETENTION = 400 * DAY


@dataclass(frozen=True, slots=True)
class Maintenance:
    after_grant: int = -1
    """Where the walk over the grants goes on."""


@dataclass(frozen=True, slots=True)
class Maintained:
    next_at: int
    """When to come again; `more` is what to come again with at once."""
    more: Maintenance | None


def maintain(turn: Turn, request: Maintenance) -> Maintained:
    """Roll the signing key when it is due, and sweep a bounded number of rows that no longer count."""
    if signing_keys.due(turn) <= turn.now:
        signing_keys.roll(turn, "alarm")
    signing_keys.drop_expired(turn)
    tx, now = turn.tx, turn.now
    go_on = tx.grants.sweep(now, request.after_grant, LIMIT)
    swept = (
        tx.sessions.sweep(now, LIMIT),
        tx.tickets.sweep(now, LIMIT),
        tx.clients.sweep(now - turn.issuer.policy.unused_client_ttl, LIMIT),
        tx.events.sweep(now - EVENT_RETENTION, LIMIT),
    )
    if go_on is not None or LIMIT in swept:
        return Maintained(now, Maintenance(go_on if go_on is not None else (1 << 63) - 1))
    return Maintained(min(now + (SWEEP_INTERVAL if any(swept) else DAY), signing_keys.due(turn)), None)
