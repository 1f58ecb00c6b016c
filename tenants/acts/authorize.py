"""An authorization request arrives: it is answered at once, or the user is asked to sign in or to consent."""

from dataclasses import dataclass, replace
from typing import Any

from tenants.acts import meant, par, ticket
from tenants.acts.asked import (
    AUTHORIZE,
    Asked,
    ShownScope,
    WhoAsks,
    complete,
    described,
    returns_by_itself,
    sender,
    who_asks,
)
from tenants.acts.sign_in import AskSignIn, ask_sign_in
from tenants.acts.who import recognise, session_for, shown_name, signed_in, start_session
from tenants.oauth import redirect_uri
from tenants.oauth.authorization import AuthorizationRequest
from tenants.oauth.claims import Profile
from tenants.oauth.handle import SECRET_BYTES, Handle, Kind, mint
from tenants.oauth.hierarchy import with_implied
from tenants.oauth.refusal import Refusal
from tenants.oauth.scope import OFFLINE_ACCESS, OPENID
from tenants.records import Client, Consent, Grant, Session, User
from tenants.turn import Turn

MAX_TOLD = 100
"""Clients that are told of the end of one session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A browser at /authorize or /login."""

    query: bytes
    browser: str
    """What this browser's cookie says; nobody else's does."""
    session: str | None = None
    automatic_user: Profile | None = None
    """Dev mode only: who is signed in without being asked."""
    automatic_consent: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """The answer goes to who asked."""

    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskConsent:
    ticket: str
    asks: WhoAsks
    """Its scopes are only those that are new."""
    allowed_before: tuple[ShownScope, ...]
    """The scopes that are not, in the same form."""
    user: str
    offline: bool
    until_sign_out: bool
    """Whether it ends when the user signs out here."""
    new_session: str | None = None
    """The value of a session cookie to set with the page."""


def authorize(turn: Turn, arrival: Arrival) -> Redirect | AskSignIn | AskConsent:
    """What comes next for this browser. Refusals carry a redirect once client and redirect URI are proven."""
    by = sender(turn, arrival.query, fresh=True)
    client, address = by.client, by.address
    present = signed_in(turn, arrival.session)
    if by.pushed is not None:  # it has begun, and has time now
        arrival = replace(arrival, query=par.onward(turn, client.id, by.pushed))
    try:
        return _next(turn, arrival, complete(turn, by), client, present)
    except Refusal as refusal:
        automatic = returns_by_itself(client, address.redirect_uri) or arrival.automatic_user is not None
        automatic = automatic or (present is not None and bool(turn.tx.consents.of_user(present[1].id, client.id)))
        raise refusal.sent_to(address.refuse(refusal), automatic=automatic) from None


def _next(
    turn: Turn, arrival: Arrival, request: AuthorizationRequest, client: Client, present: tuple[Session, User] | None
) -> Redirect | AskSignIn | AskConsent:
    if present is not None and not meant.is_met(turn, request.wishes, present[0]):
        present = None
    new_session: str | None = None
    if present is None and arrival.automatic_user is not None:
        meant.check(turn, request.wishes, arrival.automatic_user)
        if arrival.automatic_consent:
            user = recognise(turn, arrival.automatic_user)
            return Redirect(give_code(turn, request, session_for(turn, user, arrival.automatic_user, "")))
        new_session, session, user = start_session(turn, arrival.automatic_user)
    elif present is not None:
        session, user = present
    elif "none" in request.wishes.prompt:
        raise Refusal("login_required", "the user is not signed in")
    else:
        handed_out = ticket.hand_out(turn, "sign-in", AUTHORIZE + arrival.query, browser=arrival.browser)
        return ask_sign_in(turn, handed_out, Asked(who_asks(client, request), request.wishes))
    before, registered = remembered(turn, user, request), request.target.registered
    had = () if before is None else with_implied(before.scopes, registered)
    new = [name for name in request.scopes if name not in had]
    allowed = before is not None and not new and "consent" not in request.wishes.prompt
    allowed = allowed and _comes_back_only_to(client, request.address.redirect_uri)
    if allowed or arrival.automatic_consent:
        return Redirect(give_code(turn, request, session))
    if "none" in request.wishes.prompt:
        raise Refusal("consent_required", "the user has not allowed this yet")
    return AskConsent(
        ticket=ticket.hand_out(turn, "consent", arrival.query, browser=arrival.browser, session=session.digest),
        asks=replace(who_asks(client, request), scopes=described(new, registered)),
        allowed_before=described([name for name in request.scopes if name in had], registered),
        user=shown_name(user),
        offline="refresh_token" in client.grant_types,
        until_sign_out=OFFLINE_ACCESS not in request.scopes,
        new_session=new_session,
    )


def give_code(turn: Turn, request: AuthorizationRequest, session: Session) -> str:
    """A new grant by the user of this session, and the redirect that carries its code. The request is answered."""
    par.answered(turn, request)
    policy, code = turn.issuer.policy, new_code(turn, "code")
    _note_client(turn, request, session)
    turn.tx.grants.add(
        Grant(
            id=code.grant_id,
            user_id=session.user_id,
            client_id=request.address.client_id,
            scopes=request.scopes,
            resource=request.target.audience,
            created_at=turn.now,
            expires_at=turn.now + policy.grant_ttl,
            provider=session.provider,
            authenticated_at=session.authenticated_at,
            amr=session.amr,
            acr=session.acr,
            nonce=request.nonce,
            sid=session.sid or None,
            dpop_jkt=request.dpop_jkt,
            code_digest=code.digest,
            code_challenge=request.code_challenge,
            redirect_uri=request.address.redirect_uri,
            code_expires_at=turn.now + policy.authorization_code_ttl,
        )
    )
    return request.address.answer({"code": code.text})


def _note_client(turn: Turn, request: AuthorizationRequest, session: Session) -> None:
    """Who learns by an ID token who is here, and asks for it, is told when they leave."""
    client = turn.tx.clients.find(request.address.client_id)
    asks = client is not None and client.backchannel_logout_uri is not None and OPENID in request.scopes
    if asks and len(session.clients) < MAX_TOLD:
        turn.tx.sessions.note_client(session.digest, request.address.client_id)


def new_grant_id(turn: Turn) -> int:
    return (int.from_bytes(turn.entropy(8), "big") >> 1) or 1


def no_code(turn: Turn) -> dict[str, Any]:
    """What stands in a grant that nobody gets by a code: one that no text leads to, and that is over."""
    return {
        "code_digest": bytes(32),
        "code_challenge": "",
        "redirect_uri": "",
        "code_expires_at": turn.now,
        "code_spent_at": turn.now,
    }


def new_code(turn: Turn, kind: Kind) -> Handle:
    """The code of a new grant, whose id it names."""
    grant_id = new_grant_id(turn)
    return mint(kind, grant_id, 0, turn.entropy(SECRET_BYTES), turn.keyring.mac)


def remembered(turn: Turn, user: User, request: AuthorizationRequest) -> Consent | None:
    """What the user allowed this client before, for this resource and this way back."""
    address = request.address
    back = redirect_uri.without_loopback_port(address.redirect_uri)
    return turn.tx.consents.find(user.id, address.client_id, request.target.audience, back)


def _comes_back_only_to(client: Client, redirect: str) -> bool:
    """Whether nobody else can receive what this client is sent there.

    Any program can listen on a loopback port or claim a private-use scheme, and say it is this public client: so a yes
    given before is not enough there (RFC 8252 §8.6).
    """
    return client.auth_method != "none" or redirect.startswith("https:")
