"""The issuer's webhook, as the operator sets it. Nothing is called to find out whether it works."""

from base64 import b64encode
from dataclasses import dataclass, replace
from typing import Any

from tenants import etags, trail
from tenants.acts.provider_address import objection
from tenants.problems import Invalid
from tenants.records import Webhook
from tenants.turn import Turn

PURPOSE = "webhook secret"
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    uri: str | None
    """Empty: no webhook. None: as it was."""
    etag: str
    """Empty: whichever version it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRotation:
    overlap: int
    """How long messages are signed with the former secret too, in seconds."""
    etag: str = ""
    """Empty: whichever version it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All that there is to say of the webhook, or of there being none."""

    webhook: Webhook | None
    waiting: int
    """Messages that were not delivered yet."""
    former_ends_at: int | None
    """Until when the former secret counts, if it does."""
    secret: str
    """Only where it was made just now."""


def etag(webhook: Webhook | None) -> str:
    """An opaque validator of all that the operator sets."""
    return "0" if webhook is None else etags.versioned(webhook)


def get_webhook(turn: Turn, _: None) -> Shown:
    return _shown(turn, turn.issuer.webhook)


def change_webhook(turn: Turn, change: WebhookChange) -> Shown:
    """As it is now. Where there was none its secret is shown, this once; what waits goes to another URI at once.

    Removing it drops the messages that wait. Raises EtagMismatch or Invalid.
    """
    former, planned = turn.issuer.webhook, _planned(turn, change)
    if planned.webhook == former:
        return planned
    turn.tx.issuer.change(replace(turn.issuer, webhook=planned.webhook))
    if planned.webhook is None:
        dropped = turn.tx.outbox.remove_all("webhook")
        turn.remember("webhook.removed", turn.origin.actor, dropped=dropped, **_difference(former, None))
    elif former is None:
        turn.remember("webhook.created", turn.origin.actor, **_difference(None, planned.webhook))
    else:
        turn.remember("webhook.changed", turn.origin.actor, **_difference(former, planned.webhook))
        turn.wake_at(turn.now)
    return planned


def rotate_secret(turn: Turn, rotation: SecretRotation) -> Shown:
    """The new secret, shown this once. Raises Invalid or EtagMismatch."""
    former = turn.issuer.webhook
    if former is None:
        raise Invalid("name", "this issuer has no webhook")
    _refuse_other(former, rotation.etag)
    secret, end = turn.entropy(SECRET_BYTES), turn.now + rotation.overlap
    webhook = replace(
        former,
        sealed_secret=turn.keyring.seal(PURPOSE, secret),
        former_secret=former.sealed_secret if rotation.overlap else None,
        former_ends_at=end if rotation.overlap else 0,
        updated_at=turn.now,
        version=former.version + 1,
    )
    turn.tx.issuer.change(replace(turn.issuer, webhook=webhook))
    turn.remember("webhook.secret_rotated", turn.origin.actor, former_ends_at=end)
    return _shown(turn, webhook, secret)


def _planned(turn: Turn, change: WebhookChange) -> Shown:
    former = turn.issuer.webhook
    _refuse_other(former, change.etag)
    if change.uri is None or change.uri == (former.uri if former else ""):
        return _shown(turn, former)
    if not change.uri:
        return replace(_shown(turn, None), waiting=0)
    why_not = objection(change.uri, turn.issuer.uri)
    if why_not is not None:
        raise Invalid("uri", why_not)
    if former is not None:
        moved = replace(
            former,
            uri=change.uri,
            failures=0,
            retry_at=0,
            last_failure="",
            updated_at=turn.now,
            version=former.version + 1,
        )
        return _shown(turn, moved)
    secret = turn.entropy(SECRET_BYTES)
    sealed = turn.keyring.seal(PURPOSE, secret)
    made = Webhook(uri=change.uri, sealed_secret=sealed, created_at=turn.now, updated_at=turn.now)
    return _shown(turn, made, secret)


def _refuse_other(webhook: Webhook | None, seen: str) -> None:
    etags.expect(seen, etag(webhook))


def _difference(before: Webhook | None, after: Webhook | None) -> dict[str, Any]:
    """For the trail: of the URI only where it leads to, as the rest may be a secret of the receiver's."""
    short = [None if each is None else replace(each, uri="/".join(each.uri.split("/")[:3])) for each in (before, after)]
    return trail.difference(*short, among=("uri", "sealed_secret"))


def _shown(turn: Turn, webhook: Webhook | None, secret: bytes | None = None) -> Shown:
    ends_at = webhook.former_ends_at if webhook else 0
    return Shown(
        webhook=webhook,
        waiting=turn.tx.outbox.count("webhook"),
        former_ends_at=ends_at if ends_at > turn.now else None,
        secret="" if secret is None else _written(secret),
    )


def _written(secret: bytes) -> str:
    """As receivers are given it (Standard Webhooks 1.0.0, Signature scheme)."""
    return f"whsec_{b64encode(secret).decode('ascii')}"
