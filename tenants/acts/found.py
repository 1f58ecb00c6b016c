"""The first turn of a tenant: who it is, what its policy is, and the key that it signs with."""

from dataclasses import dataclass

from tenants.acts.signing_keys import add_key
from tenants.records import Issuer
from tenants.turn import Turn


@dataclass(frozen=True, slots=True)
class Founding:
    issuer: Issuer
    actor: str


def found(turn: Turn, founding: Founding) -> None:
    """Everything that a new issuer needs to serve."""
    turn.tx.issuer.found(founding.issuer)
    add_key(turn, "current")
    add_key(turn, "next")
    turn.remember("issuer.created", founding.actor, founding.issuer.id, uri=founding.issuer.uri)
