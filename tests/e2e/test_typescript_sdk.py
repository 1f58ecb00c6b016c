"""The MCP project's TypeScript SDK uses MCP servers behind our issuers, as its conformance suite has clients do it."""

from pathlib import Path
from typing import Any

import pytest

from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, Issuer, IssuerPolicy
from protos.admin.v1.issuer_service_pb2_grpc import IssuerServiceStub
from protos.admin.v1.resource_service_pb2 import Resource
from tests.e2e.person import Person
from tests.e2e.place import Places
from tests.e2e.script import script
from tests.support import node
from tests.support.client_host import ClientHost
from tests.support.clients import claims
from tests.support.process import RunningTenantry, example_mcp_server, tenantry_dev
from tests.support.requirement import requirement

pytestmark = pytest.mark.e2e

GENERATIONS = (1, 2)
"""Of the SDK: @modelcontextprotocol/sdk, and @modelcontextprotocol/client after it."""


async def used(
    programs: node.NodePrograms, generation: int, resource: str, *, end: str = "done", **options: Any
) -> dict[str, Any]:
    """What a client saw that a person let in once."""
    with script(programs, "mcp_client.mjs", str(generation), resource, options) as client:
        await client.sends(Person())
        return await client.saw(end)


@pytest.mark.parametrize(
    ("name", "method"),
    [("a", "none"), ("b", "client_secret_post"), ("below", "client_secret_basic"), ("below", "none")],
)
@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_client_that_registers_uses_a_server(
    programs: node.NodePrograms, places: Places, generation: int, name: str, method: str
) -> None:
    place = places.named(name)
    seen = await used(programs, generation, place.resource, method=method)
    assert {"add", "whoami"} <= set(seen["tools"])
    [who] = seen["who"]
    assert who.endswith(f" with {seen['client']['client_id']}")
    assert seen["client"]["token_endpoint_auth_method"] == method
    assert seen["asked"] == ["authorization_code 200"]


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_calls_at_once_with_a_worn_token_lose_nobody(
    programs: node.NodePrograms, places: Places, generation: int
) -> None:
    """All five show the same refresh token. The call after them shows the one that came of it."""
    seen = await used(programs, generation, places.below.resource, method="none", worn=5)
    assert len(seen["who"]) == 7
    assert len(set(seen["who"])) == 1
    assert seen["asked"] == ["authorization_code 200", *["refresh_token 200"] * 6]


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(("half", "error"), [("challenge", "invalid_request"), ("verifier", "invalid_grant")])
@requirement("rfc7636:s256-only", "rfc7636:verifier-must-prove")
async def test_a_client_that_leaves_pkce_out_is_refused(
    programs: node.NodePrograms, places: Places, generation: int, half: str, error: str
) -> None:
    seen = await used(programs, generation, places.a.resource, end="refused", method="none", without=half)
    assert seen["error"] == error
    assert "tokens" not in seen


@requirement("mcp:documents-are-advertised")
async def test_a_client_is_known_by_its_document(
    programs: node.NodePrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    async with ClientHost().serving() as host:
        (tmp_path / "authority.pem").write_text(host.authority)
        document = host.url("/client.json", "localhost")
        redirect_uris = ["http://127.0.0.1/callback"]
        host.show("/client.json", {"client_id": document, "client_name": "Described", "redirect_uris": redirect_uris})
        with tenantry_dev(tmp_path / "tenantry") as tenantry:
            below = f"{tenantry.demo}/below"
            tenantry.create_issuer("below", below)
            for issuer in (tenantry.demo, below):
                with example_mcp_server(issuer) as resource:
                    for generation in GENERATIONS:
                        seen = await used(programs, generation, resource, document=document, method="none")
                        assert seen["who"][0].endswith(f" with {document}")
                        assert "client_secret" not in seen["client"]


async def test_a_client_that_is_known_beforehand_need_not_register(
    programs: node.NodePrograms, tenantry: RunningTenantry
) -> None:
    issuer = f"{tenantry.demo}/closed"
    given = Issuer(issuer_uri=issuer, policy=IssuerPolicy(registration=IssuerPolicy.REGISTRATION_CLOSED))
    tenantry.admin(IssuerServiceStub, "CreateIssuer", CreateIssuerRequest(issuer_id="closed", issuer=given))
    made = tenantry.create_client(issuer, "known", display_name="K", redirect_uris=["http://127.0.0.1/callback"])
    known = {"client_id": made.client_id, "client_secret": made.client_secret}
    with example_mcp_server(issuer) as resource:
        for generation in GENERATIONS:
            seen = await used(programs, generation, resource, client=known)
            assert seen["who"][0].endswith(" with known")


@requirement("mcp:a-client-may-step-up")
async def test_a_client_whose_server_comes_to_need_more_asks_its_person_once_more(
    programs: node.NodePrograms, tenantry: RunningTenantry
) -> None:
    """The first SDK shows its refresh token instead of asking, and gives up."""
    issuer, person = f"{tenantry.demo}/climb", Person()
    tenantry.create_issuer("climb", issuer)
    wants = {"scope": "files:read", "more": "files:write"}
    with script(programs, "mcp_server.mjs", issuer, wants) as server:
        resource = await server.said("mcp")
        scopes = [Resource.Scope(name=name) for name in ("files:read", "files:write")]
        tenantry.create_resource(issuer, "files", resource, scopes=scopes)
        with script(programs, "mcp_client.mjs", "2", resource, {"method": "none"}) as client:
            for _ in range(2):
                await client.sends(person)
            seen = await client.saw()
    assert person.pages == ["/login", "/consent", "/consent"]
    assert {"files:read", "files:write"} <= set(seen["tokens"]["scope"].split())


@pytest.mark.parametrize("nonce", [False, True])
@requirement("rfc9449:a-bound-token-opens-nothing-without-its-key", "rfc9449:a-nonce-that-is-given-is-asked-for")
async def test_a_client_binds_its_tokens_to_a_key(
    programs: node.NodePrograms, tenantry: RunningTenantry, nonce: bool
) -> None:
    """Only the second SDK knows how to. With a nonce, both the issuer and the MCP server want one of their own."""
    issuer = f"{tenantry.demo}/bound-{nonce}".lower()
    given = Issuer(issuer_uri=issuer, policy=IssuerPolicy(dpop_nonce_required=nonce))
    request = CreateIssuerRequest(issuer_id=f"bound-{nonce}".lower(), issuer=given)
    tenantry.admin(IssuerServiceStub, "CreateIssuer", request)
    wants = {"scope": "openid", "bound": True, "nonce": nonce}
    with script(programs, "mcp_server.mjs", issuer, wants) as server:
        seen = await used(programs, 2, await server.said("mcp"), method="none", dpop=True, worn=5)
    assert seen["tokens"]["token_type"].lower() == "dpop"
    thumbprint = claims(seen["tokens"]["access_token"])["cnf"]["jkt"]
    assert {who.partition(" by ")[2] for who in seen["who"]} == {thumbprint}
    assert len(seen["who"]) == 7
    assert ("authorization_code 400" in seen["asked"]) == nonce
