"""ClientService: proto in, the tenant's answer out."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import client_service_pb2 as pb
from server.admin import filter, jwks, masks, names, times, walks
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.status import DocumentUnusable, Immutable
from server.admin.turns import Turns
from tenants.acts.client_changes import (
    ClientChange,
    Named,
    Reread,
    ScopeLimit,
    approve_client,
    change_client,
    client_of_document,
    disable_client,
    enable_client,
    etag,
    list_clients,
    remove_client,
    reread,
)
from tenants.acts.operate import NewClient, SecretRotation, add_client, get_client, rotate_secret
from tenants.oauth import certificate_name, software_statement
from tenants.oauth.certificate_name import MEMBERS as CERTIFICATE_NAMES
from tenants.oauth.client_document import Fetched
from tenants.oauth.client_metadata import CERTIFICATE_BOUND, SESSION_REQUIRED, SIGNED_USERINFO
from tenants.oauth.refusal import Refusal
from tenants.problems import Invalid, Unfetched
from tenants.records import Client
from tenants.registry import Registry

_ORIGINS = {
    "admin": pb.Client.ORIGIN_ADMIN,
    "registration": pb.Client.ORIGIN_REGISTRATION,
    "document": pb.Client.ORIGIN_DOCUMENT,
}


_FIELDS = masks.changeable(pb.Client, also_set_once=("client_id",))
_DECIDED = "scope_limit"
"""What the operator says of a client that came by itself."""


def _state(client: Client) -> pb.Client.State:
    if client.disabled_at is not None:
        return pb.Client.STATE_DISABLED
    return pb.Client.STATE_PENDING if client.approval == "pending" else pb.Client.STATE_ACTIVE


_SEEN: dict[str, filter.Field[Client]] = {
    "client_id": filter.text(lambda client: client.id),
    "display_name": filter.text(lambda client: client.name),
    "origin": filter.choice(lambda client: pb.Client.Origin.Name(_ORIGINS[client.origin]), pb.Client.Origin.keys()),
    "state": filter.choice(lambda client: pb.Client.State.Name(_state(client)), pb.Client.State.keys()),
    "token_endpoint_auth_method": filter.text(lambda client: client.auth_method),
    "grant_types": filter.several(lambda client: client.grant_types),
    "create_time": filter.time(lambda client: client.created_at),
    "last_use_time": filter.time(lambda client: client.last_used_at),
}
"""What a filter of clients may speak of."""


class Documents(Protocol):
    async def at(self, tenant: str, url: str, *, known: bool, address: str) -> Fetched:
        """The one that a client's id leads to, asked for on behalf of one tenant. Raises Unfetched."""
        ...


