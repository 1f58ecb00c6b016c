"""IssuerService: proto in, the registry's answer out."""

from collections.abc import Callable

from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import issuer_service_pb2 as pb
from protos.admin.v1 import issuer_service_pb2_grpc as rpc
from server.admin import names, policy
from server.admin.names import PageTokens
from server.admin.status import Immutable
from tenants.acts.operate import policy_of
from tenants.listings import etag
from tenants.new_issuer import NewIssuer
from tenants.problems import EtagMismatch, Invalid, IssuerUnavailable
from tenants.records import Listing, Policy
from tenants.registry import IssuerChange, Registry

_STATES = {
    "active": pb.Issuer.STATE_ACTIVE,
    "disabled": pb.Issuer.STATE_DISABLED,
    "deleted": pb.Issuer.STATE_DELETED,
}
_SET_ONCE = frozenset({"name", "issuer_uri"})
_OUTPUT_ONLY = frozenset({"uid", "state", "create_time", "update_time", "delete_time", "purge_time", "etag"})
_CHANGEABLE = frozenset({"display_name", "policy", *(f"policy.{name}" for name in policy.FIELDS)})
MAX_DISPLAY_NAME = 63
OPERATOR = "admin"


class Issuers(rpc.IssuerServiceServicer):
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._registry = registry
        self._page_tokens = page_tokens

    async def CreateIssuer(self, request: pb.CreateIssuerRequest, context: object) -> pb.Issuer:
        given = request.issuer
        new = NewIssuer(
            id=request.issuer_id,
            uri=given.issuer_uri,
            display_name=_display_name(given),
            policy=policy.replaced(given.policy),
            actor=OPERATOR,
        )
        if request.validate_only:
            await self._registry.check(new)
            return pb.Issuer(
                name=f"issuers/{new.id}",
                display_name=new.display_name,
                issuer_uri=new.uri,
                policy=policy.to_proto(new.policy),
            )
        return _issuer(await self._registry.create(new), new.policy)

    async def GetIssuer(self, request: pb.GetIssuerRequest, context: object) -> pb.Issuer:
        return await self._whole(names.issuer_id(request.name))

    async def ListIssuers(self, request: pb.ListIssuersRequest, context: object) -> pb.ListIssuersResponse:
        size, asked = names.page_size(request.page_size), f"issuers {request.show_deleted}"
        after = self._page_tokens.after(request.page_token, asked)
        found = await self._registry.page(after, size + 1, with_deleted=request.show_deleted)
        page, following = self._page_tokens.cut(found, size, asked)
        return pb.ListIssuersResponse(issuers=[_issuer(listing, None) for listing in page], next_page_token=following)

    async def UpdateIssuer(self, request: pb.UpdateIssuerRequest, context: object) -> pb.Issuer:
        given = request.issuer
        issuer_id = names.issuer_id(given.name, "issuer.name")
        listing = self._registry.tenant(issuer_id).listing
        if listing.state == "deleted":
            raise IssuerUnavailable(f"{issuer_id} is deleted")
        version = self._version(issuer_id, given.etag)
        paths = _paths(request, listing)
        if not paths:
            return await self._whole(issuer_id)
        change = IssuerChange(
            id=issuer_id,
            actor=OPERATOR,
            display_name=_display_name(given) if "display_name" in paths else None,
            policy=_policy_change(given, paths),
            version=version,
        )
        try:
            await self._registry.change(change)
        except Invalid as invalid:
            if "." in invalid.field:
                raise
            raise Invalid(f"issuer.policy.{invalid.field}", invalid.description) from None
        return await self._whole(issuer_id)

    async def DeleteIssuer(self, request: pb.DeleteIssuerRequest, context: object) -> pb.Issuer:
        issuer_id = names.issuer_id(request.name)
        return _issuer(await self._registry.delete(issuer_id, self._version(issuer_id, request.etag)), None)

    async def UndeleteIssuer(self, request: pb.UndeleteIssuerRequest, context: object) -> pb.Issuer:
        issuer_id = names.issuer_id(request.name)
        await self._registry.undelete(issuer_id)
        return await self._whole(issuer_id)

    async def EnableIssuer(self, request: pb.EnableIssuerRequest, context: object) -> pb.Issuer:
        issuer_id = names.issuer_id(request.name)
        await self._registry.enable(issuer_id, self._version(issuer_id, request.etag))
        return await self._whole(issuer_id)

    async def DisableIssuer(self, request: pb.DisableIssuerRequest, context: object) -> pb.Issuer:
        issuer_id = names.issuer_id(request.name)
        await self._registry.disable(issuer_id, self._version(issuer_id, request.etag))
        return await self._whole(issuer_id)

    async def _whole(self, issuer_id: str) -> pb.Issuer:
        tenant = self._registry.tenant(issuer_id)
        return _issuer(tenant.listing, await tenant.actor.run(policy_of, None))

    def _version(self, issuer_id: str, given: str) -> int | None:
        """The version that an etag stands for; None if the caller does not care."""
        if not given:
            return None
        listing = self._registry.tenant(issuer_id).listing
        if given != etag(listing):
            raise EtagMismatch(etag(listing))
        return listing.version


def _paths(request: pb.UpdateIssuerRequest, listing: Listing) -> list[str]:
    """Which fields to change (AIP-134, AIP-161)."""
    given, paths = request.issuer, list(request.update_mask.paths)
    if paths in ([], ["*"]) and given.issuer_uri not in ("", listing.uri):
        raise Immutable("issuer.issuer_uri", "cannot be changed: clients bind credentials to it")
    if paths == ["*"]:
        return ["display_name", "policy"]
    if not paths:
        named = ["display_name"] if given.display_name else []
        return [*named, *(f"policy.{name}" for name in policy.set_fields(given.policy))]
    for path in paths:
        if path in _SET_ONCE:
            raise Immutable("update_mask", f"{path} cannot be changed")
        if path in _OUTPUT_ONLY:
            raise Invalid("update_mask", f"{path} is for output only")
        if path not in _CHANGEABLE:
            raise Invalid("update_mask", f"{path[:80]} is no field that can be changed")
    if len(set(paths)) < len(paths):
        raise Invalid("update_mask", "names a field twice")
    return paths


def _policy_change(given: pb.Issuer, paths: list[str]) -> Callable[[Policy], Policy] | None:
    if "policy" in paths:
        whole = policy.replaced(given.policy)
        return lambda _: whole
    fields = [path.removeprefix("policy.") for path in paths if path.startswith("policy.")]
    return (lambda old: policy.merged(given.policy, fields, old)) if fields else None


def _display_name(given: pb.Issuer) -> str:
    """It is shown in terminals and pages, so it must not hold what a terminal obeys."""
    if len(given.display_name) > MAX_DISPLAY_NAME or not given.display_name.isprintable():
        raise Invalid("issuer.display_name", f"must be at most {MAX_DISPLAY_NAME} printable characters")
    return given.display_name


def _issuer(listing: Listing, kept: Policy | None) -> pb.Issuer:
    return pb.Issuer(
        name=f"issuers/{listing.id}",
        uid=listing.uid,
        display_name=listing.display_name,
        issuer_uri=listing.uri,
        state=_STATES[listing.state],
        policy=None if kept is None else policy.to_proto(kept),
        create_time=_time(listing.created_at),
        update_time=_time(listing.updated_at),
        delete_time=_time(listing.deleted_at),
        purge_time=_time(listing.purge_at),
        etag=etag(listing),
    )


def _time(seconds: int | None) -> Timestamp | None:
    return None if seconds is None else Timestamp(seconds=seconds)
