"""The user decides: yes or no, once, in the browser and the session that saw the page."""

from dataclasses import dataclass

from tenants.acts import par, ticket
from tenants.acts.asked import complete, sender
from tenants.acts.authorize import Redirect, give_code, remembered
from tenants.acts.who import signed_in
from tenants.oauth import redirect_uri
from tenants.oauth.authorization import AuthorizationRequest
from tenants.oauth.refusal import Refusal
from tenants.records import Consent, Session, User
from tenants.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    ticket: str | None
    browser: str | None
    session: str | None
    allow: bool


def decide(turn: Turn, decision: Decision) -> Redirect | Refusal:
    """The redirect that tells the client. What was sealed counts, checked anew; the form adds nothing to it."""
    present = signed_in(turn, decision.session)
    if present is None:
        raise Refusal("invalid_request", "you are not signed in any more")
    session, user = present
    pending = ticket.take(turn, "consent", decision.ticket, browser=decision.browser, session=session.digest)
    ticket.spend(turn, pending)
    by = sender(turn, pending.content)
    client, address = by.client, by.address
    try:
        request = complete(turn, by)
        if decision.allow:
            return Redirect(_allow(turn, user, session, request))
        par.answered(turn, request)
    except Refusal as refusal:
        raise refusal.sent_to(address.refuse(refusal), automatic=True) from None
    turn.remember("consent.denied", user.id, client.id)
    refusal = Refusal("access_denied", "the user said no")
    return refusal.sent_to(address.refuse(refusal), automatic=True)  # returned: the spent ticket must stay spent


def _allow(turn: Turn, user: User, session: Session, request: AuthorizationRequest) -> str:
    _remember(turn, user, request)
    turn.remember(
        "consent.given",
        user.id,
        request.address.client_id,
        scopes=list(request.scopes),
        resource=request.target.audience,
    )
    return give_code(turn, request, session)


def _remember(turn: Turn, user: User, request: AuthorizationRequest) -> None:
    """Add what was allowed now to what was allowed before, for the same resource and redirect URI."""
    before = remembered(turn, user, request)
    scopes = request.scopes if before is None else tuple(dict.fromkeys((*before.scopes, *request.scopes)))
    turn.tx.consents.put(
        Consent(
            user_id=user.id,
            client_id=request.address.client_id,
            resource=request.target.audience,
            redirect_uri=redirect_uri.without_loopback_port(request.address.redirect_uri),
            scopes=scopes,
            given_at=turn.now,
        )
    )
