"""To an identity provider and back: what a browser takes along, and what it must bring.

Nothing is kept for a browser that is away. What it asked for travels in a sealed cookie, `state` is that cookie's
digest, and coming back spends it. PKCE verifier and nonce are made from it, so a code that was given for another trip
can be redeemed on none.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from tenants.acts import ticket
from tenants.acts.asked import returns_by_itself, sender, whole
from tenants.acts.providers import etag
from tenants.acts.sign_in import SignedIn, begin
from tenants.oauth import claims
from tenants.oauth.claims import Profile
from tenants.oauth.refusal import Refusal
from tenants.problems import Broken
from tenants.records import IdentityProvider
from tenants.turn import Turn

STATE_CHARACTERS = 40
MAX_LUGGAGE = 3_800
"""Bytes of a cookie that every browser keeps."""


class NoAnswer(Exception):
    """The provider could not be reached, or cannot be believed. The message is for the log, and quotes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A user, told for which client, chooses an identity provider on the sign-in page."""

    ticket: str | None
    browser: str | None
    provider_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    provider: IdentityProvider
    redirect_uri: str
    state: str
    luggage: str
    """The value of the cookie that `state` is the digest of."""
    nonce: str
    verifier: str
    login_hint: str | None
    prompt: str
    """`login`, `select_account` or both where the client asked for it, else nothing."""
    max_age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A browser at /callback/{provider_id}. Nothing of it is believed yet."""

    provider_id: str
    state: str | None
    luggage: str | None
    browser: str | None
    code: str | None
    error: str | None
    issuer: str | None
    """RFC 9207."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """A code to be redeemed at the provider that this very browser was sent to, once."""

    provider: IdentityProvider
    secret: str | None = field(repr=False)
    redirect_uri: str
    code: str = field(repr=False)
    issuer: str | None
    nonce: str
    verifier: str = field(repr=False)
    query: bytes
    """The authorization request that goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    provider: IdentityProvider
    """As it was when it was called: if it has been changed meanwhile, what it says counts no more."""
    query: bytes
    profile: Profile
    former_session: str | None


def go(turn: Turn, going: Going) -> Trip:
    """What to send along. The ticket stays good: the user may turn round and choose another provider."""
    pending = ticket.take(turn, "sign-in", going.ticket, browser=going.browser)
    provider = _usable(turn, going.provider_id)
    _, request = whole(turn, pending.query)
    plain = _as_it_is(provider) + b"\n" + pending.query
    luggage = ticket.hand_out(turn, "upstream", plain, browser=going.browser or "")
    if len(luggage) > MAX_LUGGAGE:
        refusal = Refusal("invalid_request", "the request is too long to be taken to an identity provider and back")
        raise for_client(turn, pending.query, refusal)
    wishes = request.prompt & {"login", "select_account"}
    if request.max_age is not None:
        wishes |= {"login"}
    return Trip(
        provider=provider,
        redirect_uri=redirect_uri(turn, provider.id),
        state=state_of(luggage),
        luggage=luggage,
        nonce=_derived(turn, b"upstream nonce\0", luggage),
        verifier=_derived(turn, b"upstream verifier\0", luggage),
        login_hint=request.login_hint,
        prompt=" ".join(sorted(wishes)),
        max_age=request.max_age,
    )


def come_back(turn: Turn, back: Return) -> Redemption | Refusal:
    """The code to redeem, or what the client is told. In either case this trip is over: a second return is refused."""
    if back.luggage is None or not hmac.compare_digest(state_of(back.luggage).encode(), (back.state or "").encode()):
        raise Refusal("invalid_request", "this sign-in was not begun in this browser, or it is over")
    trip = ticket.take(turn, "upstream", back.luggage, browser=back.browser)
    was, _, query = trip.query.partition(b"\n")
    if was.partition(b" ")[0] != back.provider_id.encode():
        raise Refusal("invalid_request", "another identity provider than the chosen one sent you here")
    ticket.spend(turn, trip)
    try:
        provider = _usable(turn, back.provider_id)
        if _as_it_is(provider) != was:
            raise _changed()
        if back.error is not None or back.code is None:
            raise _told(back.error)
    except Refusal as refusal:
        return for_client(turn, query, refusal)
    return Redemption(
        provider=provider,
        secret=_secret(turn, provider),
        redirect_uri=redirect_uri(turn, provider.id),
        code=back.code,
        issuer=back.issuer,
        nonce=_derived(turn, b"upstream nonce\0", back.luggage),
        verifier=_derived(turn, b"upstream verifier\0", back.luggage),
        query=query,
    )


