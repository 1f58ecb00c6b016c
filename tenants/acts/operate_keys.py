"""What the operator does to the signing keys, which otherwise look after themselves (signing_keys.py)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenants.acts import signing_keys
from tenants.oauth import jwt
from tenants.problems import AlreadyThere, Invalid, NoSuchThing
from tenants.records import SigningKey
from tenants.turn import Turn


def all_keys(turn: Turn, _: None) -> tuple[SigningKey, ...]:
    """The oldest first."""
    return tuple(turn.tx.signing_keys.all())


def get_key(turn: Turn, key_id: str) -> SigningKey:
    """Raises NoSuchThing."""
    for key in turn.tx.signing_keys.all():
        if key.id == key_id:
            return key
    raise NoSuchThing(key_id)


def next_key(turn: Turn, imported: Mapping[str, Any] | None) -> SigningKey:
    """A key, made or imported as a private JWK, that will sign next. Raises Invalid or AlreadyThere."""
    algorithm = turn.issuer.policy.signing_algorithm
    try:
        private = jwt.new_key(algorithm) if imported is None else jwt.import_key(imported, algorithm)
    except jwt.NotSuchAKey as wrong:
        raise Invalid("private_jwk", str(wrong)) from None
    public = jwt.public_jwk(private, algorithm)
    kid = public["kid"] if imported is None else imported.get("kid", public["kid"])
    if any(key.id == kid or key.public_jwk == {**public, "kid": key.id} for key in turn.tx.signing_keys.all()):
        raise AlreadyThere(kid)
    signing_keys.drop_next(turn)
    key = signing_keys.keep(turn, "next", private, {**public, "kid": kid})
    turn.remember("key.created", turn.origin.actor, key.id, algorithm=algorithm, imported=imported is not None)
    return key


def roll(turn: Turn, _: None) -> SigningKey:
    """The key that signs from now on."""
    signing_keys.roll(turn)
    return turn.tx.signing_keys.current()


@dataclass(frozen=True, slots=True)
class Revocation:
    key_id: str
    reason: str


def revoke_key(turn: Turn, revocation: Revocation) -> SigningKey:
    """The key is gone at once; what it signed counts no more. The key that signs now. Raises NoSuchThing."""
    key = get_key(turn, revocation.key_id)
    if key.state == "current":
        signing_keys.roll(turn)
    turn.tx.signing_keys.remove(key.id)
    if key.state == "next":
        signing_keys.add_key(turn, "next")
    turn.announce()
    turn.remember("key.revoked", turn.origin.actor, key.id, state=key.state, reason=revocation.reason)
    return turn.tx.signing_keys.current()
