"""What the operator does with users: all that signing in does not do by itself."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

from tenants import etags, trail
from tenants.acts.end_session import Ended, end_of_user, end_user
from tenants.acts.walk import Walk, Walked, walk
from tenants.acts.who import DEV, SAID_OF
from tenants.oauth.claims import MAX_NAMES, MAX_TEXT
from tenants.oauth.handle import digest
from tenants.oauth.id_token import MAX_SUBJECT
from tenants.problems import AlreadyThere, Invalid, NoSuchThing
from tenants.records import Identity, User, UserField
from tenants.turn import Turn

MAX_IDENTITIES = 20
_EMAIL = re.compile(r"[^@\s]+@[!-?A-~]+")
_TOLD = ("organization_id", "roles", "permissions", "email_verified", "fixed")
"""What an event tells the values of. An address and a name are the user's own: of these it tells only that they
changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator may say of a user."""

    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    organization_id: str | None = None
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    fixed: tuple[UserField, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    id: str | None
    """None: one is made."""
    identities: tuple[Identity, ...]
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    id: str
    change: Callable[[Settings], Settings]
    etag: str = ""
    """Of the user as they were seen, if the caller cares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A user, and their etag if the caller cares."""

    id: str
    etag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Which to go through: all of them, or those of one organization, or who bear one address, in any case."""

    walk: Walk[str, User]
    organization_id: str | None = None
    email: str | None = None


def settings_of(user: User) -> Settings:
    return Settings(
        email=user.email,
        email_verified=user.email_verified,
        name=user.name,
        organization_id=user.organization_id,
        roles=user.roles,
        permissions=user.permissions,
        fixed=user.fixed,
    )


def etag(user: User) -> str:
    """An opaque validator of all that is shown of them but when they last signed in."""
    settings = settings_of(user)
    shown = [getattr(settings, name) for name in Settings.__slots__]
    identities = [(one.provider, one.subject) for one in user.identities]
    return digest(json.dumps([shown, identities, user.created_at, user.disabled_at])).hex()[:16]


def add_user(turn: Turn, new: NewUser) -> User:
    """A user who has not signed in yet: who then comes with one of the identities is this one.

    What is said of them is fixed: it stays when they sign in. Raises Invalid or AlreadyThere.
    """
    if not 0 < len(new.identities) <= MAX_IDENTITIES:
        raise Invalid("identities", f"must be 1 to {MAX_IDENTITIES}: by which they sign in")
    for at, one in enumerate(new.identities):
        _check_identity(turn, f"identities[{at}]", one)
        holder = turn.tx.users.find_identity(one.provider, one.subject)
        if holder is not None:
            raise AlreadyThere(holder.id)
    if len(set(new.identities)) < len(new.identities):
        raise Invalid("identities", "names an identity twice")
    settings = _settled(turn, Settings(), new.settings)
    user = _with(
        User(
            id=new.id or f"u_{turn.entropy(16).hex()}",
            identities=new.identities,
            created_at=turn.now,
            updated_at=turn.now,
        ),
        settings,
    )
    turn.tx.users.add(user)
    turn.remember("user.created", turn.origin.actor, user.id, providers=[one.provider for one in user.identities])
    return user


def get_user(turn: Turn, user_id: str) -> User:
    """Raises NoSuchThing."""
    user = turn.tx.users.find(user_id)
    if user is None:
        raise NoSuchThing(user_id)
    return user


def list_users(turn: Turn, asked: Users) -> Walked[str, User]:
    def page(after: str, limit: int) -> list[User]:
        if asked.email is not None:
            return [user for user in turn.tx.users.find_email(asked.email) if user.id > after][:limit]
        return list(turn.tx.users.page(after, limit, asked.organization_id))

    return walk(page, lambda user: user.id, asked.walk)


def change_user(turn: Turn, asked: UserChange) -> User:
    """What changes is fixed from then on. Raises NoSuchThing, EtagMismatch or Invalid."""
    former = _seen(turn, Named(id=asked.id, etag=asked.etag))
    before = settings_of(former)
    user = _with(former, _settled(turn, before, asked.change(before)))
    if user == former:
        return former
    user = replace(user, updated_at=turn.now)
    turn.tx.users.change(user)
    changed = [name for name in ("email", "name") if getattr(user, name) != getattr(former, name)]
    told = trail.difference(former, user, among=_TOLD)
    turn.remember("user.changed", turn.origin.actor, user.id, also_changed=changed, **told)
    return user


