"""The assertion by which we, as a client, prove who we are (RFC 7523 §2.2, §3; OpenID Connect Core §9)."""

from joserfc import jws

from tenants.oauth import json_text
from tenants.oauth.jwt import PrivateKey
from tenants.records import AssertionAlgorithm

ALGORITHMS: tuple[AssertionAlgorithm, ...] = ("ES256", "RS256", "PS256", "EdDSA")
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 60
"""Seconds: as long as the calls of one sign-in take, and the clocks of two servers differ."""
ID_BYTES = 16
_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS))


def write(
    key: PrivateKey, *, kid: str | None, algorithm: AssertionAlgorithm, client_id: str, audience: str, id: str, now: int
) -> str:
    """The compact JWS, good for LIFETIME at `audience` alone. `kid` None: the other side names the key as it likes."""
    header = {"alg": algorithm, "typ": "client-authentication+jwt"}  # draft-ietf-oauth-rfc7523bis §4
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "jti": id, "iat": now, "exp": now + LIFETIME}
    named = header if kid is None else {**header, "kid": kid}
    return jws.serialize_compact(named, json_text.write(claims), key, registry=_REGISTRY)
