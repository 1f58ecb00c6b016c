"""WorkOS AuthKit: the token endpoint says who it is; organization and roles stand beside.

workos.com/docs/reference/authkit/authentication
"""

from collections.abc import Mapping
from typing import Any, cast

from server.outbound.calls import Calls, Said, refresh_token_in, unverified
from tenants.acts.upstream import Redemption
from tenants.oauth.foreign_jwt import Unproven


async def said(calls: Calls, redemption: Redemption) -> Said:
    """Raises Unreachable or Unproven."""
    tokens = await calls.redeem(redemption.provider.token_uri, redemption, as_json=True)
    claims = claims_in(tokens)
    if claims is None:
        raise Unproven("there is no user in the answer of the token endpoint")
    return Said(claims, refresh_token_in(tokens))


def claims_in(tokens: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Those of the user in an answer, if there is one."""
    user = tokens.get("user")
    if not isinstance(user, dict):
        return None
    said = cast("dict[str, Any]", user)
    names = [said.get("first_name"), said.get("last_name")]
    return {
        **_beside(tokens.get("access_token")),
        **said,
        "sub": said.get("id"),
        "name": " ".join(name for name in names if isinstance(name, str) and name),
        "org_id": tokens.get("organization_id"),
    }


def _beside(access_token: object) -> Mapping[str, Any]:
    """`role`, `roles` and `permissions` of the access token."""
    members = unverified(access_token)
    roles = members.get("roles", members.get("role"))
    return {"roles": roles, "permissions": members.get("permissions")}
