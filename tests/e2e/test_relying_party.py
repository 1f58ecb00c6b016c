"""Relying parties that others wrote sign users in, check all that they are told, and sign them out again."""

import asyncio
import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from protos.admin.v1.identity_provider_service_pb2 import CreateIdentityProviderRequest, IdentityProvider
from protos.admin.v1.identity_provider_service_pb2_grpc import IdentityProviderServiceStub
from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, Issuer, IssuerPolicy
from protos.admin.v1.issuer_service_pb2_grpc import IssuerServiceStub
from protos.admin.v1.resource_service_pb2 import Resource
from tenants.oauth.requests import ACCESS_TOKEN, DEVICE_CODE, TOKEN_EXCHANGE
from tests.e2e.person import EMAIL, PASSWORD, Person
from tests.e2e.place import CALLBACK, Place
from tests.e2e.script import script
from tests.e2e.visit import Visit
from tests.support import node
from tests.support.browser import form_of
from tests.support.clients import claims
from tests.support.openid_provider import CLIENT_ID, SECRET, OpenIdProvider, openid_provider
from tests.support.process import RunningTenantry, tenantry_dev
from tests.support.requirement import requirement
from tests.support.signer import Signer

pytestmark = pytest.mark.e2e

SCOPE = "tools:use"
BACKCHANNEL = "http://schemas.openid.net/event/backchannel-logout"
STRONG = {"id_token": {"acr": {"essential": True, "values": ["urn:strong"]}, "auth_time": {"essential": True}}}


@pytest.fixture(scope="module")
def tenantry(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningTenantry]:
    with tenantry_dev(tmp_path_factory.mktemp("tenantry")) as running:
        yield running


@pytest.fixture(scope="module")
def issuers(tenantry: RunningTenantry) -> dict[str, str]:
    """By the algorithm that each signs with; only the first has no path."""
    uris = {"ES256": tenantry.demo}
    for algorithm in ("RS256", "EdDSA"):
        uris[algorithm] = f"{tenantry.demo}/{algorithm.lower()}"
        policy = IssuerPolicy(signing_algorithm=algorithm)
        request = CreateIssuerRequest(
            issuer_id=algorithm.lower(), issuer=Issuer(issuer_uri=uris[algorithm], policy=policy)
        )
        tenantry.admin(IssuerServiceStub, "CreateIssuer", request)
    return uris


async def all_of_it(programs: node.NodePrograms, issuer: str, person: Person, **options: Any) -> dict[str, Any]:
    with script(programs, "relying_party.mjs", issuer, options) as party:
        await party.sends(person)
        await party.sends(person, "leave")
        return await party.saw()


@pytest.mark.parametrize("pushed", [False, True])
@pytest.mark.parametrize(
    ("algorithm", "method", "signed"),
    [
        ("ES256", "none", False),
        ("ES256", "private_key_jwt", True),
        ("RS256", "client_secret_basic", True),
        ("EdDSA", "client_secret_post", True),
    ],
)
@requirement(
    "oidc-core:an-id-token-names-its-access-token",
    "oidc-core:userinfo-may-be-signed",
    "oidc-core:claims-are-had-by-the-scope-that-covers-them",
    "oidc-logout:a-client-of-the-session-ends-it",
    "oidc-backchannel:clients-of-the-session-are-told",
)
async def test_a_user_signs_in_and_out(
    programs: node.NodePrograms,
    issuers: dict[str, str],
    pushed: bool,
    algorithm: str,
    method: str,
    signed: bool,
) -> None:
    register = {"token_endpoint_auth_method": method}
    if signed:
        register["userinfo_signed_response_alg"] = algorithm
    ask = {"scope": "openid offline_access", "claims": json.dumps({"userinfo": {"email": {"essential": True}}})}
    options = {"register": register, "pushed": pushed, "ask": ask}
    seen = await all_of_it(programs, issuers[algorithm], Person(), **options)
    assert seen["issuer"] == issuers[algorithm]
    assert (sorted(seen["opened"]) == ["client_id", "request_uri"]) == pushed
    user, told = seen["user"], seen["told"]
    assert seen["algorithm"] == algorithm
    assert user["at_hash"] == seen["hash"]
    assert not {"acr", "amr"} & user.keys()
    assert seen["userinfo"]["email"] == EMAIL
    assert seen["userinfo_type"].partition(";")[0] == ("application/jwt" if signed else "application/json")
    assert seen["rotated"]
    assert seen["came_back"]
    assert (told["sub"], told["sid"], told["events"]) == (user["sub"], user["sid"], {BACKCHANNEL: {}})
    assert "nonce" not in told
    assert seen["active"] == [True, False]