class ClientService:
    def __init__(self, registry: Registry, page_tokens: PageTokens, documents: Documents) -> None:
        self._registry = registry
        self._turns = Turns(registry, names.of_client, "client")
        self._page_tokens = page_tokens
        self._documents = documents

    async def CreateClient(self, request: pb.CreateClientRequest, caller: Caller) -> pb.Client:
        issuer_id = names.issuer_id(request.parent, "parent")
        if request.client.scope_limit:
            raise _limited_by_scope()
        new = _said(request.client, request.client_id or None)
        return await self._turns.change(
            caller, request, issuer_id, add_client, new, lambda made: _client(issuer_id, *made)
        )

    async def GetClient(self, request: pb.GetClientRequest, caller: Caller) -> pb.Client:
        issuer_id, client_id = names.client_ids(request.name)
        return _client(issuer_id, await self._turns.read(issuer_id, get_client, client_id))

    async def ListClients(self, request: pb.ListClientsRequest, caller: Caller) -> pb.ListClientsResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        holds = filter.parse(request.filter, _SEEN)
        asked = walks.asked("clients", issuer_id, request.filter)
        after = self._page_tokens.after(request.page_token, asked)
        page, place = await walks.page(
            partial(self._turns.read, issuer_id, list_clients),
            after,
            size,
            holds,
            shown=partial(_client, issuer_id),
            place_of=lambda client: client.id,
        )
        following = "" if place is None else self._page_tokens.following(place, asked)
        return pb.ListClientsResponse(clients=page, next_page_token=following)

    async def UpdateClient(self, request: pb.UpdateClientRequest, caller: Caller) -> pb.Client:
        given = request.client
        issuer_id, client_id = names.client_ids(given.name, "client.name")
        paths = _FIELDS.paths(tuple(request.update_mask.paths), given)
        change = ClientChange(client=Named(id=client_id, etag=given.etag), change=_change(issuer_id, given, paths))
        return await self._turns.change(
            caller, request, issuer_id, change_client, change, lambda changed: _client(issuer_id, *changed)
        )

    async def DeleteClient(self, request: pb.DeleteClientRequest, caller: Caller) -> Empty:
        issuer_id, named = _named(request)
        return await self._turns.change(caller, request, issuer_id, remove_client, named, lambda _: Empty())

    async def DisableClient(self, request: pb.DisableClientRequest, caller: Caller) -> pb.Client:
        issuer_id, named = _named(request)
        return await self._turns.change(caller, request, issuer_id, disable_client, named, partial(_client, issuer_id))

    async def EnableClient(self, request: pb.EnableClientRequest, caller: Caller) -> pb.Client:
        issuer_id, named = _named(request)
        return await self._turns.change(caller, request, issuer_id, enable_client, named, partial(_client, issuer_id))

    async def ApproveClient(self, request: pb.ApproveClientRequest, caller: Caller) -> pb.Client:
        issuer_id, named = _named(request)
        return await self._turns.change(caller, request, issuer_id, approve_client, named, partial(_client, issuer_id))

    async def RefreshClientDocument(self, request: pb.RefreshClientDocumentRequest, caller: Caller) -> pb.Client:
        issuer_id, named = _named(request)
        # what it did itself must not refuse a request that comes again: of such a one the etag is looked at later
        seen = Named(id=named.id) if request.request_id else named
        client = await self._turns.read(issuer_id, client_of_document, seen)
        uid, address = self._registry.tenant(issuer_id).listing.uid, caller.origin.address
        try:
            fetched = await self._documents.at(uid, client.id, known=True, address=address)
            asked = Reread(client=named, fetched=fetched)
            return await self._turns.change(caller, request, issuer_id, reread, asked, partial(_client, issuer_id))
        except Unfetched as unfetched:
            raise DocumentUnusable(str(unfetched)) from None
        except Refusal as refusal:
            raise DocumentUnusable(refusal.detail or refusal.description) from None

    async def RotateClientSecret(
        self, request: pb.RotateClientSecretRequest, caller: Caller
    ) -> pb.RotateClientSecretResponse:
        issuer_id, client_id = names.client_ids(request.name)
        rotation = SecretRotation(client_id, request.overlap.seconds)
        return await self._turns.change(caller, request, issuer_id, rotate_secret, rotation, _rotated)


def _rotated(rotated: tuple[str, int]) -> pb.RotateClientSecretResponse:
    secret, end = rotated
    return pb.RotateClientSecretResponse(client_secret=secret, previous_expire_time=Timestamp(seconds=end))


def _named(
    request: pb.DeleteClientRequest
    | pb.DisableClientRequest
    | pb.EnableClientRequest
    | pb.ApproveClientRequest
    | pb.RefreshClientDocumentRequest,
) -> tuple[str, Named]:
    issuer_id, client_id = names.client_ids(request.name)
    return issuer_id, Named(id=client_id, etag=request.etag)


