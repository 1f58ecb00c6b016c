"""An authorization code becomes tokens, once (OAuth 2.1 §4.1.3)."""

from dataclasses import replace

from tenants.acts.issue import Tokens, issue
from tenants.acts.who import in_good_standing
from tenants.oauth import pkce, resource
from tenants.oauth.handle import read
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import CodeRequest
from tenants.records import Client, Grant
from tenants.turn import Turn


def redeem_code(turn: Turn, request: CodeRequest, client: Client) -> Tokens | Refusal:
    """What can be mended is refused before the code is touched; what looks like theft ends the grant."""
    code = read("code", request.code, turn.keyring.mac)
    grant = turn.tx.grants.find(code.grant_id) if code else None
    if code is None or grant is None or not code.matches(grant.code_digest):
        raise _no("no such code")
    if grant.client_id != client.id:
        raise _no("code of another client")  # who only knows a code must not be able to burn it
    if grant.code_spent_at is not None and grant.revoked_at is None:
        # somebody else has it too: end what it gave (OAuth 2.1 §4.1.3)
        return _end(turn, grant, "code.reused", "code used twice")
    if grant.revoked_at is not None or grant.code_expires_at <= turn.now:
        raise _no("code expired or revoked")
    if request.redirect_uri is not None and request.redirect_uri != grant.redirect_uri:
        raise _no("redirect_uri differs")
    if not resource.same(request.resources, grant.resource):
        raise Refusal("invalid_target", "the resource is not the one that was granted")
    if not pkce.proves(request.code_verifier, grant.code_challenge):
        # a code in the wrong hands: fail closed, a second guess is not given (RFC 9700 §4.5)
        return _end(turn, grant, "code.not_proven", "code_verifier missing or wrong")
    user = turn.tx.users.find(grant.user_id)
    if user is None or not in_good_standing(turn, user, grant.provider):
        raise _no("user or identity provider disabled")
    changes, tokens = issue(turn, grant, client, user, grant.scopes, with_id_token=True)
    if not turn.tx.grants.rotate(replace(grant, **changes, code_spent_at=turn.now), generation=grant.generation):
        raise _no("code used at the same moment")
    return tokens


def _end(turn: Turn, grant: Grant, event: str, detail: str) -> Refusal:
    turn.tx.grants.revoke(grant.id, turn.now)
    turn.remember(event, grant.client_id, grant.user_id, grant=grant.id)
    return _no(detail)


def _no(detail: str) -> Refusal:
    return Refusal("invalid_grant", "the code is invalid, expired or used", detail=detail)
