"""A client introduces itself (RFC 7591)."""

from dataclasses import dataclass
from typing import Any, cast

from tenants.oauth import client_metadata, uri
from tenants.oauth.client_metadata import ClientMetadata
from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.records import Client, ClientOrigin, ClientSecret
from tenants.turn import Turn

SECRET_METHODS = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True)
class Newcomer:
    metadata: Any
    token: str | None = None
    """The initial access token that was shown."""


def register(turn: Turn, newcomer: Newcomer) -> dict[str, Any]:
    """The RFC 7591 §3.2.1 answer: all that was registered, and for confidential clients the secret, this once."""
    refuse_if_closed(turn)
    by = _let_in(turn, newcomer.token) if turn.issuer.policy.registration == "token" else None
    metadata, token = checked(turn, newcomer.metadata), new_registration_token(turn)
    client, secret = new_client(
        turn, metadata, f"c_{turn.entropy(16).hex()}", "registration", registration_digest=digest(token)
    )
    turn.remember("client.registered", client.id, client.id, name=client.name, **({} if by is None else {"by": by}))
    return told(turn, client, token, secret)


def refuse_if_closed(turn: Turn) -> None:
    if turn.issuer.policy.registration == "closed":
        raise Refusal("access_denied", "this issuer does not register clients by itself")


def _let_in(turn: Turn, token: str | None) -> str:
    """Spend one use of an initial access token (RFC 7591 §3); its id."""
    if token is None:
        raise Refusal(
            "invalid_token", "this issuer registers clients that show an initial access token of its operator"
        )
    spent = turn.tx.registration_tokens.spend(digest(token), turn.now)
    if spent is None:
        raise Refusal("invalid_token", "the initial access token is unknown, used up or has expired")
    return spent


def told(turn: Turn, client: Client, token: str, secret: str | None = None) -> dict[str, Any]:
    """What is registered of it, and how to look after that (RFC 7592 §3)."""
    answer = client_metadata.registered(client)
    if secret is not None:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    where = f"{turn.issuer.uri}/register/{client.id}"
    return answer | {"registration_client_uri": where, "registration_access_token": token}


def checked(turn: Turn, given: Any, *, by_operator: bool = False) -> ClientMetadata:
    """What is said of a client, if this issuer may register it. Raises Refusal."""
    _refuse_statement(given)
    issuer, local = turn.issuer, uri.is_local(turn.issuer.uri)
    return client_metadata.check(given, issuer.policy, turn.tx.resources.all(), local=local, by_operator=by_operator)


def _refuse_statement(given: Any) -> None:
    """Whoever shows a software statement (RFC 7591 §2.3) wants it believed; there is nobody whose word counts here."""
    statement = cast("dict[str, Any]", given).get("software_statement") if isinstance(given, dict) else None
    if statement is not None:
        code = "unapproved_software_statement" if isinstance(statement, str) else "invalid_software_statement"
        raise Refusal(code, "this issuer believes no software statements; leave it out")


def new_client(
    turn: Turn,
    metadata: ClientMetadata,
    client_id: str,
    origin: ClientOrigin,
    resources: tuple[str, ...] = (),
    target_resources: tuple[str, ...] = (),
    *,
    registration_digest: bytes | None = None,
) -> tuple[Client, str | None]:
    """The client, added, and its secret if its method needs one."""
    secret = new_secret(turn) if metadata.auth_method in SECRET_METHODS else None
    client = Client(
        id=client_id,
        origin=origin,
        **as_kept(metadata),
        secrets=() if secret is None else (ClientSecret(digest=digest(secret)),),
        registration_digest=registration_digest,
        resources=resources,
        target_resources=target_resources,
        created_at=turn.now,
        last_used_at=turn.now,
    )
    turn.tx.clients.add(client)
    return client, secret


def as_kept(metadata: ClientMetadata) -> dict[str, Any]:
    """What a client's record holds of it."""
    return {
        "name": metadata.name,
        "redirect_uris": metadata.redirect_uris,
        "grant_types": metadata.grant_types,
        "response_types": metadata.response_types,
        "auth_method": metadata.auth_method,
        "scopes": metadata.scopes,
        "application_type": metadata.application_type,
        "jwks": metadata.jwks,
        "jwks_uri": metadata.jwks_uri,
        "assertion_algorithm": metadata.assertion_algorithm,
        "dpop_bound": metadata.dpop_bound,
        "par_required": metadata.par_required,
        "post_logout_redirect_uris": metadata.post_logout_redirect_uris,
        "backchannel_logout_uri": metadata.backchannel_logout_uri,
        "metadata": metadata.more,
    }


def new_registration_token(turn: Turn) -> str:
    return f"tnm_{turn.entropy(32).hex()}"


def new_secret(turn: Turn) -> str:
    """256 random bits in characters that survive every way of encoding them in a Basic header."""
    return f"tns_{turn.entropy(32).hex()}"
