"""The requests of the client's side, parsed once: from parameters to typed values."""

from collections.abc import Sequence
from dataclasses import dataclass

from tenants.oauth.client_auth import Credentials, credentials
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal

GRANT_TYPES = ("authorization_code", "refresh_token")
AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """grant_type=authorization_code (OAuth 2.1 §4.1.3)."""

    credentials: Credentials
    code: str
    code_verifier: str | None
    redirect_uri: str | None
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """grant_type=refresh_token (OAuth 2.1 §4.3.1)."""

    credentials: Credentials
    refresh_token: str
    scope: str | None
    resources: tuple[str, ...]


TokenRequest = CodeRequest | RefreshRequest


@dataclass(frozen=True, slots=True)
class RevocationRequest:
    """RFC 7009 §2.1. The hint is not kept: a token's kind can be read from it."""

    credentials: Credentials
    token: str


@dataclass(frozen=True, slots=True)
class IntrospectionRequest:
    """RFC 7662 §2.1."""

    credentials: Credentials
    token: str


def token_request(form: Parameters, authorization: Sequence[str]) -> TokenRequest:
    """Which grant type is asked for, and with what. Refusal if it is malformed or not offered."""
    grant_type = form.required("grant_type")
    if grant_type not in GRANT_TYPES:
        raise Refusal("unsupported_grant_type", "this issuer offers authorization_code and refresh_token")
    shown = credentials(form, authorization)
    resources = tuple(form.all("resource"))
    if grant_type == "authorization_code":
        return CodeRequest(shown, _given(form, "code"), form.raw("code_verifier"), form.one("redirect_uri"), resources)
    return RefreshRequest(shown, _given(form, "refresh_token"), form.raw("scope"), resources)


def _given(form: Parameters, name: str) -> str:
    """A code or a token, however malformed: what this tenant never made is `invalid_grant`, not `invalid_request`."""
    text = form.raw(name)
    if text is None:
        raise Refusal("invalid_request", f"{name} is missing")
    return text


def revocation_request(form: Parameters, authorization: Sequence[str]) -> RevocationRequest:
    form.one("token_type_hint")
    return RevocationRequest(credentials(form, authorization), form.required("token"))


def introspection_request(form: Parameters, authorization: Sequence[str]) -> IntrospectionRequest:
    form.one("token_type_hint")
    return IntrospectionRequest(credentials(form, authorization), form.required("token"))
