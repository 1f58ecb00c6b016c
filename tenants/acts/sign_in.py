"""The sign-in page, and what comes of it: a session begins, and what was asked for goes on."""

from dataclasses import dataclass

from tenants.acts import asked, meant, ticket
from tenants.acts.asked import ADevice, Asked, OwnApp, WhoAsks
from tenants.acts.end_session import end
from tenants.acts.who import DEV, start_session
from tenants.oauth.claims import Profile
from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSignIn:
    """It is said who asks before the user is sent to any provider (MCP 2026-07-28, confused deputy)."""

    ticket: str
    asks: WhoAsks | OwnApp | ADevice
    providers: tuple[tuple[str, str], ...]
    """Identity providers to choose from: id, and name as shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    ticket: str | None
    browser: str | None
    profile: Profile
    former_session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    session: str
    """The cookie's new value: whatever it was before is dead."""
    target: bytes
    """At which path of ours, and with what query, the browser goes on."""


@dataclass(frozen=True, slots=True)
class Attempt:
    ticket: str | None
    browser: str | None


def ask_sign_in(turn: Turn, ticket: str, asked: Asked) -> AskSignIn:
    return AskSignIn(ticket=ticket, asks=asked.by, providers=_to_choose_from(turn, asked.wishes.login_hint))


def ask_again(turn: Turn, attempt: Attempt) -> AskSignIn:
    """The sign-in page once more, with the same ticket, if it still counts in this browser. Else a Refusal."""
    pending = ticket.take(turn, "sign-in", attempt.ticket, browser=attempt.browser)
    return ask_sign_in(turn, attempt.ticket or "", asked.read(turn, pending.content))


def not_known(turn: Turn, _: None) -> None:
    """Somebody typed what is nobody's. What they typed is not kept: some type their password in the wrong place."""
    turn.remember("sign_in.refused", "system", provider=DEV, reason="no such e-mail address and password")


def sign_in(turn: Turn, request: SignIn) -> SignedIn | Refusal:
    """Start a session under a new name (no fixation), and end the one that this browser had.

    A *returned* Refusal, of whom the client did not mean, has spent the ticket.
    """
    pending = ticket.take(turn, "sign-in", request.ticket, browser=request.browser)
    ticket.spend(turn, pending)
    try:
        meant.check(turn, asked.read(turn, pending.content).wishes, request.profile)
    except Refusal as refusal:
        return asked.told(turn, pending.content, refusal)
    return begin(turn, request.profile, request.former_session, pending.content)


def begin(turn: Turn, profile: Profile, former_session: str | None, target: bytes) -> SignedIn:
    """The user's session, instead of the one that this browser had, and what to go on with."""
    former = None if former_session is None else turn.tx.sessions.find(digest(former_session))
    token, _, user = start_session(turn, profile, former)
    if former is not None and former.user_id == user.id:
        turn.tx.sessions.remove(former.digest)
    elif former is not None:
        end(turn, former, former.user_id)
    return SignedIn(session=token, target=asked.granted(turn, target))


def _to_choose_from(turn: Turn, login_hint: str | None) -> tuple[tuple[str, str], ...]:
    """All enabled providers, or those for the domain of the e-mail address that is hinted at."""
    enabled = [provider for provider in turn.tx.identity_providers.all() if provider.disabled_at is None]
    domain = (login_hint or "").rpartition("@")[2].lower()
    meant = [provider for provider in enabled if domain and domain in provider.login_domains]
    return tuple((provider.id, provider.display_name or provider.id) for provider in meant or enabled)
