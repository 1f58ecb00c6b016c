"""Which user is here: by cookie, or by what an identity provider says of them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenants.oauth.claims import Profile, verified_domain
from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.records import Identity, Session, User
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
    if user is None or not in_good_standing(turn, user, session.provider):
        return None
    return session, user


def in_good_standing(turn: Turn, user: User, provider_id: str) -> bool:
    """Whether neither the user, nor the provider that they came from, nor the tie between them is gone or disabled."""
    if user.disabled_at is not None or all(one.provider != provider_id for one in user.identities):
        return False
    if provider_id == DEV:
        return True
    provider = turn.tx.identity_providers.find(provider_id)
    return provider is not None and provider.disabled_at is None


def recognise(turn: Turn, profile: Profile) -> User:
    """The user that `profile` tells of, added at the first sign-in. Refusal `access_denied` if disabled."""
    identity = Identity(profile.provider, profile.subject)
    user = turn.tx.users.find_identity(identity.provider, identity.subject) or _known_by_email(turn, profile)
    if user is None:
        user = User(
            id=f"u_{turn.entropy(16).hex()}",
            identities=(identity,),
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
    if identity not in user.identities:
        said = replace(said, identities=(*user.identities, identity))
        turn.remember("user.linked", user.id, user.id, provider=identity.provider)
    if said != user or turn.now - (user.last_login_at or 0) > LOGIN_NOTED_AFTER:
        user = replace(said, updated_at=turn.now if said != user else user.updated_at, last_login_at=turn.now)
        turn.tx.users.change(user)
    return user


def _known_by_email(turn: Turn, profile: Profile) -> User | None:
    """The one user whom other providers know by this verified address, where all of them may vouch for one.

    Never somebody of the same provider: there, a second subject with the same address is somebody else.
    """
    if not turn.issuer.policy.link_by_email or verified_domain(profile) is None or not _vouches(turn, profile.provider):
        return None
    known = [
        user
        for user in turn.tx.users.find_email(profile.email or "")
        if user.email_verified
        and all(one.provider != profile.provider and _vouches(turn, one.provider) for one in user.identities)
    ]
    return known[0] if len(known) == 1 else None


def _vouches(turn: Turn, provider_id: str) -> bool:
    provider = turn.tx.identity_providers.find(provider_id)
    return provider is not None and provider.disabled_at is None and provider.vouches_for_email


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


def start_session(turn: Turn, user: User, profile: Profile) -> tuple[str, Session]:
    """The value of a new session cookie, and the session that is kept for it."""
    token = turn.entropy(32).hex()
    session = session_for(turn, user, profile, token)
    turn.tx.sessions.add(session)
    turn.remember("session.started", user.id, user.id, provider=profile.provider)
    return token, session


def session_for(turn: Turn, user: User, profile: Profile, token: str) -> Session:
    """A session of this user that nobody keeps."""
    return Session(
        digest=digest(token),
        user_id=user.id,
        provider=profile.provider,
        authenticated_at=turn.now if profile.authenticated_at is None else min(profile.authenticated_at, turn.now),
        expires_at=turn.now + turn.issuer.policy.session_ttl,
    )
