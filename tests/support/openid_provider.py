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

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey, import_key

from server.listener import Listener, bind
from server.settings import Address

CLIENT_ID = "tenantry-at-the-provider"
SECRET = "secret-of-tenantry-at-the-provider+/="
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
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
    held_at: str = ""
    """A path where all is done that is asked for, and nothing said before `go_on`."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    """Lets those go on who wait."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever somebody asks."""
    asked: list[str] = field(default_factory=list[str])
    bodies: list[bytes] = field(default_factory=list[bytes])
    tokens: list[str] = field(default_factory=list[str])
    """Every token that it gave out."""
    redirect_uris: tuple[str, ...] | None = None
    """Those that are registered. None: whatever is asked for."""
    refreshable: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """The refresh tokens that count, and whose they are."""
    rotates: bool = True
    """Whether a refresh token is good for one refresh only."""
    refresh_answer: tuple[int, bytes] | None = None
    """What whoever brings a refresh token is told instead of what would be."""
    without_user: str = "login_required"
    """The error where nobody is signed in and nobody may be asked to."""
    client_jwk: dict[str, Any] | None = None
    """The key by which it knows its client; no secret is good then."""
    audience: str | None = None
    """What it wants assertions to be made out to, if not to its address."""
    assertions: list[jwt.Token] = field(default_factory=list["jwt.Token"])
    """Those that it believed."""

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
        self.arrived.set()
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
        lines = [(b"content-type", b"application/json")]
        if path == "/authorize" and path not in self.answers:
            status, location = self._asked_for_nobody(scope["query_string"].decode())
            lines.append((b"location", location.encode()))
            answer = b""
        else:
            status, answer = self.answers.get(path) or self._answer(path, headers, body)
        if path == self.held_at:
            self.waiting.set()
            await self.go_on.wait()
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": answer})

    @staticmethod
    async def _hung_up(receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue

    def _asked_for_nobody(self, query: str) -> tuple[int, str]:
        """Status and location (OpenID Connect Core §3.1.2.6)."""
        asked = dict(parse_qsl(query, strict_parsing=True))
        uri = asked["redirect_uri"]
        if asked["client_id"] != CLIENT_ID or (self.redirect_uris is not None and uri not in self.redirect_uris):
            return 400, ""
        if asked.get("prompt") != "none":
            return 303, f"{self.uri}/sign-in"
        return 303, f"{uri}?{urlencode({'error': self.without_user, 'state': asked['state']})}"

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
        known = self._knows_secret(headers, form) if self.client_jwk is None else self._believes(form)
        if not known:
            return 401, _json({"error": "invalid_client"})
        if form.get("grant_type") == "refresh_token":
            return self.refresh_answer or self._refreshed(form.get("refresh_token", ""))
        asked = self._codes.pop(form.get("code", ""), None)
        challenge = urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        if (
            asked is None
            or challenge.decode() != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return 400, _json({"error": "invalid_grant"})
        return 200, _json(self._tokens(asked.get("nonce"), self.user))

    def _refreshed(self, refresh_token: str) -> tuple[int, bytes]:
        user = self.refreshable.get(refresh_token)
        if user is None:
            return 400, _json({"error": "invalid_grant", "error_description": "in words of its own"})
        said = self._tokens(None, user)
        del self.refreshable[refresh_token if self.rotates else said.pop("refresh_token")]
        return 200, _json(said)

    def _tokens(self, nonce: str | None, user: dict[str, Any]) -> dict[str, Any]:
        access_token = f"upstream-access-token-{len(self.tokens)}"
        said = {
            "access_token": access_token,
            "token_type": "Bearer",
            "refresh_token": f"upstream-refresh-{access_token}",
        }
        said["id_token"] = self.id_token(nonce, user)
        self.tokens += [said[name] for name in ("access_token", "refresh_token", "id_token")]
        self.refreshable[said["refresh_token"]] = user
        return said

    @staticmethod
    def _knows_secret(headers: dict[str, str], form: dict[str, str]) -> bool:
        basic = b64decode(headers.get("authorization", "").removeprefix("Basic ")).decode()
        client_id, _, secret = basic.partition(":")
        given = (
            (unquote_plus(client_id), unquote_plus(secret))
            if basic
            else (form.get("client_id"), form.get("client_secret"))
        )
        return given == (CLIENT_ID, SECRET)

    def _believes(self, form: dict[str, str]) -> bool:
        """Whether an assertion is right, and new (RFC 7523 §3, OpenID Connect Core §9)."""
        assert self.client_jwk is not None
        if form.get("client_assertion_type") != JWT_BEARER or "client_secret" in form:
            return False
        algorithms = [self.client_jwk["alg"]]
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": CLIENT_ID},
            "sub": {"essential": True, "value": CLIENT_ID},
            "aud": {"essential": True, "value": self.audience or self.uri},
            "jti": {"essential": True},
            "iat": {"essential": True},
            "exp": {"essential": True},
        }
        try:
            token = jwt.decode(form["client_assertion"], import_key(self.client_jwk), algorithms=algorithms)
            jwt.JWTClaimsRegistry(self.now, **wanted).validate(token.claims)
        except (JoseError, ValueError, KeyError):
            return False
        if any(token.claims["jti"] == former.claims["jti"] for former in self.assertions):
            return False
        self.assertions.append(token)
        return form.get("client_id") == CLIENT_ID

    def id_token(self, nonce: str | None, user: dict[str, Any]) -> str:
        now = self.now()
        claims = {
            "iss": self.uri,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **user,
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
