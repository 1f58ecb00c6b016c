"""The life of a signing key: published as `next`, signing as `current`, still published as `retired`.

A key is in the JWKS before it signs and until the last token that it signed has expired, so that nobody who keeps the
JWKS for a while meets a token of an unknown key (OpenID Connect Core §10.1.1).
"""

from collections.abc import Mapping
from dataclasses import replace

from tenants.oauth import jwt
from tenants.records import KeyState, SigningKey
from tenants.turn import Turn

MARGIN = 3_600
"""How long after its last token's end a retired key stays, in seconds: clocks differ and caches linger."""


def add_key(turn: Turn, state: KeyState) -> SigningKey:
    algorithm = turn.issuer.policy.signing_algorithm
    private = jwt.new_key(algorithm)
    return keep(turn, state, private, jwt.public_jwk(private, algorithm))


def keep(turn: Turn, state: KeyState, private: jwt.PrivateKey, public: Mapping[str, str]) -> SigningKey:
    """A key of the policy's algorithm, published from now on by the `kid` of its public half."""
    key = SigningKey(
        id=public["kid"],
        algorithm=turn.issuer.policy.signing_algorithm,
        state=state,
        public_jwk=public,
        sealed_private=turn.keyring.seal_key(public["kid"], private),
        created_at=turn.now,
        activated_at=turn.now if state == "current" else None,
    )
    turn.tx.signing_keys.add(key)
    turn.announce()
    return key


def roll(turn: Turn) -> None:
    """The next key signs from now on, the current one retires, and a new next one is published."""
    for key in turn.tx.signing_keys.all():
        if key.state == "current":
            end = max(turn.now + _longest_lifetime(turn) + MARGIN, key.expires_at or 0)
            turn.tx.signing_keys.change(replace(key, state="retired", retired_at=turn.now, expires_at=end))
        elif key.state == "next":
            turn.tx.signing_keys.change(replace(key, state="current", activated_at=turn.now))
            turn.remember("key.rolled", turn.origin.actor, key.id)
    add_key(turn, "next")


def change_algorithm(turn: Turn) -> None:
    """Sign with the policy's algorithm from now on. What the old keys signed stays valid until it expires."""
    drop_next(turn)
    add_key(turn, "next")
    roll(turn)


def drop_next(turn: Turn) -> None:
    """It has signed nothing yet, so nobody misses it."""
    for key in turn.tx.signing_keys.all():
        if key.state == "next":
            turn.tx.signing_keys.remove(key.id)


def _longest_lifetime(turn: Turn) -> int:
    """Of a token that may have been signed just now."""
    own = (resource.access_token_ttl for resource in turn.tx.resources.all())
    return max([turn.issuer.policy.access_token_ttl, *(seconds for seconds in own if seconds is not None)])


def outlast(turn: Turn, lifetime: int) -> None:
    """From now on tokens live shorter: the current key must still outlive those that it signed for `lifetime`."""
    current = turn.tx.signing_keys.current()
    end = turn.now + lifetime + MARGIN
    if end > (current.expires_at or 0):
        turn.tx.signing_keys.change(replace(current, expires_at=end))


def due(turn: Turn) -> int:
    """When the current key is to be rolled."""
    current = turn.tx.signing_keys.current()
    return (current.activated_at or current.created_at) + turn.issuer.policy.key_roll_interval


def drop_expired(turn: Turn) -> None:
    for key in turn.tx.signing_keys.all():
        if key.state == "retired" and key.expires_at is not None and key.expires_at <= turn.now:
            turn.tx.signing_keys.remove(key.id)
            turn.announce()
