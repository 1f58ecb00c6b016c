"""Asks identity providers whether users still stand, a few at a time, with the refresh tokens that are kept for it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from server.outbound.calls import Calls, InvalidGrant, refresh_token_in, text_of, unverified
from server.outbound.discovery import Discovery
from server.outbound.fetcher import Fetcher, Unreachable
from server.outbound.providers import workos
from tenants.acts import recheck
from tenants.acts.recheck import Inquiry, Renewal, Silence
from tenants.oauth import claims
from tenants.oauth.foreign_jwt import Unproven
from tenants.oauth.refusal import Refusal
from tenants.problems import Busy
from tenants.records import IdentityProvider, KeptToken
from tenants.tenant import Tenant
from tenants.turn import Turn

Q = TypeVar("Q")
R = TypeVar("R")

TOGETHER = 4
"""Users of one tenant who are asked about at once."""
TENANTS = 8
"""Tenants that ask at once. Half of the fetcher's places stay free for sign-ins, of each tenant and of all."""
TRIES = 5
"""Seconds, about, that a busy tenant is waited for."""


@dataclass(frozen=True, slots=True)
class _Unheard:
    """There was no word that could be understood."""

    kept: KeptToken
    reason: str


class Rechecks:
    """Implements server.outbound.errands.Errand."""

    def __init__(self, fetcher: Fetcher, discovery: Discovery) -> None:
        self._fetcher = fetcher
        self._discovery = discovery
        self._places = asyncio.Semaphore(TENANTS)

    async def run(self, tenant: Tenant) -> bool:
        async with self._places:
            begun = asyncio.ensure_future(self._ask_a_few(tenant))
            try:
                return await asyncio.shield(begun)
            except asyncio.CancelledError:
                await begun  # a refresh token that a provider has rotated is lost unless its successor is written down
                raise

    async def _ask_a_few(self, tenant: Tenant) -> bool:
        found = await tenant.perform(recheck.due, TOGETHER)
        outcomes = await asyncio.gather(*(self._ask(tenant, one) for one in found.inquiries), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        unheard = [outcome for outcome in outcomes if isinstance(outcome, _Unheard)]
        for provider_id in dict.fromkeys(one.kept.provider for one in unheard):
            in_vain = [one for one in unheard if one.kept.provider == provider_id]
            asked = [inquiry for inquiry in found.inquiries if inquiry.kept.provider == provider_id]
            silence = Silence(
                provider_id=provider_id,
                kept=tuple(one.kept for one in in_vain),
                reason=in_vain[0].reason,
                complete=len(in_vain) == len(asked),
            )
            await _surely(tenant, recheck.unanswered, silence)
        return found.more

    async def _ask(self, tenant: Tenant, inquiry: Inquiry) -> _Unheard | None:
        """Put it to the provider, and have its word written down at once; or say why there is none."""
        try:
            tokens = await self._refresh(Calls(self._fetcher, tenant.listing.uid), inquiry)
        except InvalidGrant:
            await _surely(tenant, recheck.refused, inquiry)
        except (Unreachable, Unproven) as error:
            return _Unheard(inquiry.kept, str(error))
        else:
            subject = _subject(inquiry.provider, tokens)
            renewal = Renewal(inquiry=inquiry, refresh_token=refresh_token_in(tokens), subject=subject)
            await _surely(tenant, recheck.renewed, renewal)
        return None

    async def _refresh(self, calls: Calls, inquiry: Inquiry) -> Mapping[str, Any]:
        """The answer of the token endpoint (RFC 6749 §6). Raises InvalidGrant, Unreachable or Unproven."""
        provider = inquiry.provider
        token_uri = provider.token_uri or (await self._discovery.metadata(calls, provider)).token_uri
        grant = {"grant_type": "refresh_token", "refresh_token": inquiry.refresh_token}
        tokens = await calls.tokens(token_uri, provider, inquiry.proof, grant, as_json=provider.kind == "workos")
        text_of(tokens, "access_token")
        return tokens


def _subject(provider: IdentityProvider, tokens: Mapping[str, Any]) -> str | None:
    """Whom the answer names. It came straight from the token endpoint (OpenID Connect Core §3.1.3.7, 6), and a name can
    only be held against the user: the ID token need not prove it.
    """
    said = workos.claims_in(tokens) if provider.kind == "workos" else unverified(tokens.get("id_token"))
    subject = claims.subject_in(provider, said or {})
    return subject if isinstance(subject, str) else None


async def _surely(tenant: Tenant, act: Callable[[Turn, Q], R | Refusal], request: Q) -> R:
    """A tenant that is busy is asked again: what a provider has answered, it may not answer a second time."""
    for _ in range(TRIES):
        try:
            return await tenant.perform(act, request)
        except Busy as busy:
            await asyncio.sleep(busy.retry_after)
    return await tenant.perform(act, request)
