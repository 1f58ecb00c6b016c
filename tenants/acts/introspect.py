"""A client asks what a token is worth (RFC 7662)."""

from typing import Any

from tenants.acts.access_token import find_access
from tenants.acts.client import asking
from tenants.acts.issue import acting, confirmation, subject_of
from tenants.acts.possession import Binding
from tenants.oauth import resource
from tenants.oauth.requests import IntrospectionRequest
from tenants.turn import Turn

INACTIVE: dict[str, Any] = {"active": False}


def introspect(turn: Turn, request: IntrospectionRequest) -> dict[str, Any]:
    """The answer: everything about a live token, to the client that holds it or speaks for its resource.

    To anyone else, and for whatever else is wrong, it is inactive, without a reason (RFC 7662 §2.2, §4).
    """
    client = asking(turn, request.credentials)
    access = find_access(turn, request.token)
    if access is None:
        return INACTIVE
    grant = access.grant
    speaks = any(resource.same((spoken_for,), grant.resource) for spoken_for in client.resources)
    if grant.client_id != client.id and not speaks:
        return INACTIVE
    return {
        "active": True,
        "sub": subject_of(grant),
        "client_id": grant.client_id,
        "scope": " ".join(access.scopes),
        "aud": grant.resource,
        "iss": turn.issuer.uri,
        "exp": access.token.expires_at,
        "iat": access.token.issued_at,
        "token_type": "Bearer" if access.token.dpop_jkt is None else "DPoP",
        **confirmation(Binding(access.token.dpop_jkt, access.token.x5t)),
        **acting(grant),
    }
