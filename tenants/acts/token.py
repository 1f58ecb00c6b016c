"""POST /token: who is asking, and what for."""

from tenants.acts.client import asking
from tenants.acts.issue import Tokens
from tenants.acts.redeem_code import redeem_code
from tenants.acts.rotate_refresh import rotate_refresh
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import CodeRequest, TokenRequest
from tenants.turn import Turn


def exchange(turn: Turn, request: TokenRequest) -> Tokens | Refusal:
    """Tokens for a code or a refresh token. A *returned* Refusal has ended the grant, and that stays."""
    client = asking(turn, request.credentials)
    grant_type = "authorization_code" if isinstance(request, CodeRequest) else "refresh_token"
    if grant_type not in client.grant_types:
        raise Refusal("unauthorized_client", f"this client is not registered for {grant_type}")
    if isinstance(request, CodeRequest):
        return redeem_code(turn, request, client)
    return rotate_refresh(turn, request, client)
