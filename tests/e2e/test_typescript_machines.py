"""The MCP project's TypeScript SDK without a browser: in its own name, or for a user whom an enterprise vouches for."""

import asyncio
import json
import time
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from protos.admin.v1.identity_provider_service_pb2 import CreateIdentityProviderRequest, IdentityProvider
from protos.admin.v1.identity_provider_service_pb2_grpc import IdentityProviderServiceStub
from protos.admin.v1.resource_service_pb2 import Resource
from protos.admin.v1.workload_issuer_service_pb2 import CreateWorkloadIssuerRequest, WorkloadIssuer
from protos.admin.v1.workload_issuer_service_pb2_grpc import WorkloadIssuerServiceStub
from tenants.oauth.requests import JWT_BEARER
from tests.e2e.script import script
from tests.support import node
from tests.support.openid_provider import OpenIdProvider, openid_provider
from tests.support.process import RunningTenantry, example_mcp_server, tenantry_dev
from tests.support.requirement import requirement
from tests.support.signer import Signer

pytestmark = pytest.mark.e2e

SCOPE = "tools:use"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
WHOLE = {"response_types_supported": ["code"], "subject_types_supported": ["public"]}
"""What the SDK wants to read of a provider beside the rest."""


@pytest.fixture(scope="module")
def tenantry(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningTenantry]:
    with tenantry_dev(tmp_path_factory.mktemp("tenantry")) as running:
        running.create_issuer("below", f"{running.demo}/realms/acme")
        yield running


@pytest.fixture(scope="module")
def guarded(tenantry: RunningTenantry) -> Generator[dict[str, str]]:
    """MCP servers whose calls need a scope of their own, by their issuers: one has a path, one has none."""
    with ExitStack() as servers:
        found: dict[str, str] = {}
        for issuer in (tenantry.demo, f"{tenantry.demo}/realms/acme"):
            found[issuer] = servers.enter_context(example_mcp_server(issuer, SCOPE))
            tenantry.create_resource(issuer, "guarded", found[issuer], scopes=[Resource.Scope(name=SCOPE)])
        yield found


async def works(programs: node.NodePrograms, generation: int, resource: str, kind: str, **known: str) -> dict[str, Any]:
    with script(programs, "mcp_machine.mjs", str(generation), resource, kind, known) as machine:
        return await machine.saw()


@pytest.mark.parametrize("algorithm", ["", "ES256", "RS256"])
@pytest.mark.parametrize("generation", [1, 2])
@requirement("rfc7523:a-client-is-proven-by-its-key")
async def test_a_machine_works_in_its_own_name(
    programs: node.NodePrograms, tenantry: RunningTenantry, guarded: dict[str, str], generation: int, algorithm: str
) -> None:
    """With a secret, or with a key for the algorithm."""
    for issuer, resource in guarded.items():
        members: dict[str, Any] = {"display_name": "A machine", "grant_types": ["client_credentials"]}
        key = Signer(algorithm or "ES256")
        if algorithm:
            members |= {"token_endpoint_auth_method": "private_key_jwt", "jwks": json.dumps(key.jwks)}
        made = tenantry.create_client(issuer, "", **members)
        pem = key.key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        shown = {"privateKey": pem, "algorithm": algorithm} if algorithm else {"clientSecret": made.client_secret}
        known = {"clientId": made.client_id, "expectedIssuer": issuer, **shown}
        seen = await works(programs, generation, resource, "key" if algorithm else "basic", **known)
        assert seen["who"] == f"{made.client_id} with {made.client_id}"
        assert seen["asked"] == ["client_credentials 200"]


@requirement("mcp:an-enterprise-vouches-for-client-and-user")
async def test_an_enterprise_vouches_for_a_client_and_its_user(
    programs: node.NodePrograms, tenantry: RunningTenantry, guarded: dict[str, str]
) -> None:
    """Only the second SDK knows how to."""
    for issuer, resource in guarded.items():
        made = tenantry.create_client(issuer, "", display_name="A client", grant_types=[JWT_BEARER])
        async with openid_provider(OpenIdProvider(discovery=WHOLE)) as corp:
            given = IdentityProvider(
                client_id="tenantry",
                token_endpoint_auth_method="none",
                oidc=IdentityProvider.OidcConfig(issuer_uri=corp.uri),
                vouches_for_clients=True,
            )
            parent = f"issuers/{tenantry.issuer_ids()[issuer]}"
            request = CreateIdentityProviderRequest(
                parent=parent, identity_provider_id="vouching", identity_provider=given
            )
            await asyncio.to_thread(tenantry.admin, IdentityProviderServiceStub, "CreateIdentityProvider", request)
            now = int(time.time())
            vouched = {"iss": corp.uri, "sub": "248", "aud": issuer, "resource": resource, "client_id": made.client_id}
            vouched |= {"scope": SCOPE, "jti": "once", "iat": now, "exp": now + 300}
            header = {"typ": "oauth-id-jag+jwt", "kid": corp.signing}
            assertion = jwt.encode(vouched, corp.key(corp.signing).private_key, corp.algorithm, header)
            exchanged = {"issued_token_type": ID_JAG, "access_token": assertion, "token_type": "N_A", "expires_in": 300}
            corp.answers["/token"] = 200, json.dumps(exchanged).encode()
            known = {"clientId": made.client_id, "clientSecret": made.client_secret, "expectedIssuer": issuer}
            seen = await works(programs, 2, resource, "enterprise", **known, idp=corp.uri)
            [asked] = [dict(parse_qsl(body.decode())) for body in corp.bodies if body]
        user, _, client_id = seen["who"].partition(" with ")
        assert user.startswith("u_")
        assert client_id == made.client_id
        assert (asked["audience"], asked["resource"], asked["requested_token_type"]) == (issuer, resource, ID_JAG)


@requirement("mcp:a-workload-needs-no-secret")
async def test_a_workload_has_no_secret(
    programs: node.NodePrograms, tenantry: RunningTenantry, guarded: dict[str, str]
) -> None:
    platform, subject = Signer("RS256"), "repo:acme/app:ref:refs/heads/main"
    for issuer, resource in guarded.items():
        tenantry.create_client(issuer, "deploy", display_name="Deployment", grant_types=[JWT_BEARER])
        rule = WorkloadIssuer.Rule(client_id="deploy", claims={"sub": subject}, scopes=[SCOPE])
        given = WorkloadIssuer(issuer_uri="https://ci.test", jwks=json.dumps(platform.jwks), rules=[rule])
        parent = f"issuers/{tenantry.issuer_ids()[issuer]}"
        request = CreateWorkloadIssuerRequest(parent=parent, workload_issuer_id="ci", workload_issuer=given)
        tenantry.admin(WorkloadIssuerServiceStub, "CreateWorkloadIssuer", request)
        for generation in (1, 2):
            now = int(time.time())
            told = {"iss": "https://ci.test", "sub": subject, "aud": f"{issuer}/token", "iat": now, "exp": now + 300}
            known = {"clientId": "deploy", "assertion": platform.token({**told, "jti": str(generation)})}
            seen = await works(programs, generation, resource, "workload", **known)
            assert seen["who"] == "deploy with deploy"
            assert seen["asked"] == [f"{JWT_BEARER} 200"]
