"""The end of many grants: an operation of many turns, each of which is done once, whatever happens between them."""

import hashlib
import json
from dataclasses import replace

from protos.admin.v1 import grant_service_pb2 as pb
from server.admin import filter, names, whose
from server.admin.filter import Field
from server.admin.turns import packed, reachable
from tenants.acts.once import Name, Named, once
from tenants.acts.operate_grants import Batch, BatchEnded, Grants, GrantState, revoke_batch, state_of
from tenants.acts.walk import Walk
from tenants.operations import NewOperation, named
from tenants.records import Grant, Operation
from tenants.registry import Registry
from tenants.turn import Turn, asked_by
from tenants.workshop import Checkpoint

REVOKE, COUNT = "revokeGrants", "countGrants"
TURNS = 10
"""Between two checkpoints."""
AT_ONCE = 100
"""Grants that end in one turn."""
LAST = (1 << 63) - 1
"""The largest id that a grant can have. They are drawn by lot, so one tells how far a walk is."""
STATES: tuple[GrantState, ...] = ("pending", "active", "revoked", "expired")


def fields(issuer_id: str, now: int) -> dict[str, Field[Grant]]:
    """What a filter of an issuer's grants may speak of at that instant."""
    return {
        "user": whose.text(lambda grant: grant.user_id, names.USERS.name(issuer_id, "")),
        "client": whose.text(lambda grant: grant.client_id, names.of_client(issuer_id, "")),
        "resource": filter.text(lambda grant: grant.resource),
        "provider": filter.text(lambda grant: grant.provider or None),
        "sid": filter.text(lambda grant: grant.sid),
        "state": filter.choice(lambda grant: state_of(grant, now), STATES),
        "scope": filter.several(lambda grant: grant.scopes),
        "create_time": filter.time(lambda grant: grant.created_at),
        "expire_time": filter.time(lambda grant: grant.expires_at),
    }


def asked_for(request: pb.RevokeGrantsRequest, issuer_id: str) -> NewOperation:
    asked = pb.RevokeGrantsRequest(parent=request.parent, filter=request.filter, reason=request.reason)
    kept, about = asked.SerializeToString(), {"which": which(asked), "reason": asked.reason}
    if request.validate_only:
        return NewOperation(verb=COUNT, issuer_id=issuer_id, request=kept, about=about)
    return NewOperation(verb=REVOKE, issuer_id=issuer_id, lock=f"grants of {issuer_id}", request=kept, about=about)


def which(asked: pb.RevokeGrantsRequest) -> str:
    """In words: no filter is made of one word alone."""
    return asked.filter.strip() or "all"


class BulkRevocation:
    """The work of such an operation; of one that only counts, too."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def __call__(self, operation: Operation, checkpoint: Checkpoint) -> bytes:
        request = pb.RevokeGrantsRequest.FromString(operation.request)
        holds = filter.parse(request.filter, fields(operation.issuer_id, operation.created_at))
        user, client = whose.only(holds, "user"), whose.only(holds, "client")
        place, count, more = operation.progress.get("place", 0), operation.progress.get("count", 0), True
        batch = Batch(
            grants=Grants(walk=Walk(place, AT_ONCE, holds), user_id=user, client_id=client),
            about={"operation": named(operation), "which": which(request), "reason": request.reason},
            before=operation.created_at,
            count=operation.verb == COUNT,
        )
        while more:
            for _ in range(TURNS):
                walk = replace(batch.grants.walk, place=place)
                done = await self._turn(operation, replace(batch, grants=replace(batch.grants, walk=walk)))
                place, count, more = done.place, count + done.ended, done.more
                if not more:
                    break
            await checkpoint({"place": place, "count": count}, place * 100 // LAST)
        return packed(pb.RevokeGrantsResponse(revoked_count=count))

    async def _turn(self, operation: Operation, batch: Batch) -> BatchEnded:
        tenant = reachable(self._registry, operation.issuer_id)
        if batch.count:
            return await tenant.perform(revoke_batch, batch)
        name = hashlib.sha256(f"{named(operation)} {batch.grants.walk.place}".encode("ascii")).digest()
        turn: Named[Turn, Batch, BatchEnded] = Named(Name(name, name), revoke_batch, batch, _kept)
        return BatchEnded(*json.loads(await tenant.perform(asked_by(operation.origin, once), turn)))


def _kept(done: BatchEnded) -> bytes:
    return json.dumps([done.ended, done.place, done.more]).encode("ascii")
