"""Providers that speak OAuth 2.0 and no OpenID Connect: a token, and an endpoint that says whose it is."""

from collections.abc import Mapping
from typing import Any

from server.outbound.calls import Calls, text_of
from tenants.acts.upstream import Redemption


async def claims(calls: Calls, redemption: Redemption) -> Mapping[str, Any]:
    """Raises Unreachable or Unproven."""
    provider = redemption.provider
    tokens = await calls.redeem(provider.token_uri, redemption)
    return await calls.about(provider.user_uri, text_of(tokens, "access_token"))
