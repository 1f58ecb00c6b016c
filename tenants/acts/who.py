"""Which user is here: by cookie, or by what an identity provider says of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenants.oauth.claims import Profile
from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.records import Session, User
from tenants.turn import Turn

DEV = "dev"
"""The id of the development provider: its users are known by it."""
LOGIN_NOTED_AFTER = 3_600
"""A sign-in is written to the user's row at most once an hour."""


def signed_in(turn: Turn, token: str | None) -> tuple[Session, User] | None:
    """The session that a cookie stands for, if it lives and its user may use it."""
    if token is None:
        return None
    session = turn.tx.sessions.find(digest(token))
    if session is None or session.expires_at <= turn.now:
        return None
    user = turn.tx.users.find(session.user_id)
    if user is None or user.disabled_at is not None or not _vouched_for(turn, user):
        return None
    return session, user


def _vouched_for(turn: Turn, user: User) -> bool:
    """Whether the provider that the user came from is still one of the issuer's, and on."""
    if user.provider == DEV:
        return True
    provider = turn.tx.identity_providers.find(user.provider)
    return provider is not None and provider.disabled_at is None


def recognise(turn: Turn, profile: Profile) -> User:
    """The user that `profile` tells of, added at the first sign-in. Refusal `access_denied` if disabled."""
    user = turn.tx.users.find_identity(profile.provider, profile.subject)
    if user is None:
        user = User(
            id=f"u_{turn.entropy(16).hex()}",
            provider=profile.provider,
            subject=profile.subject,
            created_at=turn.now,
            updated_at=turn.now,
            last_login_at=turn.now,
            **_said(turn, profile, {}),
        )
        turn.tx.users.add(user)
        turn.remember("user.created", user.id, user.id, provider=profile.provider)
        return user
    if user.disabled_at is not None:
        raise Refusal("access_denied", "this user is disabled")
    said = replace(user, **_said(turn, profile, user.metadata))
    if said != user or turn.now - (user.last_login_at or 0) > LOGIN_NOTED_AFTER:
        user = replace(said, updated_at=turn.now if said != user else user.updated_at, last_login_at=turn.now)
        turn.tx.users.change(user)
    return user


def _said(turn: Turn, profile: Profile, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """All that the provider decides: at each sign-in it is as the provider says then."""
    rest = {name: value for name, value in metadata.items() if name != "groups"}
    return {
        "email": profile.email,
        "email_verified": profile.email_verified,
        "name": profile.name,
        "organization_id": _organization(turn, profile),
        "roles": profile.roles,
        "permissions": profile.permissions,
        "metadata": rest | ({"groups": list(profile.groups)} if profile.groups else {}),
    }


def _organization(turn: Turn, profile: Profile) -> str | None:
    """One of the issuer's, by the id that the provider names, or by the domain of a verified e-mail address."""
    found = turn.tx.organizations.find(profile.organization) if profile.organization else None
    if found is None and profile.email is not None and profile.email_verified:
        found = turn.tx.organizations.find_domain(profile.email.rpartition("@")[2])
    return None if found is None else found.id


def start_session(turn: Turn, user: User) -> tuple[str, Session]:
    """The value of a new session cookie, and the session that is kept for it."""
    token = turn.entropy(32).hex()
    end = turn.now + turn.issuer.policy.session_ttl
    session = Session(digest=digest(token), user_id=user.id, authenticated_at=turn.now, expires_at=end)
    turn.tx.sessions.add(session)
    turn.remember("session.started", user.id, user.id, provider=user.provider)
    return token, session
