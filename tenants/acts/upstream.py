"""To an identity provider and back: what a browser takes along, and what it must bring.

Nothing is kept for a browser that is away. What it asked for travels in a sealed cookie, `state` is that cookie's
digest, and coming back spends it. PKCE verifier and nonce are made from it, so a code that was given for another trip
can be redeemed on none.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from tenants.acts import asked, meant, provider_proof, recheck, ticket
from tenants.acts.provider_kinds import must_consent
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
    """`login` and `select_account` where the one who asks wished it, `consent` where we need it; `none` where nobody
    travels."""
    max_age: int | None
    acr_values: str | None = None


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
    proof: str | None = field(repr=False)
    """That we are the provider's client: the client secret, or for `private_key_jwt` an assertion."""
    redirect_uri: str
    code: str = field(repr=False)
    issuer: str | None
    nonce: str
    verifier: str = field(repr=False)
    target: bytes
    """What was asked for, and goes on."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """Of a user who came back, by the provider."""

    profile: Profile
    refresh_token: str | None = field(repr=False)
    """Where the provider gives one: to ask it again, and for nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    provider: IdentityProvider
    """As it was when it was called: if it has been changed meanwhile, what it says counts no more."""
    target: bytes
    introduction: Introduction
    former_session: str | None


def go(turn: Turn, going: Going) -> Trip:
    """What to send along. The ticket stays good: the user may turn round and choose another provider."""
    pending = ticket.take(turn, "sign-in", going.ticket, browser=going.browser)
    provider = _usable(turn, going.provider_id)
    wishes = asked.read(turn, pending.content).wishes
    plain = _as_it_is(provider) + b"\n" + pending.content
    luggage = ticket.hand_out(turn, "upstream", plain, browser=going.browser or "")
    if len(luggage) > MAX_LUGGAGE:
        refusal = Refusal("invalid_request", "the request is too long to be taken to an identity provider and back")
        raise asked.told(turn, pending.content, refusal)
    prompt = wishes.anew if wishes.max_age is None else wishes.anew | {"login"}
    if must_consent(provider):
        prompt |= {"consent"}
    return Trip(
        provider=provider,
        redirect_uri=redirect_uri(turn, provider.id),
        state=state_of(luggage),
        luggage=luggage,
        nonce=_derived(turn, b"upstream nonce\0", luggage),
        verifier=_derived(turn, b"upstream verifier\0", luggage),
        login_hint=wishes.login_hint,
        prompt=" ".join(sorted(prompt)),
        max_age=wishes.max_age,
        acr_values=wishes.acr_values,
    )


def come_back(turn: Turn, back: Return) -> Redemption | Refusal:
    """The code to redeem, or what the client is told. In either case this trip is over: a second return is refused."""
    luggage = _luggage(back)
    trip = ticket.take(turn, "upstream", luggage, browser=back.browser)
    was, _, target = trip.content.partition(b"\n")
    if was.partition(b" ")[0] != back.provider_id.encode():
        raise Refusal("invalid_request", "another identity provider than the chosen one sent you here")
    ticket.spend(turn, trip)
    try:
        provider = _usable(turn, back.provider_id)
        if _as_it_is(provider) != was:
            raise _changed()
        if back.error is not None or back.code is None:
            raise _told(back.error)
        proof = provider_proof.shown(turn, provider)
    except Refusal as refusal:
        return asked.told(turn, target, refusal)
    except Broken as damage:  # to what is kept for this provider: raised, it would take down the whole tenant
        return fail(turn, Failure(back.provider_id, target, str(damage)))
    return Redemption(
        provider=provider,
        proof=proof,
        redirect_uri=redirect_uri(turn, provider.id),
        code=back.code,
        issuer=back.issuer,
        nonce=_derived(turn, b"upstream nonce\0", luggage),
        verifier=_derived(turn, b"upstream verifier\0", luggage),
        target=target,
    )


def began_with(turn: Turn, back: Return) -> bytes:
    """At which path of ours, and with what query, this trip began, however it ends. Else a Refusal."""
    return ticket.take(turn, "upstream", _luggage(back), browser=back.browser).content.partition(b"\n")[2]


def arrive(turn: Turn, arrived: Arrived) -> SignedIn | Refusal:
    """A session for the user that the provider vouches for, or what the client is told."""
    provider, profile = arrived.provider, arrived.introduction.profile
    try:
        if _as_it_is(_usable(turn, provider.id)) != _as_it_is(provider):
            raise _changed()
        claims.admit(provider, profile)
        meant.check(turn, asked.read(turn, arrived.target).wishes, profile)
        if not _fresh_enough(turn, arrived):
            raise Refusal("login_required", "the identity provider did not ask the user to sign in again")
        signed_in = begin(turn, profile, arrived.former_session, arrived.target)
    except Refusal as refusal:
        turn.remember("sign_in.refused", "system", provider=provider.id, reason=refusal.detail or refusal.description)
        return asked.told(turn, arrived.target, refusal)
    recheck.keep(turn, provider, profile.subject, arrived.introduction.refresh_token)
    return signed_in


def _fresh_enough(turn: Turn, arrived: Arrived) -> bool:
    """Whether a fresh sign-in was had, where one was asked for and the provider says when it was."""
    wishes = asked.read(turn, arrived.target).wishes
    at = arrived.introduction.profile.authenticated_at
    if at is None or (wishes.max_age is None and "login" not in wishes.prompt):
        return True
    return turn.now - at <= max(wishes.max_age or 0, ticket.LIFETIME)


@dataclass(frozen=True, slots=True)
class Failure:
    provider_id: str
    target: bytes
    detail: str
    """For our log: nothing that the provider said goes to the client."""


def fail(turn: Turn, failure: Failure) -> Refusal:
    """The provider gave no answer: the client is told that the sign-in failed, and the operator why."""
    turn.remember("sign_in.failed", "system", provider=failure.provider_id, reason=failure.detail)
    return asked.told(turn, failure.target, Refusal("server_error", "the sign-in failed", detail=failure.detail))


def _luggage(back: Return) -> str:
    """What this very browser took along, as its `state` says."""
    if back.luggage is None or not hmac.compare_digest(state_of(back.luggage).encode(), (back.state or "").encode()):
        raise Refusal("invalid_request", "this sign-in was not begun in this browser, or it is over")
    return back.luggage


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
