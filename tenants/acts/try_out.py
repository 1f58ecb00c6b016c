"""Trying an identity provider out: a trip that nobody makes, and a code that nobody was given. Nothing is written."""

from dataclasses import dataclass, field
from typing import Literal

from tenants.acts import provider_proof
from tenants.acts.providers import get_provider
from tenants.acts.upstream import Trip, redirect_uri
from tenants.problems import Broken
from tenants.turn import Turn

State = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a sign-in would send."""

    trip: Trip
    proof: str | None = field(repr=False)
    """That we are the provider's client, as for a redemption."""
    code: str
    damaged: bool = False
    """Whether there is no proof because what is kept for it cannot be unsealed."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    state: State
    message: str
    """One line in our own words. Of the provider's it has none but a host that cannot be called."""


def try_out(turn: Turn, provider_id: str) -> Trial:
    """Of a provider that may be disabled. Raises NoSuchThing."""
    provider = get_provider(turn, provider_id)
    trip = Trip(
        provider=provider,
        redirect_uri=redirect_uri(turn, provider.id),
        state=_random(turn),
        luggage="",
        nonce=_random(turn),
        verifier=_random(turn),
        login_hint=None,
        prompt="none",
        max_age=None,
    )
    code = _random(turn)
    try:
        return Trial(trip, provider_proof.shown(turn, provider), code)
    except Broken:
        return Trial(trip, None, code, damaged=True)


def _random(turn: Turn) -> str:
    """64 characters, which are enough for a PKCE verifier (RFC 7636 §4.1) and more than anybody guesses."""
    return turn.entropy(32).hex()
