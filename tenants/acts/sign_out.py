"""The user leaves: the session ends, here and for every copy of its cookie."""

from dataclasses import dataclass

from tenants.acts import ticket
from tenants.acts.who import signed_in
from tenants.oauth.handle import digest
from tenants.turn import Turn


@dataclass(frozen=True, slots=True)
class AskSignOut:
    ticket: str
    user: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    browser: str | None
    session: str | None
    ticket: str | None = None


def ask_sign_out(turn: Turn, request: SignOut) -> AskSignOut:
    """The page that asks: a link from elsewhere must not sign anybody out."""
    present = signed_in(turn, request.session)
    return AskSignOut(
        ticket.hand_out(turn, "sign-out", b"", browser=request.browser or ""),
        None if present is None else present[1].email or present[1].name or present[1].id,
    )


def sign_out(turn: Turn, request: SignOut) -> None:
    ticket.take(turn, "sign-out", request.ticket, browser=request.browser)
    present = signed_in(turn, request.session)
    if request.session is not None:
        turn.tx.sessions.remove(digest(request.session))
    if present is not None:
        turn.remember("session.ended", present[1].id, present[1].id)
