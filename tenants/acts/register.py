"""A client introduces itself (RFC 7591)."""

from dataclasses import dataclass, replace
from typing import Any, cast

from tenants.oauth import approval, client_metadata, software_statement, uri
from tenants.oauth.client_metadata import ClientMetadata
from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.oauth.software_statement import Statement
from tenants.records import AuthMethod, Client, ClientOrigin, ClientSecret
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
    issuer = turn.issuer
    statement = None if by_operator else _statement(turn, given)
    metadata = client_metadata.check(
        given if statement is None else {**given, **statement.claims},
        issuer.policy,
        turn.tx.resources.all(),
        local=uri.is_local(issuer.uri),
        by_operator=by_operator,
        sees_certificates=turn.sees_certificates,
    )
    if statement is None:
        return metadata
    return replace(metadata, more={**metadata.more, software_statement.MEMBER: statement.text})


def _statement(turn: Turn, given: Any) -> Statement | None:
    """What somebody who is trusted says of the client, whose word goes before its own. Raises Refusal or KeysNeeded."""
    policy = turn.issuer.policy
    shown = cast("dict[str, Any]", given).get(software_statement.MEMBER) if isinstance(given, dict) else None
    if shown is not None:
        return software_statement.believed(
            shown, policy.software_statement_issuers, turn.client_keys, issuer_uri=turn.issuer.uri, now=turn.now
        )
    if policy.software_statement_required:
        raise Refusal("invalid_client_metadata", "this issuer registers clients that show a software statement only")
    return None


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
        approval=None if origin == "admin" else approval.of_newcomer(turn.issuer.policy),
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
        "certificate_name": metadata.certificate_name,
        "certificate_bound": metadata.certificate_bound,
        "par_required": metadata.par_required,
        "post_logout_redirect_uris": metadata.post_logout_redirect_uris,
        "backchannel_logout_uri": metadata.backchannel_logout_uri,
        "metadata": metadata.more,
    }


def secrets_for(turn: Turn, method: AuthMethod, former: Client) -> tuple[tuple[ClientSecret, ...], str | None]:
    """The secrets of a client that proves itself by this method from now on, and a new one if it had none before."""
    if method not in SECRET_METHODS:
        return (), None
    if former.auth_method in SECRET_METHODS:
        return former.secrets, None
    secret = new_secret(turn)
    return (ClientSecret(digest=digest(secret)),), secret


def new_registration_token(turn: Turn) -> str:
    return f"tnm_{turn.entropy(32).hex()}"


def new_secret(turn: Turn) -> str:
    """256 random bits in characters that survive every way of encoding them in a Basic header."""
    return f"tns_{turn.entropy(32).hex()}"
