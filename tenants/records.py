"""What a tenant keeps. Values only: every record is frozen, and a change makes a new one.

Times are whole seconds since 1970-01-01 UTC. A `digest` is the SHA-256 of a secret that is kept nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TokenFormat = Literal["jwt", "opaque"]
SigningAlgorithm = Literal["ES256", "EdDSA", "RS256"]
AuthMethod = Literal["none", "client_secret_basic", "client_secret_post"]
ProviderKind = Literal["oidc", "oauth2", "workos", "auth0", "okta", "google", "github", "entra"]
UpstreamAuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
AssertionAlgorithm = Literal["ES256", "RS256", "PS256", "EdDSA"]
ClientOrigin = Literal["admin", "registration"]
KeyState = Literal["next", "current", "retired"]
ListingState = Literal["building", "active", "disabled", "deleted", "purged"]

DAY = 86_400


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
    dynamic_registration: bool = True
    unused_client_ttl: int = 90 * DAY
    """How long a dynamically registered client may lie unused before it is swept."""
    private_redirect_schemes: tuple[str, ...] = ()
    """Schemes such as `cursor` or `com.example.app` that native clients may redirect to."""
    resources: tuple[str, ...] = ()
    """The RFC 8707 identifiers that tokens may be asked for. Empty: any https or loopback resource."""
    allowed_origins: tuple[str, ...] = ("*",)
    """Web origins that may read the client-side endpoints (CORS). `*` is any."""
    link_by_email: bool = False
    """Whether who comes from a provider that vouches for e-mail addresses is the user known by that address already."""
    first_party_origins: tuple[str, ...] = ()
    """Web origins of the operator's own apps, which users may sign in to at /login."""
    debug: bool = False
    """Whether the log line of a refused request carries the refusal's detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Who is told that users sign in: an address of the operator's, and the secret that proves that we call."""

    uri: str
    sealed_secret: bytes
    created_at: int
    updated_at: int
    version: int = 1
    """One more with every change; what an etag is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Whose file this is. `uri` is what clients see as `iss`; it never changes."""

    id: str
    uid: str
    uri: str
    policy: Policy = field(default_factory=Policy)
    sealed_data_key: bytes
    """The tenant's data key, wrapped by the operator's master key."""
    webhook: Webhook | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecret:
    digest: bytes
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An RFC 6749 client, made by the operator or by RFC 7591 registration."""

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
    application_type: Literal["web", "native"] | None = None
    resources: tuple[str, ...] = ()
    """The resources it speaks for: it may introspect tokens meant for them. Operator-made clients only."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else it registered (RFC 7591 §2), to be echoed."""
    created_at: int
    last_used_at: int
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A group of users at an issuer."""

    id: str
    name: str
    slug: str | None = None
    domains: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What an identity provider calls a user. An e-mail address is none."""

    provider: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A resource owner. `id` is the subject in tokens."""

    id: str
    identities: tuple[Identity, ...]
    """Who they are at the providers that they signed in with, the first one first."""
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    organization_id: str | None = None
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    created_at: int
    updated_at: int
    last_login_at: int | None = None
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMapping:
    """Which of an identity provider's claims say what. A dot leads into an object; what is empty stands nowhere.

    Of settings, empty is the kind's own default, which is filled in before a provider is kept.
    """

    subject: str = ""
    email: str = ""
    email_verified: str = ""
    name: str = ""
    roles: str = ""
    permissions: str = ""
    groups: str = ""
    organization: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRule:
    """Who may sign in by way of a provider. An empty list asks for nothing; all that are given must be met."""

    email_domains: tuple[str, ...] = ()
    """The domain of an e-mail address that the provider says is verified, in lower case."""
    organizations: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """Where users of this issuer sign in. We are its client."""

    id: str
    kind: ProviderKind
    display_name: str
    issuer_uri: str = ""
    """OpenID Connect: its issuer identifier, which discovery starts from. Empty for those that have no discovery."""
    authorization_uri: str = ""
    token_uri: str = ""
    user_uri: str = ""
    """Endpoints of a provider without discovery; each that is given goes before what discovery says."""
    jwks_uri: str = ""
    client_id: str
    auth_method: UpstreamAuthMethod = "client_secret_basic"
    sealed_secret: bytes | None = None
    """The client secret, or for `private_key_jwt` the private key (a JWK)."""
    public_jwk: Mapping[str, str] | None = None
    """What the provider is to know of that key."""
    scopes: tuple[str, ...] = ()
    token_algorithms: tuple[str, ...] = ()
    """Which algorithms may sign its ID tokens. Empty: those that discovery lists."""
    claims: ClaimMapping = field(default_factory=ClaimMapping)
    access: AccessRule = field(default_factory=AccessRule)
    login_domains: tuple[str, ...] = ()
    """E-mail domains whose users are led to this provider, in lower case."""
    vouches_for_email: bool = False
    """Whether its word that an e-mail address is verified may join a user of another such provider."""
    recheck_interval: int = 0
    """Seconds after which the provider is asked whether a user still stands, by a refresh token kept for it. 0: never,
    and none is kept."""
    created_at: int
    updated_at: int
    disabled_at: int | None = None
    version: int = 1
    """One more with every change; what an etag is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A user signed in at this issuer, by cookie."""

    digest: bytes
    user_id: str
    provider: str
    """By which the user proved who they are."""
    authenticated_at: int
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A remembered yes: this user lets this client have these scopes at this resource, sent back to this URI."""

    user_id: str
    client_id: str
    resource: str
    redirect_uri: str
    scopes: tuple[str, ...]
    given_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """One access token that still counts. `scopes` is None where it has all that the grant allows."""

    digest: bytes
    issued_at: int
    expires_at: int
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a user allowed a client, and the one row that its code, refresh token and access tokens live in.

    Generation 0 is the code; each refresh rotates the row in place to the next generation, so one write is one page.
    """

    id: int
    user_id: str
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
    nonce: str | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that must be remembered. `details` never holds a secret."""

    type: str
    at: int
    actor: str
    subject: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    sequence: int = 0
    """Given by the store when it is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message on its way to the issuer's webhook. `body` is JSON."""

    id: str
    body: str
    created_at: int
    due_at: int
    attempts: int = 0
    """How often it was tried in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """A provider's refresh token for one of its users, kept to ask whether they still stand there."""

    user_id: str
    provider: str
    sealed: bytes
    due_at: int
    attempts: int = 0
    """How often the provider gave no answer since it last did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the registry knows of an issuer, whether its tenant is awake or not.

    A purged one stays for ever, as the promise that neither its id nor its URI is given to anybody else.
    """

    id: str
    uid: str
    uri: str
    state: ListingState
    display_name: str = ""
    created_at: int
    updated_at: int
    deleted_at: int | None = None
    purge_at: int | None = None
    was_disabled: bool = False
    """Whether a deleted one was disabled before, so that it comes back as it was."""
    version: int = 1
    """One more with every change; what an etag is made of."""
    alarm_at: int
    """When the tenant is to be woken to maintain itself."""
    alarm_attempts: int = 0
    """How often it has failed to since it last succeeded."""
