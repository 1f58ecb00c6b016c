"""The authorization request and its answer (OAuth 2.1 §4.1.1, §4.1.2; RFC 9207; OpenID Connect Core §3.1.2.1).

Until client and redirect URI are proven, a refusal can only be shown; from then on it is carried back by a redirect.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from tenants.oauth import pkce, redirect_uri, resource, scope
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.records import Client, Issuer

MAX_STATE = 4_096
MAX_NONCE = 512
MAX_LOGIN_HINT = 320
_SECONDS = re.compile(r"[0-9]{1,9}")
PROMPTS = frozenset({"none", "login", "consent", "select_account"})


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
    resource: str
    code_challenge: str
    nonce: str | None
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str | None
    """Whom the client expects, if it said so in a way that can be read (OpenID Connect Core §3.1.2.1)."""


def return_address(asked: Parameters, client: Client | None, issuer: Issuer) -> ReturnAddress:
    """Where to answer. Its refusals can only be shown to the user (OAuth 2.1 §4.1.2.1)."""
    if client is None or client.disabled_at is not None:
        raise Refusal("invalid_client", "this issuer does not know the client that sent you here")
    given = asked.one("redirect_uri")
    proven = redirect_uri.prove(given, client.redirect_uris, private_schemes=issuer.policy.private_redirect_schemes)
    try:
        state = asked.opaque("state")
    except Refusal:
        state = None  # complete() refuses it, with an address to send the refusal to
    if state is not None and len(state) > MAX_STATE:
        state = None
    return ReturnAddress(client_id=client.id, redirect_uri=proven, state=state, issuer_uri=issuer.uri)


def complete(asked: Parameters, address: ReturnAddress, client: Client, issuer: Issuer) -> AuthorizationRequest:
    """The whole request. Its refusals are for the client."""
    state = asked.opaque("state")
    if state is not None and len(state) > MAX_STATE:
        raise Refusal("invalid_request", f"state is longer than {MAX_STATE} characters")
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
    scopes = scope.asked(asked.raw("scope"), offered=issuer.policy.scopes, allowed=client.scopes)
    audience = resource.asked(asked.all("resource"), offered=issuer.policy.resources, issuer_uri=issuer.uri)
    nonce = asked.one("nonce")
    if nonce is not None and len(nonce) > MAX_NONCE:
        raise Refusal("invalid_request", f"nonce is longer than {MAX_NONCE} characters")
    return AuthorizationRequest(
        address=address,
        scopes=scopes,
        resource=audience,
        code_challenge=challenge,
        nonce=nonce,
        prompt=_prompt(asked.one("prompt")),
        max_age=_max_age(asked.one("max_age")),
        login_hint=_login_hint(asked.raw("login_hint")),
    )


def _prompt(text: str | None) -> frozenset[str]:
    prompt = frozenset(text.split(" ")) if text else frozenset[str]()
    if not prompt <= PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise Refusal("invalid_request", "prompt must be none, or any of login, consent and select_account")
    return prompt


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise Refusal("invalid_request", "max_age must be a number of seconds")
    return int(text)


def _login_hint(text: str | None) -> str | None:
    """It only helps, so one that is no use is as good as none."""
    return text if text is not None and len(text) <= MAX_LOGIN_HINT and text.isprintable() else None
