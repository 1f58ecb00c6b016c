"""Identity providers: where users sign in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ProviderKind = Literal["oidc", "oauth2", "workos", "auth0", "okta", "google", "github", "entra"]


UpstreamAuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]


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
