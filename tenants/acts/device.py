"""A device without a browser begins, and comes back for its tokens until its user has decided elsewhere (RFC 8628)."""

from typing import Any

from tenants.acts.authorize import new_code
from tenants.acts.client import asking
from tenants.acts.issue import Tokens
from tenants.acts.possession import Binding
from tenants.acts.redeem_code import no, shown, spend
from tenants.oauth import resource, scope, user_code
from tenants.oauth.handle import read
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import DEVICE_CODE, DeviceAuthorizationRequest, DeviceCodeRequest
from tenants.problems import Busy
from tenants.records import Client, DeviceRequest
from tenants.turn import Turn

LIFETIME = 600
INTERVAL = 5
"""Seconds between two polls; so many more each time that a device does not keep to them (RFC 8628 §3.5)."""
MAX_WAITING = 10_000
"""Requests of one issuer that wait for their user: whoever guesses a user code guesses at all of them."""


def begin(turn: Turn, request: DeviceAuthorizationRequest) -> dict[str, Any]:
    """The RFC 8628 §3.2 answer. Raises Busy where too many wait already."""
    client = asking(turn, request.credentials)
    if DEVICE_CODE not in client.grant_types:
        raise Refusal("unauthorized_client", f"this client is not registered for {DEVICE_CODE}")
    issuer = turn.issuer
    target = resource.asked(request.resources, registered=turn.tx.resources.all(), issuer_uri=issuer.uri)
    scopes = scope.asked(
        request.scope,
        offered=scope.offered(issuer.policy, target.registered),
        allowed=scope.limit(client, target.registered),
    )
    code, typed = new_code(turn, "device"), user_code.make(turn.entropy(user_code.CHANCE_BYTES))
    waiting = turn.tx.device_requests
    if waiting.count() >= MAX_WAITING or waiting.find_user_code(mac_of(turn, typed)) is not None:
        raise Busy(INTERVAL)
    waiting.add(
        DeviceRequest(
            id=code.grant_id,
            digest=code.digest,
            user_code=mac_of(turn, typed),
            client_id=client.id,
            scopes=scopes,
            resource=target.audience,
            created_at=turn.now,
            expires_at=turn.now + LIFETIME,
            interval=INTERVAL,
        )
    )
    page, typed = f"{issuer.uri}/device", user_code.shown(typed)
    return {
        "device_code": code.text,
        "user_code": typed,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={typed}",
        "expires_in": LIFETIME,
        "interval": INTERVAL,
    }


def poll(turn: Turn, request: DeviceCodeRequest, client: Client, binding: Binding) -> Tokens | Refusal:
    """The tokens, once. A *returned* Refusal says that it must wait, or has ended the grant of a code used twice."""
    code = read("device", request.device_code, turn.keyring.mac)
    if code is None:
        raise no("no such device code")
    waiting = turn.tx.device_requests.find(code.grant_id)
    if waiting is None:
        grant = turn.tx.grants.find(code.grant_id)
        if grant is None or (grant.code_spent_at is None and grant.code_expires_at <= turn.now):
            raise _expired()  # the mac has proven that it was ours once
        allowed = shown(turn, "device", request.device_code, client)
        return allowed if isinstance(allowed, Refusal) else spend(turn, allowed, client, binding)
    if not code.matches(waiting.digest) or waiting.client_id != client.id:
        raise no("device code of another client, or of a time that was restored away")
    if waiting.expires_at <= turn.now:
        raise _expired()
    if waiting.denied_at is not None:
        raise Refusal("access_denied", "the user said no")
    # an answer of a second ago may have been under way for longer, and ours are whole seconds
    early = waiting.polled_at is not None and turn.now - waiting.polled_at < waiting.interval - 1
    interval = waiting.interval + (INTERVAL if early else 0)
    turn.tx.device_requests.polled(waiting.id, turn.now, interval)
    if early:
        return Refusal("slow_down", f"ask every {interval} seconds")
    return Refusal("authorization_pending", "the user has not decided yet")


def mac_of(turn: Turn, typed: str) -> bytes:
    """What is kept of a user code."""
    return turn.keyring.mac(b"user code\0" + typed.encode("ascii"))


def _expired() -> Refusal:
    return Refusal("expired_token", "the device code has expired: begin again")
