"""A client pushes an authorization request (RFC 9126), and gets a request URI that a browser is to bring.

The request URI is the request itself, sealed: nothing is kept for it until it is answered, once. It may be shown again
and again before: clients and browsers look at a link before they follow it.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from urllib.parse import quote_plus

from tenants.acts import document
from tenants.acts.client import asking
from tenants.acts.possession import proven
from tenants.oauth import authorization, pushed, wishes
from tenants.oauth.authorization import AuthorizationRequest
from tenants.oauth.parameters import parse
from tenants.oauth.pushed import BEGIN_SECONDS, PREFIX, WHOLE_SECONDS, Pushed
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import PushRequest
from tenants.turn import Turn

_HEAD = struct.Struct(">16sqq")
_PURPOSE = "pushed request"


def push(turn: Turn, request: PushRequest) -> str:
    """The request URI, for BEGIN_SECONDS. Whatever /authorize would refuse is refused here, to the client alone."""
    document.at_the_door(turn, request.credentials.client_id, fresh=True)
    client = asking(turn, request.credentials)
    dpop_jkt = None if request.proof is None else proven(turn, request.proof)
    query = pushed.query_of(request.form, dpop_jkt)
    asked = parse(query)
    address = authorization.return_address(asked, client, turn.issuer)
    authorization.complete(asked, address, client, turn.issuer, turn.tx.resources.all())
    began = Pushed(
        id=turn.entropy(16),
        good_until=turn.now + BEGIN_SECONDS,
        ends_at=turn.now + WHOLE_SECONDS,
        query=query,
    )
    return _sealed(turn, client.id, began)


def opened(turn: Turn, client_id: str, request_uri: str) -> Pushed:
    """What this client pushed. Refusal `invalid_request_uri`, which can only be shown to the user."""
    text = request_uri.removeprefix(PREFIX)
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        sealed = b""
    plain = turn.keyring.unseal(_PURPOSE, sealed, client_id.encode("utf-8"))
    if plain is None:
        raise Refusal("invalid_request_uri", "the request_uri was not given to this client")
    id, good_until, ends_at = _HEAD.unpack_from(plain)
    if good_until <= turn.now:
        raise Refusal("invalid_request_uri", "this request was not begun, or not answered, in time")
    return Pushed(id=id, good_until=good_until, ends_at=ends_at, query=plain[_HEAD.size :])


def onward(turn: Turn, client_id: str, request: Pushed, *, signed_in: bool = False) -> bytes:
    """The query to go on with, once a browser has begun: without the wish for a sign-in that was just `signed_in`."""
    query = wishes.granted(request.query) if signed_in else request.query
    request_uri = _sealed(turn, client_id, replace(request, good_until=request.ends_at, query=query))
    return f"client_id={quote_plus(client_id)}&request_uri={request_uri}".encode("ascii")


def answered(turn: Turn, request: AuthorizationRequest) -> None:
    """Use it up, if it was pushed. Refusal for all but the first."""
    known = request.pushed
    if known is not None and not turn.tx.tickets.spend(known.id, known.ends_at):
        raise Refusal("invalid_request_uri", "this request was answered already")


def _sealed(turn: Turn, client_id: str, request: Pushed) -> str:
    plain = _HEAD.pack(request.id, request.good_until, request.ends_at) + request.query
    sealed = turn.keyring.seal(_PURPOSE, plain, client_id.encode("utf-8"))
    return PREFIX + urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")
