"""GrantService: proto in, the tenant's answer out."""

from collections.abc import Callable
from functools import partial

from google.longrunning import operations_pb2 as longrunning  # pyright: ignore[reportMissingTypeStubs]
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import grant_service_pb2 as pb
from server.admin import bulk_revocation, filter, names, times, walks, whose
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.operations import begun
from server.admin.turns import Turns, reachable
from tenants.acts.operate_grants import (
    Grants,
    GrantState,
    Revocation,
    get_grant,
    list_grants,
    revoke_grant,
    state_of,
)
from tenants.acts.walk import Walk, Walked
from tenants.problems import Invalid
from tenants.records import Grant
from tenants.registry import Registry
from tenants.workshop import Workshop

_STATES: dict[GrantState, pb.Grant.State] = {
    "pending": pb.Grant.STATE_PENDING,
    "active": pb.Grant.STATE_ACTIVE,
    "revoked": pb.Grant.STATE_REVOKED,
    "expired": pb.Grant.STATE_EXPIRED,
}


class GrantService:
    def __init__(
        self, registry: Registry, page_tokens: PageTokens, workshop: Workshop, clock: Callable[[], int]
    ) -> None:
        self._registry = registry
        self._turns = Turns(registry, names.GRANTS.name, "grant")
        self._page_tokens = page_tokens
        self._workshop = workshop
        self._clock = clock

    async def GetGrant(self, request: pb.GetGrantRequest, caller: Caller) -> pb.Grant:
        issuer_id, grant_id = names.GRANTS.ids(request.name)
        return self._shown(issuer_id, await self._turns.read(issuer_id, get_grant, int(grant_id)))

    async def ListGrants(self, request: pb.ListGrantsRequest, caller: Caller) -> pb.ListGrantsResponse:
        (issuer_id, parent), size = names.parent_ids(request.parent), names.page_size(request.page_size)
        holds = filter.parse(request.filter, bulk_revocation.fields(issuer_id, self._clock()))
        asked = walks.asked("grants", request.parent, request.filter)
        place = int(self._page_tokens.after(request.page_token, asked) or 0)
        user_id, client_id = parent or whose.only(holds, "user"), whose.only(holds, "client")

        async def read(walk: Walk[int, Grant]) -> Walked[int, Grant]:
            wanted = Grants(walk=walk, user_id=user_id, client_id=client_id)
            return await self._turns.read(issuer_id, list_grants, wanted)

        page, place = await walks.page(
            read, place, size, holds, shown=partial(self._shown, issuer_id), place_of=lambda grant: grant.id
        )
        following = "" if place is None else self._page_tokens.following(str(place), asked)
        return pb.ListGrantsResponse(grants=page, next_page_token=following)

    async def RevokeGrant(self, request: pb.RevokeGrantRequest, caller: Caller) -> pb.Grant:
        issuer_id, grant_id = names.GRANTS.ids(request.name)
        revocation = Revocation(grant_id=int(grant_id), reason=request.reason)
        return await self._turns.change(
            caller, request, issuer_id, revoke_grant, revocation, partial(self._shown, issuer_id)
        )

    async def RevokeGrants(self, request: pb.RevokeGrantsRequest, caller: Caller) -> longrunning.Operation:
        issuer_id = names.issuer_id(request.parent, "parent")
        holds = filter.parse(request.filter, bulk_revocation.fields(issuer_id, self._clock()))
        if not holds.conditions and not request.force and not request.validate_only:
            raise Invalid("force", "must be set where there is no filter: every grant of the issuer would end")
        reachable(self._registry, issuer_id)
        new = bulk_revocation.asked_for(request, issuer_id)
        # a count is carried out too, and each time anew
        asked = pb.RevokeGrantsRequest() if request.validate_only else request
        return await begun(self._registry, self._workshop, caller, asked, new)

    def _shown(self, issuer_id: str, grant: Grant) -> pb.Grant:
        used = grant.code_spent_at if grant.rotated_at is None else grant.rotated_at
        return pb.Grant(
            name=names.GRANTS.name(issuer_id, str(grant.id)),
            user="" if grant.user_id is None else names.USERS.name(issuer_id, grant.user_id),
            client=names.of_client(issuer_id, grant.client_id),
            resource=grant.resource,
            scopes=grant.scopes,
            provider=grant.provider,
            state=_STATES[state_of(grant, self._clock())],
            create_time=Timestamp(seconds=grant.created_at),
            last_use_time=times.written(used),
            expire_time=Timestamp(seconds=grant.expires_at),
            revoke_time=times.written(grant.revoked_at),
            refresh_expire_time=times.written(grant.refresh_expires_at),
            sid=grant.sid or "",
            parent_grant="" if grant.parent_id is None else names.GRANTS.name(issuer_id, str(grant.parent_id)),
        )
