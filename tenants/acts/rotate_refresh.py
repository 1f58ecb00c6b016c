"""A refresh token becomes the next one (OAuth 2.1 §4.3.1), in the same row.

A client that lost our answer, or sent the same token five times at once, is answered with the same successor while the
replay window is open and the successor has not been used. Any other second use means that two parties hold the chain.
"""

from dataclasses import replace

from tenants.acts.issue import Tokens, issue, registered_for
from tenants.acts.possession import Binding
from tenants.acts.who import user_of
from tenants.keyring import seal_under, unseal_under
from tenants.oauth import json_text, resource, scope
from tenants.oauth.client_auth import Credentials
from tenants.oauth.handle import read
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import RefreshRequest
from tenants.records import Client, Grant
from tenants.turn import Turn


def rotate_refresh(turn: Turn, request: RefreshRequest, client: Client, binding: Binding) -> Tokens | Refusal:
    """The next tokens of the grant, bound to what was proven, if anything was. A *returned* Refusal has ended it."""
    token = read("refresh", request.refresh_token, turn.keyring.mac)
    grant = turn.tx.grants.find(token.grant_id) if token else None
    if token is None or grant is None or grant.client_id != client.id:
        raise _no("no such refresh token, or another client's")
    if grant.revoked_at is not None:
        raise _no("grant revoked")
    if client.auth_method == "none" and not _holds(request.credentials, binding, grant):
        # before all that could end the grant: to whoever lacks the key, a stolen token is good for nothing at all
        raise _no("no proof of the key or certificate that the refresh token is bound to")
    if token.generation > grant.generation:
        raise _no("a token of a future that was restored away")
    if token.generation < grant.generation:
        return _again(turn, request, grant, token.generation, binding)
    if not token.matches(grant.refresh_digest):
        raise _no("not the current refresh token")
    if (grant.refresh_expires_at or 0) <= turn.now or grant.expires_at <= turn.now:
        raise _no("refresh token expired")
    if not resource.same(request.resources, grant.resource):
        raise Refusal("invalid_target", "the resource is not the one that was granted")
    scopes = scope.narrowed(request.scope, grant.scopes, registered_for(turn, grant))
    user = user_of(turn, grant)
    if user is None:
        raise _no("user or identity provider disabled")
    changes, tokens = issue(turn, grant, client, user, scopes, with_id_token=False, binding=binding)
    if turn.issuer.policy.replay_window > 0:
        answer = json_text.write(tokens.members())
        changes["successor"] = seal_under(request.refresh_token, answer, _asked(grant, scopes, binding))
    if not turn.tx.grants.rotate(replace(grant, **changes), generation=grant.generation):
        raise _no("rotated at the same moment")
    return tokens


def _again(turn: Turn, request: RefreshRequest, grant: Grant, generation: int, binding: Binding) -> Tokens | Refusal:
    """A refresh token that was rotated away. Its mac has already proven that we once gave it out."""
    waited = turn.now - (grant.rotated_at or 0)
    if generation == grant.generation - 1 and grant.successor and 0 <= waited <= turn.issuer.policy.replay_window:
        if not resource.same(request.resources, grant.resource):
            raise Refusal("invalid_target", "the resource is not the one that was granted")
        scopes = scope.narrowed(request.scope, grant.scopes, registered_for(turn, grant))
        answer = unseal_under(request.refresh_token, grant.successor, _asked(grant, scopes, binding))
        if answer is None:
            raise _no("the token was spent for another scope, resource or key, or was never current")
        members = json_text.parse(answer)
        return Tokens(**{**members, "expires_in": max(members["expires_in"] - waited, 0)})
    # a thief or the owner has the other copy: end both (RFC 9700 §4.14.2)
    turn.tx.grants.revoke(grant.id, turn.now)
    turn.remember("refresh_token.reused", grant.client_id, grant.user_id, grant=grant.id)
    return _no("refresh token used twice")


def _holds(shown: Credentials, binding: Binding, grant: Grant) -> bool:
    """Whether what a public client's refresh token is bound to was proven (RFC 9449 §5, RFC 8705 §7.1)."""
    x5t = None if shown.certificate is None else shown.certificate.thumbprint
    return grant.dpop_jkt in (None, binding.jkt) and grant.x5t in (None, x5t)


def _asked(grant: Grant, scopes: tuple[str, ...], binding: Binding) -> bytes:
    """What the answer is bound to: the same token asked again for something else is not answered with it."""
    bound = [thumbprint for thumbprint in (binding.jkt, binding.x5t) if thumbprint is not None]
    return "\0".join((" ".join((grant.resource, *scopes)), *bound)).encode("utf-8")


def _no(detail: str) -> Refusal:
    return Refusal("invalid_grant", "the refresh token is invalid, expired or used", detail=detail)
