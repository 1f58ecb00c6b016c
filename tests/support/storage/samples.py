"""Records to be kept: one of each kind with every field filled, and functions that make plain ones by their name."""

from dataclasses import replace
from typing import Any

from tenants.records import (
    AccessRule,
    ClaimMapping,
    Client,
    ClientSecret,
    Consent,
    Event,
    Grant,
    Identity,
    IdentityProvider,
    Issuer,
    Listing,
    LiveToken,
    Organization,
    Policy,
    Session,
    SigningKey,
    User,
)

NOW = 1_790_000_000
MOST = (1 << 63) - 1
"""The largest number that may be asked to be kept."""

ORDERED = ("0", "10", "9", "Z", "a", "aa", "b", "z", "é", "\ufffd", "\U0001f600")
"""Texts in the order of their code points, which is neither a dictionary's order nor that of UTF-16."""

ANYTHING = "tab\there, \"quotes\" and 'quotes', \0, \\, %, _, é, 中, \U0001f600\r\n"
JSON: dict[str, Any] = {"": None, "a": [1, -2.5, True, {"b": "é\0"}], "long": "x" * 5_000, "c": {"d": {}, "e": []}}


def digest(name: str) -> bytes:
    """32 bytes that stand for one name."""
    return name.encode("utf-8").ljust(32, b"\0")[:32]


ISSUER = Issuer(
    id="acme",
    uid="0b81f7cc-2b3f-4b0e-9a54-1d5f0f6a1c11",
    uri="https://acme.example",
    policy=Policy(
        access_token_ttl=1,
        refresh_token_ttl=0,
        grant_ttl=MOST,
        scopes=("openid", "files:read"),
        token_format="opaque",
        signing_algorithm="EdDSA",
        dynamic_registration=False,
        private_redirect_schemes=("cursor", "com.example.app"),
        resources=("https://mcp.example/a", "https://mcp.example/b"),
        allowed_origins=(),
        debug=True,
    ),
    sealed_data_key=bytes(range(256)),
)

CLIENT = Client(
    id="whole client",
    name=ANYTHING,
    origin="admin",
    redirect_uris=("https://app.example/a b", "cursor://é", ""),
    grant_types=("authorization_code", "refresh_token"),
    response_types=("code",),
    auth_method="client_secret_basic",
    secrets=(ClientSecret(digest=b"\0\xff" * 16, expires_at=NOW), ClientSecret(digest=digest("second"))),
    scopes=("openid", "files:read"),
    application_type="native",
    resources=("https://mcp.example/a", "https://mcp.example/b"),
    metadata=JSON,
    created_at=0,
    last_used_at=MOST,
    disabled_at=NOW,
)

USER = User(
    id="whole user",
    identities=(Identity("google", ANYTHING), Identity("okta", "1")),
    email="Ada@Example.com",
    email_verified=True,
    name=ANYTHING,
    organization_id="o1",
    roles=("admin", "second role, with spaces"),
    permissions=("a b", "", "c"),
    metadata=JSON,
    created_at=0,
    updated_at=1,
    last_login_at=2,
    disabled_at=MOST,
)

PROVIDER = IdentityProvider(
    id="whole provider",
    kind="oauth2",
    display_name=ANYTHING,
    issuer_uri="https://login.example/é",
    authorization_uri="https://login.example/authorize",
    token_uri="https://login.example/token",
    user_uri="https://login.example/user",
    jwks_uri="https://login.example/keys",
    client_id=ANYTHING,
    auth_method="client_secret_post",
    sealed_secret=bytes(range(256)),
    public_jwk={"kty": "EC", "crv": ANYTHING},
    scopes=("openid", "a b", ""),
    token_algorithms=("RS256", "ES256"),
    claims=ClaimMapping(
        subject="a.b",
        email="mail",
        email_verified="mail.verified",
        name=ANYTHING,
        roles="https://login.example/roles",
        permissions="p",
        groups="g",
        organization="o",
    ),
    access=AccessRule(email_domains=("z.example", "a.example"), organizations=("o 1",), groups=(ANYTHING, "")),
    login_domains=("b.example", "a.example"),
    vouches_for_email=True,
    recheck_interval=MOST,
    created_at=0,
    updated_at=1,
    disabled_at=MOST,
    version=7,
)

ORGANIZATION = Organization(
    id="whole organization",
    name=ANYTHING,
    slug="Whole-Org",
    domains=("Z.example", "a.example", "M.example"),
    metadata=JSON,
    created_at=0,
    updated_at=MOST,
)

