"""An OpenID provider whose endpoints the operator has written down: it is not asked for its metadata."""

from typing import Any

import httpx
import pytest

from tests.flow.at_provider import Abroad
from tests.support.clients import sent_back

pytestmark = pytest.mark.asyncio(loop_scope="module")
DISCOVERY = "/.well-known/openid-configuration"


async def written_down(abroad: Abroad, **changes: Any) -> None:
    uri = abroad.corp.uri
    addresses = {"authorization_uri": f"{uri}/authorize", "token_uri": f"{uri}/token", "jwks_uri": f"{uri}/jwks"}
    await abroad.configure(**{**addresses, **changes})
    abroad.corp.answers[DISCOVERY] = (200, b'{"issuer": "https://evil.test"}')


async def refused(abroad: Abroad, answer: httpx.Response) -> None:
    sent_back(answer, "server_error")
    assert await abroad.users() == []


async def test_users_sign_in_and_the_provider_is_never_asked_what_it_says_of_itself(abroad: Abroad) -> None:
    await written_down(abroad)
    assert await abroad.code()
    assert abroad.corp.asked == ["/token", "/jwks"]
    [user] = await abroad.users()
    assert user.email == "eve@corp.test"


async def test_who_it_is_is_asked_where_the_operator_says_and_nowhere_else(abroad: Abroad) -> None:
    abroad.corp.says = {"email": None}
    await written_down(abroad)
    await abroad.come_back()
    [user] = await abroad.users()
    assert user.email is None
    await abroad.configure(
        authorization_uri=f"{abroad.corp.uri}/authorize",
        token_uri=f"{abroad.corp.uri}/token",
        jwks_uri=f"{abroad.corp.uri}/jwks",
        user_uri=f"{abroad.corp.uri}/userinfo",
        version=2,
    )
    await abroad.come_back()
    [user] = await abroad.users()
    assert user.email == "eve@corp.test"
    assert DISCOVERY not in abroad.corp.asked


async def test_a_new_key_of_the_provider_is_looked_for(abroad: Abroad) -> None:
    await written_down(abroad)
    await abroad.come_back()
    abroad.corp.signing, abroad.corp.shown = "second", ["second"]
    abroad.town.clock.now += 31
    assert (await abroad.come_back()).status_code == 303
    assert DISCOVERY not in abroad.corp.asked


@pytest.mark.parametrize(("issuer", "right"), [("own", True), (None, True), ("https://evil.test", False)])
async def test_an_issuer_that_is_told_at_the_callback_must_be_the_right_one(
    abroad: Abroad, issuer: str | None, right: bool
) -> None:
    await written_down(abroad)
    answer = await abroad.come_back(iss=abroad.corp.uri if issuer == "own" else issuer)
    if right:
        assert len(await abroad.users()) == 1
    else:
        await refused(abroad, answer)


async def test_an_id_token_of_another_issuer_is_not_believed(abroad: Abroad) -> None:
    await written_down(abroad)
    abroad.corp.says = {"iss": "https://evil.test"}
    await refused(abroad, await abroad.come_back())


# --- which algorithms sign ID tokens


@pytest.mark.parametrize(
    ("algorithms", "signed_with", "believed"),
    [
        ((), "RS256", True),
        ((), "ES256", False),
        (("ES256",), "ES256", True),
        (("ES256",), "RS256", False),
        (("RS256", "ES256"), "ES256", True),
    ],
)
async def test_without_discovery_rs256_signs_unless_others_are_named(
    abroad: Abroad, algorithms: tuple[str, ...], signed_with: str, believed: bool
) -> None:
    abroad.corp.algorithm = signed_with
    await written_down(abroad, token_algorithms=algorithms)
    answer = await abroad.come_back()
    if believed:
        assert len(await abroad.users()) == 1
    else:
        await refused(abroad, answer)
    assert DISCOVERY not in abroad.corp.asked


@pytest.mark.parametrize("listed", [["RS256"], ["RS256", "ES256"], None])
async def test_what_the_operator_names_goes_before_what_discovery_lists(
    abroad: Abroad, listed: list[str] | None
) -> None:
    abroad.corp.discovery = {"id_token_signing_alg_values_supported": listed}
    await abroad.configure(token_algorithms=("ES256",))
    await refused(abroad, await abroad.come_back())  # signed with RS256
    abroad.corp.algorithm, abroad.corp.signing, abroad.corp.shown = "ES256", "second", ["second"]
    abroad.town.clock.now += 31
    assert (await abroad.come_back()).status_code == 303
    assert len(await abroad.users()) == 1
