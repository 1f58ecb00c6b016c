"""What the operator does with sessions. They go by the beginning of their digest, which nobody can sign in with."""

from dataclasses import dataclass, replace

from tenants.acts.end_session import end
from tenants.acts.walk import Walk, Walked, walk
from tenants.problems import NoSuchThing
from tenants.records import Session
from tenants.turn import Turn

NAMED_BY = 16
"""Bytes of a digest, which are enough to tell sessions apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Which to go through: all, or those of one user."""

    walk: Walk[bytes, Session]
    user_id: str | None = None


def public_id(session: Session) -> str:
    return session.digest[:NAMED_BY].hex()


def list_sessions(turn: Turn, asked: Sessions) -> Walked[bytes, Session]:
    """Those that have not expired, in no order that says anything."""

    def page(after: bytes, limit: int) -> list[Session]:
        if asked.user_id is None:
            return list(turn.tx.sessions.page(after, limit))
        return [session for session in turn.tx.sessions.of_user(asked.user_id) if session.digest > after][:limit]

    def live(session: Session) -> bool:
        return session.expires_at > turn.now and asked.walk.holds(session)

    return walk(page, lambda session: session.digest, replace(asked.walk, holds=live))


def get_session(turn: Turn, public: str) -> Session:
    """Raises NoSuchThing, also of one that has expired."""
    begins = bytes.fromhex(public)
    found = turn.tx.sessions.page(begins, 1)
    if not found or not found[0].digest.startswith(begins) or found[0].expires_at <= turn.now:
        raise NoSuchThing(public)
    return found[0]


def end_session(turn: Turn, public: str) -> None:
    """As if its user had signed out. Raises NoSuchThing."""
    end(turn, get_session(turn, public), turn.origin.actor)
