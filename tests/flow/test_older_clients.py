"""Clients of MCP 2025-03-26: all they know is the origin of their MCP server, and they name no resource.

What such a client sends is written out here, byte for byte.
"""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.flow.town import POLICY, Town
from tests.support.browser import Browser
from tests.support.clients import CHALLENGE, VERIFIER, claims, returned
from tests.support.raw import FORM, LAST, send
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORIGIN = "https://mcp.test"
"""Of the MCP server at /mcp, and of the issuer: a proxy gives each its paths."""
CALLBACK = "http://localhost:3334/oauth/callback"
FALLBACK = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "registration_endpoint": "/register"}
REGISTRATION = {
    "redirect_uris": [CALLBACK],
    "token_endpoint_auth_method": "client_secret_post",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "client_name": "An older client",
    "client_uri": "https://client.test",
    "scope": "mcp",
}


async def ask(town: Town, line: str, *fields: bytes, body: bytes = b"") -> Any:
    """What the answer to this request says, which must be a success."""
    length = [b"Content-Length: %d" % len(body)] if body else []
    lines = [line.encode(), b"Host: mcp.test", b"Accept: application/json", *fields, *length, LAST, b""]
    [answer], _ = await send(town.house, b"\r\n".join([*lines, body]))
    assert answer.status in (200, 201), answer
    return json.loads(answer.body)


async def post(town: Town, path: str, **form: str) -> Any:
    return await ask(town, f"POST {path} HTTP/1.1", FORM, body=urlencode(form).encode())


@pytest.mark.parametrize("discovers", [True, False])
@requirement("mcp:older-clients-know-the-origin")
async def test_a_client_that_knows_only_the_origin_gets_tokens_for_it(fresh: Town, discovers: bool) -> None:
    await fresh.house.issuer("mcp", ORIGIN, POLICY)
    endpoints = FALLBACK
    if discovers:
        version = b"MCP-Protocol-Version: 2025-03-26"
        said = await ask(fresh, "GET /.well-known/oauth-authorization-server HTTP/1.1", version)
        assert said["issuer"] == ORIGIN
        endpoints = {name: said[name].removeprefix(ORIGIN) for name in FALLBACK}
    kind = b"Content-Type: application/json"
    client = await ask(
        fresh,
        f"POST {endpoints['registration_endpoint']} HTTP/1.1",
        kind,
        body=json.dumps(REGISTRATION).encode(),
    )
    known = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    asked = [
        ("response_type", "code"),
        ("client_id", client["client_id"]),
        ("redirect_uri", CALLBACK),
        ("state", "s1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
    assert endpoints["authorization_endpoint"] == "/authorize"
    told = returned(await Browser(fresh.house, host="mcp.test").answer_to(asked), CALLBACK)
    proof = {"code": told["code"], "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    tokens = await post(fresh, endpoints["token_endpoint"], grant_type="authorization_code", **proof, **known)
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = await post(fresh, endpoints["token_endpoint"], **refresh, **known)
    for given in (tokens, renewed):
        assert (given["token_type"], given["scope"]) == ("Bearer", "mcp")
        said = claims(given["access_token"])
        assert (said["iss"], said["aud"]) == (ORIGIN, ORIGIN)
