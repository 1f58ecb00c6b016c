"""Whom an operator trusts to speak for clients, over gRPC: those who make certificates, and software statements."""

import json
from collections.abc import AsyncGenerator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.field_mask_pb2 import FieldMask

from protos.admin.v1.client_service_pb2 import Client, GetClientRequest
from protos.admin.v1.issuer_service_pb2 import (
    GetIssuerRequest,
    Issuer,
    IssuerPolicy,
    SoftwareStatementIssuer,
    UpdateIssuerRequest,
)
from tests.support.admin import Desk, admin_desk, refused
from tests.support.certificates import made
from tests.support.clients import RG
from tests.support.signer import Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID = grpc.StatusCode.INVALID_ARGUMENT
CA, SECOND = made("CN=authority", ca=True), made("CN=second", ca=True)
SIGNER = Signer("ES256")
IN_HAND = SoftwareStatementIssuer(issuer="https://trust.test", jwks=json.dumps(SIGNER.jwks, separators=(",", ":")))
ELSEWHERE = SoftwareStatementIssuer(issuer="urn:trust", jwks_uri="https://keys.example.com/jwks")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    async with admin_desk(
        tmp_path_factory.mktemp("house"),
        trusted_proxies=(IPv4Network("127.0.0.1/32"),),
        certificate_header="Client-Cert",
    ) as desk:
        await desk.issuer("a", client_certificate_authorities=[CA.pem], software_statement_issuers=[IN_HAND])
        yield desk


async def policy(desk: Desk) -> IssuerPolicy:
    return (await desk.ask(GetIssuerRequest(name="issuers/a"))).policy


async def change(desk: Desk, *fields: str, **given: Any) -> IssuerPolicy:
    request = UpdateIssuerRequest(
        issuer=Issuer(name="issuers/a", policy=IssuerPolicy(**given)),
        update_mask=FieldMask(paths=[f"policy.{field}" for field in fields or given]),
    )
    return (await desk.ask(request)).policy


async def test_whom_the_operator_trusts_is_kept_changed_and_forgotten(desk: Desk) -> None:
    kept = await policy(desk)
    assert list(kept.client_certificate_authorities) == [CA.pem]
    assert list(kept.software_statement_issuers) == [IN_HAND]
    assert not kept.software_statement_required
    await change(
        desk,
        client_certificate_authorities=[SECOND.pem, CA.pem],
        software_statement_issuers=[ELSEWHERE, IN_HAND],
        software_statement_required=True,
    )
    await desk.house.registry.tenant("a").actor.sleep()
    kept = await policy(desk)
    assert list(kept.client_certificate_authorities) == [SECOND.pem, CA.pem]
    assert list(kept.software_statement_issuers) == [ELSEWHERE, IN_HAND]
    assert kept.software_statement_required
    await change(desk, software_statement_required=False)
    await change(desk, "software_statement_issuers", "client_certificate_authorities")
    kept = await policy(desk)
    assert not kept.client_certificate_authorities
    assert not kept.software_statement_issuers
    await change(desk, client_certificate_authorities=[CA.pem], software_statement_issuers=[IN_HAND])


@pytest.mark.parametrize("pem", ["", "x", CA.pem + SECOND.pem, made().pem])
async def test_an_authority_that_could_vouch_for_nobody_is_refused(desk: Desk, pem: str) -> None:
    asked = change(desk, client_certificate_authorities=[CA.pem, pem])
    await refused(asked, INVALID, "REQUEST_INVALID", "issuer.policy.client_certificate_authorities")


