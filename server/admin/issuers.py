"""IssuerService: proto in, the registry's answer out."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace

from google.protobuf.message import Message

from protos.admin.v1 import issuer_service_pb2 as pb
from server.admin import filter, masks, names, policy, times, walks
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.status import Immutable
from server.admin.turns import name_of, rehearsed
from tenants.acts.operate import change_policy, policy_of
from tenants.listings import etag
from tenants.new_issuer import NewIssuer
from tenants.problems import Invalid
from tenants.records import Listing, Policy
from tenants.registry import Asking, IssuerChange, Registry
from tenants.turn import Turn

_STATES = {
    "active": pb.Issuer.STATE_ACTIVE,
    "disabled": pb.Issuer.STATE_DISABLED,
    "deleted": pb.Issuer.STATE_DELETED,
}
_FIELDS = masks.changeable(pb.Issuer)
_SEEN: dict[str, filter.Field[Listing]] = {
    "id": filter.text(lambda listing: listing.id),
    "display_name": filter.text(lambda listing: listing.display_name),
    "issuer_uri": filter.text(lambda listing: listing.uri),
    "state": filter.choice(lambda listing: pb.Issuer.State.Name(_STATES[listing.state]), pb.Issuer.State.keys()),
    "create_time": filter.time(lambda listing: listing.created_at),
    "update_time": filter.time(lambda listing: listing.updated_at),
}
"""What a filter of issuers may speak of."""
MAX_DISPLAY_NAME = 63
FIRST_VERSION = 1


class IssuerService:
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._registry = registry
        self._page_tokens = page_tokens

    async def CreateIssuer(self, request: pb.CreateIssuerRequest, caller: Caller) -> pb.Issuer:
        given = request.issuer
        new = NewIssuer(
            id=request.issuer_id,
            uri=given.issuer_uri,
            display_name=_display_name(given),
            policy=policy.replaced(given.policy),
        )
        if request.validate_only:
            await self._registry.check(new)
            return pb.Issuer(
                name=f"issuers/{new.id}",
                display_name=new.display_name,
                issuer_uri=new.uri,
                policy=policy.to_proto(new.policy),
            )
        made = await self._registry.create(new, _asking(caller, request))
        if made.version == FIRST_VERSION:
            return _issuer(made, new.policy)
        return await self._whole(new.id)  # this very request made it before, and it has changed since

    async def GetIssuer(self, request: pb.GetIssuerRequest, caller: Caller) -> pb.Issuer:
        return await self._whole(names.issuer_id(request.name))

    async def ListIssuers(self, request: pb.ListIssuersRequest, caller: Caller) -> pb.ListIssuersResponse:
        size, holds = names.page_size(request.page_size), filter.parse(request.filter, _SEEN)
        asked = walks.asked("issuers", str(request.show_deleted), request.filter)
        after = self._page_tokens.after(request.page_token, asked)
        found = self._registry.page(
            after,
            size + 1,
            with_deleted=request.show_deleted,
            holds=lambda listing: caller.sees(listing.id) and holds(listing),
        )
        page, following = self._page_tokens.page(found, size, asked, lambda listing: _issuer(listing, None))
        return pb.ListIssuersResponse(issuers=page, next_page_token=following)

    async def UpdateIssuer(self, request: pb.UpdateIssuerRequest, caller: Caller) -> pb.Issuer:
        given = request.issuer
        issuer_id = names.issuer_id(given.name, "issuer.name")
        paths = _paths(request, self._registry.tenant(issuer_id).listing)
        change = IssuerChange(
            id=issuer_id,
            display_name=_display_name(given) if "display_name" in paths else None,
            policy=_policy_change(given, paths),
        )
        with _told_in_full():
            if request.validate_only:
                return await self._rehearsed(change, given.etag)
            await self._registry.change(change, _asking(caller, request, given.etag))
        return await self._whole(issuer_id)

    async def DeleteIssuer(self, request: pb.DeleteIssuerRequest, caller: Caller) -> pb.Issuer:
        issuer_id = names.issuer_id(request.name)
        if request.validate_only:
            return _issuer(self._registry.check_delete(issuer_id, request.etag), None)
        return _issuer(await self._registry.delete(issuer_id, _asking(caller, request, request.etag)), None)

    async def UndeleteIssuer(self, request: pb.UndeleteIssuerRequest, caller: Caller) -> pb.Issuer:
        issuer_id = names.issuer_id(request.name)
        await self._registry.undelete(issuer_id, _asking(caller, request, request.etag))
        return await self._whole(issuer_id)

    async def EnableIssuer(self, request: pb.EnableIssuerRequest, caller: Caller) -> pb.Issuer:
        issuer_id = names.issuer_id(request.name)
        await self._registry.enable(issuer_id, _asking(caller, request, request.etag))
        return await self._whole(issuer_id)

    async def DisableIssuer(self, request: pb.DisableIssuerRequest, caller: Caller) -> pb.Issuer:
        issuer_id = names.issuer_id(request.name)
        await self._registry.disable(issuer_id, _asking(caller, request, request.etag))
        return await self._whole(issuer_id)

    async def _whole(self, issuer_id: str) -> pb.Issuer:
        tenant = self._registry.tenant(issuer_id)
        return _issuer(tenant.listing, await tenant.actor.run(policy_of, None))

    async def _rehearsed(self, change: IssuerChange, seen: str) -> pb.Issuer:
        """The issuer as it would be."""
        tenant = self._registry.tenant(change.id)
        self._registry.check_change(change.id, seen)
        name = tenant.listing.display_name if change.display_name is None else change.display_name

        def act(turn: Turn, _: None) -> Policy:
            policy = turn.issuer.policy if change.policy is None else change.policy(turn.issuer.policy)
            change_policy(turn, policy)
            return policy

        return await rehearsed(
            tenant.perform, act, None, lambda policy: _issuer(replace(tenant.listing, display_name=name), policy)
        )


def _asking(caller: Caller, request: Message, etag: str = "") -> Asking:
    name = name_of(caller, request) if getattr(request, "request_id", "") else None
    return Asking(origin=caller.origin, etag=etag, name=name)


@contextmanager
def _told_in_full() -> Generator[None]:
    """What is wrong with a policy is told with the path of the field as the caller knows it."""
    try:
        yield
    except Invalid as invalid:
        if "." in invalid.field or invalid.field == "request_id":
            raise
        raise Invalid(f"issuer.policy.{invalid.field}", invalid.description) from None


def _paths(request: pb.UpdateIssuerRequest, listing: Listing) -> tuple[str, ...]:
    """Which fields to change. Without a mask, those of the policy that say something, each as a whole."""
    given, mask = request.issuer, tuple(request.update_mask.paths)
    if mask in ((), ("*",)) and given.issuer_uri not in ("", listing.uri):
        raise Immutable("issuer.issuer_uri", "cannot be changed: clients bind credentials to it")
    if mask:
        return _FIELDS.paths(mask, given)
    named = ("display_name",) if given.display_name else ()
    return (*named, *(f"policy.{name}" for name in policy.set_fields(given.policy)))


def _policy_change(given: pb.Issuer, paths: tuple[str, ...]) -> Callable[[Policy], Policy] | None:
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
        create_time=times.written(listing.created_at),
        update_time=times.written(listing.updated_at),
        delete_time=times.written(listing.deleted_at),
        purge_time=times.written(listing.purge_at),
        etag=etag(listing),
    )
