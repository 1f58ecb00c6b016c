"""What clients send, as the security catalogue writes it, and what it expects them to get.

`changed(AZ, state="x")` replaces a parameter, `changed(AZ, state=None)` removes it, `[*AZ, ("state", "x")]` adds one
more.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

Pairs = list[tuple[str, str]]

ISSUER = "https://a.test"
CALLBACK = "https://app.test/cb"
RESOURCE = "https://mcp.test/mcp"
VERIFIER = "correct-verifier-of-the-one-who-asked-0123456789"


def s256(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


CHALLENGE = s256(VERIFIER)
AZ: Pairs = [
    ("response_type", "code"),
    ("client_id", "P"),
    ("redirect_uri", CALLBACK),
    ("scope", "mcp"),
    ("state", "s1"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
    ("resource", RESOURCE),
]
TK: Pairs = [
    ("grant_type", "authorization_code"),
    ("code", "$CODE"),
    ("redirect_uri", CALLBACK),
    ("client_id", "P"),
    ("code_verifier", VERIFIER),
]
RF: Pairs = [("grant_type", "refresh_token"), ("refresh_token", "$RT"), ("client_id", "P")]
RG: dict[str, Any] = {
    "redirect_uris": [CALLBACK],
    "client_name": "App",
    "token_endpoint_auth_method": "none",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
}
PUBLIC: dict[str, Any] = {"redirect_uris": [CALLBACK], "client_name": "P", "token_endpoint_auth_method": "none"}
CONFIDENTIAL: dict[str, Any] = {"redirect_uris": [CALLBACK], "client_name": "K"}


def changed(form: Iterable[tuple[str, str]], /, **changes: str | None) -> Pairs:
    kept = [(name, changes.get(name, value)) for name, value in form]
    names = {name for name, _ in kept}
    kept += [(name, value) for name, value in changes.items() if name not in names]
    return [(name, value) for name, value in kept if value is not None]


def authorize(parameters: Iterable[tuple[str, str]] | str = AZ) -> str:
    """The target of GET /authorize; a `str` is a query string to be sent as it is."""
    return f"/authorize?{parameters if isinstance(parameters, str) else urlencode(list(parameters))}"


def is_page(answer: httpx.Response, status: int = 400) -> None:
    """Our own page: no redirect, no script, not to be kept or framed."""
    assert answer.status_code == status, answer.text
    assert "location" not in answer.headers
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text.lower()


def sent_back(answer: httpx.Response, error: str, *, state: str | None = "s1", to: str = CALLBACK) -> None:
    """A redirect to exactly the registered URI that tells the client `error`, with its state and our name."""
    assert answer.status_code in (302, 303), answer.text
    told = returned(answer, to)
    assert told["error"] == error, told
    assert told.get("state") == state
    assert told["iss"] == ISSUER
    assert "code" not in told


def returned(answer: httpx.Response, to: str = CALLBACK) -> dict[str, str]:
    """The parameters that a redirect carries back, each of them once."""
    assert answer.status_code in (302, 303), answer.text
    location = answer.headers["location"]
    assert location.isascii()
    assert location.partition("?")[0] == to.partition("?")[0]
    told = parse_qsl(urlsplit(location).query, keep_blank_values=True)
    assert len({name for name, _ in told}) == len(told)
    assert not urlsplit(location).fragment
    return dict(told)


def refused(answer: httpx.Response, status: int, *errors: str) -> None:
    """An OAuth error in JSON: its code and nothing of value."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["error"] in errors, told
    assert not told.keys() - {"error", "error_description"}
    assert "set-cookie" not in answer.headers
    if status == 401:
        assert answer.headers["www-authenticate"]


def claims(token: str) -> dict[str, Any]:
    """What a JWT says, whether or not it is true."""
    return json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
