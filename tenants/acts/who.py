"""Which user is here: by cookie, or by what an identity provider says of them."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenants.acts import deliver
from tenants.oauth.claims import Profile, verified_domain
from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.records import Grant, Identity, Session, User, UserField
from tenants.turn import Turn

DEV = "dev"
"""The id of the development provider: its users are known by it."""
SAID_OF: dict[UserField, tuple[str, ...]] = {
    "email": ("email", "email_verified"),
    "name": ("name",),
    "organization": ("organization_id",),
    "roles": ("roles",),
    "permissions": ("permissions",),
}
"""What of a user's record each of the fields is that the operator may fix."""
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


def shown_name(user: User) -> str:
    """What pages call them."""
    return user.email or user.name or user.id


def name_of(turn: Turn, token: str | None) -> str | None:
    """What pages call the user that a cookie stands for, if it stands for one."""
    present = signed_in(turn, token)
    return None if present is None else shown_name(present[1])


def user_of(turn: Turn, grant: Grant) -> User | None:
    """Whose grant it is, if they may still use it."""
    user = None if grant.user_id is None else turn.tx.users.find(grant.user_id)
    return user if user is not None and in_good_standing(turn, user, grant.provider) else None


def recognise(turn: Turn, profile: Profile) -> User:
    """The user that `profile` tells of, added at the first sign-in. Refusal `access_denied` if disabled."""
    return _recognised(turn, profile)[0]


def _recognised(turn: Turn, profile: Profile) -> tuple[User, bool]:
    """The user, and whether this is their first sign-in."""
    identity = Identity(profile.provider, profile.subject)
    user = turn.tx.users.find_identity(identity.provider, identity.subject) or _known_by_email(turn, profile)
    if user is None:
        user = User(
            id=f"u_{turn.entropy(16).hex()}",
            identities=(identity,),
            created_at=turn.now,
            updated_at=turn.now,
            last_login_at=turn.now,
            **_said(turn, profile),
        )
        turn.tx.users.add(user)
        turn.remember("user.created", user.id, user.id, provider=profile.provider)
        return user, True
    if user.disabled_at is not None:
        raise Refusal("access_denied", "this user is disabled")
    said = replace(user, **_said(turn, profile, user))
    if identity not in user.identities:
        said = replace(said, identities=(*user.identities, identity))
        turn.remember("user.linked", user.id, user.id, provider=identity.provider)
    if said != user or turn.now - (user.last_login_at or 0) > LOGIN_NOTED_AFTER:
        user = replace(said, updated_at=turn.now if said != user else user.updated_at, last_login_at=turn.now)
        turn.tx.users.change(user)
    return user, False


def _known_by_email(turn: Turn, profile: Profile) -> User | None:
    """The one user who bears this verified address, where every provider that knows them may vouch for addresses.

    An address that several bear names nobody, and a second subject of one provider with the same address is somebody
    else. But where one of them is disabled it is that one: nobody comes in anew by the address of a disabled user.
    """
    if not turn.issuer.policy.link_by_email or verified_domain(profile) is None or not _vouches(turn, profile.provider):
        return None
    bearers = [
        user
        for user in turn.tx.users.find_email(profile.email or "")
        if user.email_verified and user.identities and all(_vouches(turn, one.provider) for one in user.identities)
    ]
    if any(one.provider == profile.provider for user in bearers for one in user.identities):
        return None
    disabled = [user for user in bearers if user.disabled_at is not None]
    if disabled:
        return disabled[0]
    return bearers[0] if len(bearers) == 1 else None


def _vouches(turn: Turn, provider_id: str) -> bool:
    provider = turn.tx.identity_providers.find(provider_id)
    return provider is not None and provider.disabled_at is None and provider.vouches_for_email


def _said(turn: Turn, profile: Profile, user: User | None = None) -> dict[str, Any]:
    """All that the provider decides: at each sign-in it is as the provider says then, unless the operator fixed it."""
    former: Mapping[str, Any] = {} if user is None else user.metadata
    rest = {name: value for name, value in former.items() if name != "groups"}
    said = {
        "email": profile.email,
        "email_verified": profile.email_verified,
        "name": profile.name,
        "organization_id": _organization(turn, profile),
        "roles": profile.roles,
        "permissions": profile.permissions,
        "metadata": rest | ({"groups": list(profile.groups)} if profile.groups else {}),
    }
    fixed = {member for field in (() if user is None else user.fixed) for member in SAID_OF[field]}
    return {member: value for member, value in said.items() if member not in fixed}


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


def start_session(turn: Turn, profile: Profile, former: Session | None = None) -> tuple[str, Session, User]:
    """The value of a new session cookie, and the session that is kept for it, of the user that `profile` tells of.

    Where the `former` one of this browser is the same user's, clients know it by the same name.
    """
    user, first = _recognised(turn, profile)
    token = turn.entropy(32).hex()
    session = session_for(turn, user, profile, token)
    if former is not None and former.user_id == user.id and former.sid:
        session = replace(session, sid=former.sid, clients=former.clients)
    else:
        session = replace(session, sid=_public_name(turn, session.digest))
    turn.tx.sessions.add(session)
    sequence = turn.remember("session.started", user.id, user.id, provider=profile.provider)
    deliver.tell_of_sign_in(turn, sequence, user, session, first=first)
    return token, session, user


def session_for(turn: Turn, user: User, profile: Profile, token: str) -> Session:
    """A session of this user that nobody keeps, and no client knows by a name."""
    return Session(
        digest=digest(token),
        user_id=user.id,
        provider=profile.provider,
        authenticated_at=turn.now if profile.authenticated_at is None else min(profile.authenticated_at, turn.now),
        expires_at=turn.now + turn.issuer.policy.session_ttl,
        amr=profile.amr,
        acr=profile.acr,
    )


def _public_name(turn: Turn, session: bytes) -> str:
    """128 bits that clients know the session of this digest by, and that neither it nor its cookie can be told from."""
    return urlsafe_b64encode(turn.keyring.mac(b"session name\0" + session)[:16]).rstrip(b"=").decode("ascii")
