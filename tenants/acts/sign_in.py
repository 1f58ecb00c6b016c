"""A user proved who they are to an identity provider: a session begins, and the authorization request goes on."""

from dataclasses import dataclass
from urllib.parse import quote_plus

from tenants.acts import ticket
from tenants.acts.asked import whole
from tenants.acts.authorize import AskSignIn, ask_sign_in
from tenants.acts.who import recognise, start_session
from tenants.oauth.claims import Profile
from tenants.oauth.handle import digest
from tenants.oauth.parameters import parse
from tenants.turn import Turn


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
    query: bytes
    """With what to come back to /authorize."""


@dataclass(frozen=True, slots=True)
class Attempt:
    ticket: str | None
    browser: str | None


def ask_again(turn: Turn, attempt: Attempt) -> AskSignIn:
    """The sign-in page once more, with the same ticket, if it still counts in this browser. Else a Refusal."""
    pending = ticket.take(turn, "sign-in", attempt.ticket, browser=attempt.browser)
    return ask_sign_in(turn, attempt.ticket or "", *whole(turn, pending.query))


def sign_in(turn: Turn, request: SignIn) -> SignedIn:
    """Start a session under a new name (no fixation), and end the one that this browser had."""
    pending = ticket.take(turn, "sign-in", request.ticket, browser=request.browser)
    ticket.spend(turn, pending)
    return begin(turn, request.profile, request.former_session, pending.query)


def begin(turn: Turn, profile: Profile, former_session: str | None, query: bytes) -> SignedIn:
    """The user's session, instead of the one that this browser had, and the authorization request to go on with."""
    user = recognise(turn, profile)
    if former_session is not None:
        turn.tx.sessions.remove(digest(former_session))
    token, _ = start_session(turn, user, profile)
    return SignedIn(session=token, query=_without_login(query))


def _without_login(query: bytes) -> bytes:
    """The request without the wish for a fresh sign-in, which has just been granted."""
    pairs: list[str] = []
    for name, values in parse(query).values.items():
        for value in values:
            if name == "prompt":
                value = " ".join(word for word in value.split(" ") if word not in ("login", "select_account"))
            if name != "max_age" and (name != "prompt" or value):
                pairs.append(f"{quote_plus(name)}={quote_plus(value)}")
    return "&".join(pairs).encode("ascii")
