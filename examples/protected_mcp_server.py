"""An MCP server that lets in whoever a Tenantry issuer has given a token for it. Copy it and put your tools in.

    pip install "mcp>=2.3" joserfc
    python examples/protected_mcp_server.py --issuer http://localhost:8080 --port 8000

The server is a resource server (RFC 9728): it never sees a password, a code or a refresh token. It checks each access
token by itself (RFC 9068 §4) with the public keys of the issuer.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from typing import Any

import httpx2
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

ALGORITHMS = ["ES256", "EdDSA", "RS256"]
KEYS_ARE_FRESH_FOR = 300
PAUSE_BETWEEN_FETCHES = 10
"""Seconds. Anyone may show a token with a made-up key id: that must not become a request to the issuer each time."""

log = logging.getLogger(__name__)


class IssuerUnusable(Exception):
    """The issuer does not answer, or not as it should; why, in one line."""


class IssuerKeys:
    """The public keys of an issuer, fetched when they are missing or old."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys = KeySet([])
        self._fetched = float("-inf")
        self._fetching = asyncio.Lock()

    async def decode(self, token: str) -> jwt.Token:
        """The token, its signature checked. Raises JoseError if there is anything wrong with it, and IssuerUnusable."""
        await self.fetch(KEYS_ARE_FRESH_FOR)
        try:
            return jwt.decode(token, self._keys, algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # the issuer may have begun to sign with another key
            await self.fetch(PAUSE_BETWEEN_FETCHES)
            return jwt.decode(token, self._keys, algorithms=ALGORITHMS)

    async def fetch(self, unless_younger_than: float) -> None:
        """Raises IssuerUnusable."""
        async with self._fetching:
            if time.monotonic() - self._fetched <= unless_younger_than:
                return
            try:
                self._keys = await self._published()
            except (httpx2.HTTPError, httpx2.InvalidURL, JoseError, LookupError, TypeError, ValueError) as error:
                why = (str(error).splitlines() or [""])[0]
                raise IssuerUnusable(f"{self._issuer}: {type(error).__name__}: {why}") from error
            self._fetched = time.monotonic()

    async def _published(self) -> KeySet:
        async with httpx2.AsyncClient(timeout=10) as http:
            answer = await http.get(f"{self._issuer.rstrip('/')}/.well-known/oauth-authorization-server")
            metadata = answer.raise_for_status().json()
            if metadata["issuer"] != self._issuer:  # RFC 8414 §3.3
                raise ValueError(f"it calls itself {metadata['issuer']}")
            answer = await http.get(metadata["jwks_uri"])
            return KeySet.import_key_set(answer.raise_for_status().json())


class TenantryTokens(TokenVerifier):
    """Knows a good access token: from this issuer, for this resource, not expired. The SDK then asks for the scopes."""

    def __init__(self, issuer: str, keys: IssuerKeys, resource: str) -> None:
        self._resource = resource
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": resource},
            exp={"essential": True},
            sub={"essential": True},
            client_id={"essential": True},
        )

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            header = jws.extract_compact(token.encode()).headers()
            if header.get("typ") != "at+jwt":  # an ID token is signed with the same keys
                return None
            decoded = await self._keys.decode(token)
            self._claims.validate(decoded.claims)
        except JoseError:
            return None
        except IssuerUnusable as reason:
            log.warning("a token was refused, for want of keys: %s", reason)
            return None
        claims: dict[str, Any] = decoded.claims
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims.get("scope", "").split(),
            expires_at=int(claims["exp"]),
            resource=self._resource,
            subject=claims["sub"],
            claims=claims,
        )


def mcp_server(issuer: str, keys: IssuerKeys, resource: str, scopes: list[str]) -> MCPServer:
    server = MCPServer(
        "Protected by Tenantry",
        token_verifier=TenantryTokens(issuer, keys, resource),
        auth=AuthSettings.model_validate(  # from strings: AnyHttpUrl("http://host") becomes another issuer, "http://host/"
            {
                "issuer_url": issuer,
                "resource_server_url": resource,
                "required_scopes": scopes,
                "validate_token_resource": True,
            }
        ),
    )

    @server.tool()
    def whoami() -> str:
        """Who calls, and with which client."""
        token = get_access_token()
        assert token is not None, "nobody gets here without a token"
        return f"{token.subject} with {token.client_id}"

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    return server


def main() -> None:
    parser = argparse.ArgumentParser(description="An MCP server protected by Tenantry.")
    parser.add_argument(
        "--issuer", default="http://localhost:8080", help="the issuer, exactly as its metadata names it"
    )
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--scope", action="append", help="a scope that every call needs (default: openid)")
    given = parser.parse_args()

    keys = IssuerKeys(given.issuer)
    try:
        asyncio.run(keys.fetch(KEYS_ARE_FRESH_FOR))
    except IssuerUnusable as reason:
        sys.exit(f"the issuer cannot be used: {reason}")
    resource = f"http://localhost:{given.port}/mcp"
    print(f"Tokens come from {given.issuer}. Paste into an MCP client:", flush=True)
    print(json.dumps({"mcpServers": {"tenantry-example": {"url": resource}}}, indent=2), flush=True)
    mcp_server(given.issuer, keys, resource, given.scope or ["openid"]).run("streamable-http", port=given.port)


if __name__ == "__main__":
    main()
