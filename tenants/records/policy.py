"""An issuer's own settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

TokenFormat = Literal["jwt", "opaque"]


SigningAlgorithm = Literal["ES256", "EdDSA", "RS256"]


ClientDocuments = Literal["any", "listed", "none"]


Registration = Literal["open", "token", "closed"]


DAY = 86_400


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many at once, and so many a minute after that. 0 a minute: no limit."""

    per_minute: int = 0
    burst: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementIssuer:
    """Whose software statements are believed (RFC 7591 §2.3), and what proves them: keys in hand, or where they lie."""

    issuer: str
    """Their `iss`, byte for byte."""
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An issuer's own settings. Durations are seconds."""

    access_token_ttl: int = 3_600
    refresh_token_ttl: int = 30 * DAY
    """How long a refresh token may lie unused; each rotation starts it anew. 0: no refresh tokens."""
    grant_ttl: int = 365 * DAY
    """How long a grant lives, however often it is refreshed."""
    authorization_code_ttl: int = 600
    replay_window: int = 60
    """How long after a rotation the spent refresh token is answered with the same successor. 0: never."""
    session_ttl: int = 14 * DAY
    scopes: tuple[str, ...] = ("openid", "profile", "email", "offline_access")
    token_format: TokenFormat = "jwt"
    signing_algorithm: SigningAlgorithm = "ES256"
    key_roll_interval: int = 90 * DAY
    registration: Registration = "open"
    """Who may register a client: anybody, who has a token of the operator's, or nobody."""
    client_documents: ClientDocuments = "any"
    """Whose clients may be known by the metadata document at their id: of any host, of those listed, of none."""
    client_document_hosts: tuple[str, ...] = ()
    """Those listed: host names, or `*.` and one for all below it."""
    approval_required: bool = False
    """Whether a client that nobody made but itself waits for the operator's approval."""
    unused_client_ttl: int = 90 * DAY
    """How long a client that nobody registered but itself may lie unused before it is swept."""
    private_redirect_schemes: tuple[str, ...] = ()
    """Schemes such as `cursor` or `com.example.app` that native clients may redirect to."""
    allowed_origins: tuple[str, ...] = ("*",)
    """Web origins that may read the client-side endpoints (CORS). `*` is any."""
    link_by_email: bool = False
    """Whether who comes from a provider that vouches for e-mail addresses is the user known by that address already."""
    first_party_origins: tuple[str, ...] = ()
    """Web origins of the operator's own apps, which users may sign in to at /login."""
    registration_limit: RateLimit = RateLimit(60, 600)
    """Of the clients that register themselves from one address."""
    failure_limit: RateLimit = RateLimit(300, 600)
    """Of the requests from one address whose client did not prove who it is."""
    client_limit: RateLimit = RateLimit()
    """Of the requests of one client; of a public one, whose name anybody may use, of those from one address."""
    guess_limit: RateLimit = RateLimit(10, 30)
    """Of the wrong passwords for one account, and of the wrong codes of devices from one session and one address."""
    session_limit: RateLimit = RateLimit(30, 300)
    """Of the sign-ins of one user."""
    par_required: bool = False
    """Whether clients may ask for authorization by pushed requests only (RFC 9126 §5)."""
    dpop_nonce_required: bool = False
    """Whether proofs of possession must bear a nonce of ours (RFC 9449 §8)."""
    client_certificate_authorities: tuple[str, ...] = ()
    """Whose certificates prove a client by the name in them (RFC 8705 §2.1): a CA certificate each, in PEM."""
    software_statement_issuers: tuple[StatementIssuer, ...] = ()
    software_statement_required: bool = False
    """Whether only who shows a software statement may register a client."""
    debug: bool = False
    """Whether the log line of a refused request carries the refusal's detail."""