def disable_user(turn: Turn, named: Named) -> User:
    """They may not sign in, and all that they have here ends. Raises NoSuchThing or EtagMismatch."""
    former = _seen(turn, named)
    if former.disabled_at is not None:
        return former
    user = replace(former, disabled_at=turn.now, updated_at=turn.now)
    turn.tx.users.change(user)
    turn.remember("user.disabled", turn.origin.actor, user.id, **_told(end_user(turn, user.id, turn.origin.actor)))
    return user


def enable_user(turn: Turn, named: Named) -> User:
    """They may sign in again; what ended stays ended. Raises NoSuchThing or EtagMismatch."""
    former = _seen(turn, named)
    if former.disabled_at is None:
        return former
    user = replace(former, disabled_at=None, updated_at=turn.now)
    turn.tx.users.change(user)
    turn.remember("user.enabled", turn.origin.actor, user.id)
    return user


def remove_user(turn: Turn, named: Named) -> None:
    """They are forgotten, and all that they have here ends. Raises NoSuchThing or EtagMismatch."""
    user = _seen(turn, named)
    ended = end_user(turn, user.id, turn.origin.actor)
    turn.tx.users.remove(user.id)
    turn.remember("user.removed", turn.origin.actor, user.id, **_told(ended))


def sign_out_user(turn: Turn, user_id: str) -> int:
    """Everywhere; how many sessions there were. Raises NoSuchThing."""
    return end_of_user(turn, get_user(turn, user_id).id, turn.origin.actor)


def _seen(turn: Turn, named: Named) -> User:
    user = get_user(turn, named.id)
    etags.expect(named.etag, etag(user))
    return user


def _told(ended: Ended) -> dict[str, int]:
    return {"sessions_ended": ended.sessions, "grants_ended": ended.grants, "consents_ended": ended.consents}


def _with(user: User, settings: Settings) -> User:
    return replace(user, **{name: getattr(settings, name) for name in Settings.__slots__})


def _settled(turn: Turn, before: Settings, after: Settings) -> Settings:
    """Checked, and with what changes fixed. Raises Invalid."""
    if after.email is not None and not (_is_text(after.email) and _EMAIL.fullmatch(after.email)):
        raise Invalid("email", "must be an e-mail address, its domain in ASCII")
    if after.email_verified and after.email is None:
        raise Invalid("email_verified", "is said of an e-mail address, and there is none")
    if after.name is not None and not _is_text(after.name):
        raise Invalid("display_name", f"must be at most {MAX_TEXT} printable characters")
    if after.organization_id is not None and turn.tx.organizations.find(after.organization_id) is None:
        raise Invalid("organization", "must be the id of an organization of this issuer")
    for name in ("roles", "permissions"):
        _check_names(name, getattr(after, name))
    if not set(after.fixed) <= set(get_args(UserField)):
        raise Invalid("fixed_fields", f"must be among {', '.join(get_args(UserField))}")
    changed = {
        field
        for field, members in SAID_OF.items()
        if any(getattr(before, member) != getattr(after, member) for member in members)
    }
    return replace(after, fixed=tuple(field for field in SAID_OF if field in changed or field in after.fixed))


def _check_identity(turn: Turn, field: str, one: Identity) -> None:
    if one.provider != DEV and turn.tx.identity_providers.find(one.provider) is None:
        raise Invalid(f"{field}.provider", "must be the id of an identity provider of this issuer")
    if not 0 < len(one.subject) <= MAX_SUBJECT or not one.subject.isprintable():
        raise Invalid(f"{field}.subject", f"must be 1 to {MAX_SUBJECT} printable characters, as the provider says them")


def _check_names(field: str, names: tuple[str, ...]) -> None:
    if len(names) > MAX_NAMES or len(set(names)) < len(names) or not all(map(_is_text, names)):
        raise Invalid(field, f"must be at most {MAX_NAMES}, each once, of 1 to {MAX_TEXT} printable characters")


def _is_text(text: str) -> bool:
    return 0 < len(text) <= MAX_TEXT and text.isprintable()
