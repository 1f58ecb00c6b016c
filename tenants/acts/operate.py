"""What the operator does to an issuer from outside: its policy and its clients."""

import re
from dataclasses import dataclass, fields, replace
from typing import Any, get_args

from tenants import trail
from tenants.acts import signing_keys
from tenants.acts.register import SECRET_METHODS, checked, new_client, new_secret
from tenants.oauth import (
    client_certificate,
    client_document,
    client_jwks,
    first_party,
    redirect_uri,
    resource,
    scope,
    uri,
)
from tenants.oauth.client_metadata import ClientMetadata
from tenants.oauth.handle import digest
from tenants.oauth.jwt import ALGORITHMS
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import TOKEN_EXCHANGE
from tenants.problems import AlreadyThere, Invalid, NoSuchThing
from tenants.records import ACTORS, DAY, Client, ClientSecret, Policy, RateLimit, Registration
from tenants.turn import Turn

YEAR = 366 * DAY
MAX_ITEMS = 100
MAX_AUTHORITIES = 20
MAX_RATE = 1_000_000
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*")
BOUNDS: dict[str, tuple[int, int]] = {
    "access_token_ttl": (10, 30 * DAY),
    "refresh_token_ttl": (0, 5 * YEAR),
    "grant_ttl": (60, 10 * YEAR),
    "authorization_code_ttl": (5, 600),
    "replay_window": (0, 600),
    "session_ttl": (60, YEAR),
    "key_roll_interval": (3_600, 5 * YEAR),
    "unused_client_ttl": (DAY, 10 * YEAR),
}


def check_policy(policy: Policy) -> None:
    """Raises Invalid, with the field's name, unless the policy is one that can be kept."""
    for name, (least, most) in BOUNDS.items():
        if not least <= getattr(policy, name) <= most:
            raise Invalid(name, f"must be between {least} and {most} seconds")
    for name in (field.name for field in fields(Policy) if field.name.endswith("_limit")):
        _check_limit(name, getattr(policy, name))
    if policy.signing_algorithm not in ALGORITHMS:
        raise Invalid("signing_algorithm", f"must be one of {', '.join(ALGORITHMS)}")
    if policy.registration not in get_args(Registration):
        raise Invalid("registration", "must be open, token or closed")
    if policy.token_format not in ("jwt", "opaque"):
        raise Invalid("token_format", "must be jwt or opaque")
    if policy.client_documents not in ("any", "listed", "none"):
        raise Invalid("client_documents", "must be any, listed or none")
    if not policy.scopes or len(policy.scopes) > scope.MAX_SCOPES or not all(map(scope.is_scope, policy.scopes)):
        raise Invalid("scopes", f"must be 1 to {scope.MAX_SCOPES} scopes of printable ASCII (RFC 6749 §3.3)")
    for name in ("private_redirect_schemes", "allowed_origins", "first_party_origins", "client_document_hosts"):
        if len(getattr(policy, name)) > MAX_ITEMS:
            raise Invalid(name, f"must have at most {MAX_ITEMS} items")
    _check_authorities(policy)
    _check_statement_issuers(policy)
    for text in policy.private_redirect_schemes:
        if not _SCHEME.fullmatch(text) or text in ("http", "https") or text in redirect_uri.DANGEROUS_SCHEMES:
            raise Invalid("private_redirect_schemes", f"{text} is not a lower-case private-use URI scheme")
    for text in policy.allowed_origins:
        if text != "*" and not _is_origin(text):
            raise Invalid("allowed_origins", f"{text} is not an origin such as https://app.example.com")
    for text in policy.first_party_origins:
        if not first_party.is_origin(text):
            raise Invalid("first_party_origins", f"{text} is not an https origin such as https://app.example.com")
    for text in policy.client_document_hosts:
        if not client_document.is_host_pattern(text):
            raise Invalid("client_document_hosts", f"{text} is not a host such as app.example.com or *.example.com")


def _check_authorities(policy: Policy) -> None:
    if len(policy.client_certificate_authorities) > MAX_AUTHORITIES:
        raise Invalid("client_certificate_authorities", f"must have at most {MAX_AUTHORITIES} items")
    for pem in policy.client_certificate_authorities:
        try:
            client_certificate.authority(pem)
        except ValueError as error:
            raise Invalid("client_certificate_authorities", f"has an item that is {error}") from None


def _check_statement_issuers(policy: Policy) -> None:
    field, trusted = "software_statement_issuers", policy.software_statement_issuers
    if len(trusted) > MAX_AUTHORITIES:
        raise Invalid(field, f"must have at most {MAX_AUTHORITIES} items")
    if len({one.issuer for one in trusted}) < len(trusted):
        raise Invalid(field, "names an issuer twice")
    for one in trusted:
        if not one.issuer or len(one.issuer) > uri.MAX_LENGTH or not one.issuer.isprintable():
            raise Invalid(field, f"an issuer must be 1 to {uri.MAX_LENGTH} printable characters")
        try:
            found = client_jwks.keys({"jwks": one.jwks, "jwks_uri": one.jwks_uri}, local=True)
        except Refusal as refusal:
            raise Invalid(field, refusal.description) from None
        if not found:
            raise Invalid(field, f"{one.issuer} needs jwks or jwks_uri")
    if policy.software_statement_required and not trusted:
        raise Invalid("software_statement_required", "needs software_statement_issuers")


def _check_limit(name: str, limit: RateLimit) -> None:
    if not 0 <= limit.per_minute <= MAX_RATE or not 0 <= limit.burst <= MAX_RATE:
        raise Invalid(name, f"must be at most {MAX_RATE} a minute, and as many at once")
    if (limit.per_minute > 0) != (limit.burst > 0):
        raise Invalid(name, "must allow one at once and one a minute, or be 0 and 0: no limit")


