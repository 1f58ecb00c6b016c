"""The port: how a tenant is kept. Bring your own backend by implementing what stands here.

A `Store` is one tenant's memory, open. It performs *batches*: each piece of work is a plain function of a `Tx`,
run one after another, each undone alone if it raises, all made durable by one commit before any outcome is told.
`tests/support/storage_conformance.py` proves an implementation; `storage_sqlite` and `tenants.memory` pass it.

Verbs: `find` may give None; `add` refuses a second of the same name (AlreadyThere), and so does `change` where it would
take another's; `change` and `remove` tell whether there was one; `spend` and the other conditional verbs are one
statement each and tell whether they took effect; `sweep` removes at most `limit` and tells how many. A verb that
refuses has changed nothing. Lists come in the order of their ids, by code point, after `after`, at most `limit` long.

Each noun keeps to itself unless it says otherwise: removing a client leaves its grants, adding a grant asks for no
client. What was kept is found as it was given. Mappings hold JSON values; what is done to one after it was given
changes nothing, and one that was found is read, never written. "In any case" speaks of the letters A to Z.

What may be asked to be kept: text without lone surrogates, and without NUL where it is looked up in any case; scopes
and grant types without spaces; numbers of 63 bits and a sign.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tenants.records import (
    Client,
    Consent,
    Delivery,
    DeviceRequest,
    Event,
    Grant,
    IdentityProvider,
    Issuer,
    KeptToken,
    Listing,
    LogoutNotice,
    Organization,
    RegistrationToken,
    Resource,
    Session,
    SigningKey,
    User,
)

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Done:
    """The work returned, and what it wrote is durable."""

    value: object


@dataclass(frozen=True, slots=True)
class Undone:
    """The work raised, and nothing that it wrote is kept."""

    error: Exception


Outcome = Done | Undone


@dataclass(frozen=True, slots=True)
class Commit:
    """What a batch left behind, one outcome a work. `wrote` is False where nothing changed: nothing needs to be copied.

    True promises nothing: a store may say so of a batch whose every change was undone.
    """

    outcomes: Sequence[Outcome]
    wrote: bool


class Store(Protocol, Generic[T_co]):
    """One file (or its like), open, with one owner. Its type parameter is the transaction that work is given."""

    async def perform(self, works: Sequence[Callable[[T_co], object]]) -> Commit:
        """Run `works` in order in one transaction and commit it. Each sees what those before it wrote and kept.

        Raises Unknown if the commit failed, and Broken if the file cannot be used; then no outcome is known, the store
        is of no more use, and must be closed and opened again. Work that raises Broken ends the batch that way, before
        the commit: of such a batch nothing is kept, and the works after it are not begun.
        """
        ...

    async def close(self) -> None:
        """Let go of file, descriptors and thread. May be called twice."""
        ...


class Stores(Protocol, Generic[T_co]):
    """The cupboard: where the stores of all tenants lie, by uid. Nothing that a caller names becomes a path."""

    async def create(self, uid: str, works: Sequence[Callable[[T_co], object]]) -> None:
        """Make the store of `uid`, with what `works` write. It appears whole or not at all, or is AlreadyThere.

        If one of the works raises, so does this, and there is no store.
        """
        ...

    async def open(self, uid: str) -> Store[T_co]:
        """Open it, bringing its schema up to date. Raises Broken, or NewerSchema without touching it.

        One that is not there is Broken too: opening never makes one.
        """
        ...

    async def remove(self, uid: str) -> None:
        """Delete it and all that belongs to it. Removing what is not there is no error."""
        ...

    async def uids(self) -> Sequence[str]:
        """All stores that there are, whole ones only."""
        ...


class IssuerNoun(Protocol):
    def get(self) -> Issuer:
        """Whose store this is. Raises Broken if it was never founded."""
        ...

    def found(self, issuer: Issuer) -> None:
        """Say whose store this is: once, when it is created. A second time is AlreadyThere."""
        ...

    def change(self, issuer: Issuer) -> None:
        """Replace policy, sealed data key and webhook. Id, uid and URI stay, whatever `issuer` says of them."""
        ...


class ClientNoun(Protocol):
    def find(self, client_id: str) -> Client | None: ...
    def add(self, client: Client) -> None: ...
    def change(self, client: Client) -> bool: ...
    def remove(self, client_id: str) -> bool: ...
    def page(self, after: str, limit: int) -> Sequence[Client]: ...
    def used(self, client_id: str, at: int) -> None:
        """Note that it was used, so that it is not swept. One that is not there is let be."""
        ...

    def sweep(self, unused_since: int, limit: int) -> int:
        """Remove registered clients last used before `unused_since` that no grant refers to; how many.

        The operator's own are never swept. A grant that was revoked but not yet swept still refers to its client.
        """
        ...

    def keep_documents(self, most: int) -> int:
        """Of the clients known by a document that no grant refers to, remove all but the `most` that were used last;
        how many."""
        ...


class RegistrationTokenNoun(Protocol):
    def add(self, token: RegistrationToken) -> None:
        """AlreadyThere if the id or the digest is taken."""
        ...

    def spend(self, digest: bytes, now: int) -> str | None:
        """Take one use of the token of this digest; its id, or None if there is none that may be used at `now`."""
        ...

    def remove(self, token_id: str) -> bool: ...
    def page(self, after: str, limit: int) -> Sequence[RegistrationToken]: ...
    def sweep(self, now: int, limit: int) -> int:
        """Remove those that expired at `now` or before; how many."""
        ...


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


class IdentityProviderNoun(Protocol):
    def find(self, provider_id: str) -> IdentityProvider | None: ...
    def all(self) -> Sequence[IdentityProvider]:
        """In the order of their ids. They are few."""
        ...

    def add(self, provider: IdentityProvider) -> None: ...
    def change(self, provider: IdentityProvider, *, version: int) -> bool:
        """Replace it if it is still at `version`. The time of its birth stays, whatever `provider` says of it."""
        ...

    def remove(self, provider_id: str) -> bool: ...


class ResourceNoun(Protocol):
    def find(self, resource_id: str) -> Resource | None: ...
    def all(self) -> Sequence[Resource]:
        """In the order of their ids. They are few."""
        ...

    def add(self, resource: Resource) -> None:
        """AlreadyThere if the id or the canonical URI is taken."""
        ...

    def change(self, resource: Resource, *, version: int) -> bool:
        """Replace it if it is still at `version`. Its URIs and the time of its birth stay, whatever it says of them."""
        ...

    def remove(self, resource_id: str) -> bool: ...


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
    def remove_of_user(self, user_id: str, provider: str | None = None) -> int:
        """Sign the user out everywhere, or where they signed in by one provider; how many sessions there were."""
        ...

    def of_user(self, user_id: str) -> Sequence[Session]:
        """All that are kept, expired ones too, in the order of their digests."""
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

    def remove_of_client(self, client_id: str) -> int:
        """Forget all that anybody allowed this client; how many there were."""
        ...

    def remove_for_resource(self, resource: str) -> int:
        """Forget all that anybody allowed anyone at this resource; how many there were."""
        ...


class TicketNoun(Protocol):
    """Which sealed, single-use tickets were spent. A ticket itself is kept nowhere: it travels with the page."""

    def spend(self, ticket_id: bytes, expires_at: int) -> bool:
        """True for the first who spends it. It is remembered until `expires_at`, and then until it is swept."""
        ...

    def sweep(self, now: int, limit: int) -> int:
        """Forget those that expired at `now` or before; how many."""
        ...


class GrantNoun(Protocol):
    def find(self, grant_id: int) -> Grant | None: ...
    def add(self, grant: Grant) -> None: ...
    def rotate(self, grant: Grant, *, generation: int) -> bool:
        """Write the next generation of `grant` if it is still at `generation` and not revoked.

        Both the redeeming of a code (generation 0 to 1) and a refresh are this one conditional statement. It writes
        when the code was spent, what the latest tokens are bound to, and what stands in the record from `generation`
        on; the rest of a grant never changes.
        """
        ...

    def end_access(self, grant_id: int, digest: bytes, now: int) -> bool:
        """The access token of this digest counts no more: it is one of the ended now. False if it did not count."""
        ...

    def ended(self, after: tuple[int, int], before: int, limit: int) -> Sequence[tuple[int, Grant]]:
        """When grants were revoked, or where they stand the last token of theirs was ended: before the instant
        `before`, and after the instant and grant `after`. In the order of instant and id."""
        ...

    def revoke(self, grant_id: int, now: int) -> bool:
        """True for the first who revokes it. When that was is never overwritten."""
        ...

    def revoke_of_user(self, user_id: str, now: int, client_id: str | None = None) -> int:
        """Revoke what this user allowed, to anybody or to one client; how many were not revoked yet."""
        ...

    def revoke_of_client(self, client_id: str, now: int) -> int:
        """Revoke what anybody allowed this client; how many were not revoked yet."""
        ...

    def revoke_from_provider(self, user_id: str, provider: str, now: int) -> int:
        """Revoke what this user allowed after a sign-in by one provider; how many were not revoked yet."""
        ...

    def revoke_for_resource(self, resource: str, now: int) -> int:
        """Revoke what anybody allowed anyone at this resource; how many were not revoked yet."""
        ...

    def of_user(self, user_id: str) -> Sequence[Grant]:
        """All that are kept, revoked ones too."""
        ...

    def of_client_itself(self, client_id: str, resource: str) -> Grant | None:
        """What a client has in its own name at a resource and was not revoked; of several the one of the lowest id."""
        ...

    def page(self, after: int, limit: int) -> Sequence[Grant]: ...
    def sweep(self, now: int, after: int, limit: int) -> int | None:
        """Look at the `limit` grants after id `after`, and remove those of which no code or token counts any more.

        A code counts until it is spent or expires, a token until it expires, and nothing counts once the grant has
        expired. Of one that was revoked access tokens alone count, and of these the ended too: until then it must be
        known that they are no good. What expires at `now` counts no more.

        Returns the id to go on after, or None where there were fewer than `limit` left to look at. A walk by id needs
        no index on a time that changes with every refresh, which would cost each of them a second page.
        """
        ...


class DeviceRequestNoun(Protocol):
    def find(self, request_id: int) -> DeviceRequest | None: ...
    def find_user_code(self, user_code: bytes) -> DeviceRequest | None: ...
    def count(self) -> int: ...
    def add(self, request: DeviceRequest) -> None:
        """AlreadyThere if the id or the user code is taken."""
        ...

    def polled(self, request_id: int, at: int, interval: int) -> bool:
        """Note that the device asked, and how long it is to wait now."""
        ...

    def deny(self, request_id: int, now: int) -> bool:
        """True for the first who denies it."""
        ...

    def take(self, request_id: int) -> bool:
        """Remove it, to be allowed: True for the first, and never where it was denied."""
        ...

    def sweep(self, now: int, limit: int) -> int:
        """Remove those that expired at `now` or before; how many."""
        ...


class DeliveryNoun(Protocol):
    def add(self, delivery: Delivery) -> None: ...
    def due(self, now: int, limit: int) -> Sequence[Delivery]:
        """Those due at `now` or before: the most overdue first, then by id."""
        ...

    def next_at(self) -> int | None:
        """When the next one is due, if there is any."""
        ...

    def count(self) -> int: ...
    def put_off(self, delivery_id: str, due_at: int, attempts: int) -> bool: ...
    def remove(self, delivery_id: str) -> bool: ...
    def remove_all(self) -> int: ...


class LogoutNoticeNoun(Protocol):
    def add(self, notice: LogoutNotice) -> None: ...
    def due(self, now: int, limit: int) -> Sequence[LogoutNotice]:
        """Those due at `now` or before: the most overdue first, then by id."""
        ...

    def next_at(self) -> int | None:
        """When the next one is due, if there is any."""
        ...

    def count(self, user_id: str | None = None) -> int:
        """How many wait; of this user, if one is named."""
        ...

    def put_off(self, notice_id: str, due_at: int, attempts: int) -> bool: ...
    def remove(self, notice_id: str) -> bool: ...


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

    def remove(self, user_id: str, provider: str) -> bool: ...
    def remove_of_provider(self, provider: str) -> int: ...


class SigningKeyNoun(Protocol):
    """At most one is `current`; a second is AlreadyThere."""

    def all(self) -> Sequence[SigningKey]:
        """Oldest first: in the order in which they were added."""
        ...

    def current(self) -> SigningKey:
        """The one that signs. Raises Broken if there is none."""
        ...

    def add(self, key: SigningKey) -> None: ...
    def change(self, key: SigningKey) -> bool: ...
    def remove(self, key_id: str) -> bool: ...


class EventNoun(Protocol):
    def add(self, event: Event) -> int:
        """Append it; its sequence number, whatever the event says of it.

        The numbers rise from 1, and none that was kept comes again, even after it was swept.
        """
        ...

    def page(self, after: int, limit: int) -> Sequence[Event]:
        """In the order of their sequence numbers."""
        ...

    def sweep(self, before: int, limit: int) -> int:
        """Look at the `limit` oldest, and remove those that happened before `before`; how many."""
        ...


class Tx(Protocol):
    """The open transaction of one tenant, one noun a thing that is kept."""

    @property
    def issuer(self) -> IssuerNoun: ...
    @property
    def clients(self) -> ClientNoun: ...
    @property
    def registration_tokens(self) -> RegistrationTokenNoun: ...
    @property
    def users(self) -> UserNoun: ...
    @property
    def identity_providers(self) -> IdentityProviderNoun: ...
    @property
    def resources(self) -> ResourceNoun: ...
    @property
    def organizations(self) -> OrganizationNoun: ...
    @property
    def sessions(self) -> SessionNoun: ...
    @property
    def consents(self) -> ConsentNoun: ...
    @property
    def tickets(self) -> TicketNoun: ...
    @property
    def grants(self) -> GrantNoun: ...
    @property
    def device_requests(self) -> DeviceRequestNoun: ...
    @property
    def deliveries(self) -> DeliveryNoun: ...
    @property
    def logout_notices(self) -> LogoutNoticeNoun: ...
    @property
    def kept_tokens(self) -> KeptTokenNoun: ...
    @property
    def signing_keys(self) -> SigningKeyNoun: ...
    @property
    def events(self) -> EventNoun: ...


class ListingNoun(Protocol):
    def find(self, issuer_id: str) -> Listing | None: ...
    def find_uri(self, uri: str) -> Listing | None:
        """By its URI, letter by letter, in whatever state it is."""
        ...

    def add(self, listing: Listing) -> None:
        """AlreadyThere if id, uid or URI is, or ever was, another's."""
        ...

    def change(self, listing: Listing, *, version: int) -> bool:
        """Replace it if it is still at `version`.

        Uid, URI, time of birth and alarm stay, whatever `listing` says of them: who changes it may not have seen the
        latest alarm, which moves without a new version.
        """
        ...

    def withdraw(self, issuer_id: str) -> bool:
        """Forget a listing that never came to be: one still `building`."""
        ...

    def set_alarm(self, issuer_id: str, at: int, attempts: int) -> None:
        """Set when it is to be woken next, and how often that has failed. Its version stays."""
        ...

    def due(self, now: int, limit: int) -> Sequence[Listing]:
        """Listings whose time has come, at `now` or before: the most overdue first, then by id.

        For an active or disabled one that is its alarm, for a deleted one its purge; one that is building or purged is
        never due.
        """
        ...

    def page(self, after: str, limit: int, *, with_deleted: bool) -> Sequence[Listing]:
        """Active and disabled ones, and if asked the deleted ones; never those building or purged."""
        ...

    def all(self) -> Sequence[Listing]:
        """Every one, in whatever state."""
        ...


class RegistryTx(Protocol):
    """The open transaction of the registry's own store."""

    @property
    def listings(self) -> ListingNoun: ...
