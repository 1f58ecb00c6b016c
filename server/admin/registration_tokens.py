"""RegistrationTokenService: proto in, the tenant's answer out."""

from collections.abc import Callable
from typing import TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import registration_token_service_pb2 as pb
from protos.admin.v1 import registration_token_service_pb2_grpc as rpc
from server.admin import names, turns
from server.admin.issuers import OPERATOR
from server.admin.names import PageTokens
from server.admin.policy import seconds
from tenants.acts.registration_tokens import (
    NewRegistrationToken,
    RegistrationTokenPage,
    RegistrationTokenRemoval,
    create_registration_token,
    list_registration_tokens,
    remove_registration_token,
)
from tenants.problems import Invalid
from tenants.records import DAY, RegistrationToken
from tenants.registry import Registry
from tenants.turn import Turn

Q = TypeVar("Q")
R = TypeVar("R")
USUAL_TTL = 7 * DAY


class RegistrationTokens(rpc.RegistrationTokenServiceServicer):
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._registry = registry
        self._page_tokens = page_tokens

    async def CreateRegistrationToken(
        self, request: pb.CreateRegistrationTokenRequest, context: object
    ) -> pb.RegistrationToken:
        issuer_id, given = names.issuer_id(request.parent, "parent"), request.registration_token
        uses = given.uses if given.HasField("uses") else 1
        new = NewRegistrationToken(
            note=given.note,
            ttl=seconds(given.ttl, "registration_token.ttl") if given.HasField("ttl") else USUAL_TTL,
            uses=uses or None,
            actor=OPERATOR,
        )
        try:
            kept, token = await self._run(issuer_id, create_registration_token, new)
        except Invalid as invalid:
            raise Invalid(f"registration_token.{invalid.field}", invalid.description) from None
        message = _message(issuer_id, kept)
        message.token = token
        return message

    async def ListRegistrationTokens(
        self, request: pb.ListRegistrationTokensRequest, context: object
    ) -> pb.ListRegistrationTokensResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"registration tokens {issuer_id}"
        wanted = RegistrationTokenPage(self._page_tokens.after(request.page_token, asked), size + 1)
        found = await self._run(issuer_id, list_registration_tokens, wanted)
        page, following = self._page_tokens.cut(found, size, asked)
        return pb.ListRegistrationTokensResponse(
            registration_tokens=[_message(issuer_id, token) for token in page], next_page_token=following
        )

    async def DeleteRegistrationToken(self, request: pb.DeleteRegistrationTokenRequest, context: object) -> Empty:
        issuer_id, token_id = names.registration_token_ids(request.name)
        await self._run(issuer_id, remove_registration_token, RegistrationTokenRemoval(token_id, OPERATOR))
        return Empty()

    async def _run(self, issuer_id: str, act: Callable[[Turn, Q], R], request: Q) -> R:
        return await turns.run(self._registry, issuer_id, act, request, names.of_registration_token)


def _message(issuer_id: str, token: RegistrationToken) -> pb.RegistrationToken:
    return pb.RegistrationToken(
        name=names.of_registration_token(issuer_id, token.id),
        note=token.note,
        uses_left=token.uses_left,
        create_time=Timestamp(seconds=token.created_at),
        expire_time=Timestamp(seconds=token.expires_at),
    )
