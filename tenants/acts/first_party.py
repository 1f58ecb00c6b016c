"""A user signs in to an app of the operator's own: nobody consents, and the app gets one access token for its code."""

from tenants.acts import meant, ticket
from tenants.acts.asked import LOGIN, Asked, app, own_app
from tenants.acts.authorize import Arrival, Redirect, new_code
from tenants.acts.client import asking, known
from tenants.acts.issue import Tokens
from tenants.acts.possession import for_tokens
from tenants.acts.redeem_code import no, not_proven, shown, spend
from tenants.acts.sign_in import AskSignIn, ask_sign_in
from tenants.acts.who import recognise, session_for, signed_in
from tenants.oauth import first_party, pkce, scope
from tenants.oauth.first_party import CLIENT_ID, CODE_SECONDS, SignInRequest
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import ExchangeRequest
from tenants.records import Grant, Session
from tenants.turn import Turn


def enter(turn: Turn, arrival: Arrival) -> Redirect | AskSignIn:
    """What comes next for this browser. Refusals carry a redirect once the app is known."""
    asked, address = app(turn, arrival.query)
    try:
        return _next(turn, arrival, first_party.complete(asked, address))
    except Refusal as refusal:
        raise refusal.sent_to(address.refuse(refusal), automatic=True) from None


def _next(turn: Turn, arrival: Arrival, request: SignInRequest) -> Redirect | AskSignIn:
    present = signed_in(turn, arrival.session)
    if present is not None and meant.is_met(turn, request.wishes, present[0]):
        session = present[0]
    elif arrival.automatic_user is not None:
        session = session_for(turn, recognise(turn, arrival.automatic_user), arrival.automatic_user, "")
    elif "none" in request.wishes.prompt:
        raise Refusal("login_required", "the user is not signed in")
    else:
        handed_out = ticket.hand_out(turn, "sign-in", LOGIN + arrival.query, browser=arrival.browser)
        return ask_sign_in(turn, handed_out, Asked(own_app(request.address), request.wishes))
    return Redirect(_give_code(turn, request, session))


def _give_code(turn: Turn, request: SignInRequest, session: Session) -> str:
    """A new grant, of tokens for the issuer itself, and the redirect that carries its code."""
    policy, address = turn.issuer.policy, request.address
    client = known(turn, address.client_id)
    assert client is not None  # app() has seen it
    code = new_code(turn, "exchange")
    turn.tx.grants.add(
        Grant(
            id=code.grant_id,
            user_id=session.user_id,
            client_id=client.id,
            scopes=scope.asked(None, offered=policy.scopes, allowed=scope.limit(client, None)),
            resource=turn.issuer.uri,
            created_at=turn.now,
            expires_at=turn.now + CODE_SECONDS + policy.access_token_ttl,
            provider=session.provider,
            authenticated_at=session.authenticated_at,
            sid=session.sid or None,
            code_digest=code.digest,
            code_challenge=request.code_challenge,
            redirect_uri=address.redirect_uri,
            code_expires_at=turn.now + CODE_SECONDS,
        )
    )
    return address.answer({"code": code.text, "returnTo": request.return_to})


def redeem(turn: Turn, request: ExchangeRequest) -> Tokens | Refusal:
    """The access token for a code, to whoever it was bound to, and bound to what was proven, if anything was.

    A *returned* Refusal has ended the grant.
    """
    client = known(turn, CLIENT_ID) if request.credentials is None else asking(turn, request.credentials)
    if client is None:
        raise no("this issuer has no apps of its own")
    grant = shown(turn, "exchange", request.code, client)
    if isinstance(grant, Refusal):
        return grant
    if grant.redirect_uri not in map(first_party.callback, turn.issuer.policy.first_party_origins):
        raise no("the app is not one of the operator's any more")
    if not _proven(request.code_verifier, grant.code_challenge):
        return not_proven(turn, grant)
    binding = for_tokens(turn, request.proof, request.certificate, client)
    return spend(turn, grant, client, binding, for_access_alone=True)


def _proven(verifier: str | None, challenge: str) -> bool:
    if not challenge:
        return verifier is None  # else somebody took the challenge out of the request (RFC 9700 §4.8.2)
    return pkce.proves(verifier, challenge)
