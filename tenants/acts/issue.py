"""The only place that mints tokens: the next generation of a grant, and what its holder is told."""

from dataclasses import dataclass
from typing import Any, Literal

from tenants.acts.possession import Binding
from tenants.oauth import jwt, resource, scope
from tenants.oauth.handle import SECRET_BYTES, Handle, Kind, mint
from tenants.oauth.hierarchy import with_implied
from tenants.oauth.id_token import half_hash
from tenants.oauth.refusal import Refusal
from tenants.oauth.resource import Target
from tenants.records import Client, Grant, LiveToken, Resource, User
from tenants.turn import Turn

MAX_LIVE = 4
"""How many access tokens of one grant count at once; one more ends the oldest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A successful token response (RFC 6749 §5.1)."""

    access_token: str
    expires_in: int
    scope: str
    """Of what was asked for. Clients refuse more, so what that implies stands in the access token alone."""
    token_type: Literal["Bearer", "DPoP"] = "Bearer"
    refresh_token: str | None = None
    id_token: str | None = None
    issued_token_type: str | None = None
    """For a token that was exchanged (RFC 8693 §2.2.1)."""

    def members(self) -> dict[str, Any]:
        """As it is sent: what is absent is left out, never null."""
        members: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "scope": self.scope,
        }
        if self.refresh_token is not None:
            members["refresh_token"] = self.refresh_token
        if self.id_token is not None:
            members["id_token"] = self.id_token
        if self.issued_token_type is not None:
            members["issued_token_type"] = self.issued_token_type
        return members


def issue(
    turn: Turn,
    grant: Grant,
    client: Client,
    user: User | None,
    scopes: tuple[str, ...],
    *,
    binding: Binding,
    with_id_token: bool,
    with_refresh_token: bool = True,
    most_live: int = MAX_LIVE,
    until: int | None = None,
) -> tuple[dict[str, Any], Tokens]:
    """What changes in the grant with its next generation, still to be written, and the tokens of that generation.

    `scopes` are those of the access token alone; `until`, no later than the grant's own, is their end at the
    latest. Without a user the client is the subject itself (RFC 9068 §2.2).
    """
    policy, registered = turn.issuer.policy, registered_for(turn, grant)
    offered, allowed = scope.offered(policy, registered), scope.limit(client, registered)
    scopes = scope.still_allowed(scopes, offered=offered, allowed=allowed)
    generation = grant.generation + 1
    expires_at = min(turn.now + _lifetime(turn, registered), grant.expires_at if until is None else until)
    access_token, access_digest = _access_token(turn, grant, registered, generation, user, scopes, expires_at, binding)
    refresh = _refresh_token(turn, grant, generation, client) if with_refresh_token else None
    narrowed = None if scopes == grant.scopes else scopes
    live = LiveToken(
        digest=access_digest,
        issued_at=turn.now,
        expires_at=expires_at,
        scopes=narrowed,
        dpop_jkt=binding.jkt,
        x5t=binding.x5t,
    )
    id_token: str | None = None
    if with_id_token and user is not None and "openid" in scopes:
        id_token = _id_token(turn, grant, user, scopes, access_token, expires_at)
    changes = {
        "dpop_jkt": binding.jkt,
        "x5t": binding.x5t,
        "generation": generation,
        "rotated_at": turn.now,
        "refresh_digest": refresh.digest if refresh else None,
        "refresh_expires_at": min(turn.now + policy.refresh_token_ttl, grant.expires_at) if refresh else None,
        "successor": None,
        "access": (*(token for token in grant.access if token.expires_at > turn.now), live)[-most_live:],
    }
    return changes, Tokens(
        access_token=access_token,
        expires_in=expires_at - turn.now,
        scope=" ".join(scopes),
        token_type="Bearer" if binding.jkt is None else "DPoP",
        refresh_token=refresh.text if refresh else None,
        id_token=id_token,
    )


def serving(turn: Turn, grant: Grant) -> Target | None:
    """What the grant's tokens are for. None: it is not served now."""
    return resource.served(grant.resource, registered=turn.tx.resources.all(), issuer_uri=turn.issuer.uri)


