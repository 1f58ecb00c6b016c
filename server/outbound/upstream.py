"""Identity providers from our side: where a browser is sent, and what the provider says of who came back."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote, urlencode

from server.outbound.calls import Calls, Said
from server.outbound.discovery import Discovery
from server.outbound.fetcher import Fetcher, Unreachable
from server.outbound.providers import github, oauth2, openid, workos
from tenants.acts.upstream import Introduction, NoAnswer, Redemption, Trip
from tenants.oauth import claims
from tenants.oauth.foreign_jwt import Unproven
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
        self.discovery = Discovery(clock, loopback=fetcher.loopback)

    async def departure(self, tenant: str, trip: Trip) -> str:
        """Where to send the browser (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1). Raises NoAnswer."""
        provider = trip.provider
        async with _in_time():
            start = provider.authorization_uri
            if not start:
                start = (await self.discovery.metadata(Calls(self._fetcher, tenant), provider)).authorization_uri
        return authorization_request(start, trip)

    async def introduction(self, tenant: str, redemption: Redemption) -> Introduction:
        """Who came back. Raises NoAnswer."""
        async with _in_time():
            said = await self._said(Calls(self._fetcher, tenant), redemption)
            return Introduction(claims.read(redemption.provider, said.claims), said.refresh_token)

    async def _said(self, calls: Calls, redemption: Redemption) -> Said:
        kind = redemption.provider.kind
        if kind == "github":
            return await github.said(calls, redemption)
        if kind == "workos":
            return await workos.said(calls, redemption)
        if kind == "oauth2":
            return await oauth2.said(calls, redemption)
        return await openid.said(calls, self.discovery, redemption, self._clock())


def authorization_request(start: str, trip: Trip) -> str:
    """The URI that asks for it at the authorization endpoint `start`."""
    provider = trip.provider
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": trip.redirect_uri,
        "scope": " ".join(provider.scopes),
        "state": trip.state,
        "code_challenge": challenge_of(trip.verifier),
        "code_challenge_method": "S256",
        "login_hint": trip.login_hint,
        **(_openid(trip) if provider.issuer_uri else {}),
        **_BESIDE.get(provider.kind, {}),
        "access_type": "offline" if provider.kind == "google" and provider.recheck_interval else None,
    }
    joint = "&" if "?" in start else "?"
    given = {name: value for name, value in parameters.items() if value}
    return f"{start}{joint}{urlencode(given, quote_via=quote)}"


def _openid(trip: Trip) -> dict[str, str | None]:
    """What OpenID providers understand beside the rest (OpenID Connect Core §3.1.2.1)."""
    age = None if trip.max_age is None else str(trip.max_age)
    return {"nonce": trip.nonce, "prompt": trip.prompt, "max_age": age, "acr_values": trip.acr_values}


@asynccontextmanager
async def _in_time() -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            yield
    except (Unreachable, Unproven) as error:
        raise NoAnswer(str(error)) from None
    except TimeoutError:
        raise NoAnswer("the identity provider takes too long") from None
