"""AdminTokenService: proto in, the registry's answer out."""

from contextlib import AbstractContextManager

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import admin_token_service_pb2 as pb
from server.admin import names, times
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.turns import done, told_in_full
from tenants import admin_tokens
from tenants.admin_tokens import AdminTokens, NewAdminToken
from tenants.records import DAY, AdminToken, Role

USUAL_TTL = 90 * DAY
_ROLES: dict[int, Role] = {
    pb.AdminToken.ROLE_VIEWER: "viewer",
    pb.AdminToken.ROLE_ISSUER_ADMIN: "issuer-admin",
    pb.AdminToken.ROLE_OPERATOR: "operator",
    pb.AdminToken.ROLE_OWNER: "owner",
}
_NUMBERS = {role: number for number, role in _ROLES.items()}


class AdminTokenService:
    def __init__(self, tokens: AdminTokens, page_tokens: PageTokens) -> None:
        self._tokens = tokens
        self._page_tokens = page_tokens

    async def CreateAdminToken(self, request: pb.CreateAdminTokenRequest, caller: Caller) -> pb.AdminToken:
        given = request.admin_token
        new = NewAdminToken(
            id=request.admin_token_id,
            role=_ROLES[given.role],
            issuers=tuple(names.issuer_id(name, "admin_token.issuers") for name in given.issuers),
            display_name=given.display_name,
            ttl=given.ttl.seconds if given.HasField("ttl") else USUAL_TTL,
        )
        with _told_in_full():
            return await done(
                self._tokens.change, caller, request, admin_tokens.create, new, lambda made: _message(*made)
            )

    async def GetAdminToken(self, request: pb.GetAdminTokenRequest, caller: Caller) -> pb.AdminToken:
        with _told_in_full():
            return _message(await self._tokens.read(admin_tokens.get, names.admin_token_id(request.name)))

    async def ListAdminTokens(self, request: pb.ListAdminTokensRequest, caller: Caller) -> pb.ListAdminTokensResponse:
        size, asked = names.page_size(request.page_size), "admin tokens"
        after = self._page_tokens.after(request.page_token, asked)
        every = await self._tokens.read(admin_tokens.every, None)
        found = [token for token in every if token.id > after][: size + 1]
        page, following = self._page_tokens.page(found, size, asked, _message)
        return pb.ListAdminTokensResponse(admin_tokens=page, next_page_token=following)

    async def DeleteAdminToken(self, request: pb.DeleteAdminTokenRequest, caller: Caller) -> Empty:
        token_id = names.admin_token_id(request.name)
        with _told_in_full():
            return await done(self._tokens.change, caller, request, admin_tokens.remove, token_id, lambda _: Empty())


def _told_in_full() -> AbstractContextManager[None]:
    return told_in_full(names.of_admin_token, "admin_token")


def _message(token: AdminToken, secret: str = "") -> pb.AdminToken:
    return pb.AdminToken(
        name=names.of_admin_token(token.id),
        role=_NUMBERS[token.role],  # type: ignore[arg-type]
        issuers=[f"issuers/{issuer_id}" for issuer_id in token.issuers],
        display_name=token.display_name,
        token=secret,
        create_time=Timestamp(seconds=token.created_at),
        creator=token.created_by,
        expire_time=Timestamp(seconds=token.expires_at),
        last_use_time=times.written(token.last_used_at or None),
    )
