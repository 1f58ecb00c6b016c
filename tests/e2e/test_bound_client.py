"""A client library that others wrote pushes its request and proves its key all the way, with and without nonces."""

import asyncio
import json
from collections import Counter
from typing import Any

import httpx
import pytest

from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, Issuer, IssuerPolicy
from protos.admin.v1.issuer_service_pb2_grpc import IssuerServiceStub
from tests.e2e.person import EMAIL, Person
from tests.support import node
from tests.support.clients import claims
from tests.support.process import RunningTenantry, running

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def programs() -> node.NodePrograms:
    try:
        return node.installed()
    except node.NotToBeHad as reason:
        pytest.skip(f"the client cannot be had: {reason}")


@pytest.fixture(scope="module")
def issuers(tenantry: RunningTenantry) -> dict[bool, str]:
    """One where every proof must bear a nonce and every request be pushed, and one where neither is so."""
    strict = f"{tenantry.demo}/strict"
    policy = IssuerPolicy(dpop_nonce_required=True, par_required=True, token_format=IssuerPolicy.TOKEN_FORMAT_JWT)
    request = CreateIssuerRequest(issuer_id="strict", issuer=Issuer(issuer_uri=strict, policy=policy))
    tenantry.admin(IssuerServiceStub, "CreateIssuer", request)
    return {True: strict, False: tenantry.demo}


async def visit(programs: node.NodePrograms, issuer: str, algorithm: str) -> dict[str, Any]:
    command = [*programs.script("bound_client.mjs"), issuer, algorithm]
    with running(command, cwd=programs.folder) as client:
        line = await asyncio.to_thread(client.wait_for, lambda line: line.startswith("open "))
        callback = await Person().open(line.removeprefix("open "))
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            await http.get(callback)
        line = await asyncio.to_thread(client.wait_for, lambda line: line.startswith("done "))
    return json.loads(line.removeprefix("done "))


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "RS256", "PS256"])
async def test_tokens_are_bound_from_the_first_request_on(
    programs: node.NodePrograms, issuers: dict[bool, str], strict: bool, algorithm: str
) -> None:
    seen = await visit(programs, issuers[strict], algorithm)
    assert seen["issuer"] == issuers[strict]
    assert seen["types"] == ["dpop", "dpop"]
    assert seen["email"] == EMAIL
    for token in seen["access"]:
        assert claims(token)["cnf"] == {"jkt": seen["thumbprint"]}
    assert seen["stolen"] == {
        "token": "invalid_token",
        "bearer": "invalid_token",
        "refresh": "invalid_grant",
        "unproven": "invalid_dpop_proof",
    }
    statuses: list[str] = seen["statuses"]
    answers = Counter(statuses)
    assert (answers["par 201"], answers["token 200"]) == (1, 2)
    assert answers["par 400"] == strict, "one nonce is had for the asking, and goes on from answer to answer"
