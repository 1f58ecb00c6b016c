"""Records to be kept: one of each kind with every field filled, and functions that make plain ones by their name."""

from dataclasses import replace
from typing import Any

from tenants.records import (
    AccessRule,
    AdminToken,
    Answer,
    CertificateName,
    ClaimMapping,
    ClaimMatch,
    Client,
    ClientDocument,
    ClientSecret,
    Consent,
    DeviceRequest,
    Domain,
    Event,
    Grant,
    Identity,
    IdentityProvider,
    Issuer,
    KeptToken,
    Listing,
    LiveToken,
    Message,
    MessageKind,
    Operation,
    Organization,
    Origin,
    Policy,
    RateLimit,
    RegistrationToken,
    Resource,
    ResourceScope,
    Session,
    SigningKey,
    StatementIssuer,
    User,
    Webhook,
    WorkloadIssuer,
    WorkloadRule,
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
        registration="token",
        private_redirect_schemes=("cursor", "com.example.app"),
        allowed_origins=(),
        link_by_email=True,
        dpop_nonce_required=True,
        par_required=True,
        first_party_origins=("https://app.example", "http://localhost:3000"),
        client_documents="listed",
        client_document_hosts=("app.example", "*.example.org"),
        registration_limit=RateLimit(1, MOST),
        failure_limit=RateLimit(),
        client_limit=RateLimit(2, 3),
        guess_limit=RateLimit(4, 5),
        session_limit=RateLimit(6, 7),
        client_certificate_authorities=("-----BEGIN é", "second"),
        software_statement_issuers=(
            StatementIssuer(issuer=ANYTHING, jwks={"keys": [{"kty": "OKP", "x": ANYTHING}, {}]}),
            StatementIssuer(issuer="https://trust.example", jwks_uri="https://trust.example/é"),
        ),
        software_statement_required=True,
        debug=True,
    ),
    sealed_data_key=bytes(range(256)),
    webhook=Webhook(
        uri="https://hook.example/é?a=b",
        sealed_secret=bytes(range(256)),
        former_secret=b"\0\xff",
        former_ends_at=MOST,
        failures=3,
        retry_at=MOST,
        last_failure=ANYTHING,
        created_at=0,
        updated_at=MOST,
        version=9,
    ),
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
    jwks={"keys": [{"kty": "OKP", "x": ANYTHING}, {}]},
    jwks_uri="https://app.example/é",
    assertion_algorithm="EdDSA",
    dpop_bound=True,
    certificate_name=CertificateName("subject_dn", ANYTHING),
    certificate_bound=True,
    par_required=True,
    registration_digest=bytes(range(256)),
    next_registration_digest=b"\0\xff" * 16,
    document=ClientDocument(fetched_at=1, expires_at=MOST, digest=b"\0\xff" * 16),
    post_logout_redirect_uris=("https://app.example/z b", "https://app.example/a"),
    backchannel_logout_uri="https://app.example/logout?é",
    application_type="native",
    resources=("https://mcp.example/a", "https://mcp.example/b"),
    target_resources=("https://mcp.example/c d", ""),
    metadata=JSON,
    scope_limit=("openid", "files:read"),
    approval="approved",
    created_at=0,
    last_used_at=MOST,
    disabled_at=NOW,
)

REGISTRATION_TOKEN = RegistrationToken(
    id="whole token", digest=bytes(range(256)), note=ANYTHING, created_at=1, expires_at=MOST, uses_left=MOST
)

ANSWER = Answer(key=bytes(range(256)), asked=b"asked", sealed=bytes(range(256)), expires_at=MOST)

ADMIN_TOKEN = AdminToken(
    id="whole token",
    digest=bytes(range(256)),
    role="issuer-admin",
    issuers=("acme", "example"),
    display_name=ANYTHING,
    created_at=1,
    created_by=ANYTHING,
    expires_at=MOST,
    last_used_at=2,
)

