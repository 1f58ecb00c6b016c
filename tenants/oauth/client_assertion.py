"""The assertion by which a client proves who it is (RFC 7523 §2.2, §3; draft-ietf-oauth-rfc7523bis §4; OpenID Connect
Core §9): good for this issuer alone, for some minutes, and once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from tenants.oauth import foreign_jwt
from tenants.oauth.foreign_jwt import LEEWAY, ForeignJwt, Unproven
from tenants.oauth.own_assertion import ALGORITHMS, TYPE
from tenants.records import Client

MAX_LENGTH = 8_192
LIFETIME = 600
"""Seconds that it may live: clients of today let theirs live for 60 to 300, and their clocks differ from ours."""
MAX_ID = 255
SIGNED_BY = (*ALGORITHMS, "Ed25519")
"""With EdDSA by its newer name too (RFC 9864 §2.2), which some libraries write."""
_KINDS = ("jwt", "client-authentication+jwt")
_ANOTHER_KEY = frozenset({"jku", "jwk", "x5u"})


@dataclass(frozen=True, slots=True)
class Assertion:
    """Read, and not believed."""

    client_id: str
    """Whom it speaks of, if it is true."""
    jwt: ForeignJwt


@dataclass(frozen=True, slots=True)
class Use:
    """Of an assertion: which one, and until when it is to be remembered."""

    id: bytes
    expires_at: int


def read(text: str | None, kind: str | None) -> Assertion:
    """What a request shows as `client_assertion` and `client_assertion_type`. Raises Unproven."""
    if text is None or kind != TYPE:
        raise Unproven("an assertion without the type, or a type without the assertion")
    jwt = foreign_jwt.read(text, kinds=_KINDS, max_length=MAX_LENGTH)
    if _ANOTHER_KEY & jwt.header.keys():
        raise Unproven("the assertion brings a key of its own")
    client_id = jwt.claims.get("sub")
    if not isinstance(client_id, str) or not client_id.isprintable() or client_id != jwt.claims.get("iss"):
        raise Unproven("the assertion does not speak of its issuer")
    return Assertion(client_id, jwt)


def judge(assertion: Assertion, client: Client, issuer_uri: str, now: int) -> Use:
    """What to remember of an assertion that says what it must, once it is proven. Raises Unproven."""
    claims = assertion.jwt.claims
    if assertion.client_id != client.id:
        raise Unproven("the assertion speaks of another client")
    if assertion.jwt.algorithm not in _algorithms(client):
        raise Unproven("the assertion is signed in a way that is not expected of this client")
    foreign_jwt.judge_times(claims, now)
    if claims["exp"] > now + LIFETIME + LEEWAY:
        raise Unproven(f"the assertion would be good for more than {LIFETIME} seconds")
    audience = claims.get("aud")
    if (audience if isinstance(audience, list) else [audience]) not in [
        [one] for one in _audiences(client, issuer_uri)
    ]:
        raise Unproven("the assertion is not for this issuer alone")
    id = claims.get("jti")
    if not isinstance(id, str) or not 0 < len(id) <= MAX_ID:
        raise Unproven("the assertion has no id")
    name = f"client assertion\0{client.id}\0{id}".encode()
    return Use(hashlib.sha256(name).digest(), ceil(claims["exp"]) + LEEWAY)


def prove(assertion: Assertion, client: Client, keys: Sequence[Mapping[str, Any]]) -> None:
    """Return if it is signed with one of the client's `keys`. Raises UnknownKey where fresher ones may help."""
    foreign_jwt.prove(assertion.jwt, keys, _algorithms(client))


def _algorithms(client: Client) -> tuple[str, ...]:
    return SIGNED_BY if client.assertion_algorithm is None else foreign_jwt.names_of(client.assertion_algorithm)


def _audiences(client: Client, issuer_uri: str) -> tuple[str, ...]:
    """Either of which must be the only one: a second audience could use the assertion here, and we there.

    It is the issuer, never an address of one of its endpoints, which a hostile server can name as its own and so be
    sent what is for us (rfc7523bis §1). Clients that introduced themselves may name the token endpoint all the same,
    since widespread ones do (ChatGPT, 2026): with no more than such an assertion they get nothing here, as every token
    of theirs takes a code with its verifier, a refresh token, or the word of an identity provider. What the operator's
    clients can do is not so bound.
    """
    return (issuer_uri,) if client.origin == "admin" else (issuer_uri, f"{issuer_uri}/token")
