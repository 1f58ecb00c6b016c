"""The kinds of identity provider: what there is to say of each, the addresses that follow, and its defaults.

Each kind's own words are its vendor's. Addresses are the vendors' documented ones; what has an issuer URI has discovery
(OpenID Connect Discovery 1.0 §4), so its endpoints are not written down here, unless the operator does so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from tenants.oauth import own_assertion
from tenants.records import AssertionAlgorithm, ClaimMapping, IdentityProvider, ProviderKind, UpstreamAuthMethod

GOOGLE = "https://accounts.google.com"
MICROSOFT = "https://login.microsoftonline.com/"
GITHUB = "https://github.com"
WORKOS = "https://api.workos.com/user_management"
HOSTED_DOMAIN = "hd"
"""Google's claim of the Workspace domain that an account belongs to."""
_AUTHORIZE = "/login/oauth/authorize"


@dataclass(frozen=True, slots=True)
class Oidc:
    issuer_uri: str
    authorization_uri: str = ""
    token_uri: str = ""
    user_uri: str = ""
    jwks_uri: str = ""
    """The endpoints of one that has no discovery, or whose discovery is not to be used."""
    id_token_algorithms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OAuth2:
    authorization_uri: str
    token_uri: str
    user_uri: str


@dataclass(frozen=True, slots=True)
class WorkOS:
    pass


@dataclass(frozen=True, slots=True)
class Auth0:
    domain: str


@dataclass(frozen=True, slots=True)
class Okta:
    domain: str
    authorization_server: str = ""


@dataclass(frozen=True, slots=True)
class Google:
    hosted_domain: str = ""


@dataclass(frozen=True, slots=True)
class GitHub:
    base_uri: str = ""


@dataclass(frozen=True, slots=True)
class Entra:
    directory: str


Config: TypeAlias = Oidc | OAuth2 | WorkOS | Auth0 | Okta | Google | GitHub | Entra

