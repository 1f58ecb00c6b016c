"""ID tokens of identity providers (OpenID Connect Core §3.1.3.7): believed when everything about them is right."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tenants.oauth import json_text

ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA", "RS384", "RS512", "ES384", "ES512", "PS384", "PS512")
"""All are asymmetric: a provider's client secret signs nothing here, and `none` is no algorithm."""
MAX_LENGTH = 32_768
MAX_KEYS = 100
MAX_TRIED = 4
"""Keys that are tried for a token which names none."""
MAX_MEMBER = 1_366
"""Characters of base64url: 8,192 bits."""
LEEWAY = 60
"""Seconds that the provider's clock may differ from ours."""
MAX_SUBJECT = 255
_PUBLIC = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
_KINDS = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "DSA": hashlib.sha512}
_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS))
_REGISTRY.max_header_length = 8_192  # some carry their certificate


class Unproven(Exception):
    """What a provider said cannot be believed. The message says why, for the log, and quotes nothing of it."""


class UnknownKey(Unproven):
    """No key that we know has signed it: the provider may have a new one."""


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
    """The claims. Raises UnknownKey where fresher keys may help, and Unproven where nothing can."""
    claims, algorithm = _signed(token, keys, expected.algorithms)
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
    _judge_times(claims, expected.now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise Unproven("the ID token belongs to another request")
    said = claims.get("at_hash")
    if said is not None and (expected.access_token is None or said != _half_hash(expected.access_token, algorithm)):
        raise Unproven("the ID token belongs to another access token")
    check_subject(claims.get("sub"))
    return claims


def check_subject(subject: object) -> str:
    """Who it is about, in the provider's words. Raises Unproven."""
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise Unproven("the provider does not say who it is")
    return subject


def _judge_times(claims: Mapping[str, Any], now: int) -> None:
    times = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
    if any(isinstance(at, bool) or not isinstance(at, int | float | None) for at in times.values()):
        raise Unproven("the times of the ID token are no numbers")
    end, made, begins = times["exp"], times["iat"], times["nbf"]
    if end is None or made is None or end <= now - LEEWAY:
        raise Unproven("the ID token has expired")
    if made > now + LEEWAY or (begins is not None and begins > now + LEEWAY):
        raise Unproven("the ID token is of the future")


def _signed(token: str, keys: Sequence[Mapping[str, Any]], algorithms: Sequence[str]) -> tuple[Mapping[str, Any], str]:
    try:
        if len(token) > MAX_LENGTH:
            raise Unproven("the ID token is too long")
        unverified = jws.extract_compact(token.encode("ascii"))
        segment = token.partition(".")[0]
        header: Any = json_text.parse(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (JoseError, ValueError):
        raise Unproven("the ID token cannot be read") from None
    if not isinstance(header, dict):
        raise Unproven("the ID token cannot be read")
    members = cast("dict[str, Any]", header)
    if str(members.get("typ", "JWT")).lower() != "jwt":  # RFC 8725 §3.11: another kind of token is no ID token
        raise Unproven("it is a token of another kind")
    algorithm = members.get("alg")
    if algorithm not in algorithms or algorithm not in ALGORITHMS or "crit" in members:
        raise Unproven("the ID token is signed in a way that is not expected of this provider")
    candidates = _candidates(keys, algorithm, members.get("kid"))
    if not candidates:
        raise UnknownKey("the ID token is signed with a key that the provider does not show")
    for jwk in candidates:
        try:
            key = _KINDS[jwk["kty"]].import_key(dict(jwk))
            if jws.validate_compact(unverified, key, algorithms=[algorithm], registry=_REGISTRY):
                claims: Any = json_text.parse(unverified.payload)
                break
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    else:
        raise Unproven("the signature of the ID token is wrong")
    if not isinstance(claims, dict):
        raise Unproven("the ID token cannot be read")
    return cast("dict[str, Any]", claims), algorithm


def _candidates(keys: Sequence[Mapping[str, Any]], algorithm: str, kid: object) -> list[Mapping[str, Any]]:
    """The keys that may have signed it: of the right kind, meant for signing, and of this name if it has one."""
    kind = {"R": "RSA", "P": "RSA", "E": "EC"}[algorithm[0]] if algorithm != "EdDSA" else "OKP"
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind and key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    ]
    return [key for key in fitting if kid is None or key.get("kid") == kid][:MAX_TRIED]


def usable_keys(jwks: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    """The keys of a JWKS (RFC 7517 §5) that may prove anything: their public members, and nothing beside.

    RSA keys have 2,048 to 8,192 bits (RFC 7518 §3.3) and a small exponent, so that checking costs what it should.
    """
    listed: object = jwks.get("keys")
    keys = cast("list[object]", listed)[:MAX_KEYS] if isinstance(listed, list) else []
    kept = [_public(cast("dict[str, Any]", key)) for key in keys if isinstance(key, dict)]
    return tuple(key for key in kept if _is_usable(key))


def _public(jwk: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: jwk[name] for name in _PUBLIC if isinstance(jwk.get(name), str) and len(jwk[name]) <= MAX_MEMBER}


def _is_usable(jwk: Mapping[str, str]) -> bool:
    if jwk.get("kty") != "RSA":
        return jwk.get("kty") in _KINDS
    return 342 <= len(jwk.get("n", "")) <= MAX_MEMBER and 0 < len(jwk.get("e", "")) <= 6


def _half_hash(access_token: str, algorithm: str) -> str:
    """OpenID Connect Core §3.1.3.6."""
    whole = _HASHES[algorithm[-3:]](access_token.encode("utf-8")).digest()
    return urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode("ascii")
