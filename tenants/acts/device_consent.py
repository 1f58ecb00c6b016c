"""In the browser of its user a device is recognised by the code that it shows, and allowed or not (RFC 8628 §3.3).

Whoever sends the link, or the code, may be a stranger who began this on a device of their own (RFC 8628 §5.4). So no
link decides anything, nobody decides without having signed in, and a yes is never remembered.
"""

from dataclasses import dataclass

from tenants.acts import ticket
from tenants.acts.asked import DEVICE, ADevice, Asked, WhoAsks, described
from tenants.acts.authorize import Arrival
from tenants.acts.device import mac_of
from tenants.acts.sign_in import AskSignIn, ask_sign_in
from tenants.acts.who import shown_name, signed_in, start_session
from tenants.oauth import resource, scope, user_code, wishes
from tenants.oauth.parameters import parse
from tenants.oauth.refusal import Refusal
from tenants.oauth.resource import Target
from tenants.records import Client, DeviceRequest, Grant, Session, User
from tenants.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class AskUserCode:
    """The user is signed in, and is to type the code that the device shows."""

    user_code: str
    """What the link brought, as people read it, or empty."""
    user: str
    wrong: bool = False
    """Whether the last one was of no device that waits."""
    new_session: str | None = None
    """The value of a session cookie to set with the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedCode:
    browser: str | None
    session: str | None
    user_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskDevice:
    ticket: str
    asks: WhoAsks
    user_code: str
    user: str
    offline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDecision:
    ticket: str | None
    browser: str | None
    session: str | None
    allow: bool


def enter(turn: Turn, arrival: Arrival) -> AskSignIn | AskUserCode:
    """What comes next for this browser. Of the link only the code is kept, and it only fills in the form."""
    letters = user_code.read(parse(arrival.query).one("user_code") or "")
    brought = "" if letters is None else user_code.shown(letters)
    present, new_session = signed_in(turn, arrival.session), None
    if present is None and arrival.automatic_user is not None:
        new_session, _, user = start_session(turn, arrival.automatic_user)
    elif present is not None:
        user = present[1]
    else:
        target = DEVICE + (f"user_code={brought}".encode("ascii") if brought else b"")
        handed_out = ticket.hand_out(turn, "sign-in", target, browser=arrival.browser)
        return ask_sign_in(turn, handed_out, Asked(ADevice(), wishes.NONE))
    return AskUserCode(user_code=brought, user=shown_name(user), new_session=new_session)


def look_up(turn: Turn, typed: TypedCode) -> AskDevice | AskUserCode:
    """Who asks by this code, before anything is decided."""
    session, user = _present(turn, typed.session)
    letters = user_code.read(typed.user_code)
    waiting = None if letters is None else turn.tx.device_requests.find_user_code(mac_of(turn, letters))
    if letters is None or waiting is None or not _waits(turn, waiting):
        return AskUserCode(user_code="", user=shown_name(user), wrong=True)
    client, target, scopes = _wanted(turn, waiting)
    content = waiting.id.to_bytes(8, "big")
    return AskDevice(
        ticket=ticket.hand_out(turn, "device", content, browser=typed.browser or "", session=session.digest),
        asks=WhoAsks(
            client=client.name or client.id,
            verified=client.origin == "admin",
            id_host="",
            redirect_host="",
            loopback=False,
            resource=target.audience,
            resource_name="" if target.registered is None else target.registered.display_name,
            scopes=described(scopes, target.registered),
        ),
        user_code=user_code.shown(letters),
        user=shown_name(user),
        offline="refresh_token" in client.grant_types,
    )


def decide(turn: Turn, decision: DeviceDecision) -> bool:
    """Whether the device is allowed, as was just decided: in the browser and the session that saw the page.

    Once: the request is taken away or marked as denied, so the ticket need not be spent.
    """
    session, user = _present(turn, decision.session)
    pending = ticket.take(turn, "device", decision.ticket, browser=decision.browser, session=session.digest)
    waiting = turn.tx.device_requests.find(int.from_bytes(pending.content, "big"))
    if waiting is None or not _waits(turn, waiting):
        raise _gone()
    client, target, scopes = _wanted(turn, waiting)
    if not decision.allow:
        turn.tx.device_requests.deny(waiting.id, turn.now)
        turn.remember("device.denied", user.id, client.id)
        return False
    if not turn.tx.device_requests.take(waiting.id):
        raise _gone()
    turn.tx.grants.add(
        Grant(
            id=waiting.id,
            user_id=user.id,
            client_id=client.id,
            scopes=scopes,
            resource=target.audience,
            created_at=turn.now,
            expires_at=turn.now + turn.issuer.policy.grant_ttl,
            provider=session.provider,
            authenticated_at=session.authenticated_at,
            amr=session.amr,
            acr=session.acr,
            code_digest=waiting.digest,
            code_challenge="",
            redirect_uri="",
            code_expires_at=waiting.expires_at,
        )
    )
    turn.remember("device.allowed", user.id, client.id, scopes=list(scopes), resource=target.audience)
    return True


def _present(turn: Turn, cookie: str | None) -> tuple[Session, User]:
    present = signed_in(turn, cookie)
    if present is None:
        raise Refusal("invalid_request", "you are not signed in any more")
    return present


def _waits(turn: Turn, waiting: DeviceRequest) -> bool:
    return waiting.expires_at > turn.now and waiting.denied_at is None


def _wanted(turn: Turn, waiting: DeviceRequest) -> tuple[Client, Target, tuple[str, ...]]:
    """Who asks, and for what, of what may still be had: it may have become less since the device began."""
    client, policy = turn.tx.clients.find(waiting.client_id), turn.issuer.policy
    target = resource.served(waiting.resource, registered=turn.tx.resources.all(), issuer_uri=turn.issuer.uri)
    if client is None or client.is_barred or target is None:
        raise _gone()
    offered, allowed = scope.offered(policy, target.registered), scope.limit(client, target.registered)
    return client, target, scope.still_allowed(waiting.scopes, offered=offered, allowed=allowed)


def _gone() -> Refusal:
    return Refusal("invalid_request", "this device is not waiting any more: begin again there")