def arrive(turn: Turn, arrived: Arrived) -> SignedIn | Refusal:
    """A session for the user that the provider vouches for, or what the client is told."""
    provider, profile = arrived.provider, arrived.profile
    try:
        if _as_it_is(_usable(turn, provider.id)) != _as_it_is(provider):
            raise _changed()
        claims.admit(provider, profile)
        if not _fresh_enough(turn, arrived):
            raise Refusal("login_required", "the identity provider did not ask the user to sign in again")
        return begin(turn, profile, arrived.former_session, arrived.query)
    except Refusal as refusal:
        turn.remember("sign_in.refused", "system", provider=provider.id, reason=refusal.detail or refusal.description)
        return for_client(turn, arrived.query, refusal)


def _fresh_enough(turn: Turn, arrived: Arrived) -> bool:
    """Whether a fresh sign-in was had, where one was asked for and the provider says when it was."""
    _, request = whole(turn, arrived.query)
    at = arrived.profile.authenticated_at
    if at is None or (request.max_age is None and "login" not in request.prompt):
        return True
    return turn.now - at <= max(request.max_age or 0, ticket.LIFETIME)


@dataclass(frozen=True, slots=True)
class Failure:
    provider_id: str
    query: bytes
    detail: str
    """For our log: nothing that the provider said goes to the client."""


def fail(turn: Turn, failure: Failure) -> Refusal:
    """The provider gave no answer: the client is told that the sign-in failed, and the operator why."""
    turn.remember("sign_in.failed", "system", provider=failure.provider_id, reason=failure.detail)
    return for_client(turn, failure.query, Refusal("server_error", "the sign-in failed", detail=failure.detail))


def for_client(turn: Turn, query: bytes, refusal: Refusal) -> Refusal:
    """The same refusal, to be carried back to the client of the authorization request in `query`."""
    _, client, address = sender(turn, query)
    return refusal.sent_to(address.refuse(refusal), automatic=returns_by_itself(client, address.redirect_uri))


def redirect_uri(turn: Turn, provider_id: str) -> str:
    """Ours, at this provider alone: what another one was told cannot be taken to it (RFC 9700 §4.4.2.2)."""
    return f"{turn.issuer.uri}/callback/{provider_id}"


def state_of(luggage: str) -> str:
    return hashlib.sha256(luggage.encode("ascii")).hexdigest()[:STATE_CHARACTERS]


def _usable(turn: Turn, provider_id: str) -> IdentityProvider:
    provider = turn.tx.identity_providers.find(provider_id)
    if provider is None or provider.disabled_at is not None:
        raise Refusal("invalid_request", "this issuer has no such identity provider any more")
    return provider


def _secret(turn: Turn, provider: IdentityProvider) -> str | None:
    if provider.sealed_secret is None:
        return None
    plain = turn.keyring.unseal("provider secret", provider.sealed_secret, provider.id.encode("ascii"))
    if plain is None:
        raise Broken(f"the secret of identity provider {provider.id} cannot be unsealed")
    return plain.decode("utf-8")


def _told(error: str | None) -> Refusal:
    """The provider's error in our own words (never in its own)."""
    if error in ("access_denied", "login_required", "interaction_required", "consent_required"):
        return Refusal("access_denied", "the user did not sign in", detail=f"the provider said {error}")
    known = error if error in _ERRORS else "something else" if error else "neither code nor error"
    return Refusal("server_error", "the sign-in failed", detail=f"the provider said {known}")


_ERRORS = frozenset(
    {
        *("invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "server_error"),
        *("temporarily_unavailable", "account_selection_required"),
    }
)


def _as_it_is(provider: IdentityProvider) -> bytes:
    """Which provider, and in which version."""
    return f"{provider.id} {etag(provider)}".encode("ascii")


def _changed() -> Refusal:
    return Refusal("server_error", "the sign-in failed", detail="the identity provider was changed meanwhile")


def _derived(turn: Turn, purpose: bytes, luggage: str) -> str:
    """43 characters that only this tenant can make of this luggage."""
    return urlsafe_b64encode(turn.keyring.mac(purpose + luggage.encode("ascii"))).rstrip(b"=").decode("ascii")
