"""A client asks in its own name: no user stands behind the token (OAuth 2.1 §4.2; MCP, OAuth Client Credentials).

All that it holds at one resource is one row, however often it asks, and there is neither code nor refresh token in it.
"""

from dataclasses import replace

from tenants.acts.authorize import new_grant_id, no_code
from tenants.acts.issue import Tokens, issue
from tenants.acts.possession import Binding
from tenants.oauth import resource, scope
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import ClientCredentialsRequest
from tenants.oauth.resource import Target
from tenants.records import Client, Grant
from tenants.turn import Turn

MAX_LIVE = 64
"""Access tokens that count at once at one resource: a service may run in many places, each with a token of its own."""
FOREVER = (1 << 63) - 1


def ask_for_itself(turn: Turn, request: ClientCredentialsRequest, client: Client, binding: Binding) -> Tokens:
    """An access token alone, bound to what was proven, if anything was."""
    if client.origin != "admin" or client.auth_method == "none":
        raise Refusal("unauthorized_client", "only a client of the operator's that proves who it is may ask for itself")
    target = resource.asked(request.resources, registered=turn.tx.resources.all(), issuer_uri=turn.issuer.uri)
    scopes = scope.asked_without_user(
        request.scope,
        offered=scope.offered(turn.issuer.policy, target.registered),
        allowed=scope.limit(client, target.registered),
    )
    return give_itself(turn, client, target, scopes, binding)


def give_itself(turn: Turn, client: Client, target: Target, scopes: tuple[str, ...], binding: Binding) -> Tokens:
    """One more access token in the client's own name, however it has proved who it is."""
    former = turn.tx.grants.of_client_itself(client.id, target.audience)
    grant = former or _begun(turn, client, target.audience)
    changes, tokens = issue(
        turn,
        grant,
        client,
        None,
        scopes,
        with_id_token=False,
        with_refresh_token=False,
        binding=binding,
        most_live=MAX_LIVE,
    )
    following = replace(grant, **changes)
    if former is None:
        turn.tx.grants.add(following)
    elif not turn.tx.grants.rotate(following, generation=former.generation):
        raise Refusal("invalid_grant", "ask again", detail="asked for at the same moment")
    return tokens


def _begun(turn: Turn, client: Client, audience: str) -> Grant:
    """It allows nothing by itself: each token says what it is for. It is swept when its last token has ended."""
    return Grant(
        id=new_grant_id(turn),
        user_id=None,
        client_id=client.id,
        scopes=(),
        resource=audience,
        created_at=turn.now,
        expires_at=FOREVER,
        provider="",
        authenticated_at=turn.now,
        **no_code(turn),
    )
