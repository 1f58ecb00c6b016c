"""ClientService: proto in, the tenant's answer out."""

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import client_service_pb2 as pb
from protos.admin.v1 import client_service_pb2_grpc as rpc
from server.admin import names, turns
from server.admin.issuers import OPERATOR
from server.admin.names import PageTokens
from server.admin.policy import seconds
from tenants.acts.operate import (
    ClientPage,
    ClientRemoval,
    NewClient,
    SecretRotation,
    add_client,
    get_client,
    list_clients,
    remove_client,
    rotate_secret,
)
from tenants.oauth import json_text
from tenants.oauth.client_metadata import SESSION_REQUIRED, SIGNED_USERINFO
from tenants.problems import Invalid
from tenants.records import DAY, Client
from tenants.registry import Registry
from tenants.turn import Turn

Q = TypeVar("Q")
R = TypeVar("R")
LONGEST_OVERLAP = 30 * DAY
_ORIGINS = {
    "admin": pb.Client.ORIGIN_ADMIN,
    "registration": pb.Client.ORIGIN_REGISTRATION,
    "document": pb.Client.ORIGIN_DOCUMENT,
}


class Clients(rpc.ClientServiceServicer):
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._registry = registry
        self._page_tokens = page_tokens

    async def CreateClient(self, request: pb.CreateClientRequest, context: object) -> pb.Client:
        issuer_id = names.issuer_id(request.parent, "parent")
        act = rehearse if request.validate_only else add_client
        new = NewClient(
            client_id=names.chosen_client_id(request.client_id),
            metadata=_metadata(request.client),
            resources=tuple(request.client.resources),
            target_resources=tuple(request.client.target_resources),
            actor=OPERATOR,
        )
        try:
            client, secret = await self._run(issuer_id, act, new)
        except Rehearsed as rehearsed:
            return _client(issuer_id, rehearsed.client, None)
        except Invalid as invalid:
            raise Invalid(f"client.{invalid.field}".replace("client.client", "client"), invalid.description) from None
        return _client(issuer_id, client, secret)

    async def GetClient(self, request: pb.GetClientRequest, context: object) -> pb.Client:
        issuer_id, client_id = names.client_ids(request.name)
        return _client(issuer_id, await self._run(issuer_id, get_client, client_id))

    async def ListClients(self, request: pb.ListClientsRequest, context: object) -> pb.ListClientsResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"clients {issuer_id}"
        wanted = ClientPage(self._page_tokens.after(request.page_token, asked), size + 1)
        found = await self._run(issuer_id, list_clients, wanted)
        page, following = self._page_tokens.cut(found, size, asked)
        return pb.ListClientsResponse(
            clients=[_client(issuer_id, client) for client in page], next_page_token=following
        )

    async def DeleteClient(self, request: pb.DeleteClientRequest, context: object) -> Empty:
        issuer_id, client_id = names.client_ids(request.name)
        await self._run(issuer_id, remove_client, ClientRemoval(client_id, OPERATOR))
        return Empty()

    async def RotateClientSecret(
        self, request: pb.RotateClientSecretRequest, context: object
    ) -> pb.RotateClientSecretResponse:
        issuer_id, client_id = names.client_ids(request.name)
        overlap = seconds(request.overlap, "overlap")
        if overlap > LONGEST_OVERLAP:
            raise Invalid("overlap", "must be at most 30 days")
        secret, end = await self._run(issuer_id, rotate_secret, SecretRotation(client_id, overlap, OPERATOR))
        return pb.RotateClientSecretResponse(client_secret=secret, previous_expire_time=Timestamp(seconds=end))

    async def _run(self, issuer_id: str, act: Callable[[Turn, Q], R], request: Q) -> R:
        return await turns.run(self._registry, issuer_id, act, request, names.of_client)


class Rehearsed(Exception):
    """Carries out of a turn what the turn would have made; being raised, it undoes it."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client


def rehearse(turn: Turn, new: NewClient) -> tuple[Client, str | None]:
    client, _ = add_client(turn, new)
    raise Rehearsed(client)


def _metadata(client: pb.Client) -> dict[str, Any]:
    """The client in the member names of RFC 7591 §2."""
    members: dict[str, Any] = {
        "client_name": client.display_name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": list(client.grant_types),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "scope": client.scope,
        "application_type": client.application_type,
        "jwks": _jwks(client.jwks),
        "jwks_uri": client.jwks_uri,
        "token_endpoint_auth_signing_alg": client.token_endpoint_auth_signing_alg,
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        "require_pushed_authorization_requests": client.require_pushed_authorization_requests,
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "backchannel_logout_uri": client.backchannel_logout_uri,
        SESSION_REQUIRED: client.backchannel_logout_session_required,
        SIGNED_USERINFO: client.userinfo_signed_response_alg,
    }
    return {name: value for name, value in members.items() if value}


def _jwks(text: str) -> Any:
    try:
        return json_text.parse(text.encode("utf-8")) if text else None
    except json_text.NotJson as error:
        raise Invalid("client.jwks", f"must be JSON: {error}") from None


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
        create_time=Timestamp(seconds=client.created_at),
        last_use_time=Timestamp(seconds=client.last_used_at),
        jwks="" if client.jwks is None else json_text.write(client.jwks).decode("utf-8"),
        jwks_uri=client.jwks_uri or "",
        token_endpoint_auth_signing_alg=client.assertion_algorithm or "",
        dpop_bound_access_tokens=client.dpop_bound,
        require_pushed_authorization_requests=client.par_required,
        post_logout_redirect_uris=client.post_logout_redirect_uris,
        backchannel_logout_uri=client.backchannel_logout_uri or "",
        backchannel_logout_session_required=SESSION_REQUIRED in client.metadata,
        userinfo_signed_response_alg=client.metadata.get(SIGNED_USERINFO, ""),
    )
