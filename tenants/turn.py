"""All that an act is given: the open transaction, one frozen instant, entropy, and the tenant's secrets.

An act is a plain function `act(turn, request) -> reply`. The same store, instant and entropy give the same answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tenants.keyring import Entropy, Keyring
from tenants.oauth.client_auth import ClientKeys
from tenants.oauth.identity_assertion import ProviderKeys
from tenants.records import Event, Issuer
from tenants.store import Tx


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
    client_keys: ClientKeys | None = None
    """What was fetched for it, after an act had raised KeysNeeded."""
    provider_keys: ProviderKeys | None = None
    """The same after ProviderKeysNeeded."""
    older_document: bool = False
    """Whether, after DocumentNeeded, the document could not be had, and a copy that counts no more must do."""

    @property
    def issuer(self) -> Issuer:
        return self.tx.issuer.get()

    def remember(self, type: str, actor: str, subject: str | None = None, **details: object) -> int:
        """Add an event; its sequence number. `details` must hold no secret."""
        return self.tx.events.add(Event(type=type, at=self.now, actor=actor, subject=subject, details=details))
