"""Who holds a key, and proves it to whomever they ask (RFC 9449). What they sign is up to the test."""

import json
from collections.abc import Mapping
from hashlib import sha256
from itertools import count
from typing import Any

from tests.support.signer import Signer, b64

_NUMBERS = count(1)
NAMES_THE_KEY = ("kty", "crv", "x", "y", "n", "e")


class Holder(Signer):
    def __init__(self, algorithm: str = "ES256", *, bits: int = 2_048) -> None:
        super().__init__("EdDSA" if algorithm == "Ed25519" else algorithm, bits=bits)
        self.named = algorithm
        self.jkt = self.kid
        """The RFC 7638 thumbprint of the key."""
        self.jwk = {name: value for name, value in self.public.items() if name in NAMES_THE_KEY}
        """The key as it stands in the header of a proof."""

    def proof(
        self, method: str, uri: str, at: float, *, token: str | None = None, header: Mapping[str, Any] = {}, **more: Any
    ) -> str:
        """A proof for one request; what is `None` in `header` or `more` is left out."""
        claims: dict[str, Any] = {"jti": f"jti-{next(_NUMBERS)}-of-this-test", "htm": method, "htu": uri, "iat": at}
        if token is not None:
            claims["ath"] = b64(sha256(token.encode()).digest())
        said = {"typ": "dpop+jwt", "alg": self.named, "jwk": self.jwk, **header}
        return self.signed(_present(said), _present({**claims, **more}))


def _present(members: Mapping[str, Any]) -> bytes:
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()
