"""OpenID providers: discovery, a signed ID token, and userinfo where the token does not say enough."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from server.outbound.calls import Calls, Said, refresh_token_in, text_of
from server.outbound.discovery import Discovery, Metadata
from tenants.acts.upstream import Redemption
from tenants.oauth import id_token
from tenants.oauth.foreign_jwt import UnknownAlgorithm, UnknownKey, Unproven
from tenants.oauth.id_token import Expected
from tenants.records import IdentityProvider


async def said(calls: Calls, discovery: Discovery, redemption: Redemption, now: int) -> Said:
    """In the ID token, and behind it at userinfo. Raises Unreachable or Unproven."""
    provider = redemption.provider
    metadata = await discovery.metadata(calls, provider)
    if redemption.issuer is None and metadata.sends_issuer:
        raise Unproven("iss is missing at the callback, which the provider promises (RFC 9207)")
    if redemption.issuer is not None and not metadata.is_issuer(redemption.issuer):
        raise Unproven("iss at the callback names another issuer")
    tokens = await calls.redeem(metadata.token_uri, redemption)
    token, access_token = text_of(tokens, "id_token"), tokens.get("access_token")
    expected = Expected(
        issuer=metadata.issuer,
        client_id=provider.client_id,
        algorithms=metadata.algorithms,
        nonce=redemption.nonce,
        access_token=access_token if isinstance(access_token, str) else None,
        now=now,
    )
    try:
        proven = await _proven(calls, discovery, metadata, token, expected)
    except UnknownAlgorithm:  # it may have changed to this one
        metadata = await discovery.metadata(calls, provider, fresh=True)
        expected = replace(expected, algorithms=metadata.algorithms)
        proven = await _proven(calls, discovery, metadata, token, expected)
    refresh_token = refresh_token_in(tokens)
    if metadata.user_uri is None or expected.access_token is None or proven.keys() >= _wanted(provider):
        return Said(proven, refresh_token)
    more = await calls.about(metadata.user_uri, expected.access_token)
    if more.get("sub") != proven["sub"]:
        raise Unproven("userinfo tells of somebody else than the ID token")
    if provider.claims.email in proven:  # whether an address is verified is for the one to say that names it
        more = {name: value for name, value in more.items() if name != provider.claims.email_verified}
    return Said({**more, **proven}, refresh_token)


async def _proven(
    calls: Calls, discovery: Discovery, metadata: Metadata, token: str, expected: Expected
) -> Mapping[str, Any]:
    try:
        return id_token.verify(token, await discovery.keys(calls, metadata.jwks_uri), expected)
    except UnknownKey:  # they may have been rolled
        return id_token.verify(token, await discovery.keys(calls, metadata.jwks_uri, fresh=True), expected)


def _wanted(provider: IdentityProvider) -> set[str]:
    """The claims that this issuer takes anything from."""
    return {claim for claim in asdict(provider.claims).values() if claim}
