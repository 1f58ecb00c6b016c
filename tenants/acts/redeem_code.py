"""A code becomes tokens, once (OAuth 2.1 §4.1.3)."""

from dataclasses import replace

from tenants.acts.issue import Tokens, issue
from tenants.acts.possession import Binding
from tenants.acts.who import user_of
from tenants.oauth import pkce, resource
from tenants.oauth.handle import Kind, read
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import CodeRequest
from tenants.records import Client, Grant
from tenants.turn import Turn


def redeem_code(turn: Turn, request: CodeRequest, client: Client, binding: Binding) -> Tokens | Refusal:
    """Tokens that are bound to what was proven, if anything was.

    What can be mended is refused before the code is touched; what looks like theft ends the grant."""
    grant = shown(turn, "code", request.code, client)
    if isinstance(grant, Refusal):
        return grant
    if request.redirect_uri is not None and request.redirect_uri != grant.redirect_uri:
        raise no("redirect_uri differs")
    if not resource.same(request.resources, grant.resource):
        raise Refusal("invalid_target", "the resource is not the one that was granted")
    if not pkce.proves(request.code_verifier, grant.code_challenge):
        return not_proven(turn, grant)
    if grant.dpop_jkt is not None and binding.jkt is None:
        raise no("no proof of the key that the code is for")
    if grant.dpop_jkt not in (None, binding.jkt):
        return not_proven(turn, grant, "proof of another key than the code is for")
    return spend(turn, grant, client, binding)


def shown(turn: Turn, kind: Kind, text: str, client: Client) -> Grant | Refusal:
    """The grant of a code that is this client's and still good. A *returned* Refusal has ended it."""
    code = read(kind, text, turn.keyring.mac)
    grant = turn.tx.grants.find(code.grant_id) if code else None
    if code is None or grant is None or not code.matches(grant.code_digest):
        raise no("no such code")
    if grant.client_id != client.id:
        raise no("code of another client")  # who only knows a code must not be able to burn it
    if grant.code_spent_at is not None and grant.revoked_at is None:
        # somebody else has it too: end what it gave (OAuth 2.1 §4.1.3)
        return _end(turn, grant, "code.reused", "code used twice")
    if grant.revoked_at is not None or grant.code_expires_at <= turn.now:
        raise no("code expired or revoked")
    return grant


def not_proven(turn: Turn, grant: Grant, detail: str = "code_verifier missing or wrong") -> Refusal:
    """A code in the wrong hands: fail closed, a second guess is not given (RFC 9700 §4.5)."""
    return _end(turn, grant, "code.not_proven", detail)


def spend(turn: Turn, grant: Grant, client: Client, binding: Binding, *, for_access_alone: bool = False) -> Tokens:
    """The tokens for a code that was proven: all that the grant allows, or an access token."""
    user = user_of(turn, grant)
    if user is None:
        raise no("user or identity provider disabled")
    more = not for_access_alone
    changes, tokens = issue(
        turn,
        grant,
        client,
        user,
        grant.scopes,
        with_id_token=more,
        with_refresh_token=more,
        binding=binding,
    )
    if not turn.tx.grants.rotate(replace(grant, **changes, code_spent_at=turn.now), generation=grant.generation):
        raise no("code used at the same moment")
    return tokens


def no(detail: str) -> Refusal:
    return Refusal("invalid_grant", "the code is invalid, expired or used", detail=detail)


def _end(turn: Turn, grant: Grant, event: str, detail: str) -> Refusal:
    turn.tx.grants.revoke(grant.id, turn.now)
    turn.remember(event, grant.client_id, grant.user_id, grant=grant.id)
    return no(detail)
