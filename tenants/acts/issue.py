"""The only place that mints tokens: the next generation of a grant, and what its holder is told."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from tenants.oauth import jwt, resource, scope
from tenants.oauth.handle import SECRET_BYTES, Handle, Kind, mint
from tenants.oauth.refusal import Refusal
from tenants.records import Client, Grant, LiveToken, User
from tenants.turn import Turn

MAX_LIVE = 4
"""How many access tokens of one grant count at once; one more ends the oldest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A successful token response (RFC 6749 §5.1)."""

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str | None = None
    id_token: str | None = None

    def members(self) -> dict[str, Any]:
        """As it is sent: what is absent is left out, never null."""
        members: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "scope": self.scope,
        }
        if self.refresh_token is not None:
            members["refresh_token"] = self.refresh_token
        if self.id_token is not None:
            members["id_token"] = self.id_token
        return members


def issue(
    turn: Turn, grant: Grant, client: Client, user: User, scopes: tuple[str, ...], *, with_id_token: bool
) -> tuple[dict[str, Any], Tokens]:
    """What changes in the grant with its next generation, still to be written, and the tokens of that generation.

    `scopes` are those of the access token alone.
    """
    policy = turn.issuer.policy
    if not resource.still_served(grant.resource, offered=policy.resources, issuer_uri=turn.issuer.uri):
        raise Refusal("invalid_target", "this issuer does not serve the resource any more")
    scopes = scope.still_allowed(scopes, offered=policy.scopes, allowed=client.scopes)
    generation = grant.generation + 1
    expires_at = min(turn.now + policy.access_token_ttl, grant.expires_at)
    access_token, access_digest = _access_token(turn, grant, generation, user, scopes, expires_at)
    refresh = _refresh_token(turn, grant, generation, client)
    narrowed = None if scopes == grant.scopes else scopes
    live = LiveToken(digest=access_digest, issued_at=turn.now, expires_at=expires_at, scopes=narrowed)
    id_token: str | None = None
    if with_id_token and "openid" in scopes:
        id_token = _id_token(turn, grant, user, scopes, access_token, expires_at)
    changes = {
        "generation": generation,
        "rotated_at": turn.now,
        "refresh_digest": refresh.digest if refresh else None,
        "refresh_expires_at": min(turn.now + policy.refresh_token_ttl, grant.expires_at) if refresh else None,
        "successor": None,
        "access": (*(token for token in grant.access if token.expires_at > turn.now), live)[-MAX_LIVE:],
    }
    return changes, Tokens(
        access_token=access_token,
        expires_in=expires_at - turn.now,
        scope=" ".join(scopes),
        refresh_token=refresh.text if refresh else None,
        id_token=id_token,
    )


def _handle(turn: Turn, kind: Kind, grant: Grant, generation: int) -> Handle:
    return mint(kind, grant.id, generation, turn.entropy(SECRET_BYTES), turn.keyring.mac)


def _access_token(
    turn: Turn, grant: Grant, generation: int, user: User, scopes: tuple[str, ...], expires_at: int
) -> tuple[str, bytes]:
    """The token, and the digest under which the grant knows it: of the opaque string itself, or of the JWT's `jti`."""
    if turn.issuer.policy.token_format == "opaque":
        opaque = _handle(turn, "access", grant, generation)
        return opaque.text, opaque.digest
    jti = _handle(turn, "jti", grant, generation)
    claims: dict[str, Any] = {  # RFC 9068 §2.2
        "iss": turn.issuer.uri,
        "sub": user.id,
        "aud": grant.resource,
        "client_id": grant.client_id,
        "iat": turn.now,
        "exp": expires_at,
        "auth_time": grant.authenticated_at,
        "jti": jti.text,
        "scope": " ".join(scopes),
        **_membership(user),
    }
    return _sign(turn, "at+jwt", claims), jti.digest


def _refresh_token(turn: Turn, grant: Grant, generation: int, client: Client) -> Handle | None:
    if turn.issuer.policy.refresh_token_ttl <= 0 or "refresh_token" not in client.grant_types:
        return None
    return _handle(turn, "refresh", grant, generation)


def _id_token(turn: Turn, grant: Grant, user: User, scopes: tuple[str, ...], access_token: str, expires_at: int) -> str:
    """OpenID Connect Core §2, §3.1.3.6."""
    half = sha256(access_token.encode("ascii")).digest()[:16]
    claims: dict[str, Any] = {
        "iss": turn.issuer.uri,
        "sub": user.id,
        "aud": grant.client_id,
        "iat": turn.now,
        "exp": expires_at,
        "auth_time": grant.authenticated_at,
        "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode("ascii"),
        **profile_claims(user, scopes),
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    return _sign(turn, "JWT", claims)


def profile_claims(user: User, scopes: tuple[str, ...]) -> dict[str, Any]:
    """What the scopes `profile` and `email` tell of a user (OpenID Connect Core §5.4)."""
    claims: dict[str, Any] = {}
    if "profile" in scopes and user.name:
        claims["name"] = user.name
    if "email" in scopes and user.email:
        claims |= {"email": user.email, "email_verified": user.email_verified}
    return claims


def _membership(user: User) -> dict[str, Any]:
    claims = {"org_id": user.organization_id, "roles": list(user.roles), "permissions": list(user.permissions)}
    return {name: value for name, value in claims.items() if value}


def _sign(turn: Turn, typ: str, claims: dict[str, Any]) -> str:
    key = turn.tx.signing_keys.current()
    return jwt.sign(turn.keyring.private_key(key), kid=key.id, algorithm=key.algorithm, typ=typ, claims=claims)
