"""A tenant's secrets at work: its data key seals what is kept, and makes and knows the handles it gave out.

The data key itself lies in the tenant's file, wrapped by the operator's master key (server/system.py).
"""

import hashlib
import hmac
import json
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenants.oauth import jwt
from tenants.problems import Broken
from tenants.records import IdentityProvider, SigningKey

NONCE_BYTES = 12
KEY_BYTES = 32


class Entropy(Protocol):
    """Where chance comes from."""

    def __call__(self, count: int, /) -> bytes:
        """`count` bytes that nobody can guess."""
        ...


class DataKeys(Protocol):
    """The operator's side of the seal: wraps each tenant's data key, bound to the tenant's uid."""

    def wrap(self, uid: str, data_key: bytes) -> bytes: ...
    def unwrap(self, uid: str, wrapped: bytes) -> bytes:
        """Raises Broken if it was wrapped by another master key, or for another tenant."""
        ...


class Seal(Protocol):
    """What makes secrets unreadable in a file."""

    def seal(self, purpose: str, plain: bytes, context: bytes = b"") -> bytes:
        """`plain`, readable only here, for this purpose, in this context."""
        ...

    def unseal(self, purpose: str, sealed: bytes, context: bytes = b"") -> bytes | None:
        """What was sealed, or None if it was not sealed here, or for something else."""
        ...


class RegistrySeal:
    """The registry has no data key of its own: what little it seals, the operator's key wraps."""

    def __init__(self, uid: str, keys: DataKeys) -> None:
        self._uid = uid
        self._keys = keys

    def seal(self, purpose: str, plain: bytes, context: bytes = b"") -> bytes:
        return self._keys.wrap(self._bound(purpose, context), plain)

    def unseal(self, purpose: str, sealed: bytes, context: bytes = b"") -> bytes | None:
        try:
            return self._keys.unwrap(self._bound(purpose, context), sealed)
        except Broken:
            return None

    def _bound(self, purpose: str, context: bytes) -> str:
        return f"{self._uid}\0{purpose}\0{context.hex()}"


class Keyring:
    """AES-256-GCM and HMAC-SHA256 under keys derived from one tenant's data key, and its signing keys, loaded."""

    def __init__(self, uid: str, data_key: bytes, entropy: Entropy) -> None:
        self._uid = uid.encode("ascii")
        self._aead = AESGCM(hmac.digest(data_key, b"tenantry seal", "sha256"))
        self._mac_key = hmac.digest(data_key, b"tenantry mac", "sha256")
        self._entropy = entropy
        self._loaded: dict[tuple[str, str, bytes], jwt.PrivateKey] = {}

    def mac(self, data: bytes) -> bytes:
        """HMAC-SHA256 (32 bytes)."""
        return hmac.digest(self._mac_key, data, "sha256")

    def seal(self, purpose: str, plain: bytes, context: bytes = b"") -> bytes:
        """`plain`, readable only by this tenant, for this purpose, in this context."""
        nonce = self._entropy(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, self._bound(purpose, context))

    def unseal(self, purpose: str, sealed: bytes, context: bytes = b"") -> bytes | None:
        """What was sealed, or None if it was not sealed here, or for something else."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._bound(purpose, context))
        except (InvalidTag, ValueError):
            return None

    def seal_key(self, key_id: str, key: jwt.PrivateKey) -> bytes:
        """A signing key's private half, as it is kept."""
        return self._seal_key("signing key", key_id, key)

    def private_key(self, key: SigningKey) -> jwt.PrivateKey:
        """A signing key, ready to sign. Raises Broken if it cannot be unsealed."""
        return self._load("signing key", key.id, key.sealed_private)

    def seal_provider_key(self, provider_id: str, key: jwt.PrivateKey) -> bytes:
        """The private half of the key that one identity provider knows us by, as it is kept."""
        return self._seal_key("provider key", provider_id, key)

    def provider_key(self, provider: IdentityProvider) -> jwt.PrivateKey:
        """The key that this provider knows us by, ready to sign. Raises Broken if there is none, or it was not sealed
        for this provider."""
        return self._load("provider key", provider.id, provider.sealed_secret or b"")

    def _seal_key(self, purpose: str, name: str, key: jwt.PrivateKey) -> bytes:
        return self.seal(purpose, json.dumps(key.as_dict(private=True)).encode("ascii"), name.encode("ascii"))

    def _load(self, purpose: str, name: str, sealed: bytes) -> jwt.PrivateKey:
        """Once for each: an RSA key takes longer to load than to sign with."""
        loaded = self._loaded.get((purpose, name, sealed))
        if loaded is None:
            plain = self.unseal(purpose, sealed, name.encode("ascii"))
            if plain is None:
                raise Broken(f"{purpose} {name} cannot be unsealed")
            loaded = self._loaded[purpose, name, sealed] = jwt.load_key(json.loads(plain))
        return loaded

    def _bound(self, purpose: str, context: bytes) -> bytes:
        return b"%s\0%s\0%s" % (self._uid, purpose.encode("ascii"), context)


def seal_under(secret: str, plain: bytes, context: bytes) -> bytes:
    """`plain`, readable only by whoever has `secret`, which must be random and used for this once."""
    return AESGCM(_key_of(secret)).encrypt(bytes(NONCE_BYTES), plain, context)


def unseal_under(secret: str, sealed: bytes, context: bytes) -> bytes | None:
    """What was sealed under `secret` in this context, or None."""
    try:
        return AESGCM(_key_of(secret)).decrypt(bytes(NONCE_BYTES), sealed, context)
    except InvalidTag:
        return None


def _key_of(secret: str) -> bytes:
    # not the digest that the row keeps of the same secret
    return hashlib.sha256(b"tenantry sealed under\0" + secret.encode("ascii")).digest()
