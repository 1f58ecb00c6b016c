"""Looks at an identity provider from outside: it is asked what a sign-in asks, though nobody signs in.

The authorization endpoint is asked with `prompt=none`, the token endpoint for a code that was never given out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import MappingProxyType

from server.outbound.calls import Calls, code_grant, said_in
from server.outbound.discovery import Discovery, issuer_in, metadata_uri
from server.outbound.fetcher import Answer, Fetcher, Unreachable
from server.outbound.findings import AllHeard, Heard, Metadata, undiscovered, with_metadata, without_metadata
from server.outbound.upstream import authorization_request
from tenants.acts.try_out import Finding, Trial
from tenants.oauth.foreign_jwt import Unproven, usable_keys
from tenants.records import IdentityProvider

FIRST_SECONDS = 5.0
THEN_SECONDS = 4.0
"""What discovery may take, and then all other calls, which are made at once: nine seconds together."""
MAX_PAGE = 1_048_576
"""Bytes at the authorization endpoint, which may answer with a page for people."""


class Examiner:
    def __init__(self, fetcher: Fetcher, discovery: Discovery) -> None:
        """`discovery` takes over what is found to be good: who signs in then is not refused for an older copy."""
        self._fetcher = fetcher
        self._discovery = discovery

    async def examine(self, tenant: str, trial: Trial) -> list[Finding]:
        """Every check, always in the same order."""
        provider = trial.trip.provider
        if not provider.issuer_uri or provider.jwks_uri:
            return without_metadata(trial, await self._ask(tenant, trial, MappingProxyType({})))
        where = metadata_uri(provider)
        try:
            said = await Calls(self._fetcher, tenant, FIRST_SECONDS).document(where)
        except (Unreachable, Unproven) as error:
            return undiscovered(f"{where} is of no use: {error}")
        try:
            issuer_in(said, provider)
        except Unproven:
            return undiscovered(f"{where} names another issuer; the issuer URI must be the one that stands there")
        heard = await self._ask(tenant, trial, said)
        found = with_metadata(trial, said, heard)
        self._keep(tenant, provider, said, heard, found)
        return found

    async def _ask(self, tenant: str, trial: Trial, said: Metadata) -> AllHeard:
        calls, trip, provider = Calls(self._fetcher, tenant, THEN_SECONDS), trial.trip, trial.trip.provider

        async def authorize(uri: str) -> Answer:
            asked = authorization_request(uri, trip)
            return await calls.get(asked, {"Accept": "text/html"}, max_bytes=MAX_PAGE)

        async def redeem(uri: str) -> Answer:
            grant = code_grant(trial.code, trip.redirect_uri, trip.verifier)
            return await calls.present(uri, provider, trial.proof, grant, as_json=provider.kind == "workos")

        user_uri = provider.user_uri or said.get("userinfo_endpoint")
        authorization, token, user, keys = await asyncio.gather(
            self._hear(authorize, provider.authorization_uri or said.get("authorization_endpoint")),
            self._hear(redeem, provider.token_uri or said.get("token_endpoint")),
            self._hear(calls.get, user_uri) if user_uri is not None else _nothing(),
            self._hear(calls.get, provider.jwks_uri or said.get("jwks_uri")) if provider.issuer_uri else _nothing(),
        )
        return AllHeard(authorization, token, user, keys)

    async def _hear(self, ask: Callable[[str], Awaitable[Answer]], where: object) -> Heard:
        try:
            return await ask(self._discovery.endpoint(where))
        except (Unreachable, Unproven) as error:
            return error

    def _keep(
        self, tenant: str, provider: IdentityProvider, said: Metadata, heard: AllHeard, found: Sequence[Finding]
    ) -> None:
        good = {finding.check for finding in found if finding.state == "passed"}
        if {"endpoints", "keys"} <= good and isinstance(heard.keys, Answer):
            self._discovery.keep(tenant, provider, said)
            self._discovery.keep_keys(tenant, said["jwks_uri"], usable_keys(said_in(heard.keys)))


async def _nothing() -> None:
    return None
