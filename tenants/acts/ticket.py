"""Tickets: a request on its way through the browser's pages, sealed, so that nothing is kept for it.

GET /authorize and GET /login therefore write nothing, however often they are called. A ticket opens only in the browser
that was given it (its cookie is part of the seal), for ten minutes, and for consent only in the session that saw the
page; deciding spends it.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Literal

from tenants.oauth.handle import digest
from tenants.oauth.refusal import Refusal
from tenants.turn import Turn

LIFETIME = 600
_HEAD = struct.Struct(">16sq")

Step = Literal["sign-in", "upstream", "consent", "device", "sign-out"]


@dataclass(frozen=True, slots=True)
class Ticket:
    id: bytes
    expires_at: int
    content: bytes
    """What the step goes on with, such as what was asked for."""


def hand_out(turn: Turn, step: Step, content: bytes, *, browser: str, session: bytes = b"") -> str:
    """A ticket for one step of this browser, and where a `session` digest is given, of this session."""
    plain = _HEAD.pack(turn.entropy(16), turn.now + LIFETIME) + content
    return urlsafe_b64encode(turn.keyring.seal(step, plain, digest(browser) + session)).decode("ascii")


def take(turn: Turn, step: Step, text: str | None, *, browser: str | None, session: bytes = b"") -> Ticket:
    """The ticket, if this browser (and session) was given it for this step and it still counts. Else a Refusal."""
    try:
        sealed = urlsafe_b64decode((text or "").encode("ascii"))
    except ValueError:
        sealed = b""
    plain = turn.keyring.unseal(step, sealed, digest(browser or "") + session) if browser else None
    if plain is None:
        raise Refusal("invalid_request", "this page was not opened in this browser, or its session has ended")
    ticket_id, expires_at = _HEAD.unpack_from(plain)
    if expires_at <= turn.now:
        raise Refusal("invalid_request", "this page has been open for too long")
    return Ticket(ticket_id, expires_at, plain[_HEAD.size :])


def spend(turn: Turn, ticket: Ticket) -> None:
    """Use it up. Refusal for all but the first."""
    if not turn.tx.tickets.spend(ticket.id, ticket.expires_at):
        raise Refusal("invalid_request", "this page was answered already")
