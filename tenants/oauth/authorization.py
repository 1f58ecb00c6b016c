"""The authorization request and its answer (OAuth 2.1 §4.1.1, §4.1.2; RFC 9207; OpenID Connect Core §3.1.2.1).

Until client and redirect URI are proven, a refusal can only be shown; from then on it is carried back by a redirect.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from tenants.oauth import approval, dpop, pkce, redirect_uri, resource, scope, wishes
from tenants.oauth.parameters import Parameters
from tenants.oauth.pushed import Pushed
from tenants.oauth.refusal import Refusal
from tenants.oauth.resource import Target
from tenants.oauth.wishes import Wishes
from tenants.records import Client, Issuer, Resource

MAX_STATE = 4_096
MAX_NONCE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAddress:
    """Where the answer goes: a redirect URI that the client registered, and the state it wants back."""

    client_id: str
    redirect_uri: str
    state: str | None
    issuer_uri: str

    def answer(self, parameters: Mapping[str, str]) -> str:
        """The URI that carries `parameters`, with `state` and `iss`, behind whatever query the client registered."""
        pairs = dict(parameters)
        if self.state is not None:
            pairs["state"] = self.state
        pairs["iss"] = self.issuer_uri
        joint = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{joint}{urlencode(pairs, quote_via=quote)}"

    def refuse(self, refusal: Refusal) -> str:
        parameters = {"error": refusal.code}
        if refusal.description:
            parameters["error_description"] = refusal.description
        return self.answer(parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """The parsed /authorize call, kept until it is answered."""

    address: ReturnAddress
    scopes: tuple[str, ...]
    target: Target
    code_challenge: str
    nonce: str | None
    dpop_jkt: str | None
    """The key that the code is for (RFC 9449 §10)."""
    wishes: Wishes
    pushed: Pushed | None = None
    """What is used up when it is answered."""


def return_address(asked: Parameters, client: Client | None, issuer: Issuer) -> ReturnAddress:
    """Where to answer. Its refusals can only be shown to the user (OAuth 2.1 §4.1.2.1)."""
    if client is None or client.disabled_at is not None:
        raise Refusal("invalid_client", "this issuer does not know the client that sent you here")
    approval.check(client)
    given = asked.one("redirect_uri")
    proven = redirect_uri.prove(given, client.redirect_uris, private_schemes=issuer.policy.private_redirect_schemes)
    return ReturnAddress(client_id=client.id, redirect_uri=proven, state=state_to_return(asked), issuer_uri=issuer.uri)


def state_to_return(asked: Parameters) -> str | None:
    """The state, or None where it cannot be handed back: check_state() refuses it, with an address for the refusal."""
    try:
        check_state(asked)
    except Refusal:
        return None
    return asked.opaque("state")


def check_state(asked: Parameters) -> None:
    """Refusal `invalid_request` unless the state, if there is one, can be handed back as it is."""
    state = asked.opaque("state")
    if state is not None and len(state) > MAX_STATE:
        raise Refusal("invalid_request", f"state is longer than {MAX_STATE} characters")


def complete(
    asked: Parameters, address: ReturnAddress, client: Client, issuer: Issuer, resources: Sequence[Resource]
) -> AuthorizationRequest:
    """The whole request. Its refusals are for the client. `resources` are all that are registered."""
    check_state(asked)
    if asked.one("request") is not None:
        raise Refusal("request_not_supported", "request objects are not supported")
    if asked.one("request_uri") is not None:
        raise Refusal("request_uri_not_supported", "request objects are not supported")
    response_type = asked.required("response_type")
    if response_type != "code" or "code" not in client.response_types:
        raise Refusal("unsupported_response_type", "the only response type is code")
    if "authorization_code" not in client.grant_types:
        raise Refusal("unauthorized_client", "this client is not registered for the authorization code grant")
    if asked.one("response_mode") not in (None, "query"):
        raise Refusal("invalid_request", "the only response mode is query")
    challenge = pkce.check_challenge(asked.one("code_challenge"), asked.one("code_challenge_method"))
    target = resource.asked(asked.all("resource"), registered=resources, issuer_uri=issuer.uri)
    offered, allowed = scope.offered(issuer.policy, target.registered), scope.limit(client, target.registered)
    scopes = scope.asked(asked.raw("scope"), offered=offered, allowed=allowed, usual=client.scopes)
    wished = wishes.read(asked)
    if scope.OPENID in scopes:
        scopes = scope.widened(scopes, wished.claims.scopes, offered=offered, allowed=allowed)
    nonce = asked.one("nonce")
    if nonce is not None and len(nonce) > MAX_NONCE:
        raise Refusal("invalid_request", f"nonce is longer than {MAX_NONCE} characters")
    return AuthorizationRequest(
        address=address,
        scopes=scopes,
        target=target,
        code_challenge=challenge,
        nonce=nonce,
        dpop_jkt=dpop.check_jkt(asked.one("dpop_jkt")),
        wishes=wished,
    )