def _change(issuer_id: str, given: pb.Client, paths: Sequence[str]) -> Callable[[Client], NewClient | ScopeLimit]:
    def change(now: Client) -> NewClient | ScopeLimit:
        shown, wanted = _client(issuer_id, now), _client(issuer_id, now)
        masks.merge(given, paths, wanted)
        if now.origin == "admin":
            if wanted.scope_limit:
                raise _limited_by_scope()
            return _said(wanted, now.id)
        for path in paths:
            if path != _DECIDED and getattr(wanted, path) != getattr(shown, path):
                raise Immutable(f"client.{path}", "is what the client says of itself")
        return ScopeLimit(wanted.scope_limit)

    return change


def _limited_by_scope() -> Invalid:
    return Invalid(f"client.{_DECIDED}", "is for clients that came by themselves; of one that you make, scope says it")


def _said(client: pb.Client, client_id: str | None) -> NewClient:
    return NewClient(
        client_id=client_id,
        metadata=_metadata(client),
        resources=tuple(client.resources),
        target_resources=tuple(client.target_resources),
    )


def _metadata(client: pb.Client) -> dict[str, Any]:
    """The client in the member names of RFC 7591 §2."""
    members: dict[str, Any] = {
        "client_name": client.display_name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": list(client.grant_types),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "scope": client.scope,
        "application_type": client.application_type,
        "jwks": jwks.parsed(client.jwks, "client.jwks"),
        "jwks_uri": client.jwks_uri,
        "token_endpoint_auth_signing_alg": client.token_endpoint_auth_signing_alg,
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        CERTIFICATE_BOUND: client.tls_client_certificate_bound_access_tokens,
        **{name: getattr(client, name) for name in CERTIFICATE_NAMES},
        "require_pushed_authorization_requests": client.require_pushed_authorization_requests,
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "backchannel_logout_uri": client.backchannel_logout_uri,
        SESSION_REQUIRED: client.backchannel_logout_session_required,
        SIGNED_USERINFO: client.userinfo_signed_response_alg,
    }
    return {name: value for name, value in members.items() if value}


def _client(issuer_id: str, client: Client, secret: str | None = None) -> pb.Client:
    return pb.Client(
        name=names.of_client(issuer_id, client.id),
        client_id=client.id,
        display_name=client.name,
        origin=_ORIGINS[client.origin],
        redirect_uris=client.redirect_uris,
        grant_types=client.grant_types,
        token_endpoint_auth_method=client.auth_method,
        scope=" ".join(client.scopes or ()),
        application_type=client.application_type or "",
        resources=client.resources,
        target_resources=client.target_resources,
        client_secret=secret or "",
        client_secret_set=bool(client.secrets),
        secrets=[
            pb.Client.Secret(
                id=hashlib.sha256(secret.digest).hexdigest()[:8], expire_time=times.written(secret.expires_at)
            )
            for secret in client.secrets
        ],
        state=_state(client),
        scope_limit=" ".join(client.scope_limit or ()),
        etag=etag(client),
        create_time=Timestamp(seconds=client.created_at),
        last_use_time=times.written(None if client.last_used_at == client.created_at else client.last_used_at),
        jwks=jwks.written(client.jwks),
        jwks_uri=client.jwks_uri or "",
        token_endpoint_auth_signing_alg=client.assertion_algorithm or "",
        dpop_bound_access_tokens=client.dpop_bound,
        tls_client_certificate_bound_access_tokens=client.certificate_bound,
        **({} if client.certificate_name is None else certificate_name.members_of(client.certificate_name)),
        software_statement=client.metadata.get(software_statement.MEMBER, ""),
        require_pushed_authorization_requests=client.par_required,
        post_logout_redirect_uris=client.post_logout_redirect_uris,
        backchannel_logout_uri=client.backchannel_logout_uri or "",
        backchannel_logout_session_required=SESSION_REQUIRED in client.metadata,
        userinfo_signed_response_alg=client.metadata.get(SIGNED_USERINFO, ""),
        document_read_time=times.written(None if client.document is None else client.document.fetched_at),
        document_expire_time=times.written(None if client.document is None else client.document.expires_at),
    )
