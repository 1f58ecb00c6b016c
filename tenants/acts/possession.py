"""What tokens are bound to: a key, of which whoever asks proves that they hold it (RFC 9449), now and by a proof that
was never used before; and a certificate that they show (RFC 8705 §3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenants.oauth import dpop
from tenants.oauth.certificate import Certificate
from tenants.oauth.dpop import Proof
from tenants.oauth.refusal import Refusal
from tenants.records import Client
from tenants.turn import Turn

Q = TypeVar("Q")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Binding:
    """The thumbprints of the key and of the certificate without which a token is good for nothing."""

    jkt: str | None = None
    x5t: str | None = None


def for_tokens(turn: Turn, proof: Proof | None, certificate: Certificate | None, client: Client) -> Binding:
    """What the tokens that this client asks for are to be bound to. The proof is used up."""
    x5t = _thumbprint(certificate, client)
    if proof is None and client.dpop_bound:
        raise dpop.invalid("this client must prove possession of a key")
    return Binding(None if proof is None else proven(turn, proof), x5t)


def _thumbprint(shown: Certificate | None, client: Client) -> str | None:
    """Of a client that registered to have its tokens bound: others may be made to show one wherever they go."""
    if not client.certificate_bound:
        return None
    if shown is None:
        raise Refusal("invalid_request", "this client must show the certificate that its tokens are to be bound to")
    return shown.thumbprint


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
