"""Identity providers from our side: where a browser is sent, and what the provider says of who came back."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

from server.outbound.calls import Calls
from server.outbound.discovery import Discovery
from server.outbound.fetcher import Fetcher, Unreachable
from server.outbound.providers import github, oauth2, openid, workos
from tenants.acts.upstream import NoAnswer, Redemption, Trip
from tenants.oauth import claims
from tenants.oauth.claims import Profile
from tenants.oauth.id_token import Unproven
from tenants.oauth.pkce import challenge_of

TOTAL_SECONDS = 9.0
"""What all calls for one step of a sign-in may take together."""
_BESIDE: Mapping[str, Mapping[str, str]] = {"workos": {"provider": "authkit"}}
"""Parameters that only one kind of provider knows."""


class Upstream:
    def __init__(self, fetcher: Fetcher, clock: Callable[[], int]) -> None:
        """`clock` gives whole seconds since 1970-01-01 UTC."""
        self._fetcher = fetcher
        self._clock = clock
        self._discovery = Discovery(clock, loopback=fetcher.loopback)

    async def departure(self, tenant: str, trip: Trip) -> str:
        """Where to send the browser (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1). Raises NoAnswer."""
        provider = trip.provider
        async with _in_time():
            start = provider.authorization_uri
            if not start:
                start = (await self._discovery.metadata(Calls(self._fetcher, tenant), provider)).authorization_uri
        age = None if trip.max_age is None else str(trip.max_age)
        parameters = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": trip.redirect_uri,
            "scope": " ".join(provider.scopes),
            "state": trip.state,
            "code_challenge": challenge_of(trip.verifier),
            "code_challenge_method": "S256",
            "login_hint": trip.login_hint,
            **({"nonce": trip.nonce, "prompt": trip.prompt, "max_age": age} if provider.issuer_uri else {}),
            **_BESIDE.get(provider.kind, {}),
        }
        joint = "&" if "?" in start else "?"
        given = {name: value for name, value in parameters.items() if value}
        return f"{start}{joint}{urlencode(given, quote_via=quote)}"

    async def profile(self, tenant: str, redemption: Redemption) -> Profile:
        """Who came back. Raises NoAnswer."""
        async with _in_time():
            return claims.read(redemption.provider, await self._claims(Calls(self._fetcher, tenant), redemption))

    async def _claims(self, calls: Calls, redemption: Redemption) -> Mapping[str, Any]:
        kind = redemption.provider.kind
        if kind == "github":
            return await github.claims(calls, redemption)
        if kind == "workos":
            return await workos.claims(calls, redemption)
        if kind == "oauth2":
            return await oauth2.claims(calls, redemption)
        return await openid.claims(calls, self._discovery, redemption, self._clock())


@asynccontextmanager
async def _in_time() -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            yield
    except (Unreachable, Unproven) as error:
        raise NoAnswer(str(error)) from None
    except TimeoutError:
        raise NoAnswer("the identity provider takes too long") from None
