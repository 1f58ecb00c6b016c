"""KeyService: proto in, the tenant's answer out."""

from functools import partial
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import key_service_pb2 as pb
from server.admin import names, times
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.turns import Turns
from tenants.acts.operate_keys import Revocation, all_keys, get_key, next_key, revoke_key, roll
from tenants.oauth import json_text
from tenants.problems import Invalid
from tenants.records import SigningKey
from tenants.registry import Registry

_STATES = {
    "next": pb.SigningKey.STATE_NEXT,
    "current": pb.SigningKey.STATE_CURRENT,
    "retired": pb.SigningKey.STATE_RETIRED,
}


class KeyService:
    def __init__(self, registry: Registry, page_tokens: PageTokens) -> None:
        self._turns = Turns(registry, names.SIGNING_KEYS.name, "signing_key")
        self._page_tokens = page_tokens

    async def CreateSigningKey(self, request: pb.CreateSigningKeyRequest, caller: Caller) -> pb.SigningKey:
        issuer_id = names.issuer_id(request.parent, "parent")
        imported = _private(request.signing_key.private_jwk)
        made = await self._turns.change(caller, request, issuer_id, next_key, imported, partial(_message, issuer_id))
        if request.validate_only and imported is None:
            for field in ("name", "kid", "public_jwk"):  # of a key that is not kept
                made.ClearField(field)
        return made

    async def GetSigningKey(self, request: pb.GetSigningKeyRequest, caller: Caller) -> pb.SigningKey:
        issuer_id, key_id = names.SIGNING_KEYS.ids(request.name)
        return _message(issuer_id, await self._turns.read(issuer_id, get_key, key_id))

    async def ListSigningKeys(self, request: pb.ListSigningKeysRequest, caller: Caller) -> pb.ListSigningKeysResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"signingKeys {issuer_id}"
        after = self._page_tokens.after(request.page_token, asked)
        keys = await self._turns.read(issuer_id, all_keys, None)
        begin = next((place for place, key in enumerate(keys, 1) if key.id == after), 0)
        page, following = self._page_tokens.page(keys[begin:], size, asked, lambda key: _message(issuer_id, key))
        return pb.ListSigningKeysResponse(signing_keys=page, next_page_token=following)

    async def RollSigningKeys(self, request: pb.RollSigningKeysRequest, caller: Caller) -> pb.SigningKey:
        issuer_id = names.issuer_id(request.parent, "parent")
        return await self._turns.change(caller, request, issuer_id, roll, None, partial(_message, issuer_id))

    async def RevokeSigningKey(self, request: pb.RevokeSigningKeyRequest, caller: Caller) -> pb.SigningKey:
        issuer_id, key_id = names.SIGNING_KEYS.ids(request.name)
        revocation = Revocation(key_id, request.reason)
        return await self._turns.change(
            caller, request, issuer_id, revoke_key, revocation, partial(_message, issuer_id)
        )


def _private(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        given = json_text.parse(text.encode("utf-8"))
    except json_text.NotJson:
        given = None  # what is wrong with it could quote it
    if not isinstance(given, dict):
        raise Invalid("signing_key.private_jwk", "must be a JWK: a JSON object")
    return given  # pyright: ignore[reportUnknownVariableType]


def _message(issuer_id: str, key: SigningKey) -> pb.SigningKey:
    return pb.SigningKey(
        name=names.SIGNING_KEYS.name(issuer_id, key.id),
        kid=key.id,
        algorithm=key.algorithm,
        state=_STATES[key.state],
        public_jwk=json_text.write(key.public_jwk).decode("utf-8"),
        create_time=Timestamp(seconds=key.created_at),
        activate_time=times.written(key.activated_at),
        retire_time=times.written(key.retired_at),
        expire_time=times.written(key.expires_at),
    )
