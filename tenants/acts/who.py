"""Which user is here: by cookie, or by what an identity provider says of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenants.oauth.claims import Profile, verified_domain
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
    if user is None or not in_good_standing(turn, user):
        return None
    return session, user


def in_good_standing(turn: Turn, user: User) -> bool:
    """Whether neither the user nor the provider that they came from has been disabled or removed."""
    if user.disabled_at is not None:
        return False
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
    """By id or by the domain of a verified address, but only one that the operator has tied to this provider.

    Any provider can say any id and any address; it speaks for those that its access rule or login domains name.
    """
    provider = turn.tx.identity_providers.find(profile.provider)
    if provider is None:
        return None
    found = None
    if profile.organization is not None and profile.organization in provider.access.organizations:
        found = turn.tx.organizations.find(profile.organization)
    domain = verified_domain(profile)
    if found is None and domain is not None and domain in (*provider.access.email_domains, *provider.login_domains):
        found = turn.tx.organizations.find_domain(domain)
    return None if found is None else found.id


def start_session(turn: Turn, user: User, authenticated_at: int | None = None) -> tuple[str, Session]:
    """The value of a new session cookie, and the session that is kept for it.

    `authenticated_at` is when the user proved who they are, if that was not just now.
    """
    token = turn.entropy(32).hex()
    end = turn.now + turn.issuer.policy.session_ttl
    at = turn.now if authenticated_at is None else min(authenticated_at, turn.now)
    session = Session(digest=digest(token), user_id=user.id, authenticated_at=at, expires_at=end)
    turn.tx.sessions.add(session)
    turn.remember("session.started", user.id, user.id, provider=user.provider)
    return token, session
