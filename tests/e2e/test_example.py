"""The example MCP server lets in whoever has an access token for it, and nobody else."""

import json
import logging
import runpy
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.e2e.person import Person
from tests.e2e.place import Places
from tests.e2e.visit import Visit
from tests.support.process import ROOT, free_port, running

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "protected_mcp_server.py"


@pytest.fixture
async def visit(places: Places, secrets: dict[str, str]) -> AsyncGenerator[Visit]:
    visit = Visit(places.a, Person())
    yield visit
    await visit.person.http.aclose()


def refused(answer: httpx.Response, status: int, error: str) -> None:
    """A refusal that tells a client where to find the way in (RFC 9728 §5.1)."""
    assert answer.status_code == status
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert f'error="{error}"' in challenge
    assert 'resource_metadata="' in challenge


async def test_an_access_token_for_it_is_let_in(visit: Visit) -> None:
    answer = await visit.knock((await visit.tokens())["access_token"])
    assert answer.status_code not in (401, 403)


async def test_it_says_whose_tokens_it_takes(visit: Visit) -> None:
    challenge = (await visit.person.http.post(visit.place.resource, json={})).headers["www-authenticate"]
    metadata = await visit.person.http.get(challenge.partition('resource_metadata="')[2].rstrip('"'))
    assert metadata.json()["resource"] == visit.place.resource
    assert metadata.json()["authorization_servers"] == [visit.place.issuer]


async def test_other_tokens_of_the_issuer_are_refused(visit: Visit) -> None:
    """The ID token is signed with the same key, and the refresh token is of the same grant."""
    tokens = await visit.tokens()
    for kind in ("id_token", "refresh_token"):
        refused(await visit.knock(tokens[kind]), 401, "invalid_token")


async def test_a_token_for_another_resource_is_refused(visit: Visit, places: Places) -> None:
    tokens = await visit.tokens_for(places.b.resource)
    refused(await visit.knock(tokens["access_token"]), 401, "invalid_token")


async def test_a_token_without_the_scope_is_refused(visit: Visit) -> None:
    tokens = await visit.tokens_for(visit.place.resource, scope="email")
    refused(await visit.knock(tokens["access_token"]), 403, "insufficient_scope")


@pytest.mark.parametrize("token", ["x", "..", "a.b.c", "tna_x", "e30.e30.e30", "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_token_at_all_is_refused(visit: Visit, token: str) -> None:
    refused(await visit.knock(token), 401, "invalid_token")


async def test_a_token_that_somebody_else_has_written_is_refused(visit: Visit) -> None:
    """With every claim of a real one: under its key id, under another, and with no signature at all."""
    real = (await visit.tokens())["access_token"]
    keys = (await visit.person.http.get(f"{visit.place.issuer}/.well-known/jwks.json")).json()["keys"]
    claims = json.loads(urlsafe_b64decode(real.split(".")[1] + "=="))
    stranger = ECKey.generate_key("P-256")
    for kid in (*(key["kid"] for key in keys), "another"):
        forged = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid}, claims, stranger)
        refused(await visit.knock(forged), 401, "invalid_token")
    unsigned = urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode("ascii").rstrip("=")
    refused(await visit.knock(f"{unsigned}.{real.split('.')[1]}."), 401, "invalid_token")


def why_not(issuer: str) -> str:
    """The one line with which it ends at once."""
    with running([sys.executable, str(EXAMPLE), "--issuer", issuer, "--port", str(free_port())]) as program:
        assert program.ended(30) == 1
    [line] = program.said
    return line


def test_an_issuer_that_is_none_or_is_called_otherwise_is_said_at_the_start(places: Places) -> None:
    """It is compared byte for byte (RFC 8414 §3.3)."""
    assert f"it calls itself {places.a.issuer}\n" in why_not(f"{places.a.issuer}/")
    assert "404" in why_not(places.a.issuer.replace("localhost", "[::ffff:127.0.0.1]"))
    for nobody in (f"http://localhost:{free_port()}", "localhost", "http://"):
        assert f"the issuer cannot be used: {nobody}: " in why_not(nobody)


async def test_without_keys_a_token_is_refused_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    example = runpy.run_path(str(EXAMPLE))
    issuer = f"http://localhost:{free_port()}"
    tokens = example["TenantryTokens"](issuer, example["IssuerKeys"](issuer), "http://localhost/mcp")
    header = {"alg": "ES256", "kid": "k"}
    for other in ("x", "a.b.c", jwt.encode(header, {}, ECKey.generate_key("P-256"))):  # what cannot be one asks nobody
        assert await tokens.verify_token(other) is None
    assert caplog.records == []
    token = jwt.encode({**header, "typ": "at+jwt"}, {}, ECKey.generate_key("P-256"))
    with caplog.at_level(logging.WARNING):
        assert await tokens.verify_token(token) is None
    assert issuer in caplog.text
