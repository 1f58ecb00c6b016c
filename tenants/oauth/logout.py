"""A client sends a user here to sign out (OpenID Connect RP-Initiated Logout 1.0 §2), and others are told.

They are told by a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4).
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

from tenants.oauth.authorization import MAX_STATE
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.records import Client, Issuer, Message

PARAMETERS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")
TOKEN_SECONDS = 120
TOKEN_TYPE = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    id_token_hint: str | None = field(default=None, repr=False)
    client_id: str | None = None
    post_logout_redirect_uri: str | None = None
    state: str | None = None


def read(asked: Parameters) -> LogoutRequest:
    """Refusal `invalid_request` for a parameter that stands twice, or a state that is too long."""
    state = asked.opaque("state")
    if state is not None and len(state) > MAX_STATE:
        raise Refusal("invalid_request", f"state is longer than {MAX_STATE} characters")
    return LogoutRequest(
        id_token_hint=asked.raw("id_token_hint"),
        client_id=asked.one("client_id"),
        post_logout_redirect_uri=asked.one("post_logout_redirect_uri"),
        state=state,
    )


def as_query(asked: Parameters) -> str:
    """What of the request counts, to be asked once more by GET."""
    return urlencode([(name, value) for name in PARAMETERS for value in asked.all(name)], quote_via=quote_plus)


def way_back(request: LogoutRequest, client: Client | None) -> str | None:
    """Where the browser goes afterwards: what this client registered, letter by letter, and nothing else (§3)."""
    uri = request.post_logout_redirect_uri
    if client is None or client.is_barred or uri not in client.post_logout_redirect_uris:
        return None
    if request.state is None:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'state': request.state})}"


def token_claims(issuer: Issuer, notice: Message, *, jti: str, now: int) -> dict[str, Any]:
    """Without a nonce, so that nobody takes it for an ID token (§2.4)."""
    return {
        "iss": issuer.uri,
        "sub": notice.user_id,
        "aud": notice.client_id,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "jti": jti,
        "events": {EVENT: {}},
        "sid": notice.body,
    }
