"""A device without a browser, its user's browser elsewhere, and what comes of it (RFC 8628)."""

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from server.outbound.providers.dev import DevProvider
from tenants.acts import device
from tenants.acts.client_changes import Named, remove_client
from tenants.oauth.requests import DEVICE_CODE
from tenants.records import Policy, RateLimit
from tests.flow.town import POLICY, Town, disable_client, disable_user, settle
from tests.support.browser import Browser, form_of
from tests.support.clients import ISSUER, PUBLIC, RESOURCE, RG, Pairs, changed, claims, is_page, refused
from tests.support.holder import Holder
from tests.support.house import USERS, running_house
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED: Pairs = [("client_id", "D"), ("scope", "mcp openid email"), ("resource", RESOURCE)]
PENDING, SLOW, NO, OVER = "authorization_pending", "slow_down", "access_denied", "expired_token"


async def with_devices(town: Town) -> None:
    """D is public; E proves itself by a secret, and is told nothing but by an access token."""
    both = [DEVICE_CODE, "refresh_token"]
    await town.house.client("a", "D", client_name="A television", token_endpoint_auth_method="none", grant_types=both)
    _, secret = await town.house.client("a", "E", grant_types=[DEVICE_CODE])
    town.secrets["E"] = secret or ""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def devices(town: Town) -> None:
    await with_devices(town)


@pytest_asyncio.fixture(loop_scope="module")
async def alone(fresh: Town) -> Town:
    await with_devices(fresh)
    return fresh


async def begun(town: Town, **changes: str | None) -> dict[str, Any]:
    answer = await town.ask("POST", "/device_authorization", form=changed(ASKED, **changes))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def poll(town: Town, begun: dict[str, Any], client_id: str | None = "D", **more: Any) -> httpx.Response:
    form = [("grant_type", DEVICE_CODE), ("device_code", begun["device_code"])]
    return await town.token(changed(form, client_id=client_id), **more)


async def page_for(browser: Browser, begun: dict[str, Any]) -> httpx.Response:
    """What a signed-in user sees who typed the code."""
    page = await browser.get("/device")
    if form_of(page)[0] == "/login":
        page = await browser.sign_in(page)
    return await browser.submit(page, user_code=begun["user_code"])


async def allowed(town: Town, begun: dict[str, Any], decision: str = "allow") -> None:
    done = await town.user.submit(await page_for(town.user, begun), decision=decision)
    assert done.status_code == 200, done.text


async def tokens(town: Town, **changes: str | None) -> dict[str, Any]:
    began = await begun(town, **changes)
    await allowed(town, began)
    answer = await poll(town, began)
    assert answer.status_code == 200, answer.text
    return answer.json()


@requirement("rfc8628:a-device-gets-what-its-user-allowed")
async def test_a_device_gets_its_tokens_when_its_user_has_allowed_it(town: Town) -> None:
    began = await begun(town)
    assert began.keys() == {
        *("device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval")
    }
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", began["user_code"])
    assert began["verification_uri"] == f"{ISSUER}/device"
    assert began["verification_uri_complete"] == f"{ISSUER}/device?user_code={began['user_code']}"
    assert (began["expires_in"], began["interval"]) == (600, 5)
    refused(await poll(town, began), 400, PENDING)
    page = await page_for(town.user, began)
    for shown in ("A television", began["user_code"], RESOURCE, "mcp", "email", "u@example.com"):
        assert shown in page.text
    assert "begun it yourself" in page.text
    done = await town.user.submit(page, decision="allow")
    assert (done.status_code, "is connected" in done.text) == (200, True)
    town.clock.now += 5
    answer = await poll(town, began)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    assert given.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "id_token", "scope"}
    said = claims(given["access_token"])
    assert (said["client_id"], said["aud"], said["scope"]) == ("D", RESOURCE, "mcp openid email")
    assert claims(given["id_token"])["email"] == "u@example.com"
    following = await town.refresh(given["refresh_token"], client_id="D")
    assert following.status_code == 200


async def test_a_device_stays_connected_when_its_user_leaves_the_browser(alone: Town) -> None:
    """The browser was somewhere else, maybe somebody else's: the user's session there is not the device's."""
    given = await tokens(alone)
    assert "sid" not in claims(given["id_token"])
    await alone.user.submit(await alone.user.get("/logout"))
    assert form_of(await alone.user.get("/device"))[0] == "/login"
    assert (await alone.refresh(given["refresh_token"], client_id="D")).status_code == 200


