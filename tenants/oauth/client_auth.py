"""Who is asking: client authentication at the client-side endpoints (RFC 6749 §2.3).

One method a request, and the one that the client registered: a client that could choose could be downgraded.
"""

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

from tenants.oauth import client_assertion, client_certificate
from tenants.oauth.certificate import Certificate
from tenants.oauth.client_assertion import Assertion, Use
from tenants.oauth.foreign_jwt import UnknownKey, Unproven, usable_keys
from tenants.oauth.handle import digest
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.records import AuthMethod, Client, StatementIssuer

CERTIFICATE_METHODS: tuple[AuthMethod, ...] = ("tls_client_auth", "self_signed_tls_client_auth")
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client showed: a secret, an assertion, or for the method `none` neither.

    A certificate may stand beside any of them: whether it is to prove the client, only its registration says.
    """

    client_id: str
    method: AuthMethod
    secret: str | None = None
    assertion: Assertion | None = None
    certificate: Certificate | None = None


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """The keys that a client shows at its `jwks_uri`."""

    uri: str
    keys: Sequence[Mapping[str, str]]
    fresh: bool
    """Whether no newer ones can be had now."""


class KeysNeeded(Exception):
    """The keys of a client must be fetched before it can be believed, and looked for anew if `fresh`."""

    def __init__(self, uri: str, *, fresh: bool) -> None:
        super().__init__(uri)
        self.uri = uri
        self.fresh = fresh


def credentials(form: Parameters, authorization: Sequence[str], certificate: Certificate | None = None) -> Credentials:
    """What the request shows, in its form, its Authorization header fields, and the TLS beneath it.

    Refusal `invalid_request` for two methods at once, `invalid_client` for none or a malformed one.
    """
    return replace(_written(form, authorization), certificate=certificate)


def _written(form: Parameters, authorization: Sequence[str]) -> Credentials:
    client_id, secret = form.one("client_id"), form.one("client_secret")
    assertion, kind = form.raw("client_assertion"), form.raw("client_assertion_type")
    asserted = assertion is not None or kind is not None
    if (secret is not None) + asserted + bool(authorization) > 1:
        raise Refusal("invalid_request", "more than one client authentication method")
    if asserted:
        return _asserted(client_id, assertion, kind)
    if not authorization:
        if client_id is None:
            raise Refusal("invalid_client", "no client authentication and no client_id")
        return Credentials(client_id, "none" if secret is None else "client_secret_post", secret)
    if len(authorization) > 1:
        raise Refusal("invalid_client", "more than one Authorization header")
    shown = _basic(authorization[0])
    if client_id is not None and client_id != shown.client_id:
        raise Refusal("invalid_request", "client_id differs from the one in the Authorization header")
    return shown


def authenticate(
    client: Client | None,
    shown: Credentials,
    keys: ClientKeys | None,
    *,
    issuer_uri: str,
    now: int,
    authorities: Sequence[str] = (),
) -> tuple[Client, Use | None]:
    """The client, if it is the one it says it is, and what is to be spent of what it showed.

    `authorities` are those whose certificates are trusted (PEM).

    Refusal `invalid_client` in the same words for every other case, or KeysNeeded where `keys` are not enough.
    """
    good = [
        secret for secret in (client.secrets if client else ()) if secret.expires_at is None or secret.expires_at > now
    ]
    given = digest(shown.secret or "")
    # an unknown client costs the same comparison as a wrong secret
    proven = [hmac.compare_digest(given, secret.digest) for secret in good] or [hmac.compare_digest(given, bytes(32))]
    if client is None:
        raise unauthentic("unknown client")
    if client.disabled_at is not None:
        raise unauthentic("disabled client")
    if client.auth_method in CERTIFICATE_METHODS and shown.method == "none":
        _certified(client, shown.certificate, keys, now, authorities)
        return client, None
    if shown.method != client.auth_method:
        raise unauthentic(f"registered for {client.auth_method}, used {shown.method}")
    if shown.assertion is not None:
        return client, _believed(client, shown.assertion, keys, issuer_uri, now)
    if client.auth_method != "none" and not any(proven):
        raise unauthentic("wrong secret")
    return client, None


def unauthentic(detail: str) -> Refusal:
    return Refusal("invalid_client", "client authentication failed", detail=detail)


def _asserted(client_id: str | None, text: str | None, kind: str | None) -> Credentials:
    try:
        assertion = client_assertion.read(text, kind)
    except Unproven as error:
        raise unauthentic(str(error)) from None
    if client_id not in (None, assertion.client_id):
        raise unauthentic("client_id differs from the one in the assertion")
    return Credentials(assertion.client_id, "private_key_jwt", assertion=assertion)


def _believed(client: Client, assertion: Assertion, keys: ClientKeys | None, issuer_uri: str, now: int) -> Use:
    """Keys are asked for last: what is refused without them makes us call nobody."""
    try:
        use = client_assertion.judge(assertion, client, issuer_uri, now)
        client_assertion.prove(assertion, client, keys_of(client, keys))
    except UnknownKey as error:
        raise fresher_keys(client, keys) or unauthentic(str(error)) from None
    except Unproven as error:
        raise unauthentic(str(error)) from None
    return use


def _certified(
    client: Client, certificate: Certificate | None, keys: ClientKeys | None, now: int, authorities: Sequence[str]
) -> None:
    """RFC 8705 §2."""
    try:
        if certificate is None:
            raise Unproven("no certificate was shown")
        if client.certificate_name is not None:
            client_certificate.prove_name(certificate, client.certificate_name, authorities, now)
        else:
            client_certificate.prove_key(certificate, keys_of(client, keys), now)
    except UnknownKey as error:
        raise fresher_keys(client, keys) or unauthentic(str(error)) from None
    except Unproven as error:
        raise unauthentic(str(error)) from None


def keys_of(known: Client | StatementIssuer, fetched: ClientKeys | None) -> Sequence[Mapping[str, Any]]:
    """Those in hand, or those that lie where it says. Raises KeysNeeded where the latter were not fetched."""
    if known.jwks_uri is None:
        return usable_keys(known.jwks or {})
    if fetched is None or fetched.uri != known.jwks_uri:
        raise KeysNeeded(known.jwks_uri, fresh=False)
    return fetched.keys


def fresher_keys(known: Client | StatementIssuer, fetched: ClientKeys | None) -> KeysNeeded | None:
    """What to raise where none of `keys_of` was the right one, unless there can be no newer ones."""
    if known.jwks_uri is None or fetched is None or fetched.fresh:
        return None
    return KeysNeeded(known.jwks_uri, fresh=True)


def _basic(header: str) -> Credentials:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise Refusal("invalid_client", "the Authorization scheme must be Basic")
    try:
        client_id, secret = _user_and_password(value.strip(" "))
    except (binascii.Error, ValueError):
        raise Refusal("invalid_client", "the Authorization header is malformed") from None
    return Credentials(client_id, "client_secret_basic", secret)


def _user_and_password(value: str) -> tuple[str, str]:
    """Both halves, which are form-encoded before they are joined (RFC 6749 §2.3.1). ValueError if malformed."""
    raw = b64decode(value.encode("ascii"))
    if b64encode(raw) != value.encode("ascii"):
        raise ValueError("base64 with foreign characters, more padding than it needs, or bits left over")
    client_id, colon, secret = raw.decode("utf-8").partition(":")
    if not colon or not client_id or not secret or _BROKEN_ESCAPE.search(client_id + "&" + secret):
        raise ValueError("not an id and a secret")
    client_id, secret = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    if _CONTROL.search(client_id) or _CONTROL.search(secret):
        raise ValueError("a control character")
    return client_id, secret
