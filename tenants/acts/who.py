"""Which user is here: by cookie, or by what an identity provider says of them."""

from dataclasses import dataclass, replace

from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.records import Session, User
from tenants.turn import Turn

LOGIN_NOTED_AFTER = 3_600
"""A sign-in is written to the user's row at most once an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What an identity provider says of a user. (provider, subject) names them; an e-mail address names nobody."""

    provider: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None


def signed_in(turn: Turn, token: str | None) -> tuple[Session, User] | None:
    """The session that a cookie stands for, if it lives and its user may use it."""
    if token is None:
        return None
    session = turn.tx.sessions.find(digest(token))
    if session is None or session.expires_at <= turn.now:
        return None
    user = turn.tx.users.find(session.user_id)
    if user is None or user.disabled_at is not None:
        return None
    return session, user


def recognise(turn: Turn, profile: Profile) -> User:
    """The user that `profile` tells of, added at the first sign-in. Refusal `access_denied` if disabled."""
    user = turn.tx.users.find_identity(profile.provider, profile.subject)
    if user is None:
        user = User(
            id=f"u_{turn.entropy(16).hex()}",
            provider=profile.provider,
            subject=profile.subject,
            email=profile.email,
            email_verified=profile.email_verified,
            name=profile.name,
            created_at=turn.now,
            updated_at=turn.now,
            last_login_at=turn.now,
        )
        turn.tx.users.add(user)
        turn.remember("user.created", user.id, user.id, provider=profile.provider)
        return user
    if user.disabled_at is not None:
        raise Refusal("access_denied", "this user is disabled")
    said = replace(user, email=profile.email, email_verified=profile.email_verified, name=profile.name)
    if said != user or turn.now - (user.last_login_at or 0) > LOGIN_NOTED_AFTER:
        user = replace(said, updated_at=turn.now if said != user else user.updated_at, last_login_at=turn.now)
        turn.tx.users.change(user)
    return user


def start_session(turn: Turn, user: User) -> tuple[str, Session]:
    """The value of a new session cookie, and the session that is kept for it."""
    token = turn.entropy(32).hex()
    end = turn.now + turn.issuer.policy.session_ttl
    session = Session(digest=digest(token), user_id=user.id, authenticated_at=turn.now, expires_at=end)
    turn.tx.sessions.add(session)
    turn.remember("session.started", user.id, user.id, provider=user.provider)
    return token, session
