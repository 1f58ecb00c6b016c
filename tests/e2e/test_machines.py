"""The MCP SDK's own clients without a browser: in their own name, or in a user's for whom an enterprise vouches."""

import json
import time
from collections.abc import Generator
from typing import Any, Literal

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mcp import Client
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.client.streamable_http import streamable_http_client

from protos.admin.v1.identity_provider_service_pb2 import CreateIdentityProviderRequest, IdentityProvider
from protos.admin.v1.identity_provider_service_pb2_grpc import IdentityProviderServiceStub
from protos.admin.v1.resource_service_pb2 import Resource
from tenants.oauth.requests import JWT_BEARER
from tests.e2e.place import Place
from tests.e2e.test_mcp_client import Storage, text_of
from tests.support.openid_provider import OpenIdProvider, openid_provider
from tests.support.process import RunningTenantry, example_mcp_server, tenantry_dev
from tests.support.signer import Signer

pytestmark = pytest.mark.e2e

KEY = Signer("ES256")
SCOPE = "tools:use"
SecretMethod = Literal["client_secret_basic", "client_secret_post"]


@pytest.fixture(scope="module")
def tenantry(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningTenantry]:
    with tenantry_dev(tmp_path_factory.mktemp("tenantry")) as running:
        yield running


@pytest.fixture(scope="module")
def place(tenantry: RunningTenantry) -> Generator[Place]:
    """An issuer with a path, and an MCP server whose calls need a scope of its own."""
    issuer = f"{tenantry.demo}/machines"
    tenantry.create_issuer("machines", issuer)
    with example_mcp_server(issuer, SCOPE) as resource:
        tenantry.create_resource(issuer, "tools", resource, scopes=[Resource.Scope(name=SCOPE)])
        yield Place(issuer, resource)


def made(tenantry: RunningTenantry, place: Place, **members: Any) -> Any:
    return tenantry.create_client(place.issuer, "", display_name="A machine", **members)


async def says(place: Place, provider: httpx2.Auth) -> str:
    """Whom the MCP server takes the client for."""
    async with (
        httpx2.AsyncClient(auth=provider, trust_env=False, timeout=20) as http,
        Client(streamable_http_client(place.resource, http_client=http)) as mcp,
    ):
        assert await text_of(mcp, "add", {"a": 2, "b": 3}) == "5"
        return await text_of(mcp, "whoami")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_machine_with_a_secret_uses_an_mcp_server_in_its_own_name(
    tenantry: RunningTenantry, place: Place, method: SecretMethod
) -> None:
    client = made(tenantry, place, grant_types=["client_credentials"], token_endpoint_auth_method=method)
    provider = ClientCredentialsOAuthProvider(
        place.resource,
        Storage(),
        client.client_id,
        client.client_secret,
        token_endpoint_auth_method=method,
        issuer=place.issuer,
    )
    assert await says(place, provider) == f"{client.client_id} with {client.client_id}"


async def test_a_machine_with_a_key_uses_an_mcp_server_in_its_own_name(tenantry: RunningTenantry, place: Place) -> None:
    keyed = {"token_endpoint_auth_method": "private_key_jwt", "jwks": json.dumps(KEY.jwks)}
    client = made(tenantry, place, grant_types=["client_credentials"], **keyed)
    pem = KEY.key.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    signed = SignedJWTParameters(
        issuer=client.client_id, subject=client.client_id, signing_key=pem, signing_algorithm=KEY.algorithm
    )
    provider = PrivateKeyJWTOAuthProvider(
        place.resource, Storage(), client.client_id, signed.create_assertion_provider(), issuer=place.issuer
    )
    assert await says(place, provider) == f"{client.client_id} with {client.client_id}"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_acts_for_a_user_for_whom_an_enterprise_vouches(
    tenantry: RunningTenantry, place: Place, method: SecretMethod
) -> None:
    client = made(tenantry, place, grant_types=[JWT_BEARER], token_endpoint_auth_method=method)
    async with openid_provider(OpenIdProvider()) as corp:
        name = f"corp-{method.rpartition('_')[2]}"
        given = IdentityProvider(
            client_id="tenantry",
            token_endpoint_auth_method="none",
            oidc=IdentityProvider.OidcConfig(issuer_uri=corp.uri),
            vouches_for_clients=True,
        )
        request = CreateIdentityProviderRequest(
            parent="issuers/machines", identity_provider_id=name, identity_provider=given
        )
        tenantry.admin(IdentityProviderServiceStub, "CreateIdentityProvider", request)

        async def vouched(audience: str, resource: str) -> str:
            now = int(time.time())
            said = {"iss": corp.uri, "sub": "248", "aud": audience, "resource": resource, "client_id": client.client_id}
            said |= {"scope": SCOPE, "jti": f"jag of {client.client_id}", "iat": now, "exp": now + 300}
            told = {"typ": "oauth-id-jag+jwt", "kid": corp.signing}
            return jwt.encode(said, corp.key(corp.signing).private_key, corp.algorithm, told)

        provider = IdentityAssertionOAuthProvider(
            place.resource,
            Storage(),
            client.client_id,
            client.client_secret,
            place.issuer,
            vouched,
            token_endpoint_auth_method=method,
        )
        user, _, client_id = (await says(place, provider)).partition(" with ")
    assert user.startswith("u_")
    assert client_id == client.client_id
