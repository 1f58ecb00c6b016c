"""How users are kept, and what is kept of them."""

from collections.abc import Sequence
from typing import Protocol

from tenants.records import Consent, KeptToken, Organization, Session, User


class UserNoun(Protocol):
    def find(self, user_id: str) -> User | None: ...
    def find_identity(self, provider: str, subject: str) -> User | None:
        """By what the identity provider calls them, letter by letter."""
        ...

    def any_from(self, provider: str) -> bool:
        """Whether any user has an identity there."""
        ...

    def find_email(self, email: str) -> Sequence[User]:
        """All users with this e-mail address, in any case. An address names nobody: there may be several."""
        ...

    def add(self, user: User) -> None:
        """AlreadyThere if the id or one of the identities is taken, or one of them stands there twice."""
        ...

    def change(self, user: User) -> bool:
        """AlreadyThere if one of the identities is another's, or stands there twice."""
        ...

    def remove(self, user_id: str) -> bool: ...
    def page(self, after: str, limit: int, organization_id: str | None = None) -> Sequence[User]:
        """All of them, or those of one organization."""
        ...


class OrganizationNoun(Protocol):
    def find(self, organization_id: str) -> Organization | None: ...
    def find_slug(self, slug: str) -> Organization | None:
        """By slug, in any case."""
        ...

    def find_domain(self, domain: str) -> Organization | None:
        """By one of its domains, in any case."""
        ...

    def add(self, organization: Organization) -> None:
        """AlreadyThere if the id, the slug or one of the domains is taken, in any case."""
        ...

    def change(self, organization: Organization) -> bool:
        """AlreadyThere if the slug or one of the domains is another's."""
        ...

    def remove(self, organization_id: str) -> bool: ...
    def page(self, after: str, limit: int) -> Sequence[Organization]: ...


class SessionNoun(Protocol):
    def find(self, digest: bytes) -> Session | None:
        """The session, expired or not: whether it still counts is the caller's to say."""
        ...

    def add(self, session: Session) -> None: ...
    def note_client(self, digest: bytes, client_id: str) -> bool:
        """Add a client to those that are to be told when it ends. False if there is no such session, or it is one
        already."""
        ...

    def remove(self, digest: bytes) -> bool: ...
    def of_user(self, user_id: str) -> Sequence[Session]:
        """All that are kept, expired ones too, in the order of their digests."""
        ...

    def page(self, after: bytes, limit: int) -> Sequence[Session]:
        """Anybody's, expired ones too, in the order of their digests. `after` may be the beginning of one."""
        ...

    def sweep(self, now: int, limit: int) -> int:
        """Remove those that expired at `now` or before; how many."""
        ...


class ConsentNoun(Protocol):
    def find(self, user_id: str, client_id: str, resource: str, redirect_uri: str) -> Consent | None: ...
    def put(self, consent: Consent) -> None:
        """Add it, or replace the one for the same user, client, resource and redirect URI."""
        ...

    def of_user(self, user_id: str, client_id: str | None = None) -> Sequence[Consent]:
        """In the order of client, resource and redirect URI."""
        ...

    def remove(self, user_id: str, client_id: str) -> int:
        """Forget all that this user allowed this client; how many there were."""
        ...

    def remove_of_user(self, user_id: str) -> int:
        """Forget all that this user allowed anybody; how many there were."""
        ...

    def remove_of_client(self, client_id: str) -> int:
        """Forget all that anybody allowed this client; how many there were."""
        ...

    def remove_for_resource(self, resource: str) -> int:
        """Forget all that anybody allowed anyone at this resource; how many there were."""
        ...


class KeptTokenNoun(Protocol):
    """At most one a user and provider."""

    def find(self, user_id: str, provider: str) -> KeptToken | None: ...
    def put(self, token: KeptToken) -> None:
        """Add it, or replace the one for the same user and provider."""
        ...

    def due(self, now: int, limit: int) -> Sequence[KeptToken]:
        """Those due at `now` or before: the most overdue first, then by user and provider."""
        ...

    def next_at(self) -> int | None:
        """When the next one is due, if there is any."""
        ...

    def change(self, token: KeptToken, *, former: bytes) -> bool:
        """Replace it if what is kept for that user and provider is still `former`, sealed."""
        ...

    def hasten(self, provider: str, beyond: int, now: int, limit: int) -> int:
        """What is due of this provider later than `beyond` is due at `now`, at most `limit`; how many."""
        ...

    def remove(self, user_id: str, provider: str) -> bool: ...
    def remove_of_user(self, user_id: str) -> int: ...
    def remove_of_provider(self, provider: str) -> int: ...
