"""The admin tokens: kept in the registry's store, and in memory by their digests, since every call shows one."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeVar

from tenants import trail
from tenants.listings import ListTurn, Perform
from tenants.patience import patiently
from tenants.problems import Invalid, NoSuchIssuer, NoSuchThing, Problem
from tenants.records import DAY, AdminToken, Role

PREFIX = "tnadmin_"
SECRET_BYTES = 32
MOST = 1_000
"""So many there may be, those that have expired not long ago among them."""
SHOWN_AFTER = 30 * DAY
"""Seconds for which a token that has expired is still listed, if room is not wanted for another."""
SHORTEST, LONGEST = 60, 366 * DAY
"""Seconds that one may count: no token is for ever."""
MAX_ISSUERS = 100
MAX_DISPLAY_NAME = 63
HOUR = 3_600
_TOLD = ("role", "issuers", "display_name", "expires_at")
"""What the trail says of one."""

Q = TypeVar("Q")
R = TypeVar("R")


class AdminTokens:
    def __init__(self, perform: Perform, now: Callable[[], int]) -> None:
        self._perform = perform
        self._now = now
        self._by_digest: dict[bytes, AdminToken] = {}
        self._changing = asyncio.Lock()
        self._noting: set[asyncio.Future[None]] = set()

    async def start(self) -> None:
        self._by_digest = {token.digest: token for token in await self._perform(every, None)}

    async def close(self) -> None:
        """Wait until it is written down when they were last used."""
        await asyncio.gather(*self._noting)

    def find(self, digest: bytes) -> AdminToken | None:
        """The one of this digest, expired or not."""
        return self._by_digest.get(digest)

    def note_use(self, token: AdminToken) -> None:
        """Write down that it is used now: once an hour, in a turn that its call does not wait for."""
        hour = self._now() // HOUR * HOUR
        if token.last_used_at < hour and token.digest in self._by_digest:
            self._by_digest[token.digest] = replace(token, last_used_at=hour)
            noting = asyncio.ensure_future(self._note(token.id, hour))
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)

    async def change(self, act: Callable[[ListTurn, Q], R], request: Q) -> R:
        """Give an act that may make or remove tokens its turn, and let memory follow: also where it is not known how
        the turn ended."""
        async with self._changing:
            try:
                return await self._perform(act, request)
            finally:
                await patiently(self.start)

    async def read(self, act: Callable[[ListTurn, Q], R], request: Q) -> R:
        return await self._perform(act, request)

    async def _note(self, token_id: str, at: int) -> None:
        with suppress(Problem):  # what cannot be written now is written in an hour
            await self._perform(used, (token_id, at))


@dataclass(frozen=True, slots=True)
class NewAdminToken:
    id: str
    """Empty: one is made."""
    role: Role
    issuers: tuple[str, ...]
    display_name: str
    ttl: int


def create(turn: ListTurn, new: NewAdminToken) -> tuple[AdminToken, str]:
    """It, and the secret that it is shown with. Raises Invalid, NoSuchIssuer or AlreadyThere."""
    _check(turn, new)
    tokens = turn.tx.admin_tokens
    for former in tokens.all():
        if former.expires_at <= turn.now - SHOWN_AFTER:
            tokens.remove(former.id)
    if len(tokens.all()) >= MOST:
        raise Invalid("admin_token", f"would be one of more than {MOST:,}; delete others first")
    secret = PREFIX + urlsafe_b64encode(turn.entropy(SECRET_BYTES)).rstrip(b"=").decode("ascii")
    token = AdminToken(
        id=new.id or f"t-{turn.entropy(8).hex()}",
        digest=sha256(secret.encode("ascii")).digest(),
        role=new.role,
        issuers=new.issuers,
        display_name=new.display_name,
        created_at=turn.now,
        created_by=turn.origin.actor,
        expires_at=turn.now + new.ttl,
    )
    tokens.add(token)
    turn.remember("admin_token.created", token.id, **trail.difference(None, token, among=_TOLD))
    return token, secret


def get(turn: ListTurn, token_id: str) -> AdminToken:
    """Raises NoSuchThing."""
    token = turn.tx.admin_tokens.find(token_id)
    if token is None:
        raise NoSuchThing(token_id)
    return token


def every(turn: ListTurn, _: None) -> list[AdminToken]:
    """In the order of their ids."""
    return list(turn.tx.admin_tokens.all())


def remove(turn: ListTurn, token_id: str) -> None:
    """It opens nothing from now on. Raises NoSuchThing."""
    former = get(turn, token_id)
    turn.tx.admin_tokens.remove(token_id)
    turn.remember("admin_token.removed", token_id, **trail.difference(former, None, among=_TOLD))


def used(turn: ListTurn, request: tuple[str, int]) -> bool:
    return turn.tx.admin_tokens.used(*request)


def _check(turn: ListTurn, new: NewAdminToken) -> None:
    if not SHORTEST <= new.ttl <= LONGEST:
        raise Invalid("ttl", "must be from 1 minute to 366 days")
    if len(new.display_name) > MAX_DISPLAY_NAME or not new.display_name.isprintable():
        raise Invalid("display_name", f"must be at most {MAX_DISPLAY_NAME} printable characters")
    if new.issuers and new.role == "owner":
        raise Invalid("issuers", "an owner is bound to none: what an owner alone may do is of no issuer")
    if len(new.issuers) > MAX_ISSUERS or len(set(new.issuers)) < len(new.issuers):
        raise Invalid("issuers", f"must be at most {MAX_ISSUERS}, each once")
    for issuer_id in new.issuers:
        listing = turn.tx.listings.find(issuer_id)
        if listing is None or listing.state == "purged":
            raise NoSuchIssuer(issuer_id)
