"""How resources are kept."""

from collections.abc import Sequence
from typing import Protocol

from tenants.records import Resource


class ResourceNoun(Protocol):
    def find(self, resource_id: str, /) -> Resource | None: ...
    def all(self) -> Sequence[Resource]:
        """In the order of their ids. They are few."""
        ...

    def add(self, resource: Resource, /) -> None:
        """AlreadyThere if the id or the canonical URI is taken."""
        ...

    def change(self, resource: Resource, /, *, version: int) -> bool:
        """Replace it if it is still at `version`. Its URIs and the time of its birth stay, whatever it says of them."""
        ...

    def remove(self, resource_id: str, /) -> bool: ...