@requirement("rfc8628:no-link-allows-anything")
async def test_a_link_fills_in_the_code_and_decides_nothing(town: Town) -> None:
    began = await begun(town)
    stranger = Browser(town.house, 1)
    page = await stranger.get(began["verification_uri_complete"].removeprefix(ISSUER))
    assert form_of(page)[0] == "/login"
    page = await stranger.sign_in(page)
    assert form_of(page)[0] == "/device"
    assert f'value="{began["user_code"]}"' in page.text
    assert "Check that your device shows this code." in page.text
    assert "Type the code" in (await stranger.get("/device")).text
    assert "A television" not in page.text
    refused(await poll(town, began), 400, PENDING)
    page = await stranger.submit(page, user_code=began["user_code"].lower().replace("-", " "))
    assert "A television" in page.text
    for _ in range(2):
        town.clock.now += 5
        refused(await poll(town, began), 400, PENDING)  # it was looked at, and nobody has decided
    await stranger.allow(page)
    town.clock.now += 5
    assert claims((await poll(town, began)).json()["id_token"])["email"] == "v@example.com"


async def test_it_is_asked_for_each_time(town: Town) -> None:
    for _ in range(2):
        page = await page_for(town.user, await begun(town))
        assert form_of(page)[0] == "/device"
        assert "Allow" in page.text
        await town.user.allow(page)


async def test_nobody_decides_without_having_signed_in(town: Town) -> None:
    began = await begun(town)
    nobody = Browser(town.house)
    is_page(await nobody.ask("POST", "/device", {"user_code": began["user_code"]}))
    page = await page_for(town.user, began)
    _, hidden = form_of(page)
    is_page(await nobody.ask("POST", "/device", {**hidden, "decision": "allow"}))
    other = Browser(town.house, 1)
    await other.sign_in(await other.get("/device"))
    is_page(await other.ask("POST", "/device", {**hidden, "decision": "allow"}))
    for ticket in ({}, {"ticket": ""}, {"ticket": "AAAA"}):
        is_page(await town.user.ask("POST", "/device", {"decision": "allow", **ticket}))
    refused(await poll(town, began), 400, PENDING)
    await town.user.allow(page)
    assert (await poll(town, began)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [[("Origin", "https://evil.test")], [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "same-site")]],
)
async def test_a_form_that_another_site_sent_is_refused(town: Town, headers: Pairs) -> None:
    began = await begun(town)
    page = await page_for(town.user, began)
    is_page(await town.user.submit(page, headers, decision="allow"), 403)
    is_page(await town.user.ask("POST", "/device", {"user_code": began["user_code"]}, headers), 403)


@requirement("rfc8628:the-first-decision-counts")
async def test_no_is_told_to_the_device_and_stays(town: Town) -> None:
    began = await begun(town)
    first, second = await page_for(town.user, began), await page_for(town.user, began)
    done = await town.user.submit(first, decision="deny")
    assert "no access" in done.text
    for _ in range(2):
        refused(await poll(town, began), 400, NO)
    is_page(await town.user.submit(first, decision="allow"))
    is_page(await town.user.submit(second, decision="allow"))
    is_page(await page_for(town.user, began))
    refused(await poll(town, began), 400, NO)


@pytest.mark.parametrize("decision", ["maybe", " allow"])
async def test_only_allow_is_yes(town: Town, decision: str) -> None:
    began = await begun(town)
    is_page(await town.user.submit(await page_for(town.user, began), decision=decision))
    refused(await poll(town, began), 400, PENDING)


@requirement("rfc8628:a-device-code-is-used-once")
async def test_a_device_code_used_twice_ends_what_it_gave(town: Town) -> None:
    began = await begun(town)
    await allowed(town, began)
    given = (await poll(town, began)).json()
    refused(await poll(town, began), 400, "invalid_grant")
    refused(await town.refresh(given["refresh_token"], client_id="D"), 400, "invalid_grant")


