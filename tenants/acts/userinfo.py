"""What the holder of an access token may know of the user (OpenID Connect Core §5.3)."""

from typing import Any

from tenants.acts.access_token import find_access
from tenants.acts.issue import profile_claims
from tenants.oauth.refusal import Refusal
from tenants.turn import Turn


def userinfo(turn: Turn, token: str) -> dict[str, Any]:
    """The claims that the token's scopes allow.

    Refusal `invalid_token` unless it counts and is meant for the issuer itself, `insufficient_scope` without `openid`
    (RFC 6750 §3.1).
    """
    access = find_access(turn, token)
    if access is None or access.grant.resource != turn.issuer.uri:
        raise Refusal("invalid_token", "the access token is invalid, expired or meant for another resource")
    if "openid" not in access.scopes:
        raise Refusal("insufficient_scope", "the access token has no scope openid")
    user = turn.tx.users.find(access.grant.user_id)
    assert user is not None  # find_access has seen this user
    return {"sub": user.id, **profile_claims(user, access.scopes)}
