"""Whether users still stand at their identity providers: who is to be asked about, and what comes of the answer.

Only a provider's plain word ends anything. Its silence, its errors and our own mistakes there sign nobody out.
"""

from dataclasses import dataclass, field, replace

from tenants.acts import provider_proof
from tenants.acts.end_session import end_of_user
from tenants.acts.who import in_good_standing
from tenants.problems import Broken
from tenants.records import Identity, IdentityProvider, KeptToken, User
from tenants.turn import Turn

MAX_LENGTH = 16_384
LOOKED_AT = 50
"""Due tokens that one turn looks at to find those to ask about."""
PUT_OFF = 500
"""Due tokens that one turn looks at to find those of a provider that is silent."""
FIRST_WAIT = 10
"""Seconds. A provider whose answer was lost may take the former refresh token once more for as little as 30."""
LONGEST_WAIT = 3_600
NOTED_AFTER = 5
"""Attempts in vain, about three minutes, after which the operator is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """To be put to the provider: whether a user still stands there."""

    provider: IdentityProvider
    proof: str | None = field(repr=False)
    """That we are the provider's client (see provider_proof.shown)."""
    refresh_token: str = field(repr=False)
    kept: KeptToken


@dataclass(frozen=True, slots=True)
class Due:
    inquiries: tuple[Inquiry, ...]
    more: bool
    """Whether to look again when they have been asked about: others may be due by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """The provider gave tokens again: the user stands."""

    inquiry: Inquiry
    refresh_token: str | None = field(repr=False)
    """The next one, if it has changed."""
    subject: str | None
    """Whom the answer names, if it names anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """No word of a provider about these users that could be understood."""

    provider_id: str
    kept: tuple[KeptToken, ...]
    reason: str
    """For the operator; quotes nothing of the provider."""
    complete: bool
    """Whether it had no word about anybody: then all who are due wait with these."""


def keep(turn: Turn, provider: IdentityProvider, subject: str, refresh_token: str | None) -> None:
    """The refresh token of a user who has just signed in there, instead of a former one; where nobody asks, none."""
    user = turn.tx.users.find_identity(provider.id, subject)
    if not provider.recheck_interval or user is None:
        return
    if refresh_token is None or not _can_be_kept(refresh_token):
        if turn.tx.kept_tokens.find(user.id, provider.id) is None:
            reason = "the provider gave no refresh token"
            turn.remember("user.not_rechecked", "system", user.id, provider=provider.id, reason=reason)
        return
    due_at = turn.now + provider.recheck_interval
    sealed = _seal(turn, user.id, provider.id, refresh_token)
    turn.tx.kept_tokens.put(KeptToken(user_id=user.id, provider=provider.id, sealed=sealed, due_at=due_at))
    turn.wake_at(due_at)


def due(turn: Turn, limit: int) -> Due:
    """At most `limit` users to ask about now. The tokens of those who need not be asked about any more go.

    Where user or provider is disabled they wait: what a user has counts once that is over, and must not go unasked.
    """
    inquiries: list[Inquiry] = []
    kept = turn.tx.kept_tokens.due(turn.now, LOOKED_AT)
    for token in kept:
        if len(inquiries) == limit:
            return Due(tuple(inquiries), more=True)
        provider = turn.tx.identity_providers.find(token.provider)
        user = turn.tx.users.find(token.user_id)
        if provider is None or user is None or not _has_anything(turn, user, provider):
            turn.tx.kept_tokens.remove(token.user_id, token.provider)
        elif not in_good_standing(turn, user, provider.id):
            later = replace(token, due_at=turn.now + provider.recheck_interval)
            turn.tx.kept_tokens.change(later, former=token.sealed)
        else:
            try:
                inquiries.append(_inquiry(turn, provider, token))
            except Broken as damage:
                unanswered(turn, Silence(provider_id=token.provider, kept=(token,), reason=str(damage), complete=False))
    return Due(tuple(inquiries), more=bool(kept))