GRANT = Grant(
    id=MOST,
    user_id="u1",
    client_id="c1",
    scopes=("openid", "files:read"),
    resource="https://mcp.example/a",
    created_at=1,
    expires_at=2,
    provider=ANYTHING,
    authenticated_at=3,
    nonce=ANYTHING,
    revoked_at=4,
    code_digest=b"\0\xff" * 16,
    code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    redirect_uri="https://app.example/callback?é",
    code_expires_at=5,
    code_spent_at=6,
    generation=7,
    rotated_at=8,
    refresh_digest=b"\xff\0" * 16,
    refresh_expires_at=9,
    successor=bytes(range(256)) * 20,
    access=(
        LiveToken(digest=digest("all"), issued_at=1, expires_at=2),
        LiveToken(digest=digest("none"), issued_at=3, expires_at=4, scopes=()),
        LiveToken(digest=b"\0\xff" * 16, issued_at=5, expires_at=MOST, scopes=("openid", "email")),
    ),
)

KEY = SigningKey(
    id="whole key",
    algorithm="RS256",
    state="retired",
    public_jwk={"kty": "RSA", "kid": "whole key", "n": "x" * 700, "e": "AQAB"},
    sealed_private=bytes(range(256)) * 8,
    created_at=1,
    activated_at=2,
    retired_at=3,
    expires_at=MOST,
)

EVENT = Event(type="key.rolled", at=NOW, actor=ANYTHING, subject=ANYTHING, details=JSON)

LISTING = Listing(
    id="whole-listing",
    uid="4e7a1d52-65a5-4b4f-8d5b-0d9c6a0a7e55",
    uri="https://whole.example",
    state="deleted",
    display_name=ANYTHING,
    created_at=1,
    updated_at=2,
    deleted_at=3,
    purge_at=MOST,
    was_disabled=True,
    version=5,
    alarm_at=6,
    alarm_attempts=7,
)


def client(id: str, **more: Any) -> Client:
    plain = Client(
        id=id,
        name="",
        origin="registration",
        redirect_uris=(),
        grant_types=(),
        response_types=(),
        auth_method="none",
        created_at=NOW,
        last_used_at=NOW,
    )
    return replace(plain, **more)


def user(id: str, *, provider: str = "dev", subject: str | None = None, **more: Any) -> User:
    identity = Identity(provider, f"subject of {id}" if subject is None else subject)
    return replace(User(id=id, identities=(identity,), created_at=NOW, updated_at=NOW), **more)


def provider(id: str, **more: Any) -> IdentityProvider:
    plain = IdentityProvider(id=id, kind="oidc", display_name="", client_id="", created_at=NOW, updated_at=NOW)
    return replace(plain, **more)


def organization(id: str, **more: Any) -> Organization:
    return replace(Organization(id=id, name="", created_at=NOW, updated_at=NOW), **more)


def session(name: str, user_id: str = "u1", expires_at: int = NOW, provider: str = "dev") -> Session:
    return Session(
        digest=digest(name), user_id=user_id, provider=provider, authenticated_at=NOW - 5, expires_at=expires_at
    )


def consent(
    user_id: str = "u1", client_id: str = "c1", resource: str = "https://mcp.example", back: str = "https://app.example"
) -> Consent:
    return Consent(
        user_id=user_id, client_id=client_id, resource=resource, redirect_uri=back, scopes=("openid",), given_at=NOW
    )


def grant(id: int, **more: Any) -> Grant:
    """A new grant whose code counts for ten minutes from NOW, and which lives for a day."""
    plain = Grant(
        id=id,
        user_id="u1",
        client_id="c1",
        scopes=(),
        resource="https://mcp.example",
        created_at=NOW,
        expires_at=NOW + 86_400,
        provider="dev",
        authenticated_at=NOW,
        code_digest=digest(f"code of {id}"),
        code_challenge="",
        redirect_uri="",
        code_expires_at=NOW + 600,
    )
    return replace(plain, **more)


def token(name: str, expires_at: int) -> LiveToken:
    return LiveToken(digest=digest(name), issued_at=NOW, expires_at=expires_at)


def key(id: str, **more: Any) -> SigningKey:
    plain = SigningKey(
        id=id, algorithm="ES256", state="next", public_jwk={"kid": id}, sealed_private=b"", created_at=NOW
    )
    return replace(plain, **more)


def event(type: str, at: int = NOW) -> Event:
    return Event(type=type, at=at, actor="operator")


def listing(id: str, **more: Any) -> Listing:
    plain = Listing(
        id=id,
        uid=f"uid of {id}",
        uri=f"https://{id}.example",
        state="active",
        created_at=NOW,
        updated_at=NOW,
        alarm_at=NOW,
    )
    return replace(plain, **more)
