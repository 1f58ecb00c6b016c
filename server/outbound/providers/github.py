"""GitHub, and GitHub Enterprise Server: OAuth 2.0, the user API, and the address that it has verified.

docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps; …/rest/users/emails
"""

from collections.abc import Mapping
from typing import Any, cast

from server.outbound.calls import Calls, Said, refresh_token_in, text_of
from tenants.acts.upstream import Redemption


async def said(calls: Calls, redemption: Redemption) -> Said:
    """Raises Unreachable or Unproven."""
    provider = redemption.provider
    tokens = await calls.redeem(provider.token_uri, redemption)
    access_token = text_of(tokens, "access_token")
    user = await calls.about(provider.user_uri, access_token)
    claims = {**user, **_verified(await calls.listed(f"{provider.user_uri}/emails", access_token))}
    return Said(claims, refresh_token_in(tokens))  # of a GitHub App whose user tokens expire


def _verified(addresses: list[Any]) -> Mapping[str, Any]:
    """The primary address, if it is verified: the one in the profile is whatever the user typed there."""
    for each in addresses:
        if isinstance(each, dict):
            address = cast("dict[str, Any]", each)
            if address.get("primary") is True and address.get("verified") is True:
                return {"email": address.get("email"), "email_verified": True}
    return {"email": None, "email_verified": False}
