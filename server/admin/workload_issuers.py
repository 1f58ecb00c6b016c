"""WorkloadIssuerService: proto in, the tenant's answer out."""

from collections.abc import Callable
from functools import partial

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import workload_issuer_service_pb2 as pb
from server.admin import jwks, masks, names
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.status import Immutable
from server.admin.turns import Turns
from tenants.acts.workload_issuers import (
    NewWorkloadIssuer,
    Settings,
    WorkloadIssuerChange,
    WorkloadIssuerRemoval,
    add_workload_issuer,
    all_workload_issuers,
    change_workload_issuer,
    etag,
    get_workload_issuer,
    remove_workload_issuer,
    settings_of,
)
from tenants.records import ClaimMatch, WorkloadIssuer, WorkloadRule
from tenants.registry import Registry

_FIELDS = masks.changeable(pb.WorkloadIssuer)


class WorkloadIssuerService:
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._turns = Turns(registry, names.WORKLOAD_ISSUERS.name, "workload_issuer")
        self._page_tokens = page_tokens

    async def CreateWorkloadIssuer(self, request: pb.CreateWorkloadIssuerRequest, caller: Caller) -> pb.WorkloadIssuer:
        issuer_id = names.issuer_id(request.parent, "parent")
        given = request.workload_issuer
        new = NewWorkloadIssuer(id=request.workload_issuer_id, issuer_uri=given.issuer_uri, settings=_settings(given))
        return await self._turns.change(
            caller, request, issuer_id, add_workload_issuer, new, partial(_shown, issuer_id)
        )

    async def GetWorkloadIssuer(self, request: pb.GetWorkloadIssuerRequest, caller: Caller) -> pb.WorkloadIssuer:
        issuer_id, own_id = names.WORKLOAD_ISSUERS.ids(request.name)
        return _shown(issuer_id, await self._turns.read(issuer_id, get_workload_issuer, own_id))

    async def ListWorkloadIssuers(
        self, request: pb.ListWorkloadIssuersRequest, caller: Caller
    ) -> pb.ListWorkloadIssuersResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"workload issuers {issuer_id}"
        after = self._page_tokens.after(request.page_token, asked)
        found = [one for one in await self._turns.read(issuer_id, all_workload_issuers, None) if one.id > after]
        page, following = self._page_tokens.page(found, size, asked, partial(_shown, issuer_id))
        return pb.ListWorkloadIssuersResponse(workload_issuers=page, next_page_token=following)

    async def UpdateWorkloadIssuer(self, request: pb.UpdateWorkloadIssuerRequest, caller: Caller) -> pb.WorkloadIssuer:
        given = request.workload_issuer
        issuer_id, own_id = names.WORKLOAD_ISSUERS.ids(given.name, "workload_issuer.name")
        mask = tuple(request.update_mask.paths)
        change = _change(given, _FIELDS.paths(mask, given))
        if mask in ((), ("*",)) and given.issuer_uri:
            kept = await self._turns.read(issuer_id, get_workload_issuer, own_id)
            if given.issuer_uri != kept.issuer_uri:
                raise Immutable("workload_issuer.issuer_uri", "cannot be changed: the rules are for its workloads")
        wanted = WorkloadIssuerChange(id=own_id, change=change, etag=given.etag)
        return await self._turns.change(
            caller, request, issuer_id, change_workload_issuer, wanted, partial(_shown, issuer_id)
        )

    async def DeleteWorkloadIssuer(self, request: pb.DeleteWorkloadIssuerRequest, caller: Caller) -> Empty:
        issuer_id, own_id = names.WORKLOAD_ISSUERS.ids(request.name)
        removal = WorkloadIssuerRemoval(id=own_id, etag=request.etag)
        return await self._turns.change(caller, request, issuer_id, remove_workload_issuer, removal, lambda _: Empty())


def _shown(issuer_id: str, issuer: WorkloadIssuer) -> pb.WorkloadIssuer:
    message = _message(settings_of(issuer))
    message.name, message.issuer_uri = names.WORKLOAD_ISSUERS.name(issuer_id, issuer.id), issuer.issuer_uri
    message.create_time.CopyFrom(Timestamp(seconds=issuer.created_at))
    message.update_time.CopyFrom(Timestamp(seconds=issuer.updated_at))
    message.etag = etag(issuer)
    return message


def _settings(given: pb.WorkloadIssuer) -> Settings:
    """What the message says."""
    return Settings(
        display_name=given.display_name,
        jwks_uri=given.jwks_uri,
        jwks=jwks.parsed(given.jwks, "workload_issuer.jwks"),
        algorithms=tuple(given.algorithms),
        audience=given.audience,
        reusable=given.reusable,
        rules=tuple(_rule(rule) for rule in given.rules),
        disabled=given.disabled,
    )


def _rule(given: pb.WorkloadIssuer.Rule) -> WorkloadRule:
    claims = tuple(ClaimMatch(claim=claim, pattern=given.claims[claim]) for claim in sorted(given.claims))
    return WorkloadRule(
        client_id=given.client_id, claims=claims, scopes=tuple(given.scopes), resources=tuple(given.resources)
    )


def _message(settings: Settings) -> pb.WorkloadIssuer:
    """The other way round."""
    return pb.WorkloadIssuer(
        display_name=settings.display_name,
        jwks_uri=settings.jwks_uri,
        jwks=jwks.written(settings.jwks),
        algorithms=settings.algorithms,
        audience=settings.audience,
        reusable=settings.reusable,
        rules=[
            pb.WorkloadIssuer.Rule(
                client_id=rule.client_id,
                claims={match.claim: match.pattern for match in rule.claims},
                scopes=rule.scopes,
                resources=rule.resources,
            )
            for rule in settings.rules
        ],
        disabled=settings.disabled,
    )


def _change(given: pb.WorkloadIssuer, paths: tuple[str, ...]) -> Callable[[Settings], Settings]:
    def change(now: Settings) -> Settings:
        message = _message(now)
        masks.merge(given, paths, message)
        return _settings(message)

    return change
