"""Clients, and the tokens that let them register."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

AuthMethod = Literal[
    "none",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
]


CertificateNameKind = Literal["subject_dn", "san_dns", "san_uri", "san_ip", "san_email"]


AssertionAlgorithm = Literal["ES256", "RS256", "PS256", "EdDSA"]


ClientOrigin = Literal["admin", "registration", "document"]


Approval = Literal["pending", "approved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecret:
    digest: bytes
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDocument:
    """What is known of the document that a client's id leads to (draft-ietf-oauth-client-id-metadata-document)."""

    fetched_at: int
    expires_at: int
    digest: bytes
    """Of all in it that a user's consent stands on."""


@dataclass(frozen=True, slots=True)
class CertificateName:
    """The one name that must stand in a client's certificate (RFC 8705 §2.1.2)."""

    kind: CertificateNameKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An RFC 6749 client: made by the operator, by RFC 7591 registration, or known by its own metadata document."""

    id: str
    name: str
    origin: ClientOrigin
    redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    auth_method: AuthMethod
    secrets: tuple[ClientSecret, ...] = ()
    scopes: tuple[str, ...] | None = None
    """What it may ask for. None: whatever the issuer offers."""
    jwks: Mapping[str, Any] | None = None
    """The JWK Set that its assertions are checked with, unless `jwks_uri` says where one lies."""
    jwks_uri: str | None = None
    assertion_algorithm: AssertionAlgorithm | None = None
    """The only one that may sign its assertions. None: whichever its keys are for."""
    dpop_bound: bool = False
    """Whether it must prove possession of a key for every token (RFC 9449 §5.2)."""
    certificate_name: CertificateName | None = None
    """Of a client that proves itself by `tls_client_auth`."""
    certificate_bound: bool = False
    """Whether its tokens are bound to the certificate that it shows (RFC 8705 §3.4)."""
    par_required: bool = False
    """Whether it may ask for authorization by a pushed request only (RFC 9126 §6)."""
    registration_digest: bytes | None = None
    """Of the registration access token (RFC 7592), for a client that registered itself."""
    next_registration_digest: bytes | None = None
    """Of the one that the last update of the registration gave out, until it is used."""
    document: ClientDocument | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    application_type: Literal["web", "native"] | None = None
    resources: tuple[str, ...] = ()
    """The resources it speaks for: it may introspect tokens meant for them. Operator-made clients only."""
    target_resources: tuple[str, ...] = ()
    """What it may exchange users' tokens for, that are meant for one of `resources` (RFC 8693)."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else it registered (RFC 7591 §2), to be echoed."""
    scope_limit: tuple[str, ...] | None = None
    """The most that the operator lets it have, whatever it says of itself. None: no limit. Not for clients that the
    operator made, of which `scopes` says it."""
    approval: Approval | None = None
    """Whether it waits for the operator's, or has it. None: it needs none."""
    created_at: int
    last_used_at: int
    disabled_at: int | None = None

    @property
    def is_barred(self) -> bool:
        """Whether it gets nothing now, and what it has counts for nothing."""
        return self.disabled_at is not None or self.approval == "pending"

    @property
    def is_judged(self) -> bool:
        """Whether the operator has decided something about it that must not be forgotten with it."""
        return self.disabled_at is not None or self.approval == "approved" or self.scope_limit is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationToken:
    """An initial access token (RFC 7591 §3): whoever has it may register clients."""

    id: str
    digest: bytes
    note: str = ""
    created_at: int
    expires_at: int
    uses_left: int | None = None
    """How many clients it may still register. None: any number."""
