"""The alarm: what a tenant does for itself, from time to time. Doing it twice does no harm."""

from dataclasses import dataclass

from tenants.acts import deliver, recheck, signing_keys, tell_logout
from tenants.records import DAY
from tenants.turn import Turn

LIMIT = 500
"""Rows looked at in one turn, so that a sweep never delays a request by more than a few milliseconds."""
SWEEP_INTERVAL = 3_600
EVENT_RETENTION = 400 * DAY
ERRAND_PATIENCE = 60
"""Seconds until errands that are under way are looked at again, should nobody have finished them."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    after_grant: int = -1
    """Where the walk over the grants goes on."""


@dataclass(frozen=True, slots=True)
class Maintained:
    next_at: int
    """When to come again; `more` is what to come again with at once."""
    more: Maintenance | None
    errands: bool = False
    """Whether something is to be said or asked in the world now."""


def maintain(turn: Turn, request: Maintenance) -> Maintained:
    """Roll the signing key when it is due, and sweep a bounded number of rows that no longer count."""
    if signing_keys.due(turn) <= turn.now:
        signing_keys.roll(turn)
    signing_keys.drop_expired(turn)
    tx, now = turn.tx, turn.now
    go_on = tx.grants.sweep(now, request.after_grant, LIMIT)
    swept = (
        tx.sessions.sweep(now, LIMIT),
        tx.tickets.sweep(now, LIMIT),
        tx.device_requests.sweep(now, LIMIT),
        tx.registration_tokens.sweep(now, LIMIT),
        tx.clients.sweep(now - turn.issuer.policy.unused_client_ttl, LIMIT),
        tx.events.sweep(now - EVENT_RETENTION, LIMIT),
        tx.answers.sweep(now, LIMIT),
        deliver.give_up(turn, LIMIT),
        *_hastened(turn),
    )
    if go_on is not None or LIMIT in swept:
        return Maintained(now, Maintenance(go_on if go_on is not None else (1 << 63) - 1))
    next_at = min(now + (SWEEP_INTERVAL if any(swept) else DAY), signing_keys.due(turn))
    errands = _errands(turn)
    next_at = min([next_at, *(at if at > now else now + ERRAND_PATIENCE for at in errands)])
    return Maintained(next_at, None, any(at <= now for at in errands))


def _hastened(turn: Turn) -> list[int]:
    """What is put off for longer than anything is was put off by a clock that was far ahead, or where users were asked
    for less often: now it is due."""
    tx, now = turn.tx, turn.now
    asked = [(one.id, max(one.recheck_interval, recheck.LONGEST_WAIT)) for one in tx.identity_providers.all()]
    return [
        tx.outbox.hasten("webhook", now + deliver.PAUSES[-1], now, LIMIT),
        tx.outbox.hasten("logout", now + tell_logout.PAUSES[-1], now, LIMIT),
        *(tx.kept_tokens.hasten(provider, now + longest, now, LIMIT) for provider, longest in asked),
    ]


def _errands(turn: Turn) -> list[int]:
    """When the next message is to be delivered, the next user asked for at their provider, the next client told that
    a session has ended."""
    instants = (deliver.next_at(turn), turn.tx.kept_tokens.next_at(), turn.tx.outbox.next_at("logout"))
    return [at for at in instants if at is not None]


def rest(turn: Turn, _: None) -> None:
    """The errands of now are done or under way: the alarm comes for those that are due later."""
    for at in _errands(turn):
        if at > turn.now:
            turn.wake_at(at)
