"""Doing once what bears a name: a request that comes again, because its answer was lost, is answered the same and does
nothing (AIP-155). The answer is kept sealed, in the transaction of what it answers, for a day."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tenants.keyring import Seal
from tenants.problems import Broken, Invalid
from tenants.records import DAY, Answer
from tenants.store import AnswerNoun

Q = TypeVar("Q")
R = TypeVar("R")
PURPOSE = "answer"


class _Answers(Protocol):
    @property
    def answers(self) -> AnswerNoun: ...


class _Keeping(Protocol):
    """A turn in which an answer can be kept: a tenant's, or the registry's."""

    @property
    def tx(self) -> _Answers: ...
    @property
    def now(self) -> int: ...
    @property
    def keyring(self) -> Seal: ...


K = TypeVar("K", bound=_Keeping)


@dataclass(frozen=True, slots=True)
class Name:
    """What a caller calls a request, so that it is done once."""

    key: bytes
    """A digest of who asks and what they call the request."""
    asked: bytes
    """A digest of all of it."""


@dataclass(frozen=True, slots=True)
class Named(Generic[K, Q, R]):
    name: Name
    act: Callable[[K, Q], R]
    request: Q
    told: Callable[[R], bytes]
    """The answer in bytes."""


def once(turn: K, named: Named[K, Q, R]) -> bytes:
    """Raises Invalid where another request was called the same, and what the act raises."""
    former = kept(turn, named.name)
    if former is not None:
        return former
    told = named.told(named.act(turn, named.request))
    keep(turn, named.name, told)
    return told


def kept(turn: _Keeping, name: Name) -> bytes | None:
    """What the request was answered before. Raises Invalid where another one was called the same."""
    answer = turn.tx.answers.find(name.key)
    if answer is None:
        return None
    if answer.asked != name.asked:
        raise Invalid("request_id", "has named another request already; take a new one for each")
    told = turn.keyring.unseal(PURPOSE, answer.sealed, name.key)
    if told is None:
        raise Broken("a kept answer cannot be unsealed")
    return told


def keep(turn: _Keeping, name: Name, told: bytes) -> None:
    """And forget some that were kept for long enough: more than are kept now."""
    turn.tx.answers.sweep(turn.now, 2)
    sealed = turn.keyring.seal(PURPOSE, told, name.key)
    turn.tx.answers.add(Answer(key=name.key, asked=name.asked, sealed=sealed, expires_at=turn.now + DAY))
