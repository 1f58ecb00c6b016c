"""The strings that codes and tokens are: where to look, which generation, and a secret that only the holder knows.

A handle is 36 bytes, 48 characters of base64url without padding behind a tag for its kind:

    grant id (8) · generation (4) · secret (16) · mac (8)

The database keeps its SHA-256 only. The mac, under a key of the tenant, tells a string that this tenant once made from
one that it never made, without looking anywhere: so a guessed or foreign string costs no read, and a refresh token that
was rotated away long ago is still known for what it is, although no digest of it is kept any more.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["code", "exchange", "device", "refresh", "access", "jti"]
"""A `code` is good at /token; an `exchange`, the code of an app of the operator's own, is good at /exchange; a `device`
code is good at /token for who has it, once a user has allowed it."""
TAGS: dict[Kind, str] = {
    "code": "tnc_",
    "exchange": "tnx_",
    "device": "tnd_",
    "refresh": "tnr_",
    "access": "tna_",
    "jti": "tnj_",
}
SECRET_BYTES = 16
_LENGTH = 4 + 48

Mac = Callable[[bytes], bytes]
"""HMAC-SHA256 under a key that only this tenant has."""


@dataclass(frozen=True, slots=True)
class Handle:
    text: str
    grant_id: int
    generation: int

    @property
    def digest(self) -> bytes:
        return digest(self.text)

    def matches(self, kept: bytes | None) -> bool:
        """Whether this is the very string whose digest was kept."""
        return kept is not None and hmac.compare_digest(self.digest, kept)


def digest(text: str) -> bytes:
    """What is kept of a secret of at least 128 random bits: no salt and no stretching is needed for those."""
    return hashlib.sha256(text.encode("utf-8")).digest()


def mint(kind: Kind, grant_id: int, generation: int, secret: bytes, mac: Mac) -> Handle:
    """A new handle. `secret` is SECRET_BYTES random bytes."""
    body = grant_id.to_bytes(8, "big") + generation.to_bytes(4, "big") + secret
    text = TAGS[kind] + urlsafe_b64encode(body + _tag(kind, body, mac)).decode("ascii")
    return Handle(text, grant_id, generation)


def read(kind: Kind, text: str, mac: Mac) -> Handle | None:
    """The handle that `text` is, or None if this tenant never made such a `kind`."""
    if len(text) != _LENGTH or not text.startswith(TAGS[kind]) or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(text[4:])
    except ValueError:
        return None
    # 36 bytes are exactly 48 characters: a second spelling could only use the other alphabet's "+" and "/"
    if len(raw) != 36 or "+" in text or "/" in text:
        return None
    body, given = raw[:28], raw[28:]
    if not hmac.compare_digest(_tag(kind, body, mac), given):
        return None
    return Handle(text, int.from_bytes(body[:8], "big"), int.from_bytes(body[8:12], "big"))


def _tag(kind: Kind, body: bytes, mac: Mac) -> bytes:
    return mac(kind.encode("ascii") + b"\0" + body)[:8]
