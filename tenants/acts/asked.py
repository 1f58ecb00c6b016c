"""The authorization request that a browser carries along, read anew at every step.

What the client registered and the issuer allows may have changed since the step before; what counts is what is so now.
"""

from tenants.oauth import authorization, uri
from tenants.oauth.authorization import AuthorizationRequest, ReturnAddress
from tenants.oauth.parameters import Parameters, parse
from tenants.records import Client
from tenants.turn import Turn


def sender(turn: Turn, query: bytes) -> tuple[Parameters, Client, ReturnAddress]:
    """Who asks, and where to answer. Its refusals can only be shown to the user (OAuth 2.1 §4.1.2.1)."""
    asked = parse(query)
    client = turn.tx.clients.find(asked.required("client_id"))
    address = authorization.return_address(asked, client, turn.issuer)
    assert client is not None  # return_address refuses an unknown one
    return asked, client, address


def whole(turn: Turn, query: bytes) -> tuple[Client, AuthorizationRequest]:
    """Who asks, and for what. Raises Refusal."""
    asked, client, address = sender(turn, query)
    return client, authorization.complete(asked, address, client, turn.issuer)


def returns_by_itself(client: Client, redirect: str) -> bool:
    """Whether a browser may be sent there with an error unasked: else whoever registers could use us as an open
    redirector (RFC 9700 §4.11.2)."""
    return client.origin == "admin" or is_loopback(redirect)


def is_loopback(redirect: str) -> bool:
    parts = uri.parse(redirect)
    return parts is not None and parts.scheme in ("http", "https") and parts.loopback
