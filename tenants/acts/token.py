"""POST /token: who is asking, and what for."""

from tenants.acts.client import asking
from tenants.acts.client_credentials import ask_for_itself
from tenants.acts.device import poll
from tenants.acts.grant_types import is_offered
from tenants.acts.identity_assertion import believe
from tenants.acts.issue import Tokens
from tenants.acts.possession import key_for_tokens
from tenants.acts.redeem_code import redeem_code
from tenants.acts.rotate_refresh import rotate_refresh
from tenants.acts.token_exchange import pass_on
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import (
    AssertionRequest,
    ClientCredentialsRequest,
    CodeRequest,
    DeviceCodeRequest,
    RefreshRequest,
    TokenRequest,
)
from tenants.turn import Turn


def exchange(turn: Turn, request: TokenRequest) -> Tokens | Refusal:
    """Tokens, by whichever grant type. What a *returned* Refusal has changed stays."""
    client = asking(turn, request.credentials)
    if not is_offered(turn, request.grant_type):
        raise Refusal("unsupported_grant_type", "this issuer does not offer the grant type")
    if request.grant_type not in client.grant_types:
        raise Refusal("unauthorized_client", f"this client is not registered for {request.grant_type}")
    dpop_jkt = key_for_tokens(turn, request.proof, client)
    if isinstance(request, CodeRequest):
        return redeem_code(turn, request, client, dpop_jkt)
    if isinstance(request, RefreshRequest):
        return rotate_refresh(turn, request, client, dpop_jkt)
    if isinstance(request, ClientCredentialsRequest):
        return ask_for_itself(turn, request, client, dpop_jkt)
    if isinstance(request, DeviceCodeRequest):
        return poll(turn, request, client, dpop_jkt)
    if isinstance(request, AssertionRequest):
        return believe(turn, request, client, dpop_jkt)
    return pass_on(turn, request, client, dpop_jkt)
