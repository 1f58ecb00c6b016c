"""The registry's listings in memory."""

import re
from collections.abc import Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.problems import AlreadyThere
from tenants.records import Listing


class MemoryListings:
    def __init__(self, table: Table[str, Listing]) -> None:
        self._table = table

    def find(self, issuer_id: str) -> Listing | None:
        return self._table.find(issuer_id)

    def find_uri(self, uri: str) -> Listing | None:
        return next((listing for listing in self._table if listing.uri == uri), None)

    def at_host(self, host: str) -> Sequence[Listing]:
        origins = re.compile(rf"https?://{re.escape(host)}(?:[:/].*)?")
        return [listing for listing in self._table if origins.fullmatch(listing.uri)]

    def add(self, listing: Listing) -> None:
        if any(listing.uid == other.uid or listing.uri == other.uri for other in self._table):
            raise AlreadyThere(listing.id)
        self._table.add(listing.id, listing)

    def change(self, listing: Listing, *, version: int) -> bool:
        kept = self._table.find(listing.id)
        if kept is None or kept.version != version:
            return False
        changed = replace(
            kept,
            state=listing.state,
            display_name=listing.display_name,
            updated_at=listing.updated_at,
            deleted_at=listing.deleted_at,
            purge_at=listing.purge_at,
            was_disabled=listing.was_disabled,
            version=listing.version,
        )
        return self._table.change(listing.id, changed)

    def withdraw(self, issuer_id: str) -> bool:
        listing = self._table.find(issuer_id)
        return listing is not None and listing.state == "building" and self._table.remove(issuer_id)

    def set_alarm(self, issuer_id: str, at: int, attempts: int) -> None:
        listing = self._table.find(issuer_id)
        if listing is not None:
            self._table.put(issuer_id, replace(listing, alarm_at=at, alarm_attempts=attempts))

    def hasten(self, beyond: int, now: int, limit: int) -> int:
        far = [each for each in self._table if each.state in ("active", "disabled") and each.alarm_at > beyond][:limit]
        for listing in far:
            self.set_alarm(listing.id, now, 0)
        return len(far)

    def due(self, now: int, limit: int) -> Sequence[Listing]:
        waiting = [(at, listing.id, listing) for listing in self._table if (at := _due_at(listing)) is not None]
        return [listing for at, _, listing in sorted(waiting, key=lambda each: each[:2]) if at <= now][:limit]

    def all(self) -> Sequence[Listing]:
        return list(self._table)


def _due_at(listing: Listing) -> int | None:
    """When it is to be woken, or purged; None if neither is coming."""
    if listing.state in ("active", "disabled"):
        return listing.alarm_at
    return listing.purge_at if listing.state == "deleted" else None
