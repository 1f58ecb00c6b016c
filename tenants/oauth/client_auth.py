"""Who is asking: client authentication at the client-side endpoints (RFC 6749 §2.3).

One method a request, and the one that the client registered: a client that could choose could be downgraded.
"""

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from tenants.oauth.handle import digest
from tenants.oauth.parameters import Parameters
from tenants.oauth.refusal import Refusal
from tenants.records import AuthMethod, Client

_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


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
    assertion = form.one("client_assertion") or form.one("client_assertion_type")
    if (secret is not None) + (assertion is not None) + bool(authorization) > 1:
        raise Refusal("invalid_request", "more than one client authentication method")
    if assertion is not None:
        # not to be read as `none`: what the client showed would go unchecked
        raise Refusal("invalid_client", "client assertions are not supported")
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


def _unauthentic(detail: str) -> Refusal:
    return Refusal("invalid_client", "client authentication failed", detail=detail)
