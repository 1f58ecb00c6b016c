"""An access token comes back, and we say whether it counts."""

from dataclasses import dataclass

from tenants.acts.client import known
from tenants.acts.issue import serving
from tenants.acts.who import user_of
from tenants.oauth import jwt
from tenants.oauth.handle import TAGS, Handle, read
from tenants.oauth.hierarchy import with_implied
from tenants.oauth.resource import Target
from tenants.records import Grant, LiveToken, User
from tenants.turn import Turn


@dataclass(frozen=True, slots=True)
class Access:
    """An access token that counts now, and the grant that it lives on."""

    grant: Grant
    token: LiveToken
    user: User | None
    """None: the client acts for itself."""
    target: Target

    @property
    def scopes(self) -> tuple[str, ...]:
        """What was allowed, and what that implies today."""
        allowed = self.grant.scopes if self.token.scopes is None else self.token.scopes
        return with_implied(allowed, self.target.registered)


def find_access(turn: Turn, text: str) -> Access | None:
    """What `text` gives access to, opaque or JWT; None if it never counted or does not count now."""
    found = find_token(turn, text)
    if found is None:
        return None
    grant, token = found
    standing, parent_id = _standing(turn, grant), grant.parent_id
    while standing is not None and parent_id is not None:
        # what a token was exchanged for must stand as well
        parent = turn.tx.grants.find(parent_id)
        if parent is None or parent.revoked_at is not None or parent.expires_at <= turn.now:
            return None
        if _standing(turn, parent) is None:
            return None
        parent_id = parent.parent_id
    return None if standing is None else Access(grant, token, *standing)


def _standing(turn: Turn, grant: Grant) -> tuple[User | None, Target] | None:
    """Whose grant it is and what for, if neither user, client nor resource is gone or disabled."""
    user, client, target = user_of(turn, grant), known(turn, grant.client_id), serving(turn, grant)
    if (user is None and grant.user_id is not None) or target is None:
        return None
    return None if client is None or client.is_barred else (user, target)


def find_token(turn: Turn, text: str) -> tuple[Grant, LiveToken] | None:
    """The token that `text` is and the grant that it lives on, unless it never counted or never will again."""
    handle = _handle(turn, text)
    grant = None if handle is None else turn.tx.grants.find(handle.grant_id)
    if handle is None or grant is None or grant.revoked_at is not None or grant.expires_at <= turn.now:
        return None
    token = next((token for token in grant.access if handle.matches(token.digest)), None)
    return None if token is None or token.expires_at <= turn.now else (grant, token)


def _handle(turn: Turn, text: str) -> Handle | None:
    if text.startswith(TAGS["access"]):
        return read("access", text, turn.keyring.mac)
    claims = jwt.verify(text, turn.tx.signing_keys.all(), typ="at+jwt")
    # the grant is the truth about time, audience and scope; the signature only proves that the jti is ours
    jti = claims.get("jti") if claims and claims.get("iss") == turn.issuer.uri else None
    return read("jti", jti, turn.keyring.mac) if isinstance(jti, str) else None
