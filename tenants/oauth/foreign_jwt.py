"""JWTs that others signed (RFC 7515, RFC 7519): read first, and believed once a key that we know has proven them.

What must stand in one, and of which kind it must be, is for the rule that it is meant for (id_token, client_assertion).
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tenants.oauth import json_text

ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA", "RS384", "RS512", "ES384", "ES512", "PS384", "PS512")
"""All are asymmetric: what the other side shares with us signs nothing, and `none` is no algorithm."""
_EDWARDS = ("EdDSA", "Ed25519")
"""The same, by its older and its newer name (RFC 9864 §2.2)."""
_KNOWN = (*ALGORITHMS, "Ed25519")
"""With that newer name, which only those meet who ask for it."""
MAX_LENGTH = 32_768
MAX_KEYS = 100
MAX_TRIED = 4
"""Keys that are tried for a token which names none."""
MAX_MEMBER = 1_366
"""Characters of base64url: 8,192 bits."""
LEEWAY = 60
"""Seconds that the signer's clock may differ from ours."""
MAX_TIME = 1 << 53
"""Seconds, up to which whole numbers and others can be counted with together."""
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_PUBLIC = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
_KINDS = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_REGISTRY = jws.JWSRegistry(algorithms=list(_KNOWN), strict_check_header=False)  # RFC 7515 §4: ignore the unknown
_REGISTRY.max_header_length = 8_192  # some carry their certificate
_REGISTRY.max_signature_length = MAX_MEMBER


class Unproven(Exception):
    """What somebody said cannot be believed. The message says why, for the log, and quotes nothing of it."""


class UnknownKey(Unproven):
    """No key that we know has signed it: the signer may have a new one."""


class UnknownAlgorithm(Unproven):
    """An algorithm that is not expected of this signer, who may have changed to it."""


@dataclass(frozen=True, slots=True)
class ForeignJwt:
    """Read, and not believed."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    """What it says, which anybody could have written. `prove` tells whether a known key's owner has."""
    _signed: jws.CompactSignature = field(repr=False)

    @property
    def algorithm(self) -> str:
        return self.header["alg"]


def read(token: str, *, kinds: Collection[str], max_length: int = MAX_LENGTH) -> ForeignJwt:
    """The token, if it says in `typ` that it is of one of these `kinds`, in small letters. Raises Unproven.

    One that says nothing is a `jwt` (RFC 8725 §3.11).
    """
    if len(token) > max_length or not _COMPACT.fullmatch(token):
        raise Unproven("what was sent is no signed token, or too long")
    try:
        signed = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
        segment = token.partition(".")[0]
        header = json_text.parse(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
        claims = json_text.parse(signed.payload)
    except (JoseError, ValueError, RecursionError):  # the library reads the header too, and as deep as it goes
        raise Unproven("the token cannot be read") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unproven("the token cannot be read")
    members = cast("dict[str, Any]", header)
    if str(members.get("typ", "jwt")).lower().removeprefix("application/") not in kinds:
        raise Unproven("the token is of another kind")
    if members.get("alg") not in _KNOWN or "crit" in members or not isinstance(members.get("kid", ""), str):
        raise Unproven("the token is signed in a way that proves nothing here")
    return ForeignJwt(members, cast("dict[str, Any]", claims), signed)


def prove(token: ForeignJwt, keys: Sequence[Mapping[str, Any]], algorithms: Collection[str]) -> None:
    """Return if one of `keys` has signed it, by one of `algorithms`.

    Raises UnknownKey or UnknownAlgorithm where fresher keys or metadata may help, else Unproven.
    """
    algorithm, name = token.algorithm, token.header.get("kid")
    if algorithm not in algorithms:
        raise UnknownAlgorithm("the token is signed in a way that is not expected here")
    for jwk in _candidates(keys, algorithm, name):
        try:
            key = _KINDS[jwk["kty"]].import_key({name: jwk[name] for name in jwk if name != "alg"})
            if jws.validate_compact(token._signed, key, algorithms=[algorithm], registry=_REGISTRY):  # pyright: ignore[reportPrivateUsage]
                return
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    if name is None or not _candidates(keys, algorithm, name):
        raise UnknownKey("the token is signed with a key that we do not know")
    raise Unproven("the signature of the token is wrong")


def _candidates(keys: Sequence[Mapping[str, Any]], algorithm: str, name: object) -> list[Mapping[str, Any]]:
    """The keys that may have signed it: of the right kind, meant for signing, and of this name if it has one."""
    return [key for key in keys if _fits(key, algorithm) and (name is None or key.get("kid") == name)][:MAX_TRIED]


def _fits(jwk: Mapping[str, Any], algorithm: str) -> bool:
    kind = {"R": "RSA", "P": "RSA", "E": "EC"}[algorithm[0]] if algorithm not in _EDWARDS else "OKP"
    meant_for = jwk.get("alg", algorithm)
    return jwk.get("kty") == kind and jwk.get("use", "sig") == "sig" and meant_for in names_of(algorithm)


def names_of(algorithm: str) -> tuple[str, ...]:
    """All that it is called."""
    return _EDWARDS if algorithm in _EDWARDS else (algorithm,)


def can_prove(jwk: Mapping[str, Any], algorithm: str) -> bool:
    """Whether signatures of this algorithm can be checked with the key at all."""
    if not _fits(jwk, algorithm):
        return False
    try:
        _REGISTRY.get_alg(algorithm).check_key(_KINDS[jwk["kty"]].import_key(dict(jwk)))
    except (JoseError, ValueError, TypeError, KeyError):
        return False
    return True


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


def judge_times(claims: Mapping[str, Any], now: int) -> None:
    """Raises Unproven unless it counts at `now`: it has an end, and not come to it; what it says of its beginning has
    come. With LEEWAY for clocks that differ (RFC 7519 §4.1.4 to §4.1.6).
    """
    times = {name: claims.get(name) for name in ("exp", "iat", "nbf")}
    if not all(at is None or _is_time(at) for at in times.values()):
        raise Unproven("the times of the token are no numbers, or of no clock")
    end, begins = times["exp"], max(times["iat"] or 0, times["nbf"] or 0)
    if end is None or end <= now - LEEWAY:
        raise Unproven("the token has expired, or says no time at which it will")
    if begins > now + LEEWAY:
        raise Unproven("the token is of the future")


def _is_time(said: object) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool) and abs(said) <= MAX_TIME
