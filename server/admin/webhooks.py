"""WebhookService: proto in, the tenant's answer out."""

from functools import partial
from typing import Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import webhook_service_pb2 as pb
from server.admin import masks, names
from server.admin.caller import Caller
from server.admin.turns import Turns, reachable
from tenants.acts.webhook import (
    SecretRotation,
    Shown,
    WebhookChange,
    change_webhook,
    etag,
    get_webhook,
    rotate_secret,
)
from tenants.registry import Registry
from tenants.tenant import Tenant

_FIELDS = masks.changeable(pb.Webhook)


class Receipt(Protocol):
    """What came of a message: a status, or 0, and why it does not count as received."""

    @property
    def status(self) -> int: ...
    @property
    def failure(self) -> str: ...


class Courier(Protocol):
    async def test(self, tenant: Tenant) -> Receipt:
        """Raises Invalid if there is no webhook."""
        ...


class WebhookService:
    def __init__(self, registry: Registry, courier: Courier) -> None:
        self._registry = registry
        self._turns = Turns(registry, lambda issuer_id, _: names.of_webhook(issuer_id), "webhook")
        self._courier = courier

    async def GetWebhook(self, request: pb.GetWebhookRequest, caller: Caller) -> pb.Webhook:
        issuer_id = names.webhook_of(request.name)
        return _message(issuer_id, await self._turns.read(issuer_id, get_webhook, None))

    async def UpdateWebhook(self, request: pb.UpdateWebhookRequest, caller: Caller) -> pb.Webhook:
        issuer_id = names.webhook_of(request.webhook.name, "webhook.name")
        given = request.webhook
        paths = _FIELDS.paths(tuple(request.update_mask.paths), given)
        change = WebhookChange(uri=given.uri if "uri" in paths else None, etag=given.etag)
        return await self._turns.change(
            caller, request, issuer_id, change_webhook, change, partial(_message, issuer_id)
        )

    async def RotateWebhookSecret(self, request: pb.RotateWebhookSecretRequest, caller: Caller) -> pb.Webhook:
        issuer_id = names.webhook_of(request.name)
        rotation = SecretRotation(overlap=request.overlap.seconds, etag=request.etag)
        return await self._turns.change(
            caller, request, issuer_id, rotate_secret, rotation, partial(_message, issuer_id)
        )

    async def TestWebhook(self, request: pb.TestWebhookRequest, caller: Caller) -> pb.TestWebhookResponse:
        tenant = reachable(self._registry, names.webhook_of(request.name))
        receipt = await self._courier.test(tenant)
        return pb.TestWebhookResponse(status_code=receipt.status, failure=receipt.failure)


def _message(issuer_id: str, shown: Shown) -> pb.Webhook:
    webhook = shown.webhook
    message = pb.Webhook(name=names.of_webhook(issuer_id), pending_count=shown.waiting, etag=etag(webhook))
    if webhook is None:
        return message
    message.uri = webhook.uri
    message.secret = shown.secret
    message.last_failure = webhook.last_failure
    message.create_time.CopyFrom(Timestamp(seconds=webhook.created_at))
    message.update_time.CopyFrom(Timestamp(seconds=webhook.updated_at))
    if webhook.failures:
        message.retry_time.CopyFrom(Timestamp(seconds=webhook.retry_at))
    if shown.former_ends_at is not None:
        message.former_secret_expire_time.CopyFrom(Timestamp(seconds=shown.former_ends_at))
    return message
