"""ID tokens of identity providers (OpenID Connect Core §3.1.3.7): believed when everything about them is right."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tenants.oauth import foreign_jwt
from tenants.oauth.foreign_jwt import Unproven

MAX_SUBJECT = 255
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "DSA": hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    issuer: str
    """Of the provider. `{tenantid}` stands for the token's own `tid`: Microsoft Entra's issuer for many directories."""
    client_id: str
    algorithms: Sequence[str]
    nonce: str
    access_token: str | None
    now: int


def verify(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> Mapping[str, Any]:
    """The claims. Raises UnknownKey or UnknownAlgorithm where fresher keys or metadata may help, else Unproven."""
    read = foreign_jwt.read(token, kinds=("jwt",))
    foreign_jwt.prove(read, keys, expected.algorithms)
    claims = read.claims
    issuer = expected.issuer.replace("{tenantid}", str(claims.get("tid", "")))
    if claims.get("iss") != issuer:
        raise Unproven("the ID token names another issuer")
    audience = claims.get("aud")
    audiences = cast("list[object]", audience) if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        raise Unproven("the ID token is for another client")
    party = claims.get("azp")
    if party != expected.client_id if party is not None else len(audiences) > 1:
        raise Unproven("the ID token was given to another party")
    foreign_jwt.judge_times(claims, expected.now)
    if claims.get("iat") is None:
        raise Unproven("the ID token does not say when it was made")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise Unproven("the ID token belongs to another request")
    said = claims.get("at_hash")
    if said is not None and (expected.access_token is None or said != half_hash(expected.access_token, read.algorithm)):
        raise Unproven("the ID token belongs to another access token")
    check_subject(claims.get("sub"))
    return claims


def check_subject(subject: object) -> str:
    """Who it is about, in the provider's words. Raises Unproven."""
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise Unproven("the provider does not say who it is")
    return subject


def half_hash(access_token: str, algorithm: str) -> str:
    """`at_hash` in an ID token signed by `algorithm` (OpenID Connect Core §3.1.3.6); Ed25519 itself has SHA-512."""
    whole = _HASHES[algorithm[-3:]](access_token.encode("utf-8")).digest()
    return urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode("ascii")
