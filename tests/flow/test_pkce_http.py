"""Proof Key for Code Exchange, from outside: S256 or nothing, and only the one who asked can redeem."""

import pytest

from tests.flow.town import Town
from tests.support.clients import AZ, CHALLENGE, TK, VERIFIER, Pairs, authorize, changed, refused, sent_back

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("client", "changes"),
    [
        pytest.param("P", {"code_challenge": None, "code_challenge_method": None}, id="PK-01-public"),
        pytest.param("K", {"code_challenge": None, "code_challenge_method": None}, id="PK-01-confidential"),
        pytest.param("P", {"code_challenge": ""}, id="PK-01-empty"),
        pytest.param("P", {"code_challenge_method": None}, id="PK-02"),
        pytest.param("P", {"code_challenge_method": "plain"}, id="PK-03-plain"),
        pytest.param("P", {"code_challenge_method": "s256"}, id="PK-03-lower-case"),
        pytest.param("P", {"code_challenge_method": "S512"}, id="PK-03-S512"),
        pytest.param("P", {"code_challenge_method": "S256 "}, id="PK-03-space"),
        pytest.param("P", {"code_challenge": "a"}, id="PK-04-one"),
        pytest.param("P", {"code_challenge": CHALLENGE[:-1]}, id="PK-04-42"),
        pytest.param("P", {"code_challenge": "a" * 129}, id="PK-04-129"),
        pytest.param("P", {"code_challenge": CHALLENGE + "="}, id="PK-04-padding"),
        pytest.param("P", {"code_challenge": "+" + CHALLENGE[1:]}, id="PK-04-plus"),
        pytest.param("P", {"code_challenge": CHALLENGE[:-1] + "\0"}, id="PK-04-nul"),
        pytest.param("P", {"code_challenge": CHALLENGE[:-1] + "é"}, id="PK-04-non-ascii"),
        pytest.param("P", {"code_challenge": CHALLENGE + "\n"}, id="PK-04-newline"),
    ],
)
async def test_a_request_without_an_s256_challenge_gets_no_code(
    town: Town, client: str, changes: dict[str, str | None]
) -> None:
    sent_back(await town.user.get(authorize(changed(AZ, client_id=client, **changes))), "invalid_request")


@pytest.mark.parametrize(
    "verifier",
    [
        pytest.param(None, id="PK-05"),
        pytest.param("", id="PK-06"),
        pytest.param(CHALLENGE, id="PK-07"),
        pytest.param(VERIFIER[:42], id="PK-10-42"),
        pytest.param("a" * 129, id="PK-10-129"),
        pytest.param(VERIFIER[:-1] + " ", id="PK-10-space"),
        pytest.param(VERIFIER[:-1] + "\0", id="PK-10-nul"),
        pytest.param(VERIFIER + "\n", id="PK-12"),
        pytest.param(VERIFIER[:-1] + "é", id="PK-10-non-ascii"),
    ],
)
async def test_a_wrong_or_missing_verifier_gets_no_token_and_burns_the_code(town: Town, verifier: str | None) -> None:
    form = changed(TK, code=await town.user.code())
    refused(await town.token(changed(form, code_verifier=verifier)), 400, "invalid_grant")
    refused(await town.token(form), 400, "invalid_grant")


@pytest.mark.parametrize("extra", [pytest.param([("code_challenge_method", "plain")], id="PK-08")])
async def test_a_method_named_at_the_token_endpoint_means_nothing(town: Town, extra: Pairs) -> None:
    form = [*changed(TK, code=await town.user.code(), code_verifier=CHALLENGE), *extra]
    refused(await town.token(form), 400, "invalid_grant")


@pytest.mark.parametrize("path", [pytest.param("/.well-known/oauth-authorization-server", id="PK-13")])
async def test_the_metadata_offers_s256_alone(town: Town, path: str) -> None:
    assert (await town.ask("GET", path)).json()["code_challenge_methods_supported"] == ["S256"]
