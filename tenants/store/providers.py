"""How those are kept whose word is believed: identity providers, and issuers of workloads."""

from collections.abc import Sequence
from typing import Protocol

from tenants.records import IdentityProvider, WorkloadIssuer


class IdentityProviderNoun(Protocol):
    def find(self, provider_id: str, /) -> IdentityProvider | None: ...
    def all(self) -> Sequence[IdentityProvider]:
        """In the order of their ids. They are few."""
        ...

    def add(self, provider: IdentityProvider, /) -> None: ...
    def change(self, provider: IdentityProvider, /, *, version: int) -> bool:
        """Replace it if it is still at `version`. The time of its birth stays, whatever `provider` says of it."""
        ...

    def remove(self, provider_id: str, /) -> bool: ...


class WorkloadIssuerNoun(Protocol):
    def find(self, workload_issuer_id: str, /) -> WorkloadIssuer | None: ...
    def all(self) -> Sequence[WorkloadIssuer]:
        """In the order of their ids. They are few."""
        ...

    def add(self, issuer: WorkloadIssuer, /) -> None:
        """AlreadyThere if the id or the issuer URI is taken."""
        ...

    def change(self, issuer: WorkloadIssuer, /, *, version: int) -> bool:
        """Replace it if it is still at `version`. Its URI and the time of its birth stay, whatever it says of them."""
        ...

    def remove(self, workload_issuer_id: str, /) -> bool: ...
