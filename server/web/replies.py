"""Answers of the client's side, and the one table from refusals and problems to HTTP."""

from dataclasses import dataclass, field
from typing import Any

from tenants.acts.issue import Tokens
from tenants.oauth import json_text
from tenants.oauth.refusal import Refusal
from tenants.problems import Broken, Busy, IssuerUnavailable, Problem

Header = tuple[bytes, bytes]

SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_CLOSED: tuple[Header, ...] = ((b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),)
_JSON: Header = (b"content-type", b"application/json")
_NO_STORE: Header = (b"cache-control", b"no-store")
_STATUS = {"invalid_client": 401, "invalid_token": 401, "insufficient_scope": 403, "access_denied": 403}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ()
    error: str = ""
    """The code and the reason, for the log."""
    detail: str = field(default="", repr=False)


def json(value: Any, status: int = 200, headers: tuple[Header, ...] = ()) -> Reply:
    """JSON that must not be kept."""
    return Reply(status, json_text.write(value), (_JSON, _NO_STORE, *_CLOSED, *headers))


def document(body: bytes, seconds: int) -> Reply:
    """JSON, ready made, that anyone may keep for a while."""
    return Reply(200, body, (_JSON, (b"cache-control", b"public, max-age=%d" % seconds), *_CLOSED))


def empty(status: int, headers: tuple[Header, ...] = ()) -> Reply:
    return Reply(status, b"", (_NO_STORE, *_CLOSED, *headers))


def tokens(issued: Tokens) -> Reply:
    """RFC 6749 §5.1."""
    return json(issued.members(), headers=((b"pragma", b"no-cache"),))


def error(status: int, code: str, description: str = "", headers: tuple[Header, ...] = (), detail: str = "") -> Reply:
    members = {"error": code, "error_description": description} if description else {"error": code}
    made = json(members, status, headers)
    return Reply(made.status, made.body, made.headers, code, detail)


def refusal(refused: Refusal, issuer_uri: str) -> Reply:
    """RFC 6749 §5.2, RFC 6750 §3, RFC 7591 §3.2.2."""
    status = _STATUS.get(refused.code, 400)
    headers: tuple[Header, ...] = ()
    if refused.code == "invalid_client":
        headers = ((b"www-authenticate", b'Basic realm="%s", charset="UTF-8"' % issuer_uri.encode("ascii")),)
    elif refused.code in ("invalid_token", "insufficient_scope"):
        headers = ((b"www-authenticate", b'Bearer error="%s"' % refused.code.encode("ascii")),)
    return error(status, refused.code, refused.description, headers, refused.detail or refused.description)


def problem(met: Problem) -> Reply:
    """What the house cannot do now. Nothing was changed, unless nobody knows (a failed commit): then ask again."""
    if isinstance(met, Busy):
        retry = (b"retry-after", b"%d" % met.retry_after)
        return error(503, "temporarily_unavailable", "too many requests wait; try again", (retry,), str(met))
    if isinstance(met, Broken):
        return error(
            503, "temporarily_unavailable", "this issuer cannot answer now", ((b"retry-after", b"5"),), str(met)
        )
    if isinstance(met, IssuerUnavailable):
        return error(503, "temporarily_unavailable", "this issuer is disabled", (), str(met))
    return bug(met)


def bug(met: Exception) -> Reply:
    return error(500, "server_error", "", (), f"{type(met).__name__}: {met}")