def renewed(turn: Turn, renewal: Renewal) -> None:
    """The user stands. What was kept may have been replaced since, by a sign-in: then that counts."""
    kept, subject = renewal.inquiry.kept, renewal.subject
    provider = turn.tx.identity_providers.find(kept.provider)
    user = turn.tx.users.find(kept.user_id)
    if provider is None or user is None:
        return
    if subject is not None and Identity(provider.id, subject) not in user.identities:
        _end(turn, kept, "the provider speaks of somebody else")
        return
    sealed = kept.sealed
    if renewal.refresh_token is not None and _can_be_kept(renewal.refresh_token):
        sealed = _seal(turn, kept.user_id, kept.provider, renewal.refresh_token)
    due_at = turn.now + _spread(turn, provider.recheck_interval)
    turn.tx.kept_tokens.change(replace(kept, sealed=sealed, due_at=due_at, attempts=0), former=kept.sealed)


def refused(turn: Turn, inquiry: Inquiry) -> None:
    """The provider says that the token counts no more: what the user has by this provider ends."""
    _end(turn, inquiry.kept, "the refresh token counts no more")


def unanswered(turn: Turn, silence: Silence) -> None:
    """They are asked about later, and later each time."""
    for kept in silence.kept:
        _put_off(turn, kept, kept.attempts + 1)
    long_enough = next((kept for kept in silence.kept if kept.attempts + 1 == NOTED_AFTER), None)
    if long_enough is not None:
        about = {"provider": silence.provider_id, "reason": silence.reason}
        turn.remember("user.not_rechecked", "system", long_enough.user_id, **about)
    if silence.complete:
        attempts = 1 + max(kept.attempts for kept in silence.kept)
        for kept in turn.tx.kept_tokens.due(turn.now, PUT_OFF):
            if kept.provider == silence.provider_id:
                _put_off(turn, kept, max(kept.attempts, attempts))


def _inquiry(turn: Turn, provider: IdentityProvider, kept: KeptToken) -> Inquiry:
    """Raises Broken."""
    plain = turn.keyring.unseal("provider refresh token", kept.sealed, _context(kept.user_id, kept.provider))
    if plain is None:
        raise Broken("a kept refresh token cannot be unsealed")
    proof = provider_proof.shown(turn, provider)
    return Inquiry(provider=provider, proof=proof, refresh_token=plain.decode("ascii"), kept=kept)


def _has_anything(turn: Turn, user: User, provider: IdentityProvider) -> bool:
    """Whether anybody wants to know, and there is a session or a grant that an answer could end."""
    if not provider.recheck_interval or all(one.provider != provider.id for one in user.identities):
        return False
    sessions = (session.provider for session in turn.tx.sessions.of_user(user.id) if session.expires_at > turn.now)
    grants = (
        grant.provider
        for grant in turn.tx.grants.of_user(user.id)
        if grant.revoked_at is None and grant.expires_at > turn.now
    )
    return provider.id in sessions or provider.id in grants


def _end(turn: Turn, asked: KeptToken, reason: str) -> None:
    kept = turn.tx.kept_tokens.find(asked.user_id, asked.provider)
    if kept is None or kept.sealed != asked.sealed:
        return  # the user has signed in anew since then, so the answer is about a token that is gone
    turn.tx.kept_tokens.remove(kept.user_id, kept.provider)
    turn.remember(
        "user.refused_by_provider",
        "system",
        kept.user_id,
        provider=kept.provider,
        reason=reason,
        sessions_ended=end_of_user(turn, kept.user_id, "system", provider=kept.provider),
        grants_ended=turn.tx.grants.revoke_from_provider(kept.user_id, kept.provider, turn.now),
    )


def _put_off(turn: Turn, kept: KeptToken, attempts: int) -> None:
    wait = min(FIRST_WAIT << min(attempts - 1, 20), LONGEST_WAIT)
    turn.tx.kept_tokens.change(replace(kept, due_at=turn.now + wait, attempts=attempts), former=kept.sealed)


def _spread(turn: Turn, interval: int) -> int:
    """Nine tenths of the interval to all of it: a thousand users who signed in at once are not asked about at once."""
    chance = int.from_bytes(turn.entropy(4), "big")
    return interval - (interval // 10 * chance >> 32)


def _seal(turn: Turn, user_id: str, provider_id: str, refresh_token: str) -> bytes:
    plain, context = refresh_token.encode("ascii"), _context(user_id, provider_id)
    return turn.keyring.seal("provider refresh token", plain, context)


def _context(user_id: str, provider_id: str) -> bytes:
    return f"{provider_id}\0{user_id}".encode()


def _can_be_kept(refresh_token: str) -> bool:
    """RFC 6749 appendix A.17, and short enough."""
    return 0 < len(refresh_token) <= MAX_LENGTH and refresh_token.isascii() and refresh_token.isprintable()
