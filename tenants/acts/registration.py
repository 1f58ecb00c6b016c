"""A client looks after its own registration (RFC 7592).

It proves itself by its registration access token. An update gives out another; the former one counts until that one is
used, so that whoever lost an answer still has a token that counts.
"""

import hmac
from dataclasses import dataclass, replace
from typing import Any, cast

from tenants.acts.another import ask_again
from tenants.acts.operate import end_client
from tenants.acts.register import (
    as_kept,
    checked,
    new_registration_token,
    refuse_if_closed,
    secrets_for,
    told,
)
from tenants.oauth import approval
from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.records import DAY, Client
from tenants.turn import Turn

NOT_TO_BE_SENT = frozenset(
    {"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}
)
"""RFC 7592 §2.2."""


@dataclass(frozen=True, slots=True)
class Shown:
    client_id: str
    token: str
    """The registration access token, if it is one."""


@dataclass(frozen=True, slots=True)
class Update:
    shown: Shown
    metadata: Any


def read_registration(turn: Turn, shown: Shown) -> dict[str, Any]:
    """All that is registered (RFC 7592 §2.1). Its secret is kept nowhere, so it is not told again."""
    return told(turn, _own(turn, shown), shown.token)


def update_registration(turn: Turn, update: Update) -> dict[str, Any]:
    """All that is registered now: what was given, and for the rest the defaults (RFC 7592 §2.2).

    Where it says something else of who the client is or where answers go, its users are asked again.
    """
    client = _own(turn, update.shown)
    _check_unchangeable(client, update.metadata, turn.now)
    metadata = checked(turn, update.metadata)
    secrets, secret = secrets_for(turn, metadata.auth_method, client)
    token = new_registration_token(turn)
    updated = replace(client, **as_kept(metadata), secrets=secrets, next_registration_digest=digest(token))
    changed, ended = ask_again(turn, client, updated)
    if changed:
        updated = replace(updated, approval=approval.of_newcomer(turn.issuer.policy, client.approval))
    turn.tx.clients.change(updated)
    turn.remember("client.updated", client.id, client.id, changed=changed, consents_ended=ended)
    return told(turn, updated, token, secret)


def end_registration(turn: Turn, shown: Shown) -> None:
    """The client goes, and with it every grant and consent that it has (RFC 7592 §2.3)."""
    client = _own(turn, shown)
    end_client(turn, client.id, client.id)


def _own(turn: Turn, shown: Shown) -> Client:
    """The client, whose token it is. Refusal `invalid_token` in the same words for whatever else it may be."""
    refuse_if_closed(turn)
    client, given = turn.tx.clients.find(shown.client_id), digest(shown.token)
    current = client.registration_digest if client else None
    following = client.next_registration_digest if client else None
    # an unknown client costs the same comparisons as a wrong token
    is_current = hmac.compare_digest(given, current or bytes(32))
    is_following = hmac.compare_digest(given, following or bytes(32))
    if client is None or client.disabled_at is not None or not (is_current or is_following):
        raise Refusal("invalid_token", "the registration access token does not count for this client")
    if is_following:
        client = replace(client, registration_digest=following, next_registration_digest=None)
    if is_following or turn.now - client.last_used_at > DAY:
        client = replace(client, last_used_at=turn.now)
        turn.tx.clients.change(client)
    return client


def _check_unchangeable(client: Client, given: Any, now: int) -> None:
    """RFC 7592 §2.2: the client must say its id, may repeat its secret, and decides about neither."""
    members = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    if members.get("client_id") != client.id:
        raise _refused("client_id must be that of the client")
    for name in members:
        if name in NOT_TO_BE_SENT:
            raise _refused(f"{name} must not be sent")
    secret = members.get("client_secret")
    if secret is None:
        return
    shown = digest(secret) if isinstance(secret, str) else b""
    good = [kept.digest for kept in client.secrets if kept.expires_at is None or kept.expires_at > now]
    if not any(hmac.compare_digest(shown, kept) for kept in good):
        raise _refused("client_secret must be the one that the client has, or be left out")


def _refused(what: str) -> Refusal:
    return Refusal("invalid_client_metadata", what)
