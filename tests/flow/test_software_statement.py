"""Clients that register with the word of somebody whom the operator trusts (RFC 7591 §2.3)."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from server.outbound.kept import COOL_DOWN
from tenants.oauth.foreign_jwt import LEEWAY
from tenants.oauth.software_statement import MAX_LENGTH
from tenants.records import StatementIssuer
from tests.flow.town import POLICY, Town, settle
from tests.support.client_host import ClientHost
from tests.support.clients import AZ, CALLBACK, ISSUER, RG, TK, changed, refused
from tests.support.house import running_house
from tests.support.requirement import requirement
from tests.support.signer import Signer, b64

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRUST = "https://trust.test"
ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
SIGNERS = {algorithm: Signer(algorithm) for algorithm in ALGORITHMS}
SIGNER = SIGNERS["ES256"]
IN_HAND = StatementIssuer(issuer=TRUST, jwks={"keys": [signer.public for signer in SIGNERS.values()]})
TRUSTING = replace(POLICY, software_statement_issuers=(IN_HAND,))
BAD, UNAPPROVED = "invalid_software_statement", "unapproved_software_statement"
UNSIGNED = b64(b'{"alg":"none"}') + "." + b64(b'{"iss":"https://trust.test"}')
SAID: dict[str, Any] = {"software_id": "app", "client_name": "The real app", "redirect_uris": [CALLBACK]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host() -> AsyncGenerator[ClientHost]:
    async with ClientHost().serving() as host:
        yield host


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, host: ClientHost) -> AsyncGenerator[Town]:
    async with running_house(tmp_path_factory.mktemp("house"), to_clients=host.fetcher) as house:
        town = await settle(house)
        await house.set_policy("a", TRUSTING)
        yield town


def statement(signer: Signer = SIGNER, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Of the trusted one, about the app; None takes a claim away."""
    said = {"iss": TRUST, **SAID, **claims}
    return signer.token({name: value for name, value in said.items() if value is not None}, **(header or {}))


async def register(town: Town, shown: Any, **members: Any) -> httpx.Response:
    return await town.ask("POST", "/register", json={**RG, "software_statement": shown, **members})


async def registered(town: Town, shown: Any, **members: Any) -> dict[str, Any]:
    answer = await register(town, shown, **members)
    assert answer.status_code == 201, answer.text
    return answer.json()


# --- what is believed


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@requirement("rfc7591:a-software-statement-goes-before-the-clients-own-word")
async def test_what_the_statement_says_goes_before_what_the_client_says(town: Town, algorithm: str) -> None:
    shown = statement(SIGNERS[algorithm], scope="mcp")
    told = await registered(
        town,
        shown,
        client_name="Another",
        redirect_uris=["https://evil.test/cb"],
        scope="mcp admin",
        software_version="2",
    )
    assert (told["client_name"], told["redirect_uris"], told["scope"]) == ("The real app", [CALLBACK], "mcp")
    assert (told["software_id"], told["software_version"]) == ("app", "2"), "and it may say more"
    assert told["software_statement"] == shown
    assert not {"iss", "iat", "exp"} & told.keys()
    code = await town.user.code(changed(AZ, client_id=told["client_id"]))
    assert (await town.token(changed(TK, code=code, client_id=told["client_id"]))).status_code == 200


async def test_one_statement_is_for_all_copies_of_a_program(town: Town) -> None:
    shown = statement()
    first, second = await registered(town, shown), await registered(town, shown)
    assert first["client_id"] != second["client_id"]


async def test_a_statement_needs_no_end_and_may_name_whom_it_is_for(town: Town) -> None:
    now = town.clock.now
    whole: list[dict[str, Any]] = [
        {"exp": now + 1, "iat": now, "nbf": now, "jti": "1", "sub": "app"},
        {"aud": ISSUER},
        {"aud": ["https://b.test", ISSUER]},
        {"aud": f"{ISSUER}/register"},
    ]
    for claims in whole:
        await registered(town, statement(**claims))
    await registered(town, statement(header={"kid": None}))


async def test_no_statement_decides_what_is_the_issuers(town: Town) -> None:
    told = await registered(town, statement(client_id="admin", client_secret="x", registration_access_token="y"))
    assert told["client_id"].startswith("c_")
    assert told["registration_access_token"] != "y"
    assert "client_secret" not in told
    answer = await register(town, statement(redirect_uris=["javascript:alert(1)"]))
    refused(answer, 400, "invalid_redirect_uri")
    refused(await register(town, statement(grant_types=["client_credentials"])), 400, "invalid_client_metadata")
    keys: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt"}
    refused(
        await register(town, statement(**keys, jwks_uri="https://app.test/jwks"), jwks=SIGNER.jwks),
        400,
        "invalid_client_metadata",
    )


# --- what is not