OPERATION = Operation(
    id="whole operation",
    verb="revoke-grants",
    issuer_id="acme",
    lock=ANYTHING,
    request=bytes(range(256)),
    origin=Origin("root", "::1", ANYTHING),
    progress=JSON,
    percent=99,
    created_at=1,
    updated_at=2,
    cancelled_at=3,
    ended_at=MOST,
    response=b"\0\xff",
    error=b"\xff",
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
    fixed=("email", "roles"),
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
    vouches_for_clients=True,
    recheck_interval=MOST,
    created_at=0,
    updated_at=1,
    disabled_at=MOST,
    version=7,
)

RESOURCE = Resource(
    id="whole resource",
    uri="HTTPS://MCP.example:443/é",
    canonical_uri="https://mcp.example/é",
    display_name=ANYTHING,
    scopes=(
        ResourceScope(name="files:write", description=ANYTHING, implies=("files:read", "")),
        ResourceScope(name="files:read"),
        ResourceScope(name=ANYTHING),
    ),
    token_format="opaque",
    access_token_ttl=MOST,
    created_at=0,
    updated_at=1,
    disabled_at=MOST,
    version=7,
)

WORKLOAD_ISSUER = WorkloadIssuer(
    id="whole workload issuer",
    display_name=ANYTHING,
    issuer_uri="spiffe://cluster.example/é",
    jwks_uri="https://cluster.example/keys",
    jwks={"keys": [{"kty": "EC", "crv": ANYTHING}, {}]},
    algorithms=("RS256", "ES256"),
    audience="api://acme é",
    reusable=True,
    rules=(
        WorkloadRule(
            client_id="deploy",
            claims=(ClaimMatch(claim="sub", pattern="repo:acme/**"), ClaimMatch(claim=ANYTHING, pattern=ANYTHING)),
            scopes=("files:read", "a b", ""),
            resources=("https://mcp.example/a b", ""),
        ),
        WorkloadRule(client_id=ANYTHING, claims=()),
    ),
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
    amr=("pwd", ANYTHING),
    acr=ANYTHING,
    nonce=ANYTHING,
    sid=ANYTHING,
    dpop_jkt=ANYTHING,
    x5t=ANYTHING,
    actor=JSON,
    parent_id=MOST,
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
        LiveToken(digest=digest("none"), issued_at=3, expires_at=4, scopes=(), dpop_jkt=ANYTHING),
        LiveToken(digest=digest("certified"), issued_at=3, expires_at=4, x5t=ANYTHING),
        LiveToken(digest=b"\0\xff" * 16, issued_at=5, expires_at=MOST, scopes=("openid", "email")),
    ),
    ended=(LiveToken(digest=digest("ended"), issued_at=5, expires_at=6, dpop_jkt=ANYTHING, x5t="t"),),
    ended_at=7,
)

DEVICE_REQUEST = DeviceRequest(
    id=MOST,
    digest=b"\0\xff" * 16,
    user_code=b"\xff\0" * 16,
    client_id=ANYTHING,
    scopes=("openid", "files:read"),
    resource="https://mcp.example/é",
    created_at=0,
    expires_at=MOST,
    interval=7,
    polled_at=8,
    denied_at=9,
)

KINDS: tuple[MessageKind, ...] = ("webhook", "logout")
"""Of messages."""

MESSAGE = Message(
    id=ANYTHING,
    kind="webhook",
    body=ANYTHING * 500,
    client_id=ANYTHING,
    user_id=ANYTHING,
    created_at=0,
    due_at=MOST,
    attempts=7,
)

SESSION = Session(
    digest=bytes(range(32)),
    user_id=ANYTHING,
    provider="okta",
    authenticated_at=1,
    expires_at=MOST,
    amr=("pwd", ANYTHING),
    acr=ANYTHING,
    sid=ANYTHING,
    clients=("c1", ANYTHING),
)

KEPT_TOKEN = KeptToken(user_id=ANYTHING, provider="okta", sealed=bytes(range(256)), due_at=MOST, attempts=7)

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

