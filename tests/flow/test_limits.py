"""How often anybody may ask: who did not prove who they are pays with their address, everybody else for themselves."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import httpx
import pytest

from tenants.records import Policy, RateLimit
from tests.flow.at_provider import somewhere_abroad
from tests.flow.town import POLICY, Town, settle
from tests.support.browser import Browser
from tests.support.certificates import Shown, made
from tests.support.clients import AZ, PUBLIC, RF, RG, TK, authorize, changed, is_page, refused
from tests.support.house import RunningHouse, running_house
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEW = RateLimit(per_minute=6, burst=3)
"""Three at once, and one every ten seconds."""
OTHER = "127.0.0.2"
STRANGER = changed(TK, client_id="nobody")

Asking = Callable[[Town], Awaitable[httpx.Response]]


async def limited(town: Town, **limits: RateLimit) -> None:
    """Issuer A with these limits and no others."""
    none = {field.name: RateLimit() for field in fields(Policy) if field.name.endswith("_limit")}
    await town.house.set_policy("a", replace(POLICY, **(none | limits)))


def held_up(answer: httpx.Response, seconds: int = 10) -> None:
    refused(answer, 429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == str(seconds)


async def fail(town: Town, times: int = 3, **more: Any) -> None:
    """As whoever has no client here."""
    for _ in range(times):
        refused(await town.token(STRANGER, **more), 401, "invalid_client")


def registering(town: Town, **more: Any) -> Awaitable[httpx.Response]:
    return town.ask("POST", "/register", json=RG, **more)


def turns(house: RunningHouse) -> float:
    return house.metrics.registry.get_sample_value("tenantry_turns_total") or 0


def times_limited(house: RunningHouse, kind: str) -> float:
    return house.metrics.registry.get_sample_value("tenantry_limited_requests_total", {"limit": kind}) or 0


# --- registrations


@requirement("house:registrations-are-limited-by-address")
async def test_so_many_clients_register_from_one_address_and_then_one_now_and_again(fresh: Town) -> None:
    await limited(fresh, registration_limit=FEW)
    for _ in range(3):
        assert (await registering(fresh)).status_code == 201
    before = turns(fresh.house)
    answer = await registering(fresh)
    held_up(answer)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert turns(fresh.house) == before, "a request that is held up costs no turn"
    for headers in ([("X-Forwarded-For", "192.0.2.7")], [("Forwarded", "for=192.0.2.7")], [("X-Real-IP", "192.0.2.7")]):
        held_up(await registering(fresh, headers=headers))
    assert (await registering(fresh, peer=OTHER)).status_code == 201
    assert (await registering(fresh, host="b.test")).status_code == 201, "another issuer counts for itself"
    fresh.clock.now += 9
    held_up(await registering(fresh), 1)
    fresh.clock.now += 1
    assert (await registering(fresh)).status_code == 201
    held_up(await registering(fresh))


async def test_a_registration_that_is_refused_counts_and_one_that_cannot_be_read_does_not(fresh: Town) -> None:
    await limited(fresh, registration_limit=FEW)
    for _ in range(5):
        refused(await fresh.ask("POST", "/register", content=b"{"), 400, "invalid_client_metadata")
    for _ in range(3):
        answer = await fresh.ask("POST", "/register", json={**RG, "grant_types": ["password"]})
        refused(answer, 400, "invalid_client_metadata")
    held_up(await registering(fresh))


async def test_whoever_is_held_up_at_the_registration_may_still_use_a_client(fresh: Town) -> None:
    await limited(fresh, registration_limit=FEW)
    for _ in range(3):
        await registering(fresh)
    held_up(await registering(fresh))
    assert (await fresh.tokens())["access_token"]


async def test_a_flood_of_registrations_is_stopped_without_a_setting(fresh: Town) -> None:
    statuses = [answer.status_code for answer in await asyncio.gather(*(registering(fresh) for _ in range(620)))]
    assert statuses.count(201) == 600  # RG-10
    assert statuses.count(429) == 20


# --- who proves nothing


FAILING: dict[str, Asking] = {
    "unknown": lambda town: town.token(STRANGER),
    "wrong-secret": lambda town: town.token(changed(TK, client_id=None), basic=("K", "wrong")),
    "wrong-method": lambda town: town.token(changed(TK, client_id="K")),
    "at-introspection": lambda town: town.ask("POST", "/introspect", form={"token": "x", "client_id": "nobody"}),
    "at-revocation": lambda town: town.ask("POST", "/revoke", form={"token": "x"}, basic=("R", "wrong")),
    "at-exchange": lambda town: town.ask("POST", "/exchange", form={"code": "tnx_x", "code_verifier": "v" * 43}),
    "at-userinfo": lambda town: town.ask("GET", "/userinfo", headers=[("Authorization", "Bearer tna_x")]),
}
MADE_UP: dict[str, Asking] = {
    "code": lambda town: town.token(changed(TK, code="tnc_x")),
    "token": lambda town: town.token(changed(RF, refresh_token="tnr_x")),
}


def failed(answer: httpx.Response) -> None:
    assert answer.status_code in (400, 401)
    refused(answer, answer.status_code, "invalid_client", "invalid_grant", "invalid_token")


@requirement("house:failures-are-limited-by-address")
@pytest.mark.parametrize("failing", FAILING)
async def test_who_fails_to_prove_a_client_is_held_up_with_their_address(fresh: Town, failing: str) -> None:
    await limited(fresh, failure_limit=FEW)
    for _ in range(3):
        failed(await FAILING[failing](fresh))
    before = turns(fresh.house)
    for again in FAILING.values():
        held_up(await again(fresh))
    assert turns(fresh.house) == before
    await fail(fresh, peer=OTHER)
    fresh.clock.now += 10
    failed(await FAILING[failing](fresh))
    held_up(await FAILING[failing](fresh))


NO_FAILURES: dict[str, Asking] = {
    "metadata": lambda town: town.ask("GET", "/.well-known/oauth-authorization-server"),
    "preflight": lambda town: town.ask("OPTIONS", "/token", headers=[("Origin", "https://app.test")]),
    "keys": lambda town: town.ask("GET", "/.well-known/jwks.json"),
    "authorize-unknown": lambda town: town.ask("GET", authorize(changed(AZ, client_id="nobody"))),
    "authorize": lambda town: town.ask("GET", authorize()),
    "malformed": lambda town: town.token(changed(TK, grant_type=None)),
    "no-such-grant-type": lambda town: town.token(changed(TK, grant_type="password")),
    "proven-but-no-code": lambda town: town.token(changed(TK, client_id=None), basic=town.basic("K")),
    "introspection": lambda town: town.ask("POST", "/introspect", form={"token": "x"}, basic=town.basic("R")),
    "public-introspection": lambda town: town.ask("POST", "/introspect", form={"token": "x", "client_id": "P"}),
    "revocation": lambda town: town.ask("POST", "/revoke", form={"token": "x", "client_id": "P"}),
    "registration": registering,
}


@pytest.mark.parametrize("asking", NO_FAILURES)
async def test_what_proves_its_client_or_asks_for_no_proof_is_no_failure(fresh: Town, asking: str) -> None:
    await limited(fresh, failure_limit=FEW)
    statuses = {(await NO_FAILURES[asking](fresh)).status_code for _ in range(8)}
    assert len(statuses) == 1
    assert 429 not in statuses
    await fail(fresh)
    held_up(await fresh.token(STRANGER))


@requirement("house:who-authenticated-is-held-up-by-nobody-else")
async def test_a_client_that_authenticated_is_not_held_up_by_its_neighbours(fresh: Town) -> None:
    await limited(fresh, failure_limit=FEW)
    tokens = await fresh.tokens()
    about = {"token": tokens["access_token"]}
    assert (await fresh.ask("POST", "/introspect", form=about, basic=fresh.basic("R"))).json()["active"]
    await fail(fresh)
    held_up(await fresh.token(STRANGER))
    for _ in range(4):
        answer = await fresh.refresh(tokens["refresh_token"])
        assert answer.status_code == 200
        tokens = answer.json()
        about = {"token": tokens["access_token"]}
        assert (await fresh.ask("POST", "/introspect", form=about, basic=fresh.basic("R"))).json()["active"]
        held_up(await fresh.ask("POST", "/introspect", form=about, basic=("R", "wrong")))
    held_up(await fresh.ask("POST", "/introspect", form=about, basic=fresh.basic("K")))
    assert (await fresh.ask("POST", "/introspect", form=about, basic=fresh.basic("K"), peer=OTHER)).status_code == 200


@requirement("house:who-authenticated-is-held-up-by-nobody-else")
@pytest.mark.parametrize("made_up", MADE_UP)
async def test_what_is_made_up_is_held_against_the_public_client_that_sent_it_and_nobody_else(
    fresh: Town, made_up: str
) -> None:
    """Whoever brings a hosted client codes that they made up has them sent from where all of its users are."""
    await limited(fresh, failure_limit=FEW)
    for _ in range(3):
        refused(await MADE_UP[made_up](fresh), 400, "invalid_grant")
    held_up(await MADE_UP[made_up](fresh))
    refused(await fresh.token(STRANGER), 401, "invalid_client")
    other = (await registering(fresh)).json()["client_id"]
    form = changed(TK, client_id=other, code=await fresh.user.code(changed(AZ, client_id=other)))
    assert (await fresh.token(form)).status_code == 200
    assert (await MADE_UP[made_up](fresh)).status_code == 429
    refused(await fresh.token(changed(TK, code="tnc_x"), peer=OTHER), 400, "invalid_grant")


@requirement("house:who-authenticated-is-held-up-by-nobody-else")
async def test_a_public_client_that_got_tokens_goes_on_though_it_was_brought_what_is_made_up(fresh: Town) -> None:
    await limited(fresh, failure_limit=FEW)
    tokens = await fresh.tokens()
    await fail(fresh)
    for made_up in (MADE_UP["code"], MADE_UP["token"], MADE_UP["code"], MADE_UP["token"]):
        refused(await made_up(fresh), 400, "invalid_grant")
    assert (await fresh.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_public_client_proves_nothing_where_it_is_given_nothing(fresh: Town) -> None:
    await limited(fresh, failure_limit=FEW)
    for path in ("/introspect", "/revoke"):
        assert (await fresh.ask("POST", path, form={"token": "x", "client_id": "P"})).status_code == 200
    await fail(fresh)
    held_up(await fresh.token(changed(TK, code="tnc_x")))


async def test_what_goes_by_at_the_same_time_is_waited_for_later(fresh: Town) -> None:
    await limited(fresh, failure_limit=FEW)
    answers = await asyncio.gather(*(fresh.token(STRANGER) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {401, 429}
    went_by = sum(answer.status_code == 401 for answer in answers)
    held_up(await fresh.token(STRANGER), 10 * min(went_by - 2, 4))


# --- one client


@requirement("house:a-client-pays-for-itself")
async def test_a_client_that_proves_who_it_is_pays_for_itself_wherever_it_is(fresh: Town) -> None:
    await limited(fresh, client_limit=FEW)

    async def introspect(**more: Any) -> httpx.Response:
        return await fresh.ask("POST", "/introspect", form={"token": "x"}, **more)

    for _ in range(5):
        refused(await introspect(basic=("R", "wrong")), 401, "invalid_client")
    for peer in ("127.0.0.1", OTHER, OTHER):
        assert (await introspect(basic=fresh.basic("R"), peer=peer)).json() == {"active": False}
    before = turns(fresh.house)
    held_up(await introspect(basic=fresh.basic("R"), peer=OTHER))
    held_up(await fresh.ask("POST", "/revoke", form={"token": "x"}, basic=fresh.basic("R")))
    held_up(await fresh.token(changed(TK, client_id=None), basic=fresh.basic("R")))
    assert turns(fresh.house) == before
    assert (await introspect(basic=fresh.basic("K"))).json() == {"active": False}
    fresh.clock.now += 10
    assert (await introspect(basic=fresh.basic("R"))).json() == {"active": False}
    held_up(await introspect(basic=fresh.basic("R")))


@requirement("house:a-client-pays-for-itself")
async def test_so_does_one_that_a_certificate_proves_and_nobody_who_has_another(tmp_path: Path) -> None:
    proxies = (IPv4Network("127.0.0.1/32"),)
    async with running_house(tmp_path, trusted_proxies=proxies, certificate_header="Client-Cert") as house:
        town, shown = await settle(house), made()
        by_its_key: dict[str, Any] = {"token_endpoint_auth_method": "self_signed_tls_client_auth"}
        await house.client("a", "certified", **PUBLIC | by_its_key, jwks={"keys": [shown.jwk]})

        async def introspect(client_id: str, certificate: Shown, address: str) -> httpx.Response:
            headers = [("Client-Cert", certificate.field), ("X-Forwarded-For", address)]
            return await town.ask("POST", "/introspect", form={"token": "x", "client_id": client_id}, headers=headers)

        await limited(town, failure_limit=FEW)
        assert (await introspect("certified", shown, "192.0.2.1")).status_code == 200
        for _ in range(3):
            refused(await introspect("certified", made(), "192.0.2.1"), 401, "invalid_client")
        held_up(await introspect("certified", made(), "192.0.2.1"))
        assert (await introspect("certified", shown, "192.0.2.1")).status_code == 200, "it is known"
        held_up(await introspect("P", shown, "192.0.2.1"))

        await limited(town, client_limit=FEW)
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.2"):
            assert (await introspect("certified", shown, address)).status_code == 200
        held_up(await introspect("certified", shown, "192.0.2.1"))
        held_up(await introspect("certified", shown, "192.0.2.2"))
        for _ in range(3):
            assert (await introspect("P", shown, "192.0.2.1")).status_code == 200
        held_up(await introspect("P", made(), "192.0.2.1"))
        assert (await introspect("P", shown, "192.0.2.2")).status_code == 200, "to nobody is it a proof of P"


async def test_nobody_uses_up_what_a_public_client_has_elsewhere(fresh: Town) -> None:
    await limited(fresh, client_limit=FEW)
    code = await fresh.user.code()
    for _ in range(3):
        refused(await fresh.token(changed(TK, code="tnc_x")), 400, "invalid_grant")
    held_up(await fresh.token(changed(TK, code=code)))
    assert (await fresh.token(changed(TK, code=code), peer=OTHER)).status_code == 200


async def test_a_client_has_no_limit_unless_it_is_set(fresh: Town) -> None:
    for _ in range(700):
        answer = await fresh.ask("POST", "/introspect", form={"token": "x"}, basic=fresh.basic("R"))
        assert answer.status_code == 200


# --- users


async def guess(browser: Browser, email: str, password: str = "wrong", **more: Any) -> httpx.Response:
    return await browser.submit(await browser.get(authorize()), email=email, password=password, **more)


@requirement("house:guesses-are-limited")
@pytest.mark.parametrize("account", ["u@example.com", "nobody@example.com"])
async def test_a_password_is_guessed_so_many_times_and_then_one_now_and_again(fresh: Town, account: str) -> None:
    await limited(fresh, guess_limit=FEW)
    browser, right = Browser(fresh.house), "correct horse"
    for number, spelt in enumerate((account, account.upper(), account)):
        headers = [("X-Forwarded-For", f"192.0.2.{number}")]
        assert (await guess(browser, spelt, headers=headers)).status_code == 401  # LG-07
    answer = await guess(browser, account, right, headers=[("X-Forwarded-For", "192.0.2.9")])
    is_page(answer, 429)
    assert answer.headers["retry-after"] == "10"
    assert "__Host-session" not in browser.cookies
    assert (await guess(Browser(fresh.house), account, right)).status_code == 429, "another browser helps nobody"
    other = Browser(fresh.house, 1)
    assert (await guess(other, other.user.email, other.user.password)).status_code == 303
    fresh.clock.now += 10
    assert (await guess(browser, account, right)).status_code == (303 if account.startswith("u@") else 401)


async def test_what_is_typed_for_an_account_is_remembered_in_part_only(fresh: Town) -> None:
    await limited(fresh, guess_limit=FEW)
    browser = Browser(fresh.house)
    for number in range(3):
        assert (await guess(browser, f"{'a' * 320}{number}")).status_code == 401
    assert (await guess(browser, "a" * 30_000)).status_code == 429


async def test_signing_in_well_is_no_guess(fresh: Town) -> None:
    await limited(fresh, guess_limit=FEW, failure_limit=FEW)
    for _ in range(5):
        browser = Browser(fresh.house)
        assert (await guess(browser, browser.user.email, browser.user.password)).status_code == 303


async def test_whoever_guesses_at_one_account_after_another_is_held_up_by_their_address(fresh: Town) -> None:
    await limited(fresh, guess_limit=FEW, failure_limit=FEW)
    browser = Browser(fresh.house)
    for number in range(3):
        assert (await guess(browser, f"{number}@example.com")).status_code == 401
    is_page(await guess(browser, "3@example.com"), 429)
    held_up(await fresh.token(STRANGER))


@requirement("house:sign-ins-of-a-user-are-limited")
async def test_a_user_signs_in_so_many_times(fresh: Town) -> None:
    await limited(fresh, session_limit=FEW)
    for _ in range(3):
        assert await Browser(fresh.house).code()
    browser = Browser(fresh.house)
    is_page(await guess(browser, browser.user.email, browser.user.password), 429)
    assert "__Host-session" not in browser.cookies
    assert await Browser(fresh.house, 1).code()
    fresh.clock.now += 10
    assert await Browser(fresh.house).code()


async def test_a_user_of_an_identity_provider_signs_in_so_many_times_too(fresh: Town) -> None:
    await limited(fresh, session_limit=FEW)
    async with somewhere_abroad(fresh) as abroad:
        for _ in range(3):
            assert (await abroad.come_back(Browser(fresh.house))).status_code == 303
        browser = Browser(fresh.house)
        is_page(await abroad.come_back(browser), 429)
        assert "__Host-session" not in browser.cookies
        abroad.corp.user["sub"] = "somebody else"
        assert (await abroad.come_back(browser)).status_code == 303


async def test_whoever_brings_codes_that_no_provider_gave_is_held_up_before_it_is_called(fresh: Town) -> None:
    await limited(fresh, failure_limit=FEW)
    async with somewhere_abroad(fresh) as abroad:
        for _ in range(3):
            assert (await abroad.come_back(Browser(fresh.house), code="made-up")).status_code == 302
        asked = len(abroad.corp.asked)
        is_page(await abroad.come_back(Browser(fresh.house), code="made-up"), 429)
        assert len(abroad.corp.asked) == asked
        fresh.clock.now += 10
        for _ in range(5):
            assert (await abroad.come_back(Browser(fresh.house))).status_code == 303, "who signs in has not failed"


# --- whose address it is


async def test_an_address_is_believed_of_a_trusted_proxy_and_counted_as_a_network(tmp_path: Path) -> None:
    async with running_house(tmp_path, trusted_proxies=(IPv4Network("127.0.0.1/32"),)) as house:
        town = await settle(house)
        await limited(town, registration_limit=FEW)

        async def statuses(*said: str, peer: str = "127.0.0.1") -> list[int]:
            return [
                (await registering(town, headers=[("X-Forwarded-For", one)], peer=peer)).status_code for one in said
            ]

        assert await statuses("192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1") == [201, 201, 201, 429]
        assert await statuses("192.0.2.2", "198.51.100.7, 192.0.2.1", "192.0.2.1, 192.0.2.2") == [201, 429, 201]
        assert await statuses("2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:3", "2001:db8::4") == [201, 201, 201, 429]
        assert await statuses("2001:db8:0:1::1") == [201]
        assert await statuses("192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", peer=OTHER) == [201, 201, 201, 429]


# --- what the operator sees and sets


async def test_each_request_that_is_held_up_is_counted_and_logged_by_its_limit(fresh: Town) -> None:
    await limited(fresh, registration_limit=FEW, failure_limit=FEW, guess_limit=FEW)
    for _ in range(5):
        await registering(fresh)
        await fresh.token(STRANGER)
    for _ in range(4):
        await guess(Browser(fresh.house), "u@example.com")
    assert [times_limited(fresh.house, kind) for kind in ("registration", "failure", "client", "guess")] == [2, 6, 0, 0]
    lines = [json.loads(line) for line in fresh.house.logged().splitlines()]
    held = [(line["route"], line["status"], line["limit"]) for line in lines if "limit" in line]
    assert (
        held == [("/register", 429, "registration"), ("/token", 429, "failure")] * 2 + [("/login", 429, "failure")] * 4
    )


async def test_a_new_policy_counts_at_once(fresh: Town) -> None:
    await limited(fresh, failure_limit=FEW)
    await fail(fresh)
    held_up(await fresh.token(STRANGER))
    await limited(fresh)
    await fail(fresh, 9)
    await limited(fresh, failure_limit=replace(FEW, per_minute=60))
    held_up(await fresh.token(STRANGER), 1)
