"""How grants are kept, and what leads to them."""

from collections.abc import Sequence
from typing import Protocol

from tenants.records import DeviceRequest, Grant


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

    def page(
        self, after: int, limit: int, *, user_id: str | None = None, client_id: str | None = None
    ) -> Sequence[Grant]:
        """All of them, or those of one user, or of one client, or of that user's at that client."""
        ...

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
