"""What the operator does with grants: looks at them, and ends one or many."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from tenants.acts.walk import Walk, Walked, walk
from tenants.problems import NoSuchThing
from tenants.records import Grant
from tenants.turn import Turn

GrantState = Literal["pending", "active", "revoked", "expired"]
STANDING: tuple[GrantState, ...] = ("pending", "active")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """Which to go through: all, or those of one user, or of one client, or of that user's at that client."""

    walk: Walk[int, Grant]
    user_id: str | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    grant_id: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A part of many grants that are to end: what one turn may look at."""

    grants: Grants
    about: Mapping[str, str]
    """For the trail: by which operation, which grants, and why."""
    before: int
    """Only those that there were at that instant."""
    count: bool
    """Whether to say only how many there are."""


@dataclass(frozen=True, slots=True)
class BatchEnded:
    ended: int
    place: int
    more: bool


def state_of(grant: Grant, now: int) -> GrantState:
    """Pending is one whose code was given out and not redeemed yet; expired, one of which nothing counts any more."""
    if grant.revoked_at is not None:
        return "revoked"
    if grant.expires_at <= now:
        return "expired"
    if grant.code_spent_at is None:
        return "pending" if grant.code_expires_at > now else "expired"
    ends = (grant.refresh_expires_at or 0, *(token.expires_at for token in grant.access))
    return "active" if max(ends) > now else "expired"


def get_grant(turn: Turn, grant_id: int) -> Grant:
    """Raises NoSuchThing."""
    grant = turn.tx.grants.find(grant_id)
    if grant is None:
        raise NoSuchThing(str(grant_id))
    return grant


def list_grants(turn: Turn, asked: Grants) -> Walked[int, Grant]:
    def page(after: int, limit: int) -> list[Grant]:
        return list(turn.tx.grants.page(after, limit, user_id=asked.user_id, client_id=asked.client_id))

    return walk(page, lambda grant: grant.id, asked.walk)


def revoke_grant(turn: Turn, revocation: Revocation) -> Grant:
    """It and the user's remembered yes to the client end, so that it does not come again by itself.

    One that was revoked stays as it is. Raises NoSuchThing.
    """
    grant = get_grant(turn, revocation.grant_id)
    if not _revoke(turn, grant):
        return grant
    about = {"grant": grant.id, "client": grant.client_id, "reason": revocation.reason}
    turn.remember("grant.revoked", turn.origin.actor, grant.user_id, **about)
    return replace(grant, revoked_at=turn.now)


def revoke_batch(turn: Turn, batch: Batch) -> BatchEnded:
    """End those of the next that stand, and were there when it was asked for."""

    def standing(grant: Grant) -> bool:
        there = grant.created_at <= batch.before and state_of(grant, turn.now) in STANDING
        return there and batch.grants.walk.holds(grant)

    walked = list_grants(turn, replace(batch.grants, walk=replace(batch.grants.walk, holds=standing)))
    if batch.count:
        return BatchEnded(len(walked.found), walked.place, walked.more)
    ended = sum([_revoke(turn, grant) for grant in walked.found])
    if ended:
        turn.remember("grant.many_revoked", turn.origin.actor, **batch.about, grants_ended=ended)
    return BatchEnded(ended, walked.place, walked.more)


def _revoke(turn: Turn, grant: Grant) -> bool:
    if not turn.tx.grants.revoke(grant.id, turn.now):
        return False
    if grant.user_id is not None:
        turn.tx.consents.remove(grant.user_id, grant.client_id)
    return True
