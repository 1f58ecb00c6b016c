"""Clients in memory."""

from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.memory.values import own
from tenants.records import Client, Grant


class MemoryClients:
    def __init__(self, table: Table[str, Client], grants: Table[int, Grant]) -> None:
        self._table = table
        self._grants = grants

    def find(self, client_id: str) -> Client | None:
        return self._table.find(client_id)

    def add(self, client: Client) -> None:
        self._table.add(client.id, _kept(client))

    def change(self, client: Client) -> bool:
        return self._table.change(client.id, _kept(client))

    def remove(self, client_id: str) -> bool:
        return self._table.remove(client_id)

    def page(self, after: str, limit: int) -> Sequence[Client]:
        return self._table.page(after, limit)

    def used(self, client_id: str, at: int) -> None:
        client = self._table.find(client_id)
        if client is not None:
            self._table.put(client_id, replace(client, last_used_at=at))

    def sweep(self, unused_since: int, limit: int) -> int:
        needed = {grant.client_id for grant in self._grants}
        unused = self._table.keys(
            lambda client: (
                client.origin != "admin"
                and client.last_used_at < unused_since
                and (client.origin != "document" or not client.is_judged)
                and client.id not in needed
            )
        )
        return self._table.remove_all(unused[:limit])

    def keep_documents(self, most: int) -> int:
        needed = {grant.client_id for grant in self._grants}
        unused = [
            client
            for client in self._table
            if client.origin == "document" and not client.is_judged and client.id not in needed
        ]
        unused.sort(key=lambda client: (client.last_used_at, client.id), reverse=True)
        return self._table.remove_all(client.id for client in unused[most:])


def _kept(client: Client) -> Client:
    return replace(client, metadata=own(client.metadata), jwks=None if client.jwks is None else own(client.jwks))
