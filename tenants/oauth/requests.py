"""The requests of the client's side, parsed once: from parameters to typed values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tenants.oauth.certificate import Certificate
from tenants.oauth.client_auth import CERTIFICATE_METHODS, Credentials, credentials
from tenants.oauth.dpop import Proof
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.records import AuthMethod, Policy

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", DEVICE_CODE, JWT_BEARER, TOKEN_EXCHANGE)
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
AUTH_METHODS: tuple[AuthMethod, ...] = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
_SINCE = re.compile(r"([0-9]{1,12})\.([0-9]{1,19})")
MAX_ID = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """OAuth 2.1 §4.1.3."""

    grant_type: ClassVar[str] = "authorization_code"
    credentials: Credentials
    code: str
    code_verifier: str | None
    redirect_uri: str | None
    resources: tuple[str, ...]
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """OAuth 2.1 §4.3.1."""

    grant_type: ClassVar[str] = "refresh_token"
    credentials: Credentials
    refresh_token: str
    scope: str | None
    resources: tuple[str, ...]
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class ClientCredentialsRequest:
    """OAuth 2.1 §4.2.1."""

    grant_type: ClassVar[str] = "client_credentials"
    credentials: Credentials
    scope: str | None
    resources: tuple[str, ...]
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class DeviceCodeRequest:
    """RFC 8628 §3.4."""

    grant_type: ClassVar[str] = DEVICE_CODE
    credentials: Credentials
    device_code: str
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class AssertionRequest:
    """RFC 7523 §2.1. A workload has no credentials beside its assertion."""

    grant_type: ClassVar[str] = JWT_BEARER
    credentials: Credentials | None
    assertion: str = field(repr=False)
    scope: str | None
    resources: tuple[str, ...]
    proof: Proof | None = None
    certificate: Certificate | None = None
    """That a workload has shown, or a client beside its credentials."""


@dataclass(frozen=True, slots=True)
class TokenExchangeRequest:
    """RFC 8693 §2.1: an access token for one of another resource. `audience` is one more way to name that."""

    grant_type: ClassVar[str] = TOKEN_EXCHANGE
    credentials: Credentials
    subject_token: str = field(repr=False)
    scope: str | None
    resources: tuple[str, ...]
    proof: Proof | None = None


TokenRequest = (
    CodeRequest
    | RefreshRequest
    | ClientCredentialsRequest
    | DeviceCodeRequest
    | AssertionRequest
    | TokenExchangeRequest
)


@dataclass(frozen=True, slots=True)
class DeviceAuthorizationRequest:
    """RFC 8628 §3.1."""

    credentials: Credentials
    scope: str | None
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PushRequest:
    """An authorization request that a client sends itself (RFC 9126 §2.1)."""

    credentials: Credentials
    form: Parameters
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class ExchangeRequest:
    """The code of an app of the operator's own, with a verifier, the client's credentials, or both."""

    credentials: Credentials | None
    code: str
    code_verifier: str | None
    proof: Proof | None = None
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class ShownToken:
    """An access token at a resource of ours. With a proof it was shown as one that is bound (RFC 9449 §7.1)."""

    text: str
    proof: Proof | None
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class RevocationRequest:
    """RFC 7009 §2.1. The hint is not kept: a token's kind can be read from it."""

    credentials: Credentials
    token: str


@dataclass(frozen=True, slots=True)
class RevocationsRequest:
    """Of a resource server: what was ended since then."""

    credentials: Credentials
    since: tuple[int, int]
    """An instant and a grant: all up to there is known."""


@dataclass(frozen=True, slots=True)
class IntrospectionRequest:
    """RFC 7662 §2.1."""

    credentials: Credentials
    token: str


def auth_methods(policy: Policy, *, sees_certificates: bool) -> tuple[AuthMethod, ...]:
    """Those by which clients may prove themselves here: by a certificate where one can be seen, and by the name in it
    where somebody is trusted to vouch for that.
    """
    if not sees_certificates:
        return AUTH_METHODS
    by_name, by_key = CERTIFICATE_METHODS
    return (*AUTH_METHODS, by_name, by_key) if policy.client_certificate_authorities else (*AUTH_METHODS, by_key)