def _is_origin(text: str) -> bool:
    parts = uri.parse(text)
    if parts is None or not parts.host or parts.path or parts.user is not None:
        return False
    return parts.query is None and parts.fragment is None


def change_policy(turn: Turn, policy: Policy) -> Policy:
    check_policy(policy)
    issuer = turn.issuer
    if issuer.policy == policy:
        return policy
    turn.tx.issuer.change(replace(issuer, policy=policy))
    if policy.access_token_ttl < issuer.policy.access_token_ttl:
        signing_keys.outlast(turn, issuer.policy.access_token_ttl)
    if issuer.policy.signing_algorithm != policy.signing_algorithm:
        signing_keys.change_algorithm(turn)
    turn.announce()
    changed = trail.difference(issuer.policy, policy, among=[field.name for field in fields(Policy)])
    turn.remember("policy.changed", turn.origin.actor, issuer.id, **changed)
    return policy


def policy_of(turn: Turn, _: None) -> Policy:
    return turn.issuer.policy


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A client that the operator makes. `metadata` has the member names of RFC 7591 §2."""

    client_id: str | None
    metadata: dict[str, Any]
    resources: tuple[str, ...]
    target_resources: tuple[str, ...] = ()


def add_client(turn: Turn, new: NewClient) -> tuple[Client, str | None]:
    """The client, and its secret, shown this once. Raises Invalid or AlreadyThere."""
    metadata = checked_client(turn, new)
    if new.client_id == first_party.CLIENT_ID:
        raise Invalid("client_id", "is what the operator's own apps are called")
    if new.client_id in ACTORS:
        raise Invalid("client_id", "is what the trail calls somebody else")
    client_id = new.client_id or f"c_{turn.entropy(16).hex()}"
    if turn.tx.clients.find(client_id) is not None:
        raise AlreadyThere(client_id)
    client, secret = new_client(turn, metadata, client_id, "admin", new.resources, new.target_resources)
    turn.remember("client.created", turn.origin.actor, client_id, **trail.difference(None, client))
    return client, secret


def checked_client(turn: Turn, new: NewClient) -> ClientMetadata:
    """What the operator says of a client. Raises Invalid unless all of it can be kept."""
    try:
        metadata = checked(turn, _said_of(new), by_operator=True)
    except Refusal as refusal:
        field = "redirect_uris" if refusal.code == "invalid_redirect_uri" else "client"
        raise Invalid(field, refusal.description) from None
    left_out = set(scope.parse(new.metadata.get("scope", ""))) - set(metadata.scopes or ())
    if left_out:
        raise Invalid("scope", f"{min(left_out)} is a scope of neither this issuer nor one of its resources")
    for field in ("resources", "target_resources"):
        if len(getattr(new, field)) > MAX_ITEMS:
            raise Invalid(f"client.{field}", f"must have at most {MAX_ITEMS} items")
        for text in getattr(new, field):
            if resource.canonical_form(text) is None:
                raise Invalid(field, f"{text} is not an https URI without a fragment")
    if new.resources and metadata.auth_method == "none":
        raise Invalid("resources", "a client that speaks for a resource must prove who it is")
    exchanges = TOKEN_EXCHANGE in metadata.grant_types
    if exchanges and not new.resources:
        raise Invalid("resources", "must name the resource whose users' tokens it exchanges")
    if exchanges != bool(new.target_resources):
        raise Invalid("target_resources", f"must say what tokens it may exchange for, if it may use {TOKEN_EXCHANGE}")
    return metadata


def _said_of(new: NewClient) -> dict[str, Any]:
    """A client that speaks for a resource, and whose users return nowhere, needs no grant type to introspect."""
    introspects = new.resources and not new.metadata.keys() & {"redirect_uris", "grant_types"}
    return new.metadata | ({"grant_types": []} if introspects else {})


def get_client(turn: Turn, client_id: str) -> Client:
    client = turn.tx.clients.find(client_id)
    if client is None:
        raise NoSuchThing(client_id)
    return client


def end_client(turn: Turn, client_id: str, actor: str) -> None:
    """The client goes, and with it every grant and consent that it has. Raises NoSuchThing."""
    former = get_client(turn, client_id)
    turn.tx.clients.remove(client_id)
    ended = turn.tx.grants.revoke_of_client(client_id, turn.now)
    turn.tx.consents.remove_of_client(client_id)
    turn.remember("client.removed", actor, client_id, grants_ended=ended, **trail.difference(former, None))


@dataclass(frozen=True, slots=True)
class SecretRotation:
    client_id: str
    overlap: int
    """How long the former secret still counts, in seconds."""


def rotate_secret(turn: Turn, rotation: SecretRotation) -> tuple[str, int]:
    """The new secret, shown this once, and when the former one ends. Raises NoSuchThing or Invalid."""
    client = get_client(turn, rotation.client_id)
    if client.auth_method not in SECRET_METHODS:
        raise Invalid("name", f"a client of the method {client.auth_method} has no secret")
    secret, end = new_secret(turn), turn.now + rotation.overlap
    former = [
        replace(kept, expires_at=end) for kept in client.secrets if kept.expires_at is None and rotation.overlap > 0
    ]
    changed = replace(client, secrets=(*former, ClientSecret(digest=digest(secret))))
    turn.tx.clients.change(changed)
    turn.remember("client.secret_rotated", turn.origin.actor, client.id, **trail.difference(client, changed))
    return secret, end
