"""What a browser asked for, and carries along while its user signs in: a request target, read anew at every step.

It is `/authorize?…` of a client, `/login?…` of an app of the operator's own, or `/device?…`, where it is not known yet
which client asks. What the client registered and the
issuer allows may have changed since the step before; what counts is what is so now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tenants.acts import document, par
from tenants.oauth import authorization, first_party, uri, wishes
from tenants.oauth.authorization import AuthorizationRequest, ReturnAddress
from tenants.oauth.hierarchy import widest, with_implied
from tenants.oauth.parameters import Parameters, parse
from tenants.oauth.pushed import Pushed, is_request_uri
from tenants.oauth.refusal import Refusal
from tenants.oauth.wishes import Wishes
from tenants.records import Client, Resource
from tenants.turn import Turn

AUTHORIZE = b"/authorize?"
LOGIN = b"/login?"
DEVICE = b"/device?"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownScope:
    name: str
    description: str
    """The operator's, or empty."""
    includes: "tuple[ShownScope, ...]" = ()
    """All that it implies, step by step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoAsks:
    """What a user must see before they go on for a client, whose name is its own words."""

    client: str
    verified: bool
    """Whether the operator made this client; any other's name is its own claim."""
    id_host: str
    """The host of its metadata document, which anybody can read there; empty if it is known otherwise."""
    redirect_host: str
    """Empty where a device asks that has no browser."""
    loopback: bool
    resource: str
    resource_name: str
    """The operator's name for it, or empty."""
    scopes: tuple[ShownScope, ...]
    """What another one of them implies is shown below that one alone."""


@dataclass(frozen=True, slots=True)
class OwnApp:
    """An app of the operator's own, which a user signs in to and allows nothing."""

    host: str


@dataclass(frozen=True, slots=True)
class ADevice:
    """Somebody who has a device before them, whose code they have yet to type."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A client that asks, and where it is to be answered."""

    asked: Parameters
    client: Client
    address: ReturnAddress
    pushed: Pushed | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What signing in needs to know of it."""

    by: WhoAsks | OwnApp | ADevice
    wishes: Wishes


def read(turn: Turn, target: bytes) -> Asked:
    """Who asks, and how their user is to sign in. Raises Refusal."""
    if target.startswith(LOGIN):
        asked, address = app(turn, target.removeprefix(LOGIN))
        return Asked(own_app(address), first_party.complete(asked, address).wishes)
    if target.startswith(DEVICE):
        return Asked(ADevice(), wishes.NONE)
    by = sender(turn, target.removeprefix(AUTHORIZE))
    request = complete(turn, by)
    return Asked(who_asks(by.client, request), request.wishes)


def told(turn: Turn, target: bytes, refusal: Refusal) -> Refusal:
    """The same refusal, to be carried back to who asked, where somebody can be told."""
    if target.startswith(DEVICE):
        return refusal
    if target.startswith(LOGIN):
        _, address = app(turn, target.removeprefix(LOGIN))
        return refusal.sent_to(address.refuse(refusal), automatic=True)
    by = sender(turn, target.removeprefix(AUTHORIZE))
    automatic = returns_by_itself(by.client, by.address.redirect_uri)
    return refusal.sent_to(by.address.refuse(refusal), automatic=automatic)


def granted(turn: Turn, target: bytes) -> bytes:
    """The same target without the wish for a fresh sign-in, which has just been granted."""
    path, _, query = target.partition(b"?")
    asked = parse(query)
    pushed = _pushed(turn, asked) if target.startswith(AUTHORIZE) else None
    if pushed is None:
        return path + b"?" + wishes.granted(query)
    return path + b"?" + par.onward(turn, asked.required("client_id"), pushed, signed_in=True)


def sender(turn: Turn, query: bytes, *, fresh: bool = False) -> Sender:
    """Which client asks, and where to answer. Its refusals can only be shown to the user (OAuth 2.1 §4.1.2.1).

    `fresh`: what is known of it by its document must count still. DocumentNeeded if it does not.
    """
    asked = parse(query)
    client = document.at_the_door(turn, asked.required("client_id"), fresh=fresh)
    pushed = _pushed(turn, asked)
    if pushed is not None:
        asked = parse(pushed.query)  # and nothing of what the browser brings beside it (RFC 9126 §4, RFC 9101 §5)
    address = authorization.return_address(asked, client, turn.issuer)
    assert client is not None  # return_address refuses an unknown one
    return Sender(asked, client, address, pushed)


def complete(turn: Turn, by: Sender) -> AuthorizationRequest:
    """The whole request. Its refusals are for the client."""
    if by.pushed is None and (by.client.par_required or turn.issuer.policy.par_required):
        raise Refusal("invalid_request", "authorization requests must be pushed first (RFC 9126)")
    request = authorization.complete(by.asked, by.address, by.client, turn.issuer, turn.tx.resources.all())
    return replace(request, pushed=by.pushed)


def _pushed(turn: Turn, asked: Parameters) -> Pushed | None:
    """What the client pushed before, if this is what the browser brings."""
    request_uri = asked.one("request_uri")
    if request_uri is None or not is_request_uri(request_uri):
        return None
    return par.opened(turn, asked.required("client_id"), request_uri)


def app(turn: Turn, query: bytes) -> tuple[Parameters, ReturnAddress]:
    """The same for an app of the operator's own."""
    asked = parse(query)
    named = asked.one("client_id")
    client = None if named is None else turn.tx.clients.find(named)
    return asked, first_party.return_address(asked, client, turn.issuer)


def who_asks(client: Client, request: AuthorizationRequest) -> WhoAsks:
    registered = request.target.registered
    return WhoAsks(
        client=client.name or client.id,
        verified=client.origin == "admin",
        id_host="" if client.document is None else host_shown(client.id),
        redirect_host=host_shown(request.address.redirect_uri),
        loopback=is_loopback(request.address.redirect_uri),
        resource=request.target.audience,
        resource_name="" if registered is None else registered.display_name,
        scopes=described(request.scopes, registered),
    )


def described(scopes: Sequence[str], registered: Resource | None) -> tuple[ShownScope, ...]:
    """The widest of them, as `WhoAsks.scopes` has them."""
    words = {} if registered is None else {scope.name: scope.description for scope in registered.scopes}

    def shown(name: str, includes: Sequence[str] = ()) -> ShownScope:
        return ShownScope(name=name, description=words.get(name, ""), includes=tuple(map(shown, includes)))

    return tuple(shown(name, with_implied((name,), registered)[1:]) for name in widest(scopes, registered))


def own_app(address: ReturnAddress) -> OwnApp:
    return OwnApp(host_shown(address.redirect_uri))


def returns_by_itself(client: Client, redirect: str) -> bool:
    """Whether a browser may be sent there with an error unasked: else whoever registers could use us as an open
    redirector (RFC 9700 §4.11.2)."""
    return client.origin == "admin" or is_loopback(redirect)


def is_loopback(redirect: str) -> bool:
    parts = uri.parse(redirect)
    return parts is not None and parts.scheme in ("http", "https") and parts.loopback


def host_shown(redirect: str) -> str:
    """Where the answer will go, as the pages must show it (MCP 2026-07-28, Localhost Redirect URI Risks)."""
    parts = uri.parse(redirect)
    if parts is None or parts.scheme not in ("http", "https"):
        return redirect.partition(":")[0] + ":"  # whatever stands behind a private-use scheme is no host
    return parts.host if parts.port is None else f"{parts.host}:{parts.port}"