KINDS: Mapping[ProviderKind, type[Config]] = {
    "oidc": Oidc,
    "oauth2": OAuth2,
    "workos": WorkOS,
    "auth0": Auth0,
    "okta": Okta,
    "google": Google,
    "github": GitHub,
    "entra": Entra,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a provider is called. With `issuer_uri`, discovery says the rest, unless `jwks_uri` is there too."""

    issuer_uri: str = ""
    authorization_uri: str = ""
    token_uri: str = ""
    user_uri: str = ""
    jwks_uri: str = ""


def kind_of(config: Config) -> ProviderKind:
    return next(kind for kind, made in KINDS.items() if type(config) is made)


def addresses(config: Config) -> Addresses:
    match config:
        case Oidc():
            return Addresses(
                issuer_uri=config.issuer_uri,
                authorization_uri=config.authorization_uri,
                token_uri=config.token_uri,
                user_uri=config.user_uri,
                jwks_uri=config.jwks_uri,
            )
        case OAuth2(authorization_uri, token_uri, user_uri):
            return Addresses(authorization_uri=authorization_uri, token_uri=token_uri, user_uri=user_uri)
        case WorkOS():
            return Addresses(authorization_uri=f"{WORKOS}/authorize", token_uri=f"{WORKOS}/authenticate")
        case Auth0(domain):
            return Addresses(issuer_uri=f"https://{domain}/")
        case Okta(domain, ""):
            return Addresses(issuer_uri=f"https://{domain}")
        case Okta(domain, server):
            return Addresses(issuer_uri=f"https://{domain}/oauth2/{server}")
        case Google():
            return Addresses(issuer_uri=GOOGLE)
        case GitHub(base_uri):
            base = base_uri or GITHUB
            return Addresses(
                authorization_uri=f"{base}{_AUTHORIZE}",
                token_uri=f"{base}/login/oauth/access_token",
                user_uri="https://api.github.com/user" if base == GITHUB else f"{base}/api/v3/user",
            )
        case Entra(directory):
            return Addresses(issuer_uri=f"{MICROSOFT}{directory}/v2.0")


def config_of(provider: IdentityProvider) -> Config:
    """What was said of it, read back from its addresses."""
    match provider.kind:
        case "oidc":
            return Oidc(
                provider.issuer_uri,
                provider.authorization_uri,
                provider.token_uri,
                provider.user_uri,
                provider.jwks_uri,
                provider.token_algorithms,
            )
        case "oauth2":
            return OAuth2(provider.authorization_uri, provider.token_uri, provider.user_uri)
        case "workos":
            return WorkOS()
        case "auth0":
            return Auth0(provider.issuer_uri.removeprefix("https://").removesuffix("/"))
        case "okta":
            domain, _, server = provider.issuer_uri.removeprefix("https://").partition("/oauth2/")
            return Okta(domain, server)
        case "google":
            return Google(*provider.access.organizations)
        case "github":
            base = provider.authorization_uri.removesuffix(_AUTHORIZE)
            return GitHub("" if base == GITHUB else base)
        case "entra":
            return Entra(provider.issuer_uri.removeprefix(MICROSOFT).removesuffix("/v2.0"))


def default_name(kind: ProviderKind) -> str:
    """What users call it, where there is one of the kind in the world. Empty: they know it by the operator's name."""
    return {"google": "Google", "github": "GitHub", "entra": "Microsoft"}.get(kind, "")


def default_scopes(kind: ProviderKind) -> tuple[str, ...]:
    """What must be asked for to learn who the user is."""
    match kind:
        case "oauth2" | "workos":
            return ()
        case "github":
            return ("read:user", "user:email")
        case _:
            return ("openid", "profile", "email")


def default_auth_method(kind: ProviderKind) -> UpstreamAuthMethod:
    """How the vendor's own examples send the secret; else the default of OpenID Connect Core §9."""
    return "client_secret_basic" if kind in ("oidc", "oauth2", "okta") else "client_secret_post"


def assertion_algorithms(kind: ProviderKind) -> tuple[AssertionAlgorithm, ...]:
    """What a provider of this kind can check our assertions with, the default first. Empty: it takes none."""
    match kind:
        case "oidc" | "oauth2":
            return own_assertion.ALGORITHMS
        case "okta":
            return ("ES256", "RS256")
        case "auth0":
            return ("RS256", "PS256")
        case "workos" | "google" | "github" | "entra":
            return ()


def assertion_audience(provider: IdentityProvider) -> str:
    """To whom an assertion is made out: the provider by its issuer URI (draft-ietf-oauth-rfc7523bis §4).

    Okta wants its token endpoint to be named, and so may others: one that is configured is named. Nothing is taken from
    discovery, by which a provider could have itself shown what is good at another one.
    """
    if provider.kind == "okta":
        server = "" if "/oauth2/" in provider.issuer_uri else "/oauth2"
        return f"{provider.issuer_uri}{server}/v1/token"
    return provider.token_uri or provider.issuer_uri


def must_consent(provider: IdentityProvider) -> bool:
    """Whether we have the user asked for consent each time, without which the provider gives no refresh token.

    OpenID Connect Core §11; developers.google.com/identity/protocols/oauth2/web-server (`prompt`, `access_type`). The
    other vendors ask for it when they need it themselves, and some would then ask an administrator.
    """
    asked = provider.kind == "google" or (provider.kind == "oidc" and "offline_access" in provider.scopes)
    return asked and provider.recheck_interval > 0


def default_claims(kind: ProviderKind) -> ClaimMapping:
    """Which claims of a provider of this kind say what."""
    standard = ClaimMapping(  # OpenID Connect Core §5.1, and what is usual beyond it
        subject="sub",
        email="email",
        email_verified="email_verified",
        name="name",
        roles="roles",
        permissions="permissions",
        groups="groups",
        organization="org_id",
    )
    match kind:
        case "google":
            return replace(standard, organization=HOSTED_DOMAIN)
        case "auth0":
            return replace(standard, roles="*/roles", permissions="*/permissions", groups="*/groups")
        case "github":
            return replace(standard, subject="id")  # a login can be given up and taken by somebody else
        case "entra":
            # `email` is what a directory's administrator wrote; this optional claim says whether the domain is theirs
            return replace(standard, email_verified="xms_edov", organization="tid")
        case _:
            return standard
