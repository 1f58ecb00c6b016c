"""Consents in memory, by all that they are bound to."""

from collections.abc import Sequence

from tenants.memory.table import Table
from tenants.records import Consent


class MemoryConsents:
    def __init__(self, table: Table[tuple[str, ...], Consent]) -> None:
        self._table = table

    def find(self, user_id: str, client_id: str, resource: str, redirect_uri: str) -> Consent | None:
        return self._table.find((user_id, client_id, resource, redirect_uri))

    def put(self, consent: Consent) -> None:
        self._table.put((consent.user_id, consent.client_id, consent.resource, consent.redirect_uri), consent)

    def of_user(self, user_id: str, client_id: str | None = None) -> Sequence[Consent]:
        return [each for each in self._table if each.user_id == user_id and client_id in (None, each.client_id)]

    def remove(self, user_id: str, client_id: str) -> int:
        return self._table.remove_all(
            self._table.keys(lambda consent: (consent.user_id, consent.client_id) == (user_id, client_id))
        )

    def remove_of_user(self, user_id: str) -> int:
        return self._table.remove_all(self._table.keys(lambda consent: consent.user_id == user_id))

    def remove_of_client(self, client_id: str) -> int:
        return self._table.remove_all(self._table.keys(lambda consent: consent.client_id == client_id))

    def remove_for_resource(self, resource: str) -> int:
        return self._table.remove_all(self._table.keys(lambda consent: consent.resource == resource))
