"""An identity provider on loopback that a test can make lie: discovery, JWKS, token endpoint, userinfo.

Nobody has to click there: `sign_in` is what the user does at the provider, and gives the way back.
"""

import asyncio
import hashlib
import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from server.listener import Listener, bind
from server.settings import Address

CLIENT_ID = "tenantry-at-the-provider"
SECRET = "secret-of-tenantry-at-the-provider+/="
_REGISTRY = jws.JWSRegistry(algorithms=["RS256", "ES256", "HS256", "none"])


@dataclass
class OpenIdProvider:
    """Its answers, and what it was asked. `says` changes claims (None takes one away), `discovery` the metadata."""

    user: dict[str, Any] = field(
        default_factory=lambda: {"sub": "248", "email": "eve@corp.test", "email_verified": True, "name": "Eve"}
    )
    userinfo: dict[str, Any] | None = None
    says: dict[str, Any] = field(default_factory=dict[str, Any])
    header: dict[str, Any] = field(default_factory=dict[str, Any])
    discovery: dict[str, Any] = field(default_factory=dict[str, Any])
    algorithm: str = "RS256"
    token_answer: tuple[int, bytes] | None = None
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict[str, tuple[int, bytes]])
    """What is said at a path instead of what would be."""
    shown: list[str] = field(default_factory=lambda: ["first"])
    """The keys in the JWKS; the first of `signing` signs."""
    signing: str = "first"
    now: Callable[[], int] = lambda: int(time.time())
    silent_at: str = ""
    """A path where nothing is said before `go_on`."""
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody waits there."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    """Lets those go on who wait."""
    asked: list[str] = field(default_factory=list[str])
    bodies: list[bytes] = field(default_factory=list[bytes])
    tokens: list[str] = field(default_factory=list[str])
    """Every token that it gave out."""

    def __post_init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self.uri = ""

    def key(self, name: str) -> Any:
        if name not in self.keys:
            self.keys[name] = ECKey.generate_key("P-256") if self.algorithm == "ES256" else RSAKey.generate_key(2048)
        return self.keys[name]

    def sign_in(self, location: str, **changes: str | None) -> str:
        """What the provider sends the browser back with: the target at our host. `changes` are made to it."""
        where = urlsplit(location)
        asked = dict(parse_qsl(where.query, strict_parsing=True))
        assert location.startswith(f"{self.uri}/authorize?")
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        code = f"upstream-code-{len(self._codes)}-{hashlib.sha256(location.encode()).hexdigest()[:8]}"
        self._codes[code] = asked
        told = {"code": code, "state": asked["state"], **changes}
        target = urlsplit(asked["redirect_uri"]).path
        return f"{target}?{urlencode({name: value for name, value in told.items() if value is not None})}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path, body = scope["path"], b""
        while scope["method"] == "POST":
            message = await receive()
            body += message["body"]
            if not message.get("more_body"):
                break
        self.asked.append(path)
        self.bodies.append(body)
        if path == self.silent_at:
            self.waiting.set()
            gone = asyncio.ensure_future(self._hung_up(receive))
            going_on = asyncio.ensure_future(self.go_on.wait())
            await asyncio.wait((gone, going_on), return_when=asyncio.FIRST_COMPLETED)
            for task in (gone, going_on):
                task.cancel()
            if not self.go_on.is_set():
                return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, answer = self.answers.get(path) or self._answer(path, headers, body)
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": answer})

    @staticmethod
    async def _hung_up(receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if path == "/.well-known/openid-configuration":
            said = {
                "issuer": self.uri,
                "authorization_endpoint": f"{self.uri}/authorize",
                "token_endpoint": f"{self.uri}/token",
                "userinfo_endpoint": f"{self.uri}/userinfo",
                "jwks_uri": f"{self.uri}/jwks",
                "id_token_signing_alg_values_supported": [self.algorithm],
            }
            return 200, _json({**said, **self.discovery})
        if path == "/jwks":
            keys = [{**self.key(name).as_dict(private=False), "kid": name, "use": "sig"} for name in self.shown]
            return 200, _json({"keys": keys})
        if path == "/userinfo":
            if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                return 401, b"{}"
            return 200, _json(self.user if self.userinfo is None else self.userinfo)
        if path == "/token":
            return self.token_answer or self._redeemed(headers, body)
        return 404, b"{}"

    def _redeemed(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        basic = b64decode(headers.get("authorization", "").removeprefix("Basic ")).decode()
        client_id, _, secret = basic.partition(":")
        given = (
            (unquote_plus(client_id), unquote_plus(secret))
            if basic
            else (form.get("client_id"), form.get("client_secret"))
        )
        if given != (CLIENT_ID, SECRET):
            return 401, _json({"error": "invalid_client"})
        asked = self._codes.pop(form.get("code", ""), None)
        challenge = urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        if (
            asked is None
            or challenge.decode() != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return 400, _json({"error": "invalid_grant"})
        access_token = f"upstream-access-token-{len(self.tokens)}"
        said = {
            "access_token": access_token,
            "token_type": "Bearer",
            "refresh_token": f"upstream-refresh-{access_token}",
        }
        said["id_token"] = self.id_token(asked.get("nonce"))
        self.tokens += [said[name] for name in ("access_token", "refresh_token", "id_token")]
        return 200, _json(said)

    def id_token(self, nonce: str | None) -> str:
        now = self.now()
        claims = {
            "iss": self.uri,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.user,
            **self.says,
        }
        header = {"alg": self.algorithm, "kid": self.signing, **self.header}
        key = OctKey.import_key(SECRET) if header["alg"] in ("HS256", "none") else self.key(self.signing)
        told = {name: value for name, value in claims.items() if value is not None}
        algorithms = [header["alg"]]
        header = {name: value for name, value in header.items() if value is not None}
        return jws.serialize_compact(header, _json(told), key, algorithms=algorithms, registry=_REGISTRY)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


@asynccontextmanager
async def openid_provider(provider: OpenIdProvider) -> AsyncGenerator[OpenIdProvider]:
    listener = Listener(provider, bind(Address("127.0.0.1", 0)), drain=1)
    await listener.start()
    provider.uri = f"http://127.0.0.1:{listener.port}"
    try:
        yield provider
    finally:
        await listener.stop()
