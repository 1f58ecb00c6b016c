"""The keys that identity providers show, for their assertions to be checked with."""

from server.outbound.calls import Calls
from server.outbound.discovery import Discovery
from server.outbound.fetcher import Fetcher, Unreachable
from tenants.oauth.foreign_jwt import Unproven
from tenants.oauth.identity_assertion import ProviderKeys
from tenants.problems import Unfetched
from tenants.records import IdentityProvider

SECONDS = 4.0
"""For each of two calls, while the client waits for its token."""


class KeysOfProviders:
    def __init__(self, fetcher: Fetcher, discovery: Discovery) -> None:
        self._fetcher = fetcher
        self._discovery = discovery

    async def of(self, tenant: str, provider: IdentityProvider, *, fresh: bool) -> ProviderKeys:
        """Those that the provider's metadata leads to; `fresh` looks again, though only now and then. Raises
        Unfetched."""
        calls = Calls(self._fetcher, tenant, SECONDS)
        try:
            metadata = await self._discovery.metadata(calls, provider)
            found = await self._discovery.keys(calls, metadata.jwks_uri, fresh=fresh)
        except (Unreachable, Unproven) as error:
            raise Unfetched(f"the keys of the identity provider: {error}") from None
        return ProviderKeys(provider, found, fresh)