EVENT = Event(
    type="key.rolled",
    at=NOW,
    actor=ANYTHING,
    address="2001:db8::1",
    request_id=ANYTHING,
    subject=ANYTHING,
    details=JSON,
    sequence=1,
    previous=bytes(range(256)),
    hash=bytes(range(255)),
)

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


DOMAIN = Domain(
    issuer_id="whole-listing",
    id="whole-domain",
    host="whole.example",
    challenge=ANYTHING,
    created_at=1,
    checked_at=2,
    verified_at=MOST,
    last_error=ANYTHING,
    version=5,
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


def registration_token(id: str, **more: Any) -> RegistrationToken:
    """That may be used once within a minute of NOW."""
    plain = RegistrationToken(id=id, digest=digest(id), created_at=NOW, expires_at=NOW + 60, uses_left=1)
    return replace(plain, **more)


def answer(name: str, **more: Any) -> Answer:
    return replace(Answer(key=digest(name), asked=digest(f"asked {name}"), sealed=b"s", expires_at=NOW), **more)


def admin_token(id: str, **more: Any) -> AdminToken:
    plain = AdminToken(
        id=id, digest=digest(id), role="owner", created_at=NOW, created_by="root", last_used_at=NOW, expires_at=NOW
    )
    return replace(plain, **more)


def operation(id: str, **more: Any) -> Operation:
    """Under way, unless `more` says otherwise."""
    plain = Operation(
        id=id, verb="count", issuer_id="acme", request=b"", origin=Origin("root"), created_at=NOW, updated_at=NOW
    )
    return replace(plain, **more)


def user(id: str, *, provider: str = "dev", subject: str | None = None, **more: Any) -> User:
    """With one identity, unless `identities` says otherwise."""
    identity = Identity(provider, f"subject of {id}" if subject is None else subject)
    return replace(User(id=id, identities=(identity,), created_at=NOW, updated_at=NOW), **more)


def provider(id: str, **more: Any) -> IdentityProvider:
    plain = IdentityProvider(id=id, kind="oidc", display_name="", client_id="", created_at=NOW, updated_at=NOW)
    return replace(plain, **more)


def resource(id: str, **more: Any) -> Resource:
    """With a URI of its own, unless `more` says otherwise."""
    uri = f"https://{id}.example"
    return replace(Resource(id=id, uri=uri, canonical_uri=uri, created_at=NOW, updated_at=NOW), **more)


def workload_issuer(id: str, **more: Any) -> WorkloadIssuer:
    """With a URI of its own, unless `more` says otherwise."""
    plain = WorkloadIssuer(id=id, issuer_uri=f"https://{id}.example", created_at=NOW, updated_at=NOW)
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


def device_request(id: int, **more: Any) -> DeviceRequest:
    plain = DeviceRequest(
        id=id,
        digest=digest(f"device code of {id}"),
        user_code=digest(f"user code of {id}"),
        client_id="c1",
        scopes=(),
        resource="https://mcp.example",
        created_at=NOW,
        expires_at=NOW + 600,
        interval=5,
    )
    return replace(plain, **more)


def message(id: str, kind: MessageKind = "webhook", due_at: int = NOW) -> Message:
    return Message(id=id, kind=kind, body="{}", client_id="c1", user_id="u1", created_at=NOW, due_at=due_at)


def kept_token(user_id: str = "u1", provider: str = "p1", **more: Any) -> KeptToken:
    return replace(KeptToken(user_id=user_id, provider=provider, sealed=b"sealed", due_at=NOW), **more)


def key(id: str, **more: Any) -> SigningKey:
    plain = SigningKey(
        id=id, algorithm="ES256", state="next", public_jwk={"kid": id}, sealed_private=b"", created_at=NOW
    )
    return replace(plain, **more)


def event(type: str, at: int = NOW) -> Event:
    return Event(type=type, at=at, actor="operator")


def domain(issuer_id: str, id: str, **more: Any) -> Domain:
    """With a host of its own, unless `more` says otherwise."""
    host = f"{id}.{issuer_id}.example"
    return replace(Domain(issuer_id=issuer_id, id=id, host=host, challenge=f"say {host}", created_at=NOW), **more)


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
