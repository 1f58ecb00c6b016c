"""WorkOS AuthKit: the token endpoint says who it is; organization and roles stand beside.

workos.com/docs/reference/authkit/authentication
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, cast

from server.outbound.calls import Calls
from tenants.acts.upstream import Redemption
from tenants.oauth import json_text
from tenants.oauth.id_token import Unproven


async def claims(calls: Calls, redemption: Redemption) -> Mapping[str, Any]:
    """Raises Unreachable or Unproven."""
    tokens = await calls.redeem(redemption.provider.token_uri, redemption, as_json=True)
    user = tokens.get("user")
    if not isinstance(user, dict):
        raise Unproven("there is no user in the answer of the token endpoint")
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
    """`role`, `roles` and `permissions` of the access token, which came straight from WorkOS over TLS."""
    try:
        segment = str(access_token).split(".")[1]
        value = json_text.parse(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, IndexError):
        return {}
    members = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    roles = members.get("roles", members.get("role"))
    return {"roles": roles, "permissions": members.get("permissions")}
