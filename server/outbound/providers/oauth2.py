"""Providers that speak OAuth 2.0 and no OpenID Connect: a token, and an endpoint that says whose it is."""

from server.outbound.calls import Calls, Said, refresh_token_in, text_of
from tenants.acts.upstream import Redemption


async def said(calls: Calls, redemption: Redemption) -> Said:
    """Raises Unreachable or Unproven."""
    provider = redemption.provider
    tokens = await calls.redeem(provider.token_uri, redemption)
    claims = await calls.about(provider.user_uri, text_of(tokens, "access_token"))
    return Said(claims, refresh_token_in(tokens))
