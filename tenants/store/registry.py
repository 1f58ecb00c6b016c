"""How the registry's own things are kept."""

from collections.abc import Sequence
from typing import Protocol

from tenants.records import AdminToken, Domain, Listing, Operation
from tenants.store.events import AnswerNoun, EventNoun


class ListingNoun(Protocol):
    def find(self, issuer_id: str) -> Listing | None: ...
    def find_uri(self, uri: str) -> Listing | None:
        """By its URI, letter by letter, in whatever state it is."""
        ...

    def at_host(self, host: str) -> Sequence[Listing]:
        """Those whose URIs are at this host name, whatever their schemes, ports, paths and states."""
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

    def hasten(self, beyond: int, now: int, limit: int) -> int:
        """The alarms of active and disabled ones that come later than `beyond` come now; how many, at most `limit`."""
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

    def all(self) -> Sequence[Listing]:
        """Every one, in whatever state."""
        ...


class AdminTokenNoun(Protocol):
    def find(self, token_id: str) -> AdminToken | None: ...
    def all(self) -> Sequence[AdminToken]:
        """In the order of their ids. They are few."""
        ...

    def add(self, token: AdminToken) -> None:
        """AlreadyThere if the id or the digest is taken."""
        ...

    def used(self, token_id: str, at: int) -> bool:
        """Note when it was last used, if that is later than what is noted."""
        ...

    def remove(self, token_id: str) -> bool: ...


class OperationNoun(Protocol):
    def find(self, operation_id: str) -> Operation | None: ...
    def add(self, operation: Operation) -> None: ...
    def change(self, operation: Operation) -> bool:
        """Write how far it is and what came of it. Who asked for what, and when, stays, whatever `operation` says."""
        ...

    def remove(self, operation_id: str) -> bool: ...
    def page(self, after: str, limit: int) -> Sequence[Operation]: ...
    def under_way(self) -> Sequence[Operation]:
        """Those that have not ended, in the order of their ids. They are few."""
        ...

    def sweep(self, before: int, limit: int) -> int:
        """Forget those that ended before `before`; how many."""
        ...


class DomainNoun(Protocol):
    def find(self, issuer_id: str, domain_id: str) -> Domain | None: ...
    def find_host(self, host: str) -> Domain | None:
        """Whoever's it is."""
        ...

    def of(self, issuer_id: str) -> Sequence[Domain]:
        """In the order of their ids. They are few."""
        ...

    def verified(self) -> Sequence[Domain]:
        """Those of all issuers."""
        ...

    def add(self, domain: Domain) -> None:
        """AlreadyThere if the issuer has one of this id, or anybody one of this host."""
        ...

    def change(self, domain: Domain, *, version: int) -> bool:
        """Replace it if it is still at `version`. Host, challenge and time of birth stay."""
        ...

    def remove(self, issuer_id: str, domain_id: str) -> bool: ...
    def remove_all(self, issuer_id: str) -> int:
        """How many they were."""
        ...


class RegistryTx(Protocol):
    """The open transaction of the registry's own store."""

    @property
    def listings(self) -> ListingNoun: ...
    @property
    def domains(self) -> DomainNoun: ...
    @property
    def admin_tokens(self) -> AdminTokenNoun: ...
    @property
    def events(self) -> EventNoun: ...
    @property
    def answers(self) -> AnswerNoun: ...
    @property
    def operations(self) -> OperationNoun: ...
