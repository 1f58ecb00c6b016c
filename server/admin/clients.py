"""ClientService: proto in, the tenant's answer out."""

from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import client_service_pb2 as pb
from protos.admin.v1 import client_service_pb2_grpc as rpc
from server.admin import names
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
from tenants.problems import Invalid, NoSuchIssuer
from tenants.records import DAY, Client
from tenants.registry import Registry
from tenants.tenant import Tenant

LONGEST_OVERLAP = 30 * DAY
_ORIGINS = {"admin": pb.Client.ORIGIN_ADMIN, "registration": pb.Client.ORIGIN_REGISTRATION}


class Clients(rpc.ClientServiceServicer):
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._registry = registry
        self._page_tokens = page_tokens

    async def CreateClient(self, request: pb.CreateClientRequest, context: object) -> pb.Client:
        issuer_id = names.issuer_id(request.parent, "parent")
        new = NewClient(
            client_id=names.chosen_client_id(request.client_id),
            metadata=_metadata(request.client),
            resources=tuple(request.client.resources),
            actor=OPERATOR,
        )
        client, secret = await self._tenant(issuer_id).actor.run(add_client, new)
        return _client(issuer_id, client, secret or "")

    async def GetClient(self, request: pb.GetClientRequest, context: object) -> pb.Client:
        issuer_id, client_id = names.client_ids(request.name)
        return _client(issuer_id, await self._tenant(issuer_id).actor.run(get_client, client_id))

    async def ListClients(self, request: pb.ListClientsRequest, context: object) -> pb.ListClientsResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"clients {issuer_id}"
        page = ClientPage(self._page_tokens.after(request.page_token, asked), size + 1)
        found = await self._tenant(issuer_id).actor.run(list_clients, page)
        following = self._page_tokens.following(found[size - 1].id, asked) if len(found) > size else ""
        return pb.ListClientsResponse(
            clients=[_client(issuer_id, client) for client in found[:size]], next_page_token=following
        )

    async def DeleteClient(self, request: pb.DeleteClientRequest, context: object) -> Empty:
        issuer_id, client_id = names.client_ids(request.name)
        await self._tenant(issuer_id).actor.run(remove_client, ClientRemoval(client_id, OPERATOR))
        return Empty()

    async def RotateClientSecret(
        self, request: pb.RotateClientSecretRequest, context: object
    ) -> pb.RotateClientSecretResponse:
        issuer_id, client_id = names.client_ids(request.name)
        overlap = seconds(request.overlap, "overlap")
        if overlap > LONGEST_OVERLAP:
            raise Invalid("overlap", "must be at most 30 days")
        secret, end = await self._tenant(issuer_id).actor.run(
            rotate_secret, SecretRotation(client_id, overlap, OPERATOR)
        )
        return pb.RotateClientSecretResponse(client_secret=secret, previous_expire_time=Timestamp(seconds=end))

    def _tenant(self, issuer_id: str) -> Tenant:
        """A tenant whose clients can be seen: also one that is disabled, not one that is deleted."""
        tenant = self._registry.tenant(issuer_id)
        if tenant.listing.state not in ("active", "disabled"):
            raise NoSuchIssuer(issuer_id)
        return tenant


def _metadata(client: pb.Client) -> dict[str, Any]:
    """The client in the member names of RFC 7591 §2."""
    members: dict[str, Any] = {
        "client_name": client.display_name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": list(client.grant_types),
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "scope": client.scope,
        "application_type": client.application_type,
    }
    return {name: value for name, value in members.items() if value}


def _client(issuer_id: str, client: Client, secret: str = "") -> pb.Client:
    return pb.Client(
        name=f"issuers/{issuer_id}/clients/{client.id}",
        client_id=client.id,
        display_name=client.name,
        origin=_ORIGINS[client.origin],
        redirect_uris=client.redirect_uris,
        grant_types=client.grant_types,
        token_endpoint_auth_method=client.auth_method,
        scope=" ".join(client.scopes or ()),
        application_type=client.application_type or "",
        resources=client.resources,
        client_secret=secret,
        client_secret_set=bool(client.secrets),
        create_time=Timestamp(seconds=client.created_at),
        last_use_time=Timestamp(seconds=client.last_used_at),
    )
