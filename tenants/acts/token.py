"""POST /token: who is asking, and what for."""

from tenants.acts.client import asking
from tenants.acts.client_credentials import ask_for_itself
from tenants.acts.device import poll
from tenants.acts.grant_types import is_offered
from tenants.acts.identity_assertion import believe
from tenants.acts.issue import Tokens
from tenants.acts.possession import for_tokens
from tenants.acts.redeem_code import redeem_code
from tenants.acts.rotate_refresh import rotate_refresh
from tenants.acts.token_exchange import pass_on
from tenants.acts.workload_identity import act_as_client, may_be_of_workload
from tenants.oauth.client_auth import unauthentic
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
    if isinstance(request, AssertionRequest) and may_be_of_workload(turn, request):
        return act_as_client(turn, request)
    if request.credentials is None:
        raise unauthentic("no client authentication and no client_id")
    client = asking(turn, request.credentials)
    if not is_offered(turn, request.grant_type):
        raise Refusal("unsupported_grant_type", "this issuer does not offer the grant type")
    if request.grant_type not in client.grant_types:
        raise Refusal("unauthorized_client", f"this client is not registered for {request.grant_type}")
    binding = for_tokens(turn, request.proof, request.credentials.certificate, client)
    if isinstance(request, CodeRequest):
        return redeem_code(turn, request, client, binding)
    if isinstance(request, RefreshRequest):
        return rotate_refresh(turn, request, client, binding)
    if isinstance(request, ClientCredentialsRequest):
        return ask_for_itself(turn, request, client, binding)
    if isinstance(request, DeviceCodeRequest):
        return poll(turn, request, client, binding)
    if isinstance(request, AssertionRequest):
        return believe(turn, request, client, binding)
    return pass_on(turn, request, client, binding)