@dataclass
class Vouched(Person):
    """A person for whom the identity provider `corp` of an issuer without a path vouches."""

    corp: OpenIdProvider | None = None

    async def open(self, url: str) -> httpx.URL:
        assert self.corp is not None
        if urlsplit(url).path != "/authorize":
            return await super().open(url)
        page = await self.http.get(url)
        action, hidden = form_of(page)
        sent = await self.http.post(page.url.join(action), data={**hidden, "provider": "corp"})
        return await super().open(str(page.url.join(self.corp.sign_in(sent.headers["location"]))))


@requirement("oidc-core:what-the-provider-says-of-the-sign-in-is-told", "oidc-core:an-essential-acr-is-met-or-refused")
async def test_a_user_who_must_sign_in_strongly_does(
    programs: node.NodePrograms, tenantry: RunningTenantry, issuers: dict[str, str]
) -> None:
    corp = OpenIdProvider(says={"acr": "urn:strong", "amr": ["pwd", "otp"]})
    ask = {"scope": "openid offline_access", "claims": json.dumps(STRONG)}
    options = {"register": {"token_endpoint_auth_method": "none"}, "pushed": True, "ask": ask}
    [demo] = [name for uri, name in tenantry.issuer_ids().items() if uri == tenantry.demo]
    async with openid_provider(corp):
        config = IdentityProvider.OidcConfig(issuer_uri=corp.uri)
        given = IdentityProvider(client_id=CLIENT_ID, client_secret=SECRET, oidc=config)
        request = CreateIdentityProviderRequest(
            parent=f"issuers/{demo}", identity_provider_id="corp", identity_provider=given
        )
        await asyncio.to_thread(tenantry.admin, IdentityProviderServiceStub, "CreateIdentityProvider", request)
        seen = await all_of_it(programs, issuers["ES256"], Vouched(corp=corp), **options)
    assert (seen["user"]["acr"], seen["user"]["amr"]) == ("urn:strong", ["pwd", "otp"])
    assert seen["told"]["sid"] == seen["user"]["sid"]


