"""Proof that whoever asks holds a key (RFC 9449, DPoP): a JWT, signed with that key for this one request.

It is read at the door, which knows the request, and judged in the turn, which knows the time and what was used before.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from tenants.oauth import foreign_jwt, json_text, uri
from tenants.oauth.foreign_jwt import ForeignJwt, Unproven
from tenants.oauth.handle import Mac, digest
from tenants.oauth.refusal import Refusal

ALGORITHMS = ("ES256", "Ed25519", "EdDSA", "RS256", "PS256")
LEEWAY = 60
"""Seconds that the clock of whoever made the proof may differ from ours, and so how long one can be used."""
NONCE_SECONDS = 120
"""How often the nonce changes. The one before is accepted too."""
MAX_LENGTH = 4_096
MAX_JTI = 256
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
"""What names a key (RFC 7638 §3.2, RFC 8037 §2), in the order in which it is hashed."""
_CURVES = {"ES256": "P-256", "Ed25519": "Ed25519", "EdDSA": "Ed25519"}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_JKT = re.compile(r"[A-Za-z0-9_-]{43}")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """For this request, by who holds the key. Whether it is fresh, and used for the first time, is still to be seen."""

    jkt: str
    """The RFC 7638 thumbprint of the key."""
    jti: str
    made_at: int | float
    """By the clock of who made it."""
    nonce: str | None
    token_hash: str | None
    """Of the access token that it goes with."""

    @property
    def id(self) -> bytes:
        """By which it is remembered that it was used."""
        return digest(f"dpop {self.jkt} {self.jti}")


def read(fields: Sequence[str], *, method: str, target: str) -> Proof | None:
    """The proof in the DPoP header fields of a request for the URI `target`, as we call it; None where there is none.

    Refusal `invalid_dpop_proof` (RFC 9449 §4.3).
    """
    if not fields:
        return None
    if len(fields) > 1:
        raise invalid("more than one DPoP header")
    try:
        token = foreign_jwt.read(fields[0], kinds=("dpop+jwt",), max_length=MAX_LENGTH)
        key = _key(token)
        foreign_jwt.prove(token, [key], ALGORITHMS)
    except Unproven as unproven:
        raise invalid("the DPoP header is no proof", str(unproven)) from None
    told = token.claims
    jti, made_at = told.get("jti"), told.get("iat")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI:
        raise invalid(f"jti must be a text of 1 to {MAX_JTI} characters")
    if isinstance(made_at, bool) or not isinstance(made_at, int | float):
        raise invalid("iat must be a number")
    if told.get("htm") != method:
        raise invalid("htm is not the method of this request")
    if _normal(told.get("htu")) != _normal(target):
        raise invalid("htu is not the URI of this request")
    named = {name: key[name] for name in _MEMBERS[key["kty"]]}
    return Proof(
        jkt=_base64url(sha256(json_text.write(named)).digest()),
        jti=jti,
        made_at=made_at,
        nonce=_text(told, "nonce"),
        token_hash=_text(told, "ath"),
    )


def good_until(proof: Proof, now: int) -> int:
    """The instant from which it proves nothing any more. Refusal `invalid_dpop_proof` if it proves nothing now."""
    if abs(now - proof.made_at) > LEEWAY:
        raise invalid(f"iat is more than {LEEWAY} seconds from the time here")
    return int(proof.made_at) + LEEWAY + 1


def nonce(now: int, mac: Mac) -> str:
    """What a proof must bear that is made now (RFC 9449 §8). It tells nothing of the next one."""
    return _nonce(now // NONCE_SECONDS, mac)


def nonce_good_until(proof: Proof, now: int, mac: Mac) -> int:
    """The same where a nonce says when the proof was made, and no clock but ours counts (RFC 9449 §11.1).

    Refusal `use_dpop_nonce` unless it bears the nonce of now, or the one before.
    """
    for window in (now // NONCE_SECONDS, now // NONCE_SECONDS - 1):
        if hmac.compare_digest(_nonce(window, mac).encode(), (proof.nonce or "").encode()):
            return (window + 2) * NONCE_SECONDS
    raise Refusal("use_dpop_nonce", "the proof must bear the nonce of the DPoP-Nonce header")


def goes_with(proof: Proof, access_token: str) -> bool:
    """Whether it was made for this access token (RFC 9449 §4.2, `ath`)."""
    return proof.token_hash == _base64url(sha256(access_token.encode("utf-8")).digest())


def check_jkt(jkt: str | None) -> str | None:
    """The thumbprint that an authorization request names (RFC 9449 §10). Refusal `invalid_request` if it is none."""
    if jkt is not None and not _JKT.fullmatch(jkt):
        raise Refusal("invalid_request", "dpop_jkt must be a SHA-256 thumbprint in base64url")
    return jkt


def invalid(description: str, detail: str = "") -> Refusal:
    return Refusal("invalid_dpop_proof", description, detail=detail)


def _key(token: ForeignJwt) -> Mapping[str, str]:
    """The public key in the proof's own header, and no more of it than names it. Raises Unproven."""
    jwk: object = token.header.get("jwk")
    if not isinstance(jwk, dict):
        raise Unproven("no jwk in the header")
    members = cast("dict[str, Any]", jwk)
    if _PRIVATE & members.keys():
        raise Unproven("the jwk is a private key")
    usable = foreign_jwt.usable_keys({"keys": [members]})
    wanted = _MEMBERS[usable[0]["kty"]] if usable else ()
    key = {name: usable[0][name] for name in wanted if name in usable[0]}
    if not key or key.get("crv") != _CURVES.get(token.algorithm):
        raise Unproven("the jwk is no key for this algorithm")
    kid = token.header.get("kid")
    return key if kid is None else {**key, "kid": kid}


def _normal(text: object) -> str | None:
    """A URI without query and fragment, as it is compared (RFC 3986 §6.2.2, §6.2.3). None if it is no http URI."""
    parts = uri.parse(text) if isinstance(text, str) else None
    if parts is None or not parts.host or parts.user is not None or parts.scheme.lower() not in _PORTS:
        return None
    scheme = parts.scheme.lower()
    port = "" if parts.port in (None, _PORTS[scheme]) else f":{parts.port}"
    path = _without_dots(_ESCAPED.sub(_unescaped, parts.path))
    return f"{scheme}://{parts.host.lower()}{port}{path}"


def _unescaped(escaped: re.Match[str]) -> str:
    character = chr(int(escaped[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escaped[0].upper()


def _without_dots(path: str) -> str:
    """RFC 3986 §5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _nonce(window: int, mac: Mac) -> str:
    return _base64url(mac(b"dpop nonce\0%d" % window)[:16])


def _text(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} must be a text")
    return value


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
