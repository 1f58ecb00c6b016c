"""A client introduces itself (RFC 7591)."""

from typing import Any

from tenants.oauth import client_metadata
from tenants.oauth.client_metadata import ClientMetadata
from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.records import Client, ClientOrigin, ClientSecret
from tenants.turn import Turn


def register(turn: Turn, given: Any) -> dict[str, Any]:
    """The RFC 7591 §3.2.1 answer: all that was registered, and for confidential clients the secret, this once."""
    policy = turn.issuer.policy
    if not policy.dynamic_registration:
        raise Refusal("access_denied", "this issuer does not register clients by itself")
    metadata = client_metadata.check(given, policy)
    client, secret = new_client(turn, metadata, f"c_{turn.entropy(16).hex()}", "registration")
    turn.remember("client.registered", client.id, client.id, name=client.name)
    answer = client_metadata.registered(client)
    if secret is not None:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answer


def new_client(
    turn: Turn, metadata: ClientMetadata, client_id: str, origin: ClientOrigin, resources: tuple[str, ...] = ()
) -> tuple[Client, str | None]:
    """The client, added, and its secret if its method needs one."""
    secret = None if metadata.auth_method == "none" else new_secret(turn)
    client = Client(
        id=client_id,
        name=metadata.name,
        origin=origin,
        redirect_uris=metadata.redirect_uris,
        grant_types=metadata.grant_types,
        response_types=metadata.response_types,
        auth_method=metadata.auth_method,
        secrets=() if secret is None else (ClientSecret(digest=digest(secret)),),
        scopes=metadata.scopes,
        application_type=metadata.application_type,
        resources=resources,
        metadata=metadata.more,
        created_at=turn.now,
        last_used_at=turn.now,
    )
    turn.tx.clients.add(client)
    return client, secret


def new_secret(turn: Turn) -> str:
    """256 random bits in characters that survive every way of encoding them in a Basic header."""
    return f"tns_{turn.entropy(32).hex()}"
