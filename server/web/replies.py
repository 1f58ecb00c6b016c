"""Answers of the client's side, and the one table from refusals and problems to HTTP."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from tenants.acts.issue import Tokens
from tenants.oauth import dpop, json_text
from tenants.oauth.pushed import BEGIN_SECONDS
from tenants.oauth.refusal import Refusal
from tenants.problems import Broken, Busy, IssuerUnavailable, Problem, TooMany, Unfetched

Header = tuple[bytes, bytes]

SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_CLOSED: tuple[Header, ...] = ((b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),)
_JSON: Header = (b"content-type", b"application/json")
_NO_STORE: Header = (b"cache-control", b"no-store")
UNFETCHED_SECONDS = 30
"""After which it is tried again to fetch what could not be had."""
_LIMITS = {
    "failure": "too many requests from this address failed",
    "registration": "too many clients or devices came from this address",
    "client": "this client asks too often",
}
_ABOUT_TOKEN = ("invalid_token", "invalid_dpop_proof", "use_dpop_nonce")
_ALGORITHMS = f'algs="{" ".join(dpop.ALGORITHMS)}"'
_STATUS = {"invalid_client": 401, "invalid_token": 401, "insufficient_scope": 403, "access_denied": 403}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ()
    error: str = ""
    description: str = ""
    """The code, and what was said of it, for the log too."""
    detail: str = field(default="", repr=False)
    """The reason, for the log alone."""
    limit: str = ""
    """Which was reached."""


def json(value: Any, status: int = 200, headers: tuple[Header, ...] = ()) -> Reply:
    """JSON that must not be kept."""
    return Reply(status, json_text.write(value), (_JSON, _NO_STORE, *_CLOSED, *headers))


def unless_known(value: Any, known: list[str]) -> Reply:
    """JSON for one client, or that it is still what that client has (RFC 9110 §13.1.2)."""
    body = json_text.write(value)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = ((b"etag", tag.encode("ascii")), (b"cache-control", b"private, no-cache"), *_CLOSED)
    had = {each.strip().removeprefix("W/") for line in known for each in line.split(",")}
    return Reply(304, b"", headers) if tag in had else Reply(200, body, (_JSON, *headers))


def document(body: bytes, seconds: int) -> Reply:
    """JSON, ready made, that anyone may keep for a while."""
    return Reply(200, body, (_JSON, (b"cache-control", b"public, max-age=%d" % seconds), *_CLOSED))


def page(status: int, text: str) -> Reply:
    """A page that needs nothing besides."""
    return Reply(status, text.encode("utf-8"), ((b"content-type", b"text/html; charset=utf-8"), _NO_STORE, *_CLOSED))


def empty(status: int, headers: tuple[Header, ...] = ()) -> Reply:
    return Reply(status, b"", (_NO_STORE, *_CLOSED, *headers))


def tokens(issued: Tokens, nonce: str | None) -> Reply:
    """RFC 6749 §5.1. `nonce` is for the client's next proof of possession."""
    return json(issued.members(), headers=((b"pragma", b"no-cache"), *_next_nonce(nonce)))


def claims(told: dict[str, Any] | str, nonce: str | None) -> Reply:
    """OpenID Connect Core §5.3.2."""
    if isinstance(told, str):
        headers = ((b"content-type", b"application/jwt"), _NO_STORE, *_CLOSED, *_next_nonce(nonce))
        return Reply(200, told.encode("ascii"), headers)
    return json(told, headers=_next_nonce(nonce))


def pushed(request_uri: str, nonce: str | None) -> Reply:
    """RFC 9126 §2.2."""
    return json({"request_uri": request_uri, "expires_in": BEGIN_SECONDS}, 201, _next_nonce(nonce))


