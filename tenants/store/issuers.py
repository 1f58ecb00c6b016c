"""How the issuer's own row is kept."""

from typing import Protocol

from tenants.records import Issuer


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
