"""A resource server passes a user's access on to another one, and acts in their name there (RFC 8693).

What it gets is less than it was shown: for one other resource that the operator named, no scope that was not in the
token, and no longer than that lives. It stands on the grant of the token, and falls with it.
"""

from dataclasses import replace

from tenants.acts.access_token import Access, find_access
from tenants.acts.authorize import no_code
from tenants.acts.client_credentials import MAX_LIVE
from tenants.acts.issue import Tokens, issue
from tenants.acts.possession import Binding
from tenants.oauth import resource, scope
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import ACCESS_TOKEN, TokenExchangeRequest
from tenants.oauth.resource import Target
from tenants.records import Client, Grant
from tenants.turn import Turn

MAX_ACTORS = 4
"""Who may act for one another: each look at a token looks at the grants of them all."""
MAX_ROWS = 3
"""Grants of one client that stand on one other grant for one resource: more than one only where one was revoked."""


def pass_on(turn: Turn, request: TokenExchangeRequest, client: Client, binding: Binding) -> Tokens:
    """An access token alone, bound to what this client proved, if it proved anything."""
    if client.auth_method == "none":
        raise Refusal("unauthorized_client", "only a client that proves who it is may exchange tokens")
    access = _meant_for(turn, request.subject_token, client)
    target = _target(turn, request, client)
    scopes = _narrowed(turn, request, access, client, target)
    former, grant = _grant(turn, access, client, target)
    changes, tokens = issue(
        turn,
        grant,
        client,
        access.user,
        scopes,
        with_id_token=False,
        with_refresh_token=False,
        binding=binding,
        most_live=MAX_LIVE,
        until=access.token.expires_at,
    )
    following = replace(grant, **changes)
    if former is None:
        turn.tx.grants.add(following)
        turn.remember("access.passed_on", client.id, grant.user_id, grant=grant.parent_id, resource=target.audience)
    else:
        turn.tx.grants.rotate(following, generation=former.generation)
    return replace(tokens, issued_token_type=ACCESS_TOKEN)


def _meant_for(turn: Turn, subject_token: str, client: Client) -> Access:
    """A user's token that this client was shown as a resource server (RFC 8693 §2.2.2)."""
    access = find_access(turn, subject_token)
    if access is None or access.user is None:
        raise _unacceptable("no access token of a user that counts")
    if not any(resource.same((spoken_for,), access.grant.resource) for spoken_for in client.resources):
        raise _unacceptable("a token for a resource that this client does not speak for")
    if _actors(access.grant) >= MAX_ACTORS:
        raise _unacceptable("too many act for one another already")
    return access


def _target(turn: Turn, request: TokenExchangeRequest, client: Client) -> Target:
    target = resource.asked(request.resources, registered=turn.tx.resources.all(), issuer_uri=turn.issuer.uri)
    named = any(resource.same((allowed,), target.audience) for allowed in client.target_resources)
    if target.registered is None or not named:
        raise Refusal("invalid_target", "this client may not exchange tokens for ones of that resource")
    return target


def _narrowed(
    turn: Turn, request: TokenExchangeRequest, access: Access, client: Client, target: Target
) -> tuple[str, ...]:
    """What of the token's own scopes is offered at the other resource too, or what was asked of that."""
    offered = scope.offered(turn.issuer.policy, target.registered)
    within = tuple(name for name in access.scopes if name != scope.OFFLINE_ACCESS)
    granted = scope.still_allowed(within, offered=offered, allowed=scope.limit(client, target.registered))
    return scope.narrowed(request.scope, granted, None)


def _grant(turn: Turn, access: Access, client: Client, target: Target) -> tuple[Grant | None, Grant]:
    """The one that stands on the token's grant for this client and resource: as it is kept, if it is, and as it is to
    be used. Its id is made of those three, so it is found without a search.
    """
    parent = access.grant
    for number in range(MAX_ROWS):
        name = f"exchange\0{parent.id}\0{client.id}\0{target.audience}\0{number}".encode()
        grant_id = (int.from_bytes(turn.keyring.mac(name)[:8], "big") >> 1) or 1
        kept = turn.tx.grants.find(grant_id)
        if kept is None:
            return None, _begun(turn, grant_id, parent, client, target)
        if kept.revoked_at is None:
            return kept, kept
    raise Refusal("invalid_target", "access to that resource was taken back too often")


def _begun(turn: Turn, grant_id: int, parent: Grant, client: Client, target: Target) -> Grant:
    """It allows nothing by itself: each token says what it is for."""
    former = {} if parent.actor is None else {"act": parent.actor}
    return Grant(
        id=grant_id,
        user_id=parent.user_id,
        client_id=client.id,
        scopes=(),
        resource=target.audience,
        created_at=turn.now,
        expires_at=parent.expires_at,
        provider=parent.provider,
        authenticated_at=parent.authenticated_at,
        amr=parent.amr,
        acr=parent.acr,
        actor={"sub": client.id, **former},
        parent_id=parent.id,
        **no_code(turn),
    )


def _actors(grant: Grant) -> int:
    """How many act for one another by now."""
    count, actor = 0, grant.actor
    while actor is not None:
        count, actor = count + 1, actor.get("act")
    return count


def _unacceptable(detail: str) -> Refusal:
    return Refusal("invalid_request", "the subject_token cannot be exchanged by this client", detail=detail)