def registered_for(turn: Turn, grant: Grant) -> Resource | None:
    """What is registered of the resource that its tokens are for. Refusal `invalid_target` if it is not served now."""
    target = serving(turn, grant)
    if target is None:
        raise Refusal("invalid_target", "this issuer does not serve the resource any more")
    return target.registered


def _lifetime(turn: Turn, registered: Resource | None) -> int:
    own = None if registered is None else registered.access_token_ttl
    return turn.issuer.policy.access_token_ttl if own is None else own


def _handle(turn: Turn, kind: Kind, grant: Grant, generation: int) -> Handle:
    return mint(kind, grant.id, generation, turn.entropy(SECRET_BYTES), turn.keyring.mac)


def _access_token(
    turn: Turn,
    grant: Grant,
    registered: Resource | None,
    generation: int,
    user: User | None,
    scopes: tuple[str, ...],
    expires_at: int,
    binding: Binding,
) -> tuple[str, bytes]:
    """The token, and the digest under which the grant knows it: of the opaque string itself, or of the JWT's `jti`."""
    own_format = None if registered is None else registered.token_format
    if (own_format or turn.issuer.policy.token_format) == "opaque":
        opaque = _handle(turn, "access", grant, generation)
        return opaque.text, opaque.digest
    jti = _handle(turn, "jti", grant, generation)
    claims: dict[str, Any] = {  # RFC 9068 §2.2
        "iss": turn.issuer.uri,
        "sub": subject_of(grant),
        "aud": grant.resource,
        "client_id": grant.client_id,
        "iat": turn.now,
        "exp": expires_at,
        **({} if user is None else {"auth_time": grant.authenticated_at}),
        "jti": jti.text,
        "scope": " ".join(with_implied(scopes, registered)),
        **({} if user is None else _membership(user)),
        **confirmation(binding),
        **acting(grant),
    }
    return sign(turn, "at+jwt", claims), jti.digest


def subject_of(grant: Grant) -> str:
    """Who its tokens speak of: the user, or where there is none the client."""
    return grant.client_id if grant.user_id is None else grant.user_id


def acting(grant: Grant) -> dict[str, Any]:
    """What tells a resource server who acts in the user's name, and for whom before (RFC 8693 §4.1)."""
    return {} if grant.actor is None else {"act": grant.actor}


def confirmation(binding: Binding) -> dict[str, Any]:
    """What tells a resource server whose key and certificate go with a token (RFC 9449 §6, RFC 8705 §3.1)."""
    members = {"jkt": binding.jkt, "x5t#S256": binding.x5t}
    told = {name: thumbprint for name, thumbprint in members.items() if thumbprint is not None}
    return {"cnf": told} if told else {}


def _refresh_token(turn: Turn, grant: Grant, generation: int, client: Client) -> Handle | None:
    if turn.issuer.policy.refresh_token_ttl <= 0 or "refresh_token" not in client.grant_types:
        return None
    return _handle(turn, "refresh", grant, generation)


def _id_token(turn: Turn, grant: Grant, user: User, scopes: tuple[str, ...], access_token: str, expires_at: int) -> str:
    """OpenID Connect Core §2, §3.1.3.6."""
    claims: dict[str, Any] = {
        "iss": turn.issuer.uri,
        "sub": user.id,
        "aud": grant.client_id,
        "iat": turn.now,
        "exp": expires_at,
        "auth_time": grant.authenticated_at,
        "at_hash": half_hash(access_token, turn.tx.signing_keys.current().algorithm),
        **profile_claims(user, scopes),
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    if grant.sid is not None:
        claims["sid"] = grant.sid
    if grant.amr:
        claims["amr"] = list(grant.amr)
    if grant.acr is not None:
        claims["acr"] = grant.acr
    return sign(turn, "JWT", claims)


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


def sign(turn: Turn, typ: str, claims: dict[str, Any]) -> str:
    """A JWT of this kind, by the key that signs now."""
    key = turn.tx.signing_keys.current()
    return jwt.sign(turn.keyring.private_key(key), kid=key.id, algorithm=key.algorithm, typ=typ, claims=claims)