async def test_of_many_at_once_one_gets_the_tokens(town: Town) -> None:
    began = await begun(town)
    await allowed(town, began)
    answers = await asyncio.gather(*(poll(town, began) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19


async def test_of_two_decisions_at_once_one_counts(town: Town) -> None:
    began = await begun(town)
    pages = [await page_for(town.user, began) for _ in range(4)]
    choices = ("allow", "deny", "allow", "deny")
    done = await asyncio.gather(
        *(town.user.submit(page, decision=choice) for page, choice in zip(pages, choices, strict=True))
    )
    assert sorted(answer.status_code for answer in done) == [200, 400, 400, 400]


@requirement("rfc8628:devices-that-hurry-are-slowed-down")
async def test_a_device_that_hurries_is_slowed_down(town: Town) -> None:
    began = await begun(town)

    async def after(seconds: int) -> str:
        town.clock.now += seconds
        return (await poll(town, began)).json()["error"]

    assert [await after(seconds) for seconds in (0, 5, 3, 9, 10, 1, 14, 5, 20)] == [
        *(PENDING, PENDING, SLOW, PENDING, PENDING, SLOW, PENDING, SLOW, PENDING)
    ]


async def test_a_code_is_good_for_ten_minutes(alone: Town) -> None:
    unseen, allowed_late = await begun(alone), await begun(alone)
    page = await page_for(alone.user, unseen)
    await allowed(alone, allowed_late)
    alone.clock.now += 599
    refused(await poll(alone, unseen), 400, PENDING)
    alone.clock.now += 1
    is_page(await alone.user.allow(page))
    is_page(await page_for(alone.user, unseen))
    for began in (unseen, allowed_late):
        refused(await poll(alone, began), 400, OVER)
    await alone.house.ring()
    alone.clock.now += 90_000
    await alone.house.ring()
    for began in (unseen, allowed_late):
        refused(await poll(alone, began), 400, OVER)  # the row is gone; the code itself tells that it was one
    assert await alone.house.registry.tenant("a").run(lambda turn, _: turn.tx.device_requests.count(), None) == 0


async def test_what_is_nearly_a_device_code_is_none(town: Town) -> None:
    began = await begun(town)
    code: str = began["device_code"]
    of_another_kind, of_another_grant = code.replace("tnd_", "tnc_"), code[:8] + "AAAA" + code[12:]
    for forged in (code[:-1], of_another_kind, of_another_grant, code.swapcase(), "x", began["user_code"]):
        refused(await poll(town, {"device_code": forged}), 400, "invalid_grant")
    refused(await poll(town, began), 400, PENDING)


async def test_a_device_code_is_good_for_its_client_and_its_grant_type_alone(town: Town) -> None:
    began = await begun(town)
    refused(await poll(town, began, None, basic=town.basic("E")), 400, "invalid_grant")
    await allowed(town, began)
    refused(await poll(town, began, None, basic=town.basic("E")), 400, "invalid_grant")
    await town.house.client("a", "code", **PUBLIC)
    form = [("grant_type", "authorization_code"), ("code", began["device_code"]), ("code_verifier", "v" * 43)]
    refused(await town.token([*form, ("client_id", "code")]), 400, "invalid_grant")
    assert (await poll(town, began)).status_code == 200


async def test_a_client_with_a_secret_proves_itself_both_times(town: Town) -> None:
    refused(await town.ask("POST", "/device_authorization", form=[("client_id", "E")]), 401, "invalid_client")
    answer = await town.ask("POST", "/device_authorization", form=[("scope", "mcp")], basic=town.basic("E"))
    began = answer.json()
    await allowed(town, began)
    refused(await poll(town, began, "E"), 401, "invalid_client")
    given = (await poll(town, began, None, basic=town.basic("E"))).json()
    assert given.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert claims(given["access_token"])["aud"] == ISSUER


async def test_who_is_not_registered_for_it_cannot_begin(town: Town) -> None:
    refused(await town.ask("POST", "/device_authorization", form=[("client_id", "P")]), 400, "unauthorized_client")
    refused(await poll(town, {"device_code": "x"}, "P"), 400, "unauthorized_client")
    metadata = {**RG, "grant_types": ["authorization_code", "refresh_token", DEVICE_CODE]}
    made = (await town.ask("POST", "/register", json=metadata)).json()
    assert made["grant_types"] == ["authorization_code", "refresh_token"]  # it is told what it did not get
    form = [("client_id", made["client_id"])]
    refused(await town.ask("POST", "/device_authorization", form=form), 400, "unauthorized_client")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param([("scope", "unheard-of")], "invalid_scope", id="scope"),
        pytest.param([("resource", "https://other.test")], "invalid_target", id="resource"),
        pytest.param([*ASKED, ("resource", "https://mcp.test/other")], "invalid_target", id="two-resources"),
        pytest.param([*ASKED, ("scope", "mcp")], "invalid_request", id="scope-twice"),
    ],
)
async def test_what_cannot_be_had_is_refused_at_the_beginning(town: Town, changes: Pairs, error: str) -> None:
    form = changes if ("client_id", "D") in changes else [("client_id", "D"), *changes]
    refused(await town.ask("POST", "/device_authorization", form=form), 400, error)
    assert (await town.ask("GET", "/device_authorization")).status_code == 405


async def test_tokens_are_bound_to_the_key_that_the_device_proves(town: Town) -> None:
    holder, began = Holder(), await begun(town)
    await allowed(town, began)
    shown = [("DPoP", holder.proof("POST", f"{ISSUER}/token", town.clock.now))]
    given = (await poll(town, began, headers=shown)).json()
    assert (given["token_type"], claims(given["access_token"])["cnf"]) == ("DPoP", {"jkt": holder.jkt})


