"""What one issuer gave out is worth nothing at the other, though one process serves both."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.e2e.person import EMAIL, PASSWORD, Person
from tests.e2e.place import CALLBACK, TWIN, Places
from tests.e2e.visit import Visit
from tests.support.browser import form_of

pytestmark = pytest.mark.e2e


@pytest.fixture(params=["a to b", "b to a"])
async def visits(
    request: pytest.FixtureRequest, places: Places, secrets: dict[str, str]
) -> AsyncGenerator[tuple[Visit, Visit]]:
    """Home, where things are given out, and abroad, where they are shown."""
    home = Visit(places.named(request.param[0]), Person())
    abroad = Visit(places.named(request.param[-1]), Person())
    yield home, abroad
    await home.person.http.aclose()
    await abroad.person.http.aclose()


async def test_an_access_token_opens_nothing_at_the_other_issuer(
    visits: tuple[Visit, Visit], secrets: dict[str, str]
) -> None:
    home, abroad = visits
    token = (await home.tokens())["access_token"]
    assert await home.counts(token)
    assert (await home.knock(token)).status_code not in (401, 403)
    assert not await abroad.counts(token)
    assert (await abroad.knock(token)).status_code == 401
    told = await abroad.post("/introspect", secrets[abroad.place.issuer], token=token)
    assert (told.status_code, told.json()) == (200, {"active": False})
    known = await home.post("/introspect", secrets[home.place.issuer], token=token)
    assert known.json()["active"] is True


async def test_a_token_for_the_other_resource_is_refused_there_for_its_issuer(visits: tuple[Visit, Visit]) -> None:
    """The audience is right, the issuer is not: whoever runs one issuer cannot speak for the other."""
    home, abroad = visits
    token = (await home.tokens_for(abroad.place.resource))["access_token"]
    assert (await abroad.knock(token)).status_code == 401


async def test_an_access_token_tells_nothing_of_its_user_at_the_other_issuer(visits: tuple[Visit, Visit]) -> None:
    home, abroad = visits
    here = (await home.tokens_for(home.place.issuer))["access_token"]
    there = (await home.tokens_for(abroad.place.issuer))["access_token"]
    assert await home.userinfo(here) == 200
    assert await abroad.userinfo(here) == 401
    assert await abroad.userinfo(there) == 401


async def test_a_code_is_redeemed_only_where_it_was_given_out(visits: tuple[Visit, Visit]) -> None:
    home, abroad = visits
    code = await home.code()
    refused = await abroad.redeem(code)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (await home.redeem(code)).status_code == 200, "it was not used up abroad"


async def test_a_refresh_token_is_good_only_where_it_was_given_out(visits: tuple[Visit, Visit]) -> None:
    home, abroad = visits
    token = (await home.tokens())["refresh_token"]
    refused = await abroad.refresh(token)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (await home.refresh(token)).status_code == 200


async def test_revoking_at_the_other_issuer_revokes_nothing(visits: tuple[Visit, Visit]) -> None:
    home, abroad = visits
    tokens = await home.tokens()
    for kind in ("access_token", "refresh_token"):
        assert (await abroad.post("/revoke", client_id=TWIN, token=tokens[kind])).status_code == 200
    assert await home.counts(tokens["access_token"])
    assert (await home.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_session_cookie_signs_nobody_in_at_the_other_issuer(visits: tuple[Visit, Visit]) -> None:
    home, abroad = visits
    await home.code()
    assert (await home.person.http.get(home.authorize_url(prompt="none"))).status_code == 302
    session = next(c for c in home.person.http.cookies.jar if c.name.startswith("session."))
    await abroad.code()  # so that we know what its cookies are called
    own = next(c for c in abroad.person.http.cookies.jar if c.name.startswith("session."))
    for name in (session.name, own.name):
        async with httpx.AsyncClient(trust_env=False, timeout=20) as stranger:
            page = await stranger.get(abroad.authorize_url(), headers={"Cookie": f"{name}={session.value}"})
            assert form_of(page)[0] == "/login"


async def test_a_form_of_one_issuer_is_refused_by_the_other(visits: tuple[Visit, Visit]) -> None:
    home, abroad = visits
    action, hidden = form_of(await home.person.http.get(home.authorize_url()))
    assert action == "/login"
    await abroad.person.http.get(abroad.authorize_url())
    browser = next(c.value for c in home.person.http.cookies.jar if c.name.startswith("browser."))
    name = next(c.name for c in abroad.person.http.cookies.jar if c.name.startswith("browser."))
    async with httpx.AsyncClient(trust_env=False, timeout=20) as stranger:
        answer = await stranger.post(
            f"{abroad.place.issuer}/login",
            data={**hidden, "email": EMAIL, "password": PASSWORD},
            headers={"Cookie": f"{name}={browser}"},
        )
    assert answer.status_code == 400
    assert not [line for line in answer.headers.get_list("set-cookie") if line.startswith("session.")]


async def test_a_client_that_registered_here_is_unknown_there(visits: tuple[Visit, Visit]) -> None:
    home, abroad = visits
    registered = await home.person.http.post(
        f"{home.place.issuer}/register",
        json={"redirect_uris": [CALLBACK], "client_name": "Here only", "token_endpoint_auth_method": "none"},
    )
    client_id = registered.json()["client_id"]
    assert (await home.person.http.get(home.authorize_url(client_id))).status_code == 200
    page = await abroad.person.http.get(abroad.authorize_url(client_id))
    assert page.status_code == 400
    assert "location" not in page.headers
    code = await abroad.code()
    refused = await abroad.redeem(code, client_id)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


async def test_a_client_secret_opens_only_where_it_was_given_out(
    visits: tuple[Visit, Visit], secrets: dict[str, str]
) -> None:
    home, abroad = visits
    secret = secrets[home.place.issuer]
    assert (await home.post("/introspect", secret, token="x")).status_code == 200
    refused = await abroad.post("/introspect", secret, token="x")
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
