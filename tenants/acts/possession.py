"""Whoever asks proves that they hold a key (RFC 9449): now, and by a proof that was never used before."""

from collections.abc import Callable
from typing import TypeVar

from tenants.oauth import dpop
from tenants.oauth.dpop import Proof
from tenants.oauth.refusal import Refusal
from tenants.records import Client
from tenants.turn import Turn

Q = TypeVar("Q")
R = TypeVar("R")


def key_for_tokens(turn: Turn, proof: Proof | None, client: Client) -> str | None:
    """The thumbprint of the key that what this client asks for is to be bound to, if any. The proof is used up."""
    if proof is None and client.dpop_bound:
        raise dpop.invalid("this client must prove possession of a key")
    return None if proof is None else proven(turn, proof)


def proven(turn: Turn, proof: Proof) -> str:
    """The thumbprint of the key that was proven.

    Refusal `invalid_dpop_proof`, or `use_dpop_nonce` where the policy wants one. A proof that an act used and then
    raised was never used: nothing came of it.
    """
    if turn.issuer.policy.dpop_nonce_required:
        until = dpop.nonce_good_until(proof, turn.now, turn.keyring.mac)
    else:
        until = dpop.good_until(proof, turn.now)
    if not turn.tx.tickets.spend(proof.id, until):
        raise dpop.invalid("the proof was used before")
    return proof.jkt


def with_nonce(act: Callable[[Turn, Q], R | Refusal]) -> Callable[[Turn, Q], tuple[R, str | None] | Refusal]:
    """The same act, whose reply, a Refusal too, brings the nonce for the next proof.

    None where the policy wants none: a nonce that was given must be asked for ever after (RFC 9449 §11.3).
    """

    def with_its_nonce(turn: Turn, request: Q) -> tuple[R, str | None] | Refusal:
        wanted = turn.issuer.policy.dpop_nonce_required
        nonce = dpop.nonce(turn.now, turn.keyring.mac) if wanted else None
        try:
            reply = act(turn, request)
        except Refusal as refusal:
            refusal.dpop_nonce = nonce
            raise
        if isinstance(reply, Refusal):
            reply.dpop_nonce = nonce
            return reply
        return reply, nonce

    return with_its_nonce