async def test_what_the_operator_takes_back_meanwhile_is_not_had(alone: Town) -> None:
    tenant = alone.house.registry.tenant("a")
    before, after = await begun(alone), await begun(alone)
    await allowed(alone, after)
    page = await page_for(alone.user, before)
    await disable_user(alone.house, "u@example.com")
    refused(await poll(alone, after), 400, "invalid_grant")
    is_page(await alone.user.allow(page))
    other = Browser(alone.house, 1)
    page = await page_for(other, before)
    await disable_client(alone.house, "D")
    is_page(await other.allow(page))
    refused(await poll(alone, before), 401, "invalid_client")
    await tenant.run(remove_client, Named(id="D"))
    is_page(await page_for(other, before))


async def test_less_is_given_where_less_is_offered_by_then(alone: Town) -> None:
    began = await begun(alone)
    page = await page_for(alone.user, began)
    await alone.house.set_policy("a", Policy(scopes=("mcp", "openid")))
    await alone.user.allow(page)
    assert (await poll(alone, began)).json()["scope"] == "mcp openid"


@requirement("rfc8628:user-codes-cannot-be-guessed")
async def test_user_codes_cannot_be_guessed_at(tmp_path: Path) -> None:
    policy = Policy(scopes=POLICY.scopes, guess_limit=RateLimit(60, 5))
    async with running_house(tmp_path) as house:
        town = await settle(house)
        await with_devices(town)
        await house.set_policy("a", policy)
        began = await begun(town)
        page = await town.user.get("/device")
        for _ in range(5):
            is_page(await town.user.submit(page, user_code="BCDF-GHJK"))
        stopped = await town.user.submit(page, user_code=began["user_code"])
        is_page(stopped, 429)
        assert int(stopped.headers["retry-after"]) > 0
        other = Browser(house, 1)
        await other.sign_in(await other.get("/device"))
        is_page(await other.ask("POST", "/device", {"user_code": began["user_code"]}), 429)  # it is the address, too
        town.clock.now += 1
        assert "A television" in (await town.user.submit(page, user_code=began["user_code"])).text


async def test_only_so_many_begin_from_one_address(alone: Town) -> None:
    await alone.house.set_policy("a", Policy(scopes=POLICY.scopes, registration_limit=RateLimit(60, 2)))
    began = [await begun(alone) for _ in range(2)]
    answer = await alone.ask("POST", "/device_authorization", form=ASKED)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    await allowed(alone, began[0])
    form = [("scope", "mcp")]
    proven = await alone.ask("POST", "/device_authorization", form=form, basic=alone.basic("E"))
    assert proven.status_code == 200


async def test_only_so_many_wait_at_once(alone: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "MAX_WAITING", 2)
    began = [await begun(alone) for _ in range(2)]
    answer = await alone.ask("POST", "/device_authorization", form=ASKED)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    await allowed(alone, began[0])
    await begun(alone)


async def test_neither_code_is_kept_or_logged(alone: Town) -> None:
    began = await begun(alone)
    page = await page_for(alone.user, began)
    await alone.user.get(began["verification_uri_complete"].removeprefix(ISSUER))
    await alone.user.allow(page)
    await poll(alone, began)
    secrets = (began["device_code"], began["user_code"], began["user_code"].replace("-", ""))
    assert not [secret for secret in secrets if secret in alone.house.logged()]
    await alone.house.close()
    try:
        kept = b"".join(path.read_bytes() for path in alone.house.data_dir.rglob("*") if path.is_file())
        assert not [secret for secret in secrets if secret.encode() in kept]
    finally:
        await alone.house.open()


@pytest_asyncio.fixture(loop_scope="module")
async def automatic(tmp_path: Path) -> AsyncGenerator[Town]:
    desk = DevProvider(USERS, False, "u@example.com", True)
    async with running_house(tmp_path, provider=desk) as house:
        await house.issuer("a", ISSUER, POLICY)
        await house.resource("a", "mcp", RESOURCE)
        town = Town(house, Browser(house), {})
        await with_devices(town)
        yield town


async def test_in_development_too_a_device_is_allowed_by_a_click(automatic: Town) -> None:
    began = await begun(automatic)
    page = await automatic.user.get(began["verification_uri_complete"].removeprefix(ISSUER))
    assert form_of(page)[0] == "/device"
    refused(await poll(automatic, began), 400, PENDING)
    page = await automatic.user.submit(page, user_code=began["user_code"])
    await automatic.user.allow(page)
    assert (await poll(automatic, began)).status_code == 200
