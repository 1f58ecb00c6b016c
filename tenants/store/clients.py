"""How clients are kept, and the tokens that let them register."""

from collections.abc import Sequence
from typing import Protocol

from tenants.records import Client, RegistrationToken


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

        The operator's own are never swept, nor is one that is known by a document and that the operator has judged: it
        would be known again when it next comes, and nobody would know of the judgement. A grant that was revoked but
        not yet swept still refers to its client.
        """
        ...

    def keep_documents(self, most: int) -> int:
        """Of the clients known by a document that no grant refers to and the operator has not judged, remove all but
        the `most` that were used last; how many."""
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
