"""A session ends: every copy of its cookie is dead, what its user allowed for as long as they are here ends, and the
clients that asked to be told are told. A user ends: all that they have here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tenants.acts import tell_logout
from tenants.oauth.scope import OFFLINE_ACCESS
from tenants.records import Grant, Session
from tenants.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many there were."""

    sessions: int
    grants: int
    consents: int


def end(turn: Turn, session: Session, actor: str) -> None:
    _end(turn, session, turn.tx.grants.of_user(session.user_id), actor)


def end_of_user(turn: Turn, user_id: str, actor: str, *, provider: str | None = None) -> int:
    """All sessions of a user, or those of sign-ins by one provider; how many there were."""
    kept = turn.tx.sessions.of_user(user_id)
    sessions = [session for session in kept if provider in (None, session.provider)]
    grants = turn.tx.grants.of_user(user_id) if sessions else ()
    for session in sessions:
        _end(turn, session, grants, actor)
    return len(sessions)


def end_user(turn: Turn, user_id: str, actor: str) -> Ended:
    """All sessions of a user, all that they allowed anybody, and what is kept to ask their providers with."""
    grants = turn.tx.grants.revoke_of_user(user_id, turn.now)
    consents = turn.tx.consents.remove_of_user(user_id)
    turn.tx.kept_tokens.remove_of_user(user_id)
    return Ended(sessions=end_of_user(turn, user_id, actor), grants=grants, consents=consents)


def _end(turn: Turn, session: Session, grants: Sequence[Grant], actor: str) -> None:
    """`grants` are those of its user."""
    turn.tx.sessions.remove(session.digest)
    ended = sum([turn.tx.grants.revoke(grant.id, turn.now) for grant in grants if _hangs_on(grant, session)])
    tell_logout.tell(turn, session)
    turn.remember("session.ended", actor, session.user_id, grants_ended=ended)


def _hangs_on(grant: Grant, session: Session) -> bool:
    """What was allowed in it, but not also for while the user is away (OpenID Connect Back-Channel Logout §2.7)."""
    return grant.revoked_at is None and grant.sid == session.sid != "" and OFFLINE_ACCESS not in grant.scopes