@pytest.mark.parametrize(
    "given",
    [
        [{"issuer": "https://trust.test"}],
        [{"issuer": "https://trust.test", "jwks": IN_HAND.jwks, "jwks_uri": ELSEWHERE.jwks_uri}],
        [{"issuer": "https://trust.test", "jwks": "x"}],
        [{"issuer": "https://trust.test", "jwks": "{}"}],
        [{"issuer": "https://trust.test", "jwks": json.dumps({"keys": [{"kty": "oct", "k": "AA"}]})}],
        [{"issuer": "https://trust.test", "jwks": json.dumps({"keys": [SIGNER.key.as_dict(private=True)]})}],
        [{"issuer": "https://trust.test", "jwks_uri": "ftp://keys.test/"}],
        [{"issuer": "a\nb", "jwks": IN_HAND.jwks}],
        [{"issuer": "urn:trust", "jwks": IN_HAND.jwks}, {"issuer": "urn:trust", "jwks_uri": ELSEWHERE.jwks_uri}],
        [{"issuer": f"urn:{number}", "jwks": IN_HAND.jwks} for number in range(21)],
    ],
)
async def test_a_maker_of_statements_has_a_name_and_keys(desk: Desk, given: list[dict[str, str]]) -> None:
    asked = change(desk, software_statement_issuers=[SoftwareStatementIssuer(**each) for each in given])
    await refused(asked, INVALID, "REQUEST_INVALID", "issuer.policy.software_statement_issuers")


async def test_a_maker_of_statements_is_somebody(desk: Desk) -> None:
    asked = change(desk, software_statement_issuers=[IN_HAND, SoftwareStatementIssuer(jwks=IN_HAND.jwks)])
    await refused(asked, INVALID, "REQUEST_INVALID", "issuer.policy.software_statement_issuers[1].issuer")


async def test_a_statement_is_required_only_where_somebody_makes_one(desk: Desk) -> None:
    field = "issuer.policy.software_statement_required"
    asked = change(desk, "software_statement_issuers", "software_statement_required", software_statement_required=True)
    await refused(asked, INVALID, "REQUEST_INVALID", field)


async def test_a_client_with_a_certificate_comes_back_as_it_was_made(desk: Desk) -> None:
    given = {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=reports,O=Example",
        "tls_client_certificate_bound_access_tokens": True,
    }
    client = await desk.client("a", "reports", **given)
    assert {name: getattr(client, name) for name in given} == given
    assert not client.client_secret_set
    assert await desk.ask(GetClientRequest(name=client.name)) == client
    form = {"token": "x", "client_id": "reports"}
    for shown, status in ((made("CN=reports,O=Example", by=CA), 200), (made("CN=reports,O=Example", by=SECOND), 401)):
        headers = [("Client-Cert", shown.field)]
        answer = await desk.house.ask("POST", "/introspect", form=form, headers=headers)
        assert answer.status_code == status
    key = made()
    given = {"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": json.dumps({"keys": [key.jwk]})}
    await desk.client("a", "by-key", **given)
    headers = [("Client-Cert", key.field)]
    form = {"token": "x", "client_id": "by-key"}
    assert (await desk.house.ask("POST", "/introspect", form=form, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"token_endpoint_auth_method": "tls_client_auth"},
        {
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": "CN=a",
            "tls_client_auth_san_ip": "192.0.2.1",
        },
        {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
    ],
)
async def test_a_client_that_could_never_prove_itself_is_not_made(desk: Desk, given: dict[str, Any]) -> None:
    await refused(desk.client("a", "never", **given), INVALID, "REQUEST_INVALID", "client")


async def test_without_a_proxy_that_tells_of_certificates_no_client_rests_on_one(tmp_path: Path) -> None:
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a", client_certificate_authorities=[CA.pem])
        by_name = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a"}
        for given in (by_name, {"tls_client_certificate_bound_access_tokens": True}):
            await refused(desk.client("a", "never", **given), INVALID, "REQUEST_INVALID", "client")


async def test_an_operator_sees_with_which_statement_a_client_registered(desk: Desk) -> None:
    shown = SIGNER.token({"iss": "https://trust.test", "client_name": "The real app"})
    answer = await desk.house.ask("POST", "/register", json={**RG, "software_statement": shown})
    assert answer.status_code == 201, answer.text
    client: Client = await desk.ask(GetClientRequest(name=f"issuers/a/clients/{answer.json()['client_id']}"))
    assert (client.software_statement, client.display_name) == (shown, "The real app")
