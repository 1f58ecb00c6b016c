"""What a tenant keeps. Values only: every record is frozen, and a change makes a new one.

Times are whole seconds since 1970-01-01 UTC. A `digest` is the SHA-256 of a secret that is kept nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TokenFormat = Literal["jwt", "opaque"]
SigningAlgorithm = Literal["ES256", "EdDSA", "RS256"]
AuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
ProviderKind = Literal["oidc", "oauth2", "workos", "auth0", "okta", "google", "github", "entra"]
UpstreamAuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
AssertionAlgorithm = Literal["ES256", "RS256", "PS256", "EdDSA"]
ClientDocuments = Literal["any", "listed", "none"]
Registration = Literal["open", "token", "closed"]
ClientOrigin = Literal["admin", "registration", "document"]
KeyState = Literal["next", "current", "retired"]
ListingState = Literal["building", "active", "disabled", "deleted", "purged"]

DAY = 86_400


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many at once, and so many a minute after that. 0 a minute: no limit."""

    per_minute: int = 0
    burst: int = 0


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
    debug: bool = False
    """Whether the log line of a refused request carries the refusal's detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Who is told that users sign in: an address of the operator's, and the secret that proves that we call."""

    uri: str
    sealed_secret: bytes
    former_secret: bytes | None = None
    """Sealed. Messages are signed with it too until `former_ends_at`."""
    former_ends_at: int = 0
    failures: int = 0
    """How many calls in a row failed."""
    retry_at: int = 0
    """When it is called again after a failure."""
    last_failure: str = ""
    """Why the last call failed, in our own words."""
    created_at: int
    updated_at: int
    version: int = 1
    """One more with every change of the operator's; what an etag is made of."""


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
class ClientDocument:
    """What is known of the document that a client's id leads to (draft-ietf-oauth-client-id-metadata-document)."""

    fetched_at: int
    expires_at: int
    digest: bytes
    """Of all in it that a user's consent stands on."""


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
    created_at: int
    last_used_at: int
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceScope:
    """What a client may do at a resource. `implies` names narrower scopes of the same resource."""

    name: str
    description: str = ""
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """An MCP server that tokens may be asked for (RFC 8707). `uri` is their audience, as the operator spells it."""

    id: str
    uri: str
    canonical_uri: str
    """What asked-for URIs are compared with, in canonical form too. No other resource of the issuer has it."""
    display_name: str = ""
    scopes: tuple[ResourceScope, ...] = ()
    """Its own; the issuer's may be asked for with them."""
    token_format: TokenFormat | None = None
    access_token_ttl: int | None = None
    """Seconds. Like the format of its tokens, the policy's where it is None."""
    created_at: int
    updated_at: int
    disabled_at: int | None = None
    version: int = 1
    """One more with every change; what an etag is made of."""


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
    """The endpoints of a provider whose discovery is not used. `jwks_uri` stands with an issuer URI only."""
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
    vouches_for_clients: bool = False
    """Whether its word alone, an identity assertion, lets a client act for one of its users: nobody here is asked."""
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
    amr: tuple[str, ...] = ()
    acr: str | None = None
    """How well, in the provider's words (OpenID Connect Core §2)."""
    sid: str = ""
    """Its name among clients, which opens nothing. It stays when the same user signs in anew in the same browser.
    Empty: of before there were names."""
    clients: tuple[str, ...] = ()
    """Those that are to be told when it ends."""


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
    dpop_jkt: str | None = None
    """The thumbprint of the key that it is bound to (RFC 9449 §6)."""


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
class LogoutNotice:
    """On its way to a client that asked to be told: that a session has ended (OpenID Connect Back-Channel Logout)."""

    id: str
    client_id: str
    user_id: str
    sid: str
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
