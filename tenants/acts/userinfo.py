"""What the holder of an access token may know of the user (OpenID Connect Core §5.3)."""

from typing import Any

from tenants.acts.access_token import find_access
from tenants.acts.client import known
from tenants.acts.issue import profile_claims, sign
from tenants.acts.possession import proven
from tenants.oauth import dpop
from tenants.oauth.client_metadata import SIGNED_USERINFO
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import ShownToken
from tenants.turn import Turn

TOKEN_TYPE = "userinfo+jwt"
"""So that nobody takes it for an ID token (RFC 8725 §3.11)."""


def userinfo(turn: Turn, token: ShownToken) -> dict[str, Any] | str:
    """The claims that the token's scopes allow; as a JWT for a client that registered for one (§5.3.2).

    Refusal `invalid_token` unless it counts and is meant for the issuer itself, `insufficient_scope` without `openid`
    (RFC 6750 §3.1). `invalid_token` too if it is not bound to the very key that was proven, or one was proven and it is
    bound to none (RFC 9449 §7.1, §7.2), or if it is bound to a certificate that was not shown (RFC 8705 §3).
    """
    if token.proof is not None and not dpop.goes_with(token.proof, token.text):
        raise dpop.invalid("ath is not the hash of the access token")
    access = find_access(turn, token.text)
    if access is None or access.grant.resource != turn.issuer.uri:
        raise Refusal("invalid_token", "the access token is invalid, expired or meant for another resource")
    if (None if token.proof is None else proven(turn, token.proof)) != access.token.dpop_jkt:
        raise Refusal("invalid_token", "the access token is bound to a key that was not proven, or to none")
    if access.token.x5t not in (None, None if token.certificate is None else token.certificate.thumbprint):
        raise Refusal("invalid_token", "the access token is bound to a certificate that was not shown")
    if access.user is None:
        raise Refusal("invalid_token", "the access token speaks of no user")
    if "openid" not in access.scopes:
        raise Refusal("insufficient_scope", "the access token has no scope openid")
    told = {"sub": access.user.id, **profile_claims(access.user, access.scopes)}
    client = known(turn, access.grant.client_id)
    if client is None or SIGNED_USERINFO not in client.metadata:
        return told
    return sign(turn, TOKEN_TYPE, {**told, "iss": turn.issuer.uri, "aud": client.id, "iat": turn.now})
