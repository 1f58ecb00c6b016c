"""A session ends: every copy of its cookie is dead, what its user allowed for as long as they are here ends, and the
clients that asked to be told are told.
"""

from tenants.acts import tell_logout
from tenants.oauth.scope import OFFLINE_ACCESS
from tenants.records import Grant, Session
from tenants.turn import Turn


def end(turn: Turn, session: Session) -> None:
    turn.tx.sessions.remove(session.digest)
    ended = [grant for grant in turn.tx.grants.of_user(session.user_id) if _hangs_on(grant, session)]
    for grant in ended:
        turn.tx.grants.revoke(grant.id, turn.now)
    tell_logout.tell(turn, session)
    turn.remember("session.ended", session.user_id, session.user_id, grants_ended=len(ended))


def end_of_user(turn: Turn, user_id: str, provider: str) -> int:
    """All sessions of a user who signed in by this provider; how many there were."""
    sessions = [session for session in turn.tx.sessions.of_user(user_id) if session.provider == provider]
    for session in sessions:
        end(turn, session)
    return len(sessions)


def _hangs_on(grant: Grant, session: Session) -> bool:
    """What was allowed in it, but not also for while the user is away (OpenID Connect Back-Channel Logout §2.7)."""
    return grant.revoked_at is None and grant.sid == session.sid != "" and OFFLINE_ACCESS not in grant.scopes
