"""Somebody with a private key, who signs what a test wants signed: by PyJWT where that would, by hand where not."""

import json
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

ALGORITHMS_OF_SIGNERS = ("ES256", "RS256", "PS256", "EdDSA", "ES384", "ES512", "RS384", "RS512", "PS384", "PS512")
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


class Signer:
    """One key, for one algorithm."""

    def __init__(self, algorithm: str, *, bits: int = 2_048) -> None:
        self.algorithm = algorithm
        with warnings.catch_warnings(action="ignore"):  # a test may want a key that is too small
            self.key = _key(algorithm, bits)
        self.kid: str = self.key.thumbprint()
        self.public: dict[str, Any] = {
            **self.key.as_dict(private=False),
            "kid": self.kid,
            "alg": algorithm,
            "use": "sig",
        }

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.public]}

    def token(self, claims: Mapping[str, Any] | bytes, header: bytes | None = None, **members: Any) -> str:
        """These claims, and these members in the header; `kid=None` is none. It is really signed, whatever it says."""
        if header is None:
            told = {"alg": self.algorithm, "typ": "JWT", "kid": self.kid, **members}
            if told["kid"] is None:
                del told["kid"]
            header = json.dumps(told).encode()
        return self.signed(header, claims if isinstance(claims, bytes) else json.dumps(claims).encode())

    def signed(self, header: bytes, payload: bytes) -> str:
        """Header and payload as they are, byte for byte."""
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        text = f"{b64(header)}.{b64(payload)}"
        signature = algorithm.sign(text.encode(), algorithm.prepare_key(self.key.private_key))
        return f"{text}.{b64(signature)}"


def _key(algorithm: str, bits: int) -> Any:
    if algorithm in _CURVES:
        return ECKey.generate_key(_CURVES[algorithm])
    return OKPKey.generate_key("Ed25519") if algorithm == "EdDSA" else RSAKey.generate_key(bits)


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
