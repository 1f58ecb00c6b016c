"""The first turn of a tenant: who it is, what its policy is, and the key that it signs with."""

from tenants.acts.signing_keys import add_key
from tenants.records import Issuer
from tenants.turn import Turn


def found(turn: Turn, issuer: Issuer) -> None:
    """Everything that a new issuer needs to serve."""
    turn.tx.issuer.found(issuer)
    add_key(turn, "current")
    add_key(turn, "next")
    turn.remember("issuer.created", turn.origin.actor, issuer.id, uri=issuer.uri)
