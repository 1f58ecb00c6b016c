"""Signed tokens (RFC 7515, RFC 7519, RFC 9068): made with the tenant's current key, read with no benefit of the doubt.

A general library accepts more than we ever write: a missing `exp`, a second `alg`, a stray `=`. A token of ours has
exactly the header members `alg`, `typ` and `kid`, each of them pinned, so whatever differs was not made here.
"""

import re
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tenants.oauth import json_text
from tenants.records import AssertionAlgorithm, SigningAlgorithm, SigningKey

# RFC 9864 prefers the name Ed25519, which most verifiers in the field do not know yet
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)

PrivateKey = ECKey | OKPKey | RSAKey
ALGORITHMS: tuple[SigningAlgorithm, ...] = ("ES256", "EdDSA", "RS256")
MAX_LENGTH = 8_192
LEAST_RSA_BITS = 2_048
_KID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS))


def new_key(algorithm: AssertionAlgorithm) -> PrivateKey:
    """A fresh private key, named by its RFC 7638 thumbprint. The dice are the crypto library's own."""
    if algorithm == "ES256":
        key: PrivateKey = ECKey.generate_key("P-256")
    elif algorithm == "EdDSA":
        key = OKPKey.generate_key("Ed25519")
    else:
        key = RSAKey.generate_key(2_048)
    return key


def public_jwk(key: PrivateKey, algorithm: AssertionAlgorithm) -> dict[str, str]:
    """What the JWKS shows of it: public members, `kid`, `alg`, `use` (RFC 7517 §4)."""
    members = cast("dict[str, str]", key.as_dict(private=False))
    return {
        **{name: members[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in members},
        "kid": key.thumbprint(),
        "alg": algorithm,
        "use": "sig",
    }


class NotSuchAKey(Exception):
    """A JWK that cannot be imported as a signing key; the text says why, and holds nothing of it."""


def import_key(private_jwk: Mapping[str, Any], algorithm: SigningAlgorithm) -> PrivateKey:
    """Somebody's private key, to sign with from now on. Raises NotSuchAKey."""
    kty, crv = {"ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519"), "RS256": ("RSA", None)}[algorithm]
    if (private_jwk.get("kty"), private_jwk.get("crv")) != (kty, crv):
        raise NotSuchAKey(f"must be a key for {algorithm}, the issuer's signing_algorithm: {kty} {crv or ''}".rstrip())
    if private_jwk.get("alg", algorithm) != algorithm or private_jwk.get("use", "sig") != "sig":
        raise NotSuchAKey(f"must be meant for {algorithm} signatures, where it says what it is for")
    kid = private_jwk.get("kid", "x")
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise NotSuchAKey("must have a kid of 1 to 128 letters, digits, -, _ and ., if any")
    members = ("kty", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi")
    try:
        key = load_key({name: private_jwk[name] for name in members if name in private_jwk})
        if not key.is_private:
            raise NotSuchAKey("must be a private key")
        signed = jws.serialize_compact({"alg": algorithm}, b"x", key, registry=_REGISTRY)
        public = load_key(cast("dict[str, str]", key.as_dict(private=False)))
        jws.deserialize_compact(signed, public, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError, KeyError):
        raise NotSuchAKey("is not a whole key: its members do not belong together") from None
    if isinstance(key, RSAKey) and key.raw_value.key_size < LEAST_RSA_BITS:
        raise NotSuchAKey(f"must have at least {LEAST_RSA_BITS} bits")
    return key


def load_key(private_jwk: Mapping[str, str]) -> PrivateKey:
    kinds: dict[str, type[PrivateKey]] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}
    return kinds[private_jwk["kty"]].import_key(dict(private_jwk))


def sign(key: PrivateKey, *, kid: str, algorithm: SigningAlgorithm, typ: str, claims: Mapping[str, Any]) -> str:
    """The compact JWS of `claims`."""
    header = {"alg": algorithm, "typ": typ, "kid": kid}
    return jws.serialize_compact(header, json_text.write(claims), key, registry=_REGISTRY)


def verify(token: str, keys: Iterable[SigningKey], *, typ: str) -> Mapping[str, Any] | None:
    """The claims of a token that one of `keys` signed, or None. Time and audience are for the caller to judge."""
    if len(token) > MAX_LENGTH or not _COMPACT.fullmatch(token):
        return None
    try:
        unverified = jws.extract_compact(token.encode("ascii"))
        header = json_text.parse(_decoded(token.partition(".")[0]))
    except (JoseError, ValueError):
        return None
    key = next((key for key in keys if key.id == header.get("kid")), None) if isinstance(header, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if key is None or header != {"alg": key.algorithm, "typ": typ, "kid": key.id}:
        return None
    try:
        if not jws.validate_compact(
            unverified, _public_key(tuple(key.public_jwk.items())), algorithms=[key.algorithm], registry=_REGISTRY
        ):
            return None
        claims = json_text.parse(unverified.payload)
    except (JoseError, ValueError):
        return None
    return cast("Mapping[str, Any]", claims) if isinstance(claims, dict) else None


@lru_cache(maxsize=512)
def _public_key(members: tuple[tuple[str, str], ...]) -> PrivateKey:
    """A public key, loaded. Loading costs as much as verifying does, and the keys are few."""
    return load_key(dict(members))


def _decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
