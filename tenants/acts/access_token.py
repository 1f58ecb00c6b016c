"""An access token comes back, and we say whether it counts."""

from dataclasses import dataclass

from tenants.acts.who import in_good_standing
from tenants.oauth import jwt
from tenants.oauth.handle import TAGS, Handle, read
from tenants.records import Grant, LiveToken
from tenants.turn import Turn


@dataclass(frozen=True, slots=True)
class Access:
    """An access token that counts now, and the grant that it lives on."""

    handle: Handle
    grant: Grant
    token: LiveToken

    @property
    def scopes(self) -> tuple[str, ...]:
        return self.grant.scopes if self.token.scopes is None else self.token.scopes


def find_access(turn: Turn, text: str) -> Access | None:
    """What `text` gives access to, opaque or JWT; None if it never counted or counts no more."""
    handle = _handle(turn, text)
    if handle is None:
        return None
    grant = turn.tx.grants.find(handle.grant_id)
    if grant is None or grant.revoked_at is not None or grant.expires_at <= turn.now:
        return None
    token = next((token for token in grant.access if handle.matches(token.digest)), None)
    if token is None or token.expires_at <= turn.now:
        return None
    user = turn.tx.users.find(grant.user_id)
    client = turn.tx.clients.find(grant.client_id)
    if user is None or not in_good_standing(turn, user, grant.provider) or client is None or client.disabled_at is not None:
        return None
    return Access(handle, grant, token)


def _handle(turn: Turn, text: str) -> Handle | None:
    if text.startswith(TAGS["access"]):
        return read("access", text, turn.keyring.mac)
    claims = jwt.verify(text, turn.tx.signing_keys.all(), typ="at+jwt")
    # the grant is the truth about time, audience and scope; the signature only proves that the jti is ours
    jti = claims.get("jti") if claims and claims.get("iss") == turn.issuer.uri else None
    return read("jti", jti, turn.keyring.mac) if isinstance(jti, str) else None
