"""The operator's initial access tokens (RFC 7591 §3): whoever has one may register clients where not everybody may."""

from dataclasses import dataclass

from tenants import trail
from tenants.oauth.handle import digest
from tenants.problems import Invalid, NoSuchThing
from tenants.records import DAY, RegistrationToken
from tenants.turn import Turn

SHORTEST, LONGEST = 60, 366 * DAY
MAX_NOTE = 255
MOST_USES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRegistrationToken:
    note: str
    ttl: int
    uses: int | None
    """How many clients it is to register. None: any number."""


def create_registration_token(turn: Turn, new: NewRegistrationToken) -> tuple[RegistrationToken, str]:
    """What is kept of it, and the token itself, shown this once. Raises Invalid."""
    if len(new.note) > MAX_NOTE or not new.note.isprintable():
        raise Invalid("note", f"must be at most {MAX_NOTE} printable characters")
    if not SHORTEST <= new.ttl <= LONGEST:
        raise Invalid("ttl", f"must be between {SHORTEST} and {LONGEST} seconds")
    if new.uses is not None and not 1 <= new.uses <= MOST_USES:
        raise Invalid("uses", f"must be at most {MOST_USES}, or 0 for any number")
    token = f"tni_{turn.entropy(32).hex()}"
    kept = RegistrationToken(
        id=f"r_{turn.entropy(8).hex()}",
        digest=digest(token),
        note=new.note,
        created_at=turn.now,
        expires_at=turn.now + new.ttl,
        uses_left=new.uses,
    )
    turn.tx.registration_tokens.add(kept)
    turn.remember("registration_token.created", turn.origin.actor, kept.id, **trail.difference(None, kept))
    return kept, token


@dataclass(frozen=True, slots=True)
class RegistrationTokenPage:
    after: str
    limit: int


def list_registration_tokens(turn: Turn, page: RegistrationTokenPage) -> tuple[RegistrationToken, ...]:
    return tuple(turn.tx.registration_tokens.page(page.after, page.limit))


def remove_registration_token(turn: Turn, token_id: str) -> None:
    """It registers nobody any more; whom it registered stays. Raises NoSuchThing."""
    if not turn.tx.registration_tokens.remove(token_id):
        raise NoSuchThing(token_id)
    turn.remember("registration_token.removed", turn.origin.actor, token_id)