def exchanged(issued: Tokens, nonce: str | None) -> Reply:
    """What an app of the operator's own is told at /exchange. `nonce` is for its next proof of possession."""
    members = {
        "token": issued.access_token,
        "expiresIn": issued.expires_in,
        "token_type": issued.token_type,
        "scope": issued.scope,
    }
    return json(members, headers=((b"pragma", b"no-cache"), *_next_nonce(nonce)))


def error(status: int, code: str, description: str = "", headers: tuple[Header, ...] = (), detail: str = "") -> Reply:
    members = {"error": code, "error_description": description} if description else {"error": code}
    made = json(members, status, headers)
    return replace(made, error=code, description=description, detail=detail)


def refusal(refused: Refusal, issuer_uri: str) -> Reply:
    """RFC 6749 §5.2, RFC 6750 §3, RFC 7591 §3.2.2."""
    status = _STATUS.get(refused.code, 400)
    headers: tuple[Header, ...] = ()
    if refused.code == "invalid_client":
        headers = ((b"www-authenticate", b'Basic realm="%s", charset="UTF-8"' % issuer_uri.encode("ascii")),)
    elif refused.code == "invalid_token":
        headers = ((b"www-authenticate", b'Bearer error="invalid_token"'),)
    headers += _next_nonce(refused.dpop_nonce)
    return error(status, refused.code, refused.description, headers, refused.detail)


def denied(refused: Refusal) -> Reply:
    """The user of a device said no (RFC 8628 §3.5)."""
    return error(400, refused.code, refused.description)


def token_refused(refused: Refusal, scheme: str) -> Reply:
    """An access token, shown by the scheme `bearer` or `dpop`, that opens nothing (RFC 6750 §3.1, RFC 9449 §7.1)."""
    status = 401 if refused.code in _ABOUT_TOKEN else _STATUS.get(refused.code, 400)
    headers = (challenge(scheme, refused.code), *_next_nonce(refused.dpop_nonce))
    return error(status, refused.code, refused.description, headers, refused.detail)


def challenge(scheme: str = "", code: str = "") -> Header:
    """How an access token may be shown. The scheme that was used says what was wrong (RFC 9449 §7.2)."""
    wrong = f'error="{code}"'
    plain = f"Bearer {wrong}" if scheme == "bearer" else "Bearer"
    bound = f"DPoP {wrong}, {_ALGORITHMS}" if scheme == "dpop" else f"DPoP {_ALGORITHMS}"
    return (b"www-authenticate", f"{plain}, {bound}".encode("ascii"))


def _next_nonce(nonce: str | None) -> tuple[Header, ...]:
    """RFC 9449 §8.2."""
    return () if nonce is None else ((b"dpop-nonce", nonce.encode("ascii")),)


def problem(met: Problem) -> Reply:
    """What the house cannot do now. Nothing was changed, unless nobody knows (a failed commit): then ask again."""
    if isinstance(met, Busy):
        retry = (b"retry-after", b"%d" % met.retry_after)
        return error(503, "temporarily_unavailable", "too many requests wait; try again", (retry,), str(met))
    if isinstance(met, Broken):
        return error(
            503, "temporarily_unavailable", "this issuer cannot answer now", ((b"retry-after", b"5"),), str(met)
        )
    if isinstance(met, TooMany):
        retry = (b"retry-after", b"%d" % met.retry_after)
        return replace(error(429, "temporarily_unavailable", _LIMITS[met.kind], (retry,), str(met)), limit=met.kind)
    if isinstance(met, IssuerUnavailable):
        return error(503, "temporarily_unavailable", "this issuer is disabled", (), str(met))
    if isinstance(met, Unfetched):
        # not invalid_client: many clients would forget who they are
        retry = (b"retry-after", b"%d" % UNFETCHED_SECONDS)
        return error(503, "temporarily_unavailable", "what proves this cannot be fetched now", (retry,), str(met))
    return bug(met)


def bug(met: Exception) -> Reply:
    return error(500, "server_error", "", (), f"{type(met).__name__}: {met}")
