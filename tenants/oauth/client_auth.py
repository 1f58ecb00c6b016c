"""Who is asking: client authentication at the client-side endpoints (RFC 6749 §2.3).

One method a request, and the one that the client registered: a client that could choose could be downgraded.
"""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from tenants.oauth.handle import digest
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.records import AuthMethod, Client


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client showed. `secret` is None for the method `none`."""

    client_id: str
    method: AuthMethod
    secret: str | None = None


def credentials(form: Parameters, authorization: Sequence[str]) -> Credentials:
    """What the request shows, in its form and its Authorization header fields.

    Refusal `invalid_request` for two methods at once, `invalid_client` for none or a malformed one.
    """
    client_id, secret = form.one("client_id"), form.one("client_secret")
    if not authorization:
        if client_id is None:
            raise Refusal("invalid_client", "no client authentication and no client_id")
        return Credentials(client_id, "none" if secret is None else "client_secret_post", secret)
    if len(authorization) > 1:
        raise Refusal("invalid_client", "more than one Authorization header")
    shown = _basic(authorization[0])
    if secret is not None or form.one("client_assertion") is not None:
        raise Refusal("invalid_request", "more than one client authentication method")
    if client_id is not None and client_id != shown.client_id:
        raise Refusal("invalid_request", "client_id differs from the one in the Authorization header")
    return shown


def authenticate(client: Client | None, shown: Credentials, now: int) -> Client:
    """The client, if it is the one it says it is. Refusal `invalid_client` in the same words for every other case."""
    good = [
        secret for secret in (client.secrets if client else ()) if secret.expires_at is None or secret.expires_at > now
    ]
    given = digest(shown.secret or "")
    # an unknown client costs the same comparison as a wrong secret
    proven = [hmac.compare_digest(given, secret.digest) for secret in good] or [hmac.compare_digest(given, bytes(32))]
    if client is None:
        raise _unauthentic("unknown client")
    if client.disabled_at is not None:
        raise _unauthentic("disabled client")
    if shown.method != client.auth_method:
        raise _unauthentic(f"registered for {client.auth_method}, used {shown.method}")
    if client.auth_method != "none" and not any(proven):
        raise _unauthentic("wrong secret")
    return client


def _basic(header: str) -> Credentials:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise Refusal("invalid_client", "the Authorization scheme must be Basic")
    try:
        text = b64decode(value.strip(" ").encode("ascii"), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeError, ValueError):
        raise Refusal("invalid_client", "the Authorization header is malformed") from None
    client_id, colon, secret = text.partition(":")
    if not colon or not client_id or not secret or any(ord(character) < 32 for character in text):
        raise Refusal("invalid_client", "the Authorization header is malformed")
    # both halves are form-encoded first (RFC 6749 §2.3.1)
    return Credentials(unquote_plus(client_id), "client_secret_basic", unquote_plus(secret))


def _unauthentic(detail: str) -> Refusal:
    return Refusal("invalid_client", "client authentication failed", detail=detail)