def token_request(
    form: Parameters,
    authorization: Sequence[str],
    proof: Proof | None = None,
    certificate: Certificate | None = None,
) -> TokenRequest:
    """Which grant type is asked for, and with what. Refusal if it is malformed or not offered."""
    grant_type = form.one("grant_type")
    if grant_type is None:
        wanted = "a form with grant_type=authorization_code, or another that the metadata lists, and what belongs to it"
        raise Refusal("invalid_request", f"grant_type is missing: send {wanted}")
    if grant_type not in GRANT_TYPES:
        raise Refusal("unsupported_grant_type", "this issuer does not offer the grant type")
    resources = tuple(form.all("resource"))
    if grant_type == JWT_BEARER:
        asking = _shown(form, authorization, certificate)
        assertion = _given(form, "assertion")
        return AssertionRequest(asking, assertion, form.raw("scope"), resources, proof, certificate)
    shown = credentials(form, authorization, certificate)
    if grant_type == "authorization_code":
        code, verifier = _given(form, "code"), form.raw("code_verifier")
        return CodeRequest(shown, code, verifier, form.one("redirect_uri"), resources, proof)
    if grant_type == "refresh_token":
        return RefreshRequest(shown, _given(form, "refresh_token"), form.raw("scope"), resources, proof)
    if grant_type == "client_credentials":
        return ClientCredentialsRequest(shown, form.raw("scope"), resources, proof)
    if grant_type == DEVICE_CODE:
        return DeviceCodeRequest(shown, _given(form, "device_code"), proof)
    return _token_exchange(form, shown, resources, proof)


def _token_exchange(
    form: Parameters, shown: Credentials, resources: tuple[str, ...], proof: Proof | None
) -> TokenExchangeRequest:
    subject = _given(form, "subject_token")
    if form.required("subject_token_type") != ACCESS_TOKEN:
        raise Refusal("invalid_request", "only access tokens of this issuer can be exchanged")
    if form.one("requested_token_type") not in (None, ACCESS_TOKEN):
        raise Refusal("invalid_request", "tokens can be exchanged for access tokens only")
    if form.raw("actor_token") is not None or form.raw("actor_token_type") is not None:
        raise Refusal("invalid_request", "nobody acts but the client that asks: there is no actor_token")
    wanted = (*resources, *form.all("audience"))
    if not wanted:
        raise Refusal("invalid_request", "resource is missing")
    return TokenExchangeRequest(shown, subject, form.raw("scope"), wanted, proof)


def _shown(form: Parameters, authorization: Sequence[str], certificate: Certificate | None) -> Credentials | None:
    """Who asks, where anything says so."""
    named = any(form.one(name) for name in ("client_id", "client_secret", "client_assertion", "client_assertion_type"))
    return credentials(form, authorization, certificate) if named or authorization else None


def _given(form: Parameters, name: str) -> str:
    """A code or a token, however malformed: what this tenant never made is `invalid_grant`, not `invalid_request`."""
    text = form.raw(name)
    if text is None:
        raise Refusal("invalid_request", f"{name} is missing")
    return text


def push_request(
    form: Parameters,
    authorization: Sequence[str],
    proof: Proof | None,
    certificate: Certificate | None = None,
) -> PushRequest:
    return PushRequest(credentials(form, authorization, certificate), form, proof)


def device_authorization_request(
    form: Parameters, authorization: Sequence[str], certificate: Certificate | None = None
) -> DeviceAuthorizationRequest:
    shown = credentials(form, authorization, certificate)
    return DeviceAuthorizationRequest(shown, form.raw("scope"), tuple(form.all("resource")))


def exchange_request(
    form: Parameters,
    authorization: Sequence[str],
    proof: Proof | None = None,
    certificate: Certificate | None = None,
) -> ExchangeRequest:
    """Refusal `invalid_request` where nothing is shown but the code."""
    shown = _shown(form, authorization, certificate)
    code, verifier = _given(form, "code"), form.raw("code_verifier")
    if shown is None and verifier is None:
        raise Refusal("invalid_request", "code_verifier is missing, and so is client authentication")
    return ExchangeRequest(shown, code, verifier, proof, certificate)


def revocation_request(
    form: Parameters, authorization: Sequence[str], certificate: Certificate | None = None
) -> RevocationRequest:
    form.one("token_type_hint")
    return RevocationRequest(credentials(form, authorization, certificate), form.required("token"))


def revocations_request(
    asked: Parameters, authorization: Sequence[str], certificate: Certificate | None = None
) -> RevocationsRequest:
    """`asked` holds no credentials where it comes from a URI. Refusal `invalid_request` for a `since` not of ours."""
    since = asked.one("since")
    match = _SINCE.fullmatch("0.0" if since is None else since)
    if match is None or int(match[2]) > MAX_ID:
        raise Refusal("invalid_request", "since must be what an earlier answer called next")
    return RevocationsRequest(credentials(asked, authorization, certificate), (int(match[1]), int(match[2])))


def introspection_request(
    form: Parameters, authorization: Sequence[str], certificate: Certificate | None = None
) -> IntrospectionRequest:
    form.one("token_type_hint")
    return IntrospectionRequest(credentials(form, authorization, certificate), form.required("token"))
