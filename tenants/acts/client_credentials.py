"""A client asks in its own name: no user stands behind the token (OAuth 2.1 §4.2; MCP, OAuth Client Credentials).

All that it holds at one resource is one row, however often it asks, and there is neither code nor refresh token in it.
"""

from dataclasses import replace

from tenants.acts.authorize import new_grant_id, no_code
from tenants.acts.issue import Tokens, issue
from tenants.oauth import resource, scope
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import ClientCredentialsRequest
from tenants.records import Client, Grant
from tenants.turn import Turn

MAX_LIVE = 64
"""Access tokens that count at once at one resource: a service may run in many places, each with a token of its own."""
FOREVER = (1 << 63) - 1


def ask_for_itself(turn: Turn, request: ClientCredentialsRequest, client: Client, dpop_jkt: str | None) -> Tokens:
    """An access token alone, bound to the key that was proven, if one was."""
    if client.origin != "admin" or client.auth_method == "none":
        raise Refusal("unauthorized_client", "only a client of the operator's that proves who it is may ask for itself")
    target = resource.asked(request.resources, registered=turn.tx.resources.all(), issuer_uri=turn.issuer.uri)
    scopes = scope.asked_without_user(
        request.scope,
        offered=scope.offered(turn.issuer.policy, target.registered),
        allowed=scope.limit(client, target.registered),
    )
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
        dpop_jkt=dpop_jkt,
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
