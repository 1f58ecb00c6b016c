"""RegistrationTokenService: proto in, the tenant's answer out."""

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import registration_token_service_pb2 as pb
from server.admin import names
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.turns import Turns
from tenants.acts.registration_tokens import (
    NewRegistrationToken,
    RegistrationTokenPage,
    create_registration_token,
    list_registration_tokens,
    remove_registration_token,
)
from tenants.records import DAY, RegistrationToken
from tenants.registry import Registry

USUAL_TTL = 7 * DAY


class RegistrationTokenService:
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._turns = Turns(registry, names.REGISTRATION_TOKENS.name, "registration_token")
        self._page_tokens = page_tokens

    async def CreateRegistrationToken(
        self, request: pb.CreateRegistrationTokenRequest, caller: Caller
    ) -> pb.RegistrationToken:
        issuer_id, given = names.issuer_id(request.parent, "parent"), request.registration_token
        uses = given.uses if given.HasField("uses") else 1
        new = NewRegistrationToken(
            note=given.note,
            ttl=given.ttl.seconds if given.HasField("ttl") else USUAL_TTL,
            uses=uses or None,
        )
        return await self._turns.change(
            caller, request, issuer_id, create_registration_token, new, lambda made: _message(issuer_id, *made)
        )

    async def ListRegistrationTokens(
        self, request: pb.ListRegistrationTokensRequest, caller: Caller
    ) -> pb.ListRegistrationTokensResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"registration tokens {issuer_id}"
        wanted = RegistrationTokenPage(self._page_tokens.after(request.page_token, asked), size + 1)
        found = await self._turns.read(issuer_id, list_registration_tokens, wanted)
        page, following = self._page_tokens.page(found, size, asked, lambda token: _message(issuer_id, token))
        return pb.ListRegistrationTokensResponse(registration_tokens=page, next_page_token=following)

    async def DeleteRegistrationToken(self, request: pb.DeleteRegistrationTokenRequest, caller: Caller) -> Empty:
        issuer_id, token_id = names.REGISTRATION_TOKENS.ids(request.name)
        return await self._turns.change(
            caller, request, issuer_id, remove_registration_token, token_id, lambda _: Empty()
        )


def _message(issuer_id: str, token: RegistrationToken, secret: str = "") -> pb.RegistrationToken:
    return pb.RegistrationToken(
        name=names.REGISTRATION_TOKENS.name(issuer_id, token.id),
        token=secret,
        note=token.note,
        uses_left=token.uses_left,
        create_time=Timestamp(seconds=token.created_at),
        expire_time=Timestamp(seconds=token.expires_at),
    )
