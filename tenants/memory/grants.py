"""Grants in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tenants.memory.table import Table
from tenants.memory.values import own
from tenants.records import Grant


class MemoryGrants:
    def __init__(self, table: Table[int, Grant]) -> None:
        self._table = table

    def find(self, grant_id: int) -> Grant | None:
        return self._table.find(grant_id)

    def add(self, grant: Grant) -> None:
        self._table.add(grant.id, grant if grant.actor is None else replace(grant, actor=own(grant.actor)))

    def rotate(self, grant: Grant, *, generation: int) -> bool:
        kept = self._table.find(grant.id)
        if kept is None or kept.generation != generation or kept.revoked_at is not None:
            return False
        following = replace(
            kept,
            dpop_jkt=grant.dpop_jkt,
            x5t=grant.x5t,
            code_spent_at=grant.code_spent_at,
            generation=grant.generation,
            rotated_at=grant.rotated_at,
            refresh_digest=grant.refresh_digest,
            refresh_expires_at=grant.refresh_expires_at,
            successor=grant.successor,
            access=grant.access,
        )
        return self._table.change(grant.id, following)

    def end_access(self, grant_id: int, digest: bytes, now: int) -> bool:
        kept = self._table.find(grant_id)
        ended = () if kept is None else tuple(token for token in kept.access if token.digest == digest)
        if kept is None or not ended:
            return False
        access = tuple(token for token in kept.access if token.digest != digest)
        return self._table.change(grant_id, replace(kept, access=access, ended=(*kept.ended, *ended), ended_at=now))

    def ended(self, after: tuple[int, int], before: int, limit: int) -> Sequence[tuple[int, Grant]]:
        dated = [(grant.ended_at if grant.revoked_at is None else grant.revoked_at, grant) for grant in self._table]
        found = [(at, grant) for at, grant in dated if at is not None and after < (at, grant.id) and at < before]
        return sorted(found, key=lambda each: (each[0], each[1].id))[:limit]

    def revoke(self, grant_id: int, now: int) -> bool:
        return self._revoke(now, lambda grant: grant.id == grant_id) == 1

    def revoke_of_user(self, user_id: str, now: int, client_id: str | None = None) -> int:
        return self._revoke(now, lambda grant: grant.user_id == user_id and client_id in (None, grant.client_id))

    def revoke_of_client(self, client_id: str, now: int) -> int:
        return self._revoke(now, lambda grant: grant.client_id == client_id)

    def revoke_from_provider(self, user_id: str, provider: str, now: int) -> int:
        return self._revoke(now, lambda grant: (grant.user_id, grant.provider) == (user_id, provider))

    def revoke_for_resource(self, resource: str, now: int) -> int:
        return self._revoke(now, lambda grant: grant.resource == resource)

    def of_user(self, user_id: str) -> Sequence[Grant]:
        return [grant for grant in self._table if grant.user_id == user_id]

    def of_client_itself(self, client_id: str, resource: str) -> Grant | None:
        whose = (None, client_id, resource, None)
        own = (each for each in self._table if (each.user_id, each.client_id, each.resource, each.revoked_at) == whose)
        return next(own, None)

    def page(
        self, after: int, limit: int, *, user_id: str | None = None, client_id: str | None = None
    ) -> Sequence[Grant]:
        return self._table.page(
            after,
            limit,
            lambda grant: user_id in (None, grant.user_id) and client_id in (None, grant.client_id),
        )

    def sweep(self, now: int, after: int, limit: int) -> int | None:
        looked_at = self._table.page(after, limit)
        self._table.remove_all(grant.id for grant in looked_at if not _counts(grant, now))
        return looked_at[-1].id if looked_at and len(looked_at) == limit else None

    def _revoke(self, now: int, which: Callable[[Grant], bool]) -> int:
        standing = [grant for grant in self._table if grant.revoked_at is None and which(grant)]
        return sum([self._table.change(grant.id, replace(grant, revoked_at=now)) for grant in standing])


def _counts(grant: Grant, now: int) -> bool:
    """Whether its code or one of its tokens can still be used, or could if it was not known to have been ended."""
    access = any(token.expires_at > now for token in (*grant.access, *grant.ended))
    if grant.expires_at <= now:
        return False
    if grant.revoked_at is not None:
        return access
    code = grant.code_spent_at is None and grant.code_expires_at > now
    refresh = grant.refresh_expires_at is not None and grant.refresh_expires_at > now
    return code or refresh or access