@pytest.mark.parametrize(
    ("shown", "error"),
    [
        pytest.param(f"{UNSIGNED}.", BAD, id="RG-09-unsigned"),
        pytest.param(f"{UNSIGNED}.AA", BAD, id="RG-09-none"),
        pytest.param(statement(header={"alg": "HS256"}), BAD, id="HS256"),
        pytest.param(statement(header={"alg": "ES384"}), BAD, id="another algorithm"),
        pytest.param(statement(Signer("ES384")), BAD, id="a stronger algorithm that is not expected"),
        pytest.param(statement(Signer("ES256")), BAD, id="another key"),
        pytest.param(statement(Signer("ES256"), {"kid": SIGNER.kid}), BAD, id="another key by the same name"),
        pytest.param(statement(Signer("ES256"), {"jwk": SIGNER.public}), BAD, id="a key of its own"),
        pytest.param(statement()[:-4], BAD, id="cut off"),
        pytest.param(statement(header={"typ": "at+jwt"}), BAD, id="of another kind"),
        pytest.param(statement(header={"crit": ["x"], "x": 1}), BAD, id="crit"),
        pytest.param(statement(iss="https://other.test"), UNAPPROVED, id="RG-09-unknown"),
        pytest.param(statement(iss=f"{TRUST}/"), UNAPPROVED, id="RG-09-slash"),
        pytest.param(statement(iss=None), UNAPPROVED, id="of nobody"),
        pytest.param(statement(iss=[TRUST]), UNAPPROVED, id="a list"),
        pytest.param(statement(aud="https://b.test"), BAD, id="for another issuer"),
        pytest.param(statement(aud=[]), BAD, id="for nobody"),
        pytest.param(statement(aud=5), BAD, id="for a number"),
        pytest.param(statement(exp="tomorrow"), BAD, id="times that are none"),
        pytest.param(statement(more="x" * MAX_LENGTH), BAD, id="too long"),
        pytest.param("", BAD, id="empty"),
        pytest.param("x", BAD, id="x"),
        pytest.param("é.é.é", BAD, id="not ASCII"),
        pytest.param({"software_id": "x"}, BAD, id="an object"),
        pytest.param(["x"], BAD, id="a list of one"),
        pytest.param(5, BAD, id="a number"),
    ],
)
@requirement("rfc7591:a-software-statement-is-believed-of-whom-the-operator-trusts")
async def test_a_statement_that_cannot_be_believed_registers_nobody(town: Town, shown: Any, error: str) -> None:
    refused(await register(town, shown), 400, error)


async def test_a_statement_counts_in_its_time(town: Town) -> None:
    now = town.clock.now
    for name, early, good in (("exp", -LEEWAY, 1 - LEEWAY), ("iat", LEEWAY + 1, LEEWAY), ("nbf", LEEWAY + 1, LEEWAY)):
        claims: list[dict[str, Any]] = [{name: now + early}, {name: now + good}]
        refused(await register(town, statement(**claims[0])), 400, BAD)
        await registered(town, statement(**claims[1]))


async def test_where_nobody_is_trusted_a_statement_is_refused_and_not_passed_over(town: Town) -> None:
    answer = await town.ask("POST", "/register", json={**RG, "software_statement": statement()}, host="b.test")
    refused(answer, 400, UNAPPROVED)


# --- keys that lie elsewhere


async def test_keys_are_fetched_where_the_operator_says_and_looked_for_again(town: Town, host: ClientHost) -> None:
    newer = Signer("ES256")
    where = host.show("/trust.json", SIGNER.jwks)
    elsewhere = StatementIssuer(issuer="https://elsewhere.test", jwks_uri=where)
    await town.house.set_policy("a", replace(TRUSTING, software_statement_issuers=(IN_HAND, elsewhere)))
    refused(await register(town, statement(iss="https://third.test")), 400, UNAPPROVED)
    refused(await register(town, statement(iss="https://elsewhere.test", exp=1)), 400, BAD)
    assert host.count("/trust.json") == 0, "what is refused without keys calls nobody"
    await registered(town, statement(iss="https://elsewhere.test"))
    await registered(town, statement(iss="https://elsewhere.test"))
    assert host.count("/trust.json") == 1
    refused(await register(town, statement(newer, iss="https://elsewhere.test")), 400, BAD)
    host.show("/trust.json", newer.jwks)
    town.clock.now += COOL_DOWN
    await registered(town, statement(newer, iss="https://elsewhere.test"))
    refused(await register(town, statement(SIGNERS["EdDSA"], iss="https://elsewhere.test")), 400, BAD)
    refused(await register(town, statement(SIGNERS["EdDSA"], {"jku": where}, iss="https://x.test")), 400, UNAPPROVED)
    await registered(town, statement())
    await town.house.set_policy("a", TRUSTING)


async def test_where_keys_cannot_be_had_a_client_is_told_to_come_again(town: Town, host: ClientHost) -> None:
    silent = StatementIssuer(issuer="https://silent.test", jwks_uri=host.show("/silent.json", b"", status=503))
    await town.house.set_policy("a", replace(TRUSTING, software_statement_issuers=(silent,)))
    refused(await register(town, statement(iss="https://silent.test")), 503, "temporarily_unavailable")
    await town.house.set_policy("a", TRUSTING)


# --- required


@requirement("house:a-software-statement-may-be-required")
async def test_an_operator_may_let_in_those_with_a_statement_alone(fresh: Town) -> None:
    await fresh.house.set_policy("a", replace(TRUSTING, software_statement_required=True))
    for shown in ({}, {"software_statement": None}):
        refused(await fresh.ask("POST", "/register", json={**RG, **shown}), 400, "invalid_client_metadata")
    told = await registered(fresh, statement())
    mine = [("Authorization", f"Bearer {told['registration_access_token']}")]
    where = f"/register/{told['client_id']}"
    assert (await fresh.ask("GET", where, headers=mine)).json()["software_statement"] == told["software_statement"]
    without = {**RG, "client_id": told["client_id"], "client_name": "Another"}
    refused(await fresh.ask("PUT", where, json=without, headers=mine), 400, "invalid_client_metadata")
    with_it = {**without, "software_statement": told["software_statement"]}
    answer = await fresh.ask("PUT", where, json=with_it, headers=mine)
    assert answer.status_code == 200, answer.text
    assert answer.json()["client_name"] == "The real app", "an update is no way around it"
    await fresh.house.client("a", "made", redirect_uris=[CALLBACK], token_endpoint_auth_method="none")
    await fresh.house.restart()
    refused(await fresh.ask("POST", "/register", json=RG), 400, "invalid_client_metadata")
    await registered(fresh, statement())
