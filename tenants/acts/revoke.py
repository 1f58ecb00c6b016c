"""A client gives a token back (RFC 7009)."""

from tenants.acts.access_token import find_token
from tenants.acts.client import asking
from tenants.oauth.handle import read
from tenants.oauth.requests import RevocationRequest
from tenants.turn import Turn


def revoke(turn: Turn, request: RevocationRequest) -> None:
    """A refresh token ends its grant and all that hangs on it; an access token ends alone (RFC 7009 §2.1).

    A token that is not this client's, or none at all, is no error and changes nothing (RFC 7009 §2.2).
    """
    client = asking(turn, request.credentials)
    refresh = read("refresh", request.token, turn.keyring.mac)
    if refresh is not None:
        grant = turn.tx.grants.find(refresh.grant_id)
        if grant is not None and grant.client_id == client.id and turn.tx.grants.revoke(grant.id, turn.now):
            turn.remember("grant.revoked", client.id, grant.user_id, grant=grant.id)
        return
    found = find_token(turn, request.token)  # also one that does not count while its user or resource is disabled
    if found is not None and found[0].client_id == client.id:
        grant, given_back = found
        turn.tx.grants.end_access(grant.id, given_back.digest, turn.now)
