"""Users, and what is kept of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

UserField = Literal["email", "name", "organization", "roles", "permissions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A group of users at an issuer."""

    id: str
    name: str
    slug: str | None = None
    domains: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What an identity provider calls a user. An e-mail address is none."""

    provider: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A resource owner. `id` is the subject in tokens."""

    id: str
    identities: tuple[Identity, ...]
    """Who they are at the providers that they signed in with, the first one first."""
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    organization_id: str | None = None
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fixed: tuple[UserField, ...] = ()
    """What the operator has set, and no sign-in changes: of the rest it is the provider's word that counts."""
    created_at: int
    updated_at: int
    last_login_at: int | None = None
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A user signed in at this issuer, by cookie."""

    digest: bytes
    user_id: str
    provider: str
    """By which the user proved who they are."""
    authenticated_at: int
    expires_at: int
    amr: tuple[str, ...] = ()
    acr: str | None = None
    """How well, in the provider's words (OpenID Connect Core §2)."""
    sid: str = ""
    """Its name among clients, which opens nothing. It stays when the same user signs in anew in the same browser.
    Empty: of before there were names."""
    clients: tuple[str, ...] = ()
    """Those that are to be told when it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A remembered yes: this user lets this client have these scopes at this resource, sent back to this URI."""

    user_id: str
    client_id: str
    resource: str
    redirect_uri: str
    scopes: tuple[str, ...]
    given_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """A provider's refresh token for one of its users, kept to ask whether they still stand there."""

    user_id: str
    provider: str
    sealed: bytes
    due_at: int
    attempts: int = 0
    """How often the provider gave no answer since it last did."""
