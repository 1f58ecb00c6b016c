"""Clients are told that a session has ended (OpenID Connect Back-Channel Logout 1.0).

It is noted with its end and sent behind it, several times if need be, and given up in the end.
"""

from dataclasses import dataclass, field

from tenants.acts.issue import sign
from tenants.oauth import logout
from tenants.records import Message, Session
from tenants.turn import Turn

MAX_WAITING = 10_000
MAX_OF_USER = 300
"""Who signs in and out again and again, with clients of their own that never answer, must not take the place of all
others."""
AT_ONCE = 8
PAUSES = (5, 30, 120, 600, 3_600)
"""Seconds until the next attempt, after so many in vain; after one more it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    notice: Message
    uri: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Due:
    calls: tuple[Call, ...]
    more: bool
    """Whether to look again when these were made."""


@dataclass(frozen=True, slots=True)
class Failure:
    notice: Message
    reason: str
    """One line in our own words, that quotes nothing."""


def tell(turn: Turn, session: Session) -> None:
    """Leave a notice for each client that asked to be told of the end of this session."""
    if not session.clients:
        return
    waiting, of_user = turn.tx.outbox.count("logout"), turn.tx.outbox.count("logout", session.user_id)
    room = max(min(MAX_WAITING - waiting, MAX_OF_USER - of_user), 0)
    for client_id in session.clients[:room]:
        turn.tx.outbox.add(
            Message(
                id=turn.entropy(16).hex(),
                kind="logout",
                body=session.sid,
                client_id=client_id,
                user_id=session.user_id,
                created_at=turn.now,
                due_at=turn.now,
            )
        )
    if session.clients[room:]:
        turn.remember("logout.dropped", "system", session.user_id, clients=len(session.clients[room:]))
    turn.wake_at(turn.now)


def due(turn: Turn, _: None) -> Due:
    """The calls to make now. Who is no client any more, or wants to hear nothing any more, is told nothing."""
    notices, calls = turn.tx.outbox.due("logout", turn.now, AT_ONCE), list[Call]()
    for notice in notices:
        client = turn.tx.clients.find(notice.client_id)
        if client is None or client.is_barred or client.backchannel_logout_uri is None:
            turn.tx.outbox.remove(notice.id)
            continue
        claims = logout.token_claims(turn.issuer, notice, jti=turn.entropy(16).hex(), now=turn.now)
        token = sign(turn, logout.TOKEN_TYPE, claims)
        calls.append(Call(notice=notice, uri=client.backchannel_logout_uri, token=token))
    return Due(tuple(calls), more=bool(notices))


def delivered(turn: Turn, notice: Message) -> None:
    turn.tx.outbox.remove(notice.id)


def failed(turn: Turn, failure: Failure) -> None:
    """It is tried again later, or given up."""
    notice, attempts = failure.notice, failure.notice.attempts + 1
    if attempts > len(PAUSES):
        turn.tx.outbox.remove(notice.id)
        turn.remember("logout.given_up", "system", notice.user_id, client=notice.client_id, reason=failure.reason)
    else:
        turn.tx.outbox.put_off(notice.id, turn.now + PAUSES[attempts - 1], attempts)
