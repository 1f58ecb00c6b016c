"""The user leaves: the session ends, here and for every copy of its cookie, and the browser may go back to a client."""

from dataclasses import dataclass

from tenants.acts import ticket
from tenants.acts.end_session import end
from tenants.acts.who import shown_name, signed_in
from tenants.oauth import id_token_hint, logout
from tenants.oauth.handle import digest
from tenants.oauth.logout import LogoutRequest
from tenants.turn import Turn

_BY_ITSELF, _BY_LINK = b"!", b"?"
"""Before the way back in a ticket: whether the browser is to go there by itself."""


@dataclass(frozen=True, slots=True)
class AskSignOut:
    ticket: str
    user: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    way_back: str | None
    """Of the client that sent the user here, if it may be sent there."""
    automatic: bool
    """Whether the browser goes there by itself; else it is offered to the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A browser at /logout, maybe sent by a client."""

    request: LogoutRequest
    browser: str
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """The user has said yes."""

    browser: str | None
    session: str | None
    ticket: str | None


def leave(turn: Turn, leaving: Leaving) -> AskSignOut | SignedOut:
    """The session ends at once if an ID token that was given in it is shown: only its own clients can do that.

    Else the user is asked: a link from elsewhere must not sign anybody out. Without such a token nobody is proven to be
    a client, and nobody is sent anywhere (RP-Initiated Logout §3).
    """
    request, present = leaving.request, signed_in(turn, leaving.session)
    hint = id_token_hint.read(request.id_token_hint, turn.tx.signing_keys.all(), turn.issuer)
    client = None
    if hint is not None and request.client_id in (None, hint.client_id):
        client = turn.tx.clients.find(hint.client_id)
    back = logout.way_back(request, client)
    # whoever registers gets an ID token of their own: we are no redirector for them (RFC 9700 §4.11.2)
    automatic = client is not None and client.origin == "admin"
    if present is None and client is not None:
        return SignedOut(way_back=back, automatic=automatic)
    if present is not None and client is not None and hint is not None:
        session, user = present
        if hint.user_id == user.id and hint.sid == session.sid != "":
            end(turn, session, user.id)
            return SignedOut(way_back=back, automatic=True)
    onward = (_BY_ITSELF if automatic else _BY_LINK) + (back or "").encode("ascii")
    return AskSignOut(
        ticket.hand_out(turn, "sign-out", onward, browser=leaving.browser),
        None if present is None else shown_name(present[1]),
    )


def sign_out(turn: Turn, request: SignOut) -> SignedOut:
    pending = ticket.take(turn, "sign-out", request.ticket, browser=request.browser)
    session = None if request.session is None else turn.tx.sessions.find(digest(request.session))
    if session is not None:
        end(turn, session, session.user_id)
    automatic, back = pending.content[:1] == _BY_ITSELF, pending.content[1:].decode("ascii")
    return SignedOut(way_back=back or None, automatic=automatic)
