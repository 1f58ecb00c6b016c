"""What an issuer signs with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tenants.records.policy import SigningAlgorithm

KeyState = Literal["next", "current", "retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key of the JWKS. `next` is published before it is used, `retired` until its last token has expired."""

    id: str
    algorithm: SigningAlgorithm
    state: KeyState
    public_jwk: Mapping[str, str]
    sealed_private: bytes
    created_at: int
    activated_at: int | None = None
    retired_at: int | None = None
    expires_at: int | None = None
