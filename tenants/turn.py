"""All that an act is given: the open transaction, one frozen instant, entropy, and the tenant's secrets.

An act is a plain function `act(turn, request) -> reply`. The same store, instant and entropy give the same answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tenants import trail
from tenants.keyring import Entropy, Keyring
from tenants.oauth.client_auth import ClientKeys
from tenants.oauth.identity_assertion import ProviderKeys
from tenants.oauth.workload_assertion import WorkloadKeys
from tenants.records import SYSTEM, Event, Issuer, Origin
from tenants.store import Tx

Q = TypeVar("Q")
R = TypeVar("R")


@dataclass(slots=True)
class Turn:
    tx: Tx
    now: int
    """Whole seconds since 1970-01-01 UTC; one value for the whole turn, and never smaller than in an earlier one."""
    entropy: Entropy
    keyring: Keyring
    announce: Callable[[], None]
    """To be called by an act that changed what the issuer publishes: its metadata or its keys."""
    wake_at: Callable[[int], None]
    """To be called by an act that leaves something to be done at that instant, or as soon after it as can be."""
    origin: Origin = SYSTEM
    """Who asks."""
    tell: Callable[[int], None] = lambda _: None
    """Called with the number of each event that is added."""
    client_keys: ClientKeys | None = None
    """What was fetched for it, after an act had raised KeysNeeded."""
    provider_keys: ProviderKeys | None = None
    """The same after ProviderKeysNeeded."""
    workload_keys: WorkloadKeys | None = None
    """The same after WorkloadKeysNeeded."""
    older_document: bool = False
    """Whether, after DocumentNeeded, the document could not be had, and a copy that counts no more must do."""
    sees_certificates: bool = False
    """Whether anybody tells us which certificates clients show in TLS."""

    @property
    def issuer(self) -> Issuer:
        return self.tx.issuer.get()

    def remember(self, type: str, actor: str, subject: str | None = None, **details: object) -> int:
        """Add an event; its sequence number. `details` must hold no secret."""
        event = Event(type=type, at=self.now, actor=actor, subject=subject, details=details)
        sequence = trail.add(self.tx.events, event, self.origin)
        self.tell(sequence)
        return sequence


class Asked(Protocol):
    """A turn that knows who asks for it."""

    origin: Origin


A = TypeVar("A", bound=Asked)


def asked_by(origin: Origin, act: Callable[[A, Q], R]) -> Callable[[A, Q], R]:
    """The act, in a turn that knows that `origin` asks for it."""

    def asked(turn: A, request: Q) -> R:
        turn.origin = origin
        return act(turn, request)

    return asked
