"""Messages for the issuer's webhook: written with what they tell of, signed when they go out (Standard Webhooks 1.0.0).

They go out one after another, in the order in which they were told. A call that fails holds up those that wait, longer
each time; a message that has failed several times lets the others go first.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tenants.acts.webhook import PURPOSE, etag
from tenants.oauth import json_text
from tenants.problems import Invalid
from tenants.records import DAY, Message, Session, User, Webhook
from tenants.turn import Turn

MAX_WAITING = 10_000
PAUSES = (5, 30, 120, 600, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600, DAY)
"""Seconds until the next call, after so many failures in a row; the last one for ever."""
GIVEN_UP_AFTER = 3 * DAY
STEPS_ASIDE_AFTER = 4
"""Failures: what a receiver takes from nobody must not keep all else from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A message, ready to be sent: one POST."""

    id: str
    uri: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be sent now, and what it is made of."""

    parcel: Parcel
    message: Message
    etag: str
    """Of the webhook: what another one did says nothing of the one that is there now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    due: Due
    reason: str
    """One line in our own words, that quotes nothing."""
    gone: bool = False
    """Whether the receiver says that it wants no more (410)."""
    retry_after: int = 0
    """Seconds that the receiver asks for."""


def tell_of_sign_in(turn: Turn, sequence: int, user: User, session: Session, *, first: bool) -> None:
    """A user has signed in, as the event of this number says."""
    said = {
        "id": user.id,
        "email": user.email,
        "email_verified": user.email_verified,
        "name": user.name,
        "organization_id": user.organization_id,
        "roles": user.roles,
        "permissions": user.permissions,
    }
    data = {
        "issuer": turn.issuer.uri,
        "user": {name: value for name, value in said.items() if value is not None},
        "provider": session.provider,
        "first_sign_in": first,
        "authenticated_at": _instant(session.authenticated_at),
    }
    tell(turn, "user.authenticated", data, sequence=sequence, subject=user.id)


def tell(turn: Turn, type: str, data: Mapping[str, Any], *, sequence: int, subject: str) -> None:
    """Leave a message for the webhook, if there is one, in the order of the events that messages belong to."""
    if turn.issuer.webhook is None:
        return
    if turn.tx.outbox.count("webhook") >= MAX_WAITING:
        turn.remember("webhook.dropped", "system", subject)
        return
    # the number orders those of one second; the rest keeps it unique where two issuers have one receiver
    id = f"msg_{sequence:012x}{turn.entropy(8).hex()}"
    body = _body(turn, type, data)
    turn.tx.outbox.add(Message(id=id, kind="webhook", body=body, created_at=turn.now, due_at=turn.now))
    at = next_at(turn)
    assert at is not None
    turn.wake_at(at)


def next_at(turn: Turn) -> int | None:
    """When the next message is to go out, if one waits."""
    webhook, at = turn.issuer.webhook, turn.tx.outbox.next_at("webhook")
    return None if webhook is None or at is None else max(at, _held_until(turn, webhook))


def due(turn: Turn, _: None) -> Due | None:
    """What is to be sent now, if anything is."""
    webhook = turn.issuer.webhook
    if webhook is None or _held_until(turn, webhook) > turn.now:
        return None
    for message in turn.tx.outbox.due("webhook", turn.now, 1):
        parcel = _parcel(turn, webhook, message.id, message.body)
        return Due(parcel=parcel, message=message, etag=etag(webhook))
    return None


def delivered(turn: Turn, message_id: str) -> None:
    """The receiver has it; so it may have the others too."""
    turn.tx.outbox.remove(message_id)
    webhook = turn.issuer.webhook
    if webhook is not None and webhook.failures:
        _keep(turn, replace(webhook, failures=0, retry_at=0, last_failure=""))
        turn.wake_at(turn.now)


def failed(turn: Turn, failure: Failure) -> None:
    """The receiver has it not: all wait, and this one is tried again or given up."""
    webhook, message = turn.issuer.webhook, failure.due.message
    if webhook is None or etag(webhook) != failure.due.etag:
        return
    failures, attempts = webhook.failures + 1, message.attempts + 1
    pause = PAUSES[-1] if failure.gone else max(_pause(failures), min(failure.retry_after, PAUSES[-1]))
    _keep(turn, replace(webhook, failures=failures, retry_at=turn.now + pause, last_failure=failure.reason))
    if _too_old(turn, message):
        _give_up(turn, [message], failure.reason)
    else:
        at = message.due_at if attempts < STEPS_ASIDE_AFTER else turn.now + _pause(attempts)
        turn.tx.outbox.put_off(message.id, at, attempts)


def give_up(turn: Turn, limit: int) -> int:
    """While the receiver takes nothing, drop what has waited too long, at most `limit`; how many that were."""
    webhook = turn.issuer.webhook
    if webhook is None or not webhook.failures:
        return 0
    old = [message for message in turn.tx.outbox.due("webhook", turn.now, limit) if _too_old(turn, message)]
    _give_up(turn, old, webhook.last_failure)
    return len(old)


def ping(turn: Turn, _: None) -> Parcel:
    """A message that tells of nothing, to be sent at once. Raises Invalid if there is no webhook."""
    webhook = turn.issuer.webhook
    if webhook is None:
        raise Invalid("name", "this issuer has no webhook")
    body = _body(turn, "ping", {"issuer": turn.issuer.uri})
    return _parcel(turn, webhook, f"msg_{turn.entropy(14).hex()}", body)


def _body(turn: Turn, type: str, data: Mapping[str, Any]) -> str:
    message = {"type": type, "timestamp": _instant(turn.now), "data": data}
    return json_text.write(message).decode("utf-8")


def _parcel(turn: Turn, webhook: Webhook, id: str, body: str) -> Parcel:
    content = body.encode("utf-8")
    signed = b"%s.%d.%s" % (id.encode("ascii"), turn.now, content)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "tenantry",
        "webhook-id": id,
        "webhook-timestamp": str(turn.now),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in _secrets(turn, webhook)),
    }
    return Parcel(id=id, uri=webhook.uri, headers=headers, body=content)


def _signature(secret: bytes, signed: bytes) -> str:
    return f"v1,{b64encode(hmac.digest(secret, signed, 'sha256')).decode('ascii')}"


def _secrets(turn: Turn, webhook: Webhook) -> Sequence[bytes]:
    """The one that counts, and a former one that still does."""
    sealed = [webhook.sealed_secret]
    if webhook.former_secret is not None and turn.now < webhook.former_ends_at:
        sealed.append(webhook.former_secret)
    plain = [turn.keyring.unseal(PURPOSE, one) for one in sealed]
    if None in plain:
        raise ValueError("the secret of the webhook cannot be unsealed")  # Broken would take down the whole tenant
    return [secret for secret in plain if secret is not None]


def _held_until(turn: Turn, webhook: Webhook) -> int:
    """A time that no pause can lead to was set by a clock that was far ahead."""
    return webhook.retry_at if webhook.retry_at <= turn.now + PAUSES[-1] else 0


def _pause(failures: int) -> int:
    return PAUSES[min(failures, len(PAUSES)) - 1]


def _too_old(turn: Turn, message: Message) -> bool:
    return message.created_at + GIVEN_UP_AFTER <= turn.now


def _give_up(turn: Turn, messages: Sequence[Message], reason: str) -> None:
    for message in messages:
        turn.tx.outbox.remove(message.id)
    if messages:
        turn.remember("webhook.given_up", "system", messages=len(messages), reason=reason)


def _keep(turn: Turn, webhook: Webhook) -> None:
    turn.tx.issuer.change(replace(turn.issuer, webhook=webhook))


def _instant(seconds: int) -> str:
    """RFC 3339. What a provider says may be no time at all."""
    return datetime.fromtimestamp(max(seconds, 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