@requirement("rfc8628:a-device-gets-what-its-user-allowed")
async def test_a_device_is_let_in_by_its_user(
    programs: node.NodePrograms, tenantry: RunningTenantry, issuers: dict[str, str]
) -> None:
    issuer, person = issuers["RS256"], Person()
    both = [DEVICE_CODE, "refresh_token"]
    tenantry.create_client(issuer, "tv", display_name="TV", grant_types=both, token_endpoint_auth_method="none")
    with script(programs, "device.mjs", issuer, "tv") as device:
        where = httpx.URL(await device.said("open"))
        page = await person.http.get(where, follow_redirects=True)
        signed_in = {"email": EMAIL, "password": PASSWORD}
        for filled_in in (signed_in, {"user_code": where.params["user_code"]}, {"decision": "allow"}):
            action, hidden = form_of(page)
            form = {**hidden, **filled_in}
            page = await person.http.post(page.url.join(action), data=form, follow_redirects=True)
            assert page.status_code == 200, page.text
        seen = await device.saw()
    assert seen["userinfo"]["email"] == EMAIL
    assert seen["userinfo"]["sub"] == seen["user"]["sub"]
    assert seen["rotated"]


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256", "RS256"])
@requirement("rfc7523:a-client-is-proven-by-its-key", "rfc8693:a-resource-server-acts-for-its-user")
async def test_a_machine_with_a_key_acts_for_itself_and_for_a_user(
    programs: node.NodePrograms, tenantry: RunningTenantry, issuers: dict[str, str], algorithm: str
) -> None:
    issuer, key = issuers["EdDSA"], Signer(algorithm)
    front, back = (f"http://localhost:1/{algorithm}/{name}" for name in ("front", "back"))
    for name, uri in ((f"{algorithm.lower()}-front", front), (f"{algorithm.lower()}-back", back)):
        tenantry.create_resource(issuer, name, uri, scopes=[Resource.Scope(name=SCOPE)])
    client_id = f"machine-{algorithm.lower()}"
    tenantry.create_client(
        issuer,
        client_id,
        display_name="A machine",
        grant_types=["client_credentials", TOKEN_EXCHANGE],
        token_endpoint_auth_method="private_key_jwt",
        jwks=json.dumps(key.jwks),
        resources=[front],
        target_resources=[back],
    )
    tenantry.create_client(
        issuer,
        f"app-{algorithm.lower()}",
        display_name="App",
        redirect_uris=[CALLBACK],
        token_endpoint_auth_method="none",
    )
    user = Visit(Place(issuer, front), Person())
    told = await user.person.told(user.authorize_url(f"app-{algorithm.lower()}", scope=SCOPE))
    subject = (await user.redeem(told["code"], f"app-{algorithm.lower()}")).json()["access_token"]
    asked = {"own": {"resource": back, "scope": SCOPE}, "subject": subject, "target": back}
    jwk = {**key.key.as_dict(private=True), "kid": key.kid, "alg": algorithm}
    with script(programs, "machine.mjs", issuer, client_id, jwk, asked) as machine:
        seen = await machine.saw()
    own, passed_on = seen["own"], seen["passed_on"]
    assert (own["sub"], own["client_id"], own["scope"]) == (client_id, client_id, SCOPE)
    assert (passed_on["sub"], passed_on["act"]) == (claims(subject)["sub"], {"sub": client_id})
    assert seen["type"] == ACCESS_TOKEN
    assert seen["active"] is True


@pytest.mark.parametrize(
    ("algorithm", "method"), [("ES256", "none"), ("RS256", "client_secret_basic"), ("EdDSA", "client_secret_post")]
)
async def test_a_relying_party_in_python_believes_all_that_it_is_told(
    tenantry: RunningTenantry, issuers: dict[str, str], algorithm: str, method: str
) -> None:
    issuer, nonce, verifier = issuers[algorithm], generate_token(32), generate_token(64)
    made = tenantry.create_client(
        issuer, "", display_name="A website", redirect_uris=[CALLBACK], token_endpoint_auth_method=method
    )
    party: Any = AsyncOAuth2Client(
        made.client_id,
        made.client_secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope="openid email offline_access",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        trust_env=False,
    )
    async with party, httpx.AsyncClient(trust_env=False) as http:
        server = (await http.get(f"{issuer}/.well-known/openid-configuration")).json()
        keys = KeySet.import_key_set((await http.get(server["jwks_uri"])).json())
        asked = {"code_verifier": verifier, "nonce": nonce, "max_age": "300"}
        where, state = party.create_authorization_url(server["authorization_endpoint"], **asked)
        back = await Person().open(where)
        tokens = await party.fetch_token(
            server["token_endpoint"], authorization_response=str(back), code_verifier=verifier, state=state
        )
        read = jwt.decode(tokens["id_token"], keys, algorithms=[algorithm])
        wanted = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": made.client_id}}
        known = {"nonce": nonce, "max_age": 300, "client_id": made.client_id, "access_token": tokens["access_token"]}
        id_token: Any = CodeIDToken(read.claims, read.header, wanted, known)
        id_token.validate()
        assert "at_hash" in id_token
        user = (await party.get(server["userinfo_endpoint"])).json()
        assert (user["sub"], user["email"]) == (id_token["sub"], EMAIL)
        refreshed = await party.refresh_token(server["token_endpoint"])
        assert refreshed["refresh_token"] != tokens["refresh_token"]
        told = await party.introspect_token(server["introspection_endpoint"], refreshed["access_token"])
        assert told.json()["active"] is True
        revoked = await party.revoke_token(server["revocation_endpoint"], refreshed["refresh_token"])
        assert revoked.status_code == 200, revoked.text
        assert (await party.get(server["userinfo_endpoint"])).status_code == 401
