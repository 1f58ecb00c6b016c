"""What users allow clients, and the tokens of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """One access token that still counts. `scopes` is None where it has all that the grant allows."""

    digest: bytes
    issued_at: int
    expires_at: int
    scopes: tuple[str, ...] | None = None
    dpop_jkt: str | None = None
    """The thumbprint of the key that it is bound to (RFC 9449 §6)."""
    x5t: str | None = None
    """The thumbprint of the certificate that it is bound to (RFC 8705 §3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a user allowed a client, and the one row that its code, refresh token and access tokens live in.

    Generation 0 is the code; each refresh rotates the row in place to the next generation, so one write is one page.
    """

    id: int
    user_id: str | None
    """None: the client acts for itself."""
    client_id: str
    scopes: tuple[str, ...]
    resource: str
    """The audience of its tokens: the RFC 8707 resource asked for, or the issuer itself."""
    created_at: int
    expires_at: int
    """The end of the grant however often it is refreshed."""
    provider: str
    """By which the user proved who they are."""
    authenticated_at: int
    amr: tuple[str, ...] = ()
    acr: str | None = None
    nonce: str | None = None
    sid: str | None = None
    """Names, to clients, the session that it was given in (OpenID Connect Back-Channel Logout §2.1)."""
    dpop_jkt: str | None = None
    """The thumbprint of the key that the code is for (RFC 9449 §10), and once it was redeemed, the latest tokens."""
    x5t: str | None = None
    """The thumbprint of the certificate that the latest tokens are bound to (RFC 8705 §3.1)."""
    actor: Mapping[str, Any] | None = None
    """Who acts for the user: the `act` claim (RFC 8693 §4.1)."""
    parent_id: int | None = None
    """The grant whose token was exchanged for one of this. With its end this one ends too."""
    revoked_at: int | None = None

    code_digest: bytes
    code_challenge: str
    redirect_uri: str
    code_expires_at: int
    code_spent_at: int | None = None

    generation: int = 0
    rotated_at: int | None = None
    refresh_digest: bytes | None = None
    refresh_expires_at: int | None = None
    successor: bytes | None = None
    """What the last refresh answered, sealed under the refresh token spent for it: only its holder can open it."""
    access: tuple[LiveToken, ...] = ()
    ended: tuple[LiveToken, ...] = ()
    """Access tokens that were ended before their time, each alone, the last of them at `ended_at`."""
    ended_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """What a device without a browser asks for, as long as nobody has allowed it (RFC 8628).

    Allowed, it becomes the grant of the same id, whose code is the device code.
    """

    id: int
    digest: bytes
    """Of the device code."""
    user_code: bytes
    """The mac of what the user is to type: too short for a digest, which could be tried out."""
    client_id: str
    scopes: tuple[str, ...]
    resource: str
    created_at: int
    expires_at: int
    interval: int
    """Seconds that the device is to wait before it asks again."""
    polled_at: int | None = None
    denied_at: int | None = None
