"""Sign-in to the operator's own apps: who may ask for it, and what they must say.

An app is a web origin that the policy names; its code goes to `/callback` there and nowhere else. Nobody consents to
it, so a code must be worth nothing to strangers: it is bound to whoever asked, by PKCE, by the client that will redeem
it, or by both.
"""

from dataclasses import dataclass

from tenants.oauth import authorization, pkce, redirect_uri, uri, wishes
from tenants.oauth.authorization import ReturnAddress
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.oauth.uri import Uri
from tenants.oauth.wishes import Wishes
from tenants.records import Client, Issuer, Policy

CLIENT_ID = "first-party"
"""Stands in tokens where the app named no client of its own. No client may be called so."""
CODE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRequest:
    """The parsed GET /login."""

    address: ReturnAddress
    return_to: str
    """Path and query of the page that the app is to go on to."""
    code_challenge: str
    """Empty where the code is bound to a client alone."""
    wishes: Wishes


def client(policy: Policy, now: int) -> Client | None:
    """Who redeems a code, or holds a token, that is bound by PKCE alone: a public client that is kept nowhere.

    It may ask about its tokens and give them back, and has no grant type. Where there are no apps there is none, and
    its tokens end.
    """
    if not policy.first_party_origins:
        return None
    return Client(
        id=CLIENT_ID,
        name="",
        origin="admin",
        redirect_uris=(),
        grant_types=(),
        response_types=(),
        auth_method="none",
        created_at=now,
        last_used_at=now,
    )


def return_address(asked: Parameters, client: Client | None, issuer: Issuer) -> ReturnAddress:
    """Where to answer. Its refusals can only be shown to the user. `client` is the one that `client_id` names."""
    origins = issuer.policy.first_party_origins
    if not origins:
        raise Refusal("invalid_request", "this issuer has no apps of its own to sign in to")
    origin = _origin(_return_to(asked))
    if origin not in origins:
        raise Refusal("invalid_request", "the app in returnTo is not one that this issuer knows")
    named = asked.one("client_id")
    if named is not None and (client is None or not _may_redeem(client)):
        raise Refusal("invalid_client", "client_id must name a client that the operator made, with a secret")
    if named is None and asked.one("code_challenge") is None:
        raise Refusal(
            "invalid_request", "code_challenge is missing, and so is a client_id: the code would be anybody's"
        )
    return ReturnAddress(
        client_id=named or CLIENT_ID,
        redirect_uri=callback(origin),
        state=authorization.state_to_return(asked),
        issuer_uri=issuer.uri,
    )


def complete(asked: Parameters, address: ReturnAddress) -> SignInRequest:
    """The whole request. Its refusals are for the app."""
    authorization.check_state(asked)
    challenge, method = asked.one("code_challenge"), asked.one("code_challenge_method")
    if challenge is not None or method is not None:
        challenge = pkce.check_challenge(challenge, method)
    wished = wishes.read(asked)
    if "consent" in wished.prompt:
        raise Refusal("invalid_request", "prompt cannot be consent: nobody consents to an app of the operator's own")
    page = _return_to(asked)
    return SignInRequest(
        address=address,
        return_to=(page.path or "/") + ("" if page.query is None else f"?{page.query}"),
        code_challenge=challenge or "",
        wishes=wished,
    )


def is_origin(text: str) -> bool:
    """Whether `text` is an origin as browsers spell it that a code may be sent to: https, or http on loopback."""
    parts = uri.parse(text)
    if parts is None or text != text.lower() or parts.port == (443 if parts.scheme == "https" else 80):
        return False
    try:
        redirect_uri.check_registered(callback(text), private_schemes=())
    except Refusal:
        return False
    return text == _origin(parts)


def callback(origin: str) -> str:
    """Where an app takes its code."""
    return f"{origin}/callback"


def _may_redeem(client: Client) -> bool:
    return client.origin == "admin" and client.auth_method != "none" and client.disabled_at is None


def _return_to(asked: Parameters) -> Uri:
    """The page to go on to. Refusal unless it is a URI that everybody reads alike, and stays one as a path alone."""
    given = [text for name in ("returnTo", "return_to") if (text := asked.one(name)) is not None]
    if len(given) != 1:
        raise Refusal("invalid_request", "returnTo must be given, once")
    page = uri.parse(given[0])
    if page is None or page.fragment is not None:
        raise Refusal("invalid_request", "the page in returnTo is not an absolute URI of an app, without a fragment")
    if page.path.startswith("//"):  # the app sees it without its origin: a browser would take it for another host
        raise Refusal("invalid_request", "the page in returnTo has a path that begins with two slashes")
    return page


def _origin(parts: Uri) -> str:
    """With the whole authority: no app's has user information in it."""
    return f"{parts.scheme}://{parts.authority}"
