"""A provider is asked, from time to time, whether its users still stand; the alarm is rung by the test."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import pytest_asyncio

from server.outbound.places import TOTAL
from server.outbound.rechecks import TENANTS, TOGETHER
from tenants.actor import Limits
from tenants.acts import recheck
from tenants.acts.provider_kinds import default_claims
from tenants.acts.sign_in import begin
from tenants.oauth.claims import Profile
from tenants.records import ClaimMapping, Event, KeptToken
from tenants.turn import Turn
from tests.flow.at_provider import Abroad, somewhere_abroad
from tests.flow.test_known_by_key import known_by_key
from tests.flow.test_provider_kinds import says, without_discovery
from tests.flow.test_secrets import kept as files_of
from tests.flow.town import Town, settle
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, TK, authorize, changed, refused, returned
from tests.support.house import running_house
from tests.support.openid_provider import CLIENT_ID, SECRET, OpenIdProvider, openid_provider
from tests.support.requirement import requirement
from tests.support.standing import Stuck
from tests.support.standing import asked as queued

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = 3_600
WITHIN = 20
"""Seconds in which what must happen has happened."""


@pytest_asyncio.fixture(loop_scope="module")
async def abroad(fresh: Town) -> AsyncGenerator[Abroad]:
    """Issuer A asks `corp` every hour."""
    async with asking(fresh) as there:
        yield there


@asynccontextmanager
async def asking(town: Town) -> AsyncGenerator[Abroad]:
    async with somewhere_abroad(town) as there:
        await there.configure(recheck_interval=HOUR)
        yield there


class Person:
    """Who came from the provider, with a browser, and the tokens of a client that they allowed."""

    def __init__(self, abroad: Abroad, name: str) -> None:
        self.abroad = abroad
        self.name = name
        self.browser = Browser(abroad.town.house)
        self.tokens: dict[str, Any] = {}

    async def come(self) -> None:
        corp = self.abroad.corp
        corp.user = {"sub": self.name, "email": f"{self.name}@corp.test", "email_verified": True, "name": self.name}
        page = await self.browser.follow(await self.abroad.come_back(self.browser))
        if page.status_code == 200:
            page = await self.browser.allow(page)
        answer = await self.abroad.town.token(changed(TK, code=returned(page)["code"]))
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()

    async def refresh(self) -> None:
        answer = await self.abroad.town.refresh(self.tokens["refresh_token"])
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()

    async def stands(self) -> bool:
        """Whether the session counts here, and the client's tokens: either all do or none."""
        page = await self.browser.get(authorize(changed(AZ, prompt="none")))
        signed_in = "code" in returned(page)
        assert (await self.abroad.town.introspect(self.tokens["access_token"]))["active"] is signed_in
        if not signed_in:
            assert returned(page)["error"] == "login_required"
            refused(await self.abroad.town.refresh(self.tokens["refresh_token"]), 400, "invalid_grant")
        return signed_in


async def came(abroad: Abroad, name: str = "eve") -> Person:
    person = Person(abroad, name)
    await person.come()
    return person


async def an_hour_later(*people: Person) -> None:
    """Their clients have fresh access tokens when the alarm rings."""
    town = people[0].abroad.town
    town.clock.now += HOUR
    for person in people:
        await person.refresh()
    await town.house.ring()


def refreshes(corp: OpenIdProvider) -> list[dict[str, str]]:
    """What the provider was asked with a refresh token, so far."""
    bodies = [body for path, body in zip(corp.asked, corp.bodies, strict=True) if path == "/token"]
    forms = [{name: values[0] for name, values in parse_qs(body.decode()).items()} for body in bodies]
    return [form for form in forms if form["grant_type"] == "refresh_token"]


async def asked_for(corp: OpenIdProvider, count: int) -> None:
    """Wait until so many have brought a refresh token."""
    async with asyncio.timeout(WITHIN):
        while len(refreshes(corp)) < count:
            await corp.arrived.wait()
            corp.arrived.clear()


async def kept(abroad: Abroad, issuer: str = "a") -> list[KeptToken]:
    def act(turn: Turn, _: None) -> list[KeptToken]:
        return list(turn.tx.kept_tokens.due(1 << 62, 10_000))

    return await abroad.town.house.registry.tenant(issuer).actor.run(act, None)


async def events(abroad: Abroad, kind: str = "") -> list[Event]:
    """All, or those of one kind."""

    def act(turn: Turn, _: None) -> list[Event]:
        return [event for event in turn.tx.events.page(0, 10_000) if kind in ("", event.type)]

    return await abroad.town.house.registry.tenant("a").actor.run(act, None)


async def crowd(abroad: Abroad, count: int, issuer: str = "a") -> None:
    """Users who have signed in at this very moment."""

    def act(turn: Turn, _: None) -> None:
        provider = turn.tx.identity_providers.find("corp")
        assert provider is not None
        for number in range(count):
            profile = Profile(provider="corp", subject=f"user-{number}")
            begin(turn, profile, None, b"/authorize?")
            recheck.keep(turn, provider, profile.subject, f"rt-{number}")

    await abroad.town.house.registry.tenant(issuer).run(act, None)
    abroad.corp.refreshable |= {f"rt-{number}": {"sub": f"user-{number}"} for number in range(count)}


# --- the user stands


@pytest.mark.parametrize("rotates", [True, False])
async def test_a_user_who_stands_there_stays_here(abroad: Abroad, rotates: bool) -> None:
    abroad.corp.rotates = rotates
    eve = await came(abroad)
    first = abroad.corp.tokens[1]
    for _ in range(4):
        await an_hour_later(eve)
        assert await eve.stands()
    brought = [asked["refresh_token"] for asked in refreshes(abroad.corp)]
    assert len(brought) == 4
    assert brought[0] == first
    assert len(set(brought)) == (4 if rotates else 1)


async def test_nobody_is_asked_about_before_it_is_time(abroad: Abroad) -> None:
    await came(abroad)
    abroad.town.clock.now += HOUR - 1
    await abroad.town.house.ring()
    assert refreshes(abroad.corp) == []


async def test_where_nobody_asks_nothing_is_kept(abroad: Abroad) -> None:
    await abroad.configure(recheck_interval=0)
    eve = await came(abroad)
    assert await kept(abroad) == []
    await an_hour_later(eve)
    assert refreshes(abroad.corp) == []


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_the_provider_is_asked_as_at_a_sign_in(abroad: Abroad, method: str) -> None:
    await abroad.configure(recheck_interval=HOUR, auth_method=method)
    await an_hour_later(await came(abroad))
    [asked] = refreshes(abroad.corp)
    posted = method == "client_secret_post"
    assert asked.keys() == {"grant_type", "refresh_token", *(("client_id", "client_secret") if posted else ())}
    assert [token.attempts for token in await kept(abroad)] == [0]


async def test_what_was_kept_lasts_over_a_restart(abroad: Abroad) -> None:
    eve = await came(abroad)
    await abroad.town.house.restart()
    await an_hour_later(eve)
    assert len(refreshes(abroad.corp)) == 1
    assert await eve.stands()


async def test_a_disabled_issuer_still_finds_out_who_stands(abroad: Abroad) -> None:
    eve = await came(abroad)
    abroad.corp.refreshable.clear()
    registry = abroad.town.house.registry
    abroad.town.clock.now += HOUR
    await eve.refresh()
    await registry.disable("a")
    await abroad.town.house.ring()
    await registry.enable("a")
    assert not await eve.stands()


# --- the user stands no more


@requirement("house:only-a-plain-no-of-the-provider-signs-out")
async def test_a_user_who_is_gone_there_is_signed_out_here_at_once_and_nobody_else_is(abroad: Abroad) -> None:
    eve, bo = await came(abroad, "eve"), await came(abroad, "bo")
    del abroad.corp.refreshable[next(token for token, user in abroad.corp.refreshable.items() if user["sub"] == "eve")]
    await an_hour_later(eve, bo)
    assert not await eve.stands()
    assert await bo.stands()
    await abroad.town.user.code()  # a user of another provider
    [event] = await events(abroad, "user.refused_by_provider")
    assert (event.details["provider"], event.details["sessions_ended"]) == ("corp", 1)
    page = await eve.browser.get(authorize(AZ))
    assert form_of(page)[0] == "/login"
    await eve.come()
    assert await eve.stands(), "whom the provider lets in again comes in again"


async def test_a_user_who_is_blocked_at_auth0_is_signed_out_too(abroad: Abroad) -> None:
    eve = await came(abroad)
    abroad.corp.refresh_answer = 403, b'{"error": "invalid_grant", "error_description": "user is blocked"}'
    await an_hour_later(eve)
    assert not await eve.stands()


@requirement("oidc-core:a-refreshed-id-token-names-the-same-user")
async def test_an_id_token_of_somebody_else_is_no_word_for_the_user(abroad: Abroad) -> None:
    eve = await came(abroad)
    abroad.corp.says = {"sub": "mallory"}
    await an_hour_later(eve)
    assert not await eve.stands()


@pytest.mark.parametrize("name", ["eve", "mallory"])
async def test_the_user_is_compared_by_the_claim_that_they_are_known_by(abroad: Abroad, name: str) -> None:
    mapping = ClaimMapping(subject="oid", email="email", email_verified="email_verified")
    await abroad.configure(recheck_interval=HOUR, claims=mapping)
    abroad.corp.says = {"oid": "oid-of-eve"}
    eve = await came(abroad)
    abroad.corp.says = {"oid": f"oid-of-{name}", "sub": "pairwise-and-new"}
    await an_hour_later(eve)
    assert await eve.stands() is (name == "eve")


# --- other kinds of provider


@pytest.mark.parametrize("name", ["user_01", "user_02"])
async def test_workos_is_asked_in_json_and_names_the_user(abroad: Abroad, name: str) -> None:
    await without_discovery(abroad, kind="workos", claims=default_claims("workos"), recheck_interval=HOUR)
    user = {"id": "user_01", "email": "eve@corp.test", "email_verified": True}
    abroad.corp.answers = {"/token": says({"user": user, "access_token": "at", "refresh_token": "rt-1"})}
    eve = await came(abroad)
    said = {"user": user | {"id": name}, "access_token": "at", "refresh_token": "rt-2"}
    abroad.corp.answers = {"/token": says(said)}
    await an_hour_later(eve)
    asked = {"grant_type": "refresh_token", "refresh_token": "rt-1", "client_id": CLIENT_ID, "client_secret": SECRET}
    assert json.loads(abroad.corp.bodies[-1]) == asked
    assert await eve.stands() is (name == "user_01")
    if name == "user_01":
        abroad.corp.answers = {"/token": says({"error": "invalid_grant"}, 400)}
        await an_hour_later(eve)
        assert json.loads(abroad.corp.bodies[-1])["refresh_token"] == "rt-2"
        assert not await eve.stands()


async def test_a_plain_oauth_provider_is_asked_at_its_token_endpoint(abroad: Abroad) -> None:
    await without_discovery(abroad, kind="oauth2", scopes=("read",), recheck_interval=HOUR)
    abroad.corp.answers = {
        "/token": says({"access_token": "at", "refresh_token": "rt-1"}),
        "/user": says({"sub": 7, "email": "eve@corp.test", "email_verified": True}),
    }
    eve = await came(abroad)
    await an_hour_later(eve)
    assert refreshes(abroad.corp)[0]["refresh_token"] == "rt-1"
    assert await eve.stands()
    abroad.corp.answers = {"/token": says({"error": "invalid_grant"}, 400)}
    await an_hour_later(eve)
    assert not await eve.stands()


@pytest.mark.parametrize("status", [200, 400])
async def test_a_github_app_whose_tokens_expire_is_asked_and_its_word_for_no_is_understood(
    abroad: Abroad, status: int
) -> None:
    await without_discovery(abroad, kind="github", claims=default_claims("github"), recheck_interval=HOUR)
    abroad.corp.answers = {
        "/token": says({"access_token": "ghu_1", "expires_in": 28_800, "refresh_token": "ghr_1"}),
        "/user": says({"id": 7, "login": "eve", "name": "Eve"}),
        "/user/emails": says([{"email": "eve@corp.test", "primary": True, "verified": True}]),
    }
    eve = await came(abroad)
    abroad.corp.answers["/token"] = says({"access_token": "ghu_2", "expires_in": 28_800, "refresh_token": "ghr_2"})
    await an_hour_later(eve)
    assert refreshes(abroad.corp)[0]["refresh_token"] == "ghr_1"
    assert await eve.stands()
    abroad.corp.answers["/token"] = says({"error": "bad_refresh_token", "error_description": "It expired."}, status)
    await an_hour_later(eve)
    assert refreshes(abroad.corp)[1]["refresh_token"] == "ghr_2"
    assert not await eve.stands()


async def test_a_github_app_that_is_misconfigured_signs_nobody_out(abroad: Abroad) -> None:
    await without_discovery(abroad, kind="github", claims=default_claims("github"), recheck_interval=HOUR)
    abroad.corp.answers = {
        "/token": says({"access_token": "ghu_1", "refresh_token": "ghr_1"}),
        "/user": says({"id": 7}),
        "/user/emails": says([{"email": "eve@corp.test", "primary": True, "verified": True}]),
    }
    eve = await came(abroad)
    for status, word in ((200, "incorrect_client_credentials"), (404, "Not Found"), (500, "bad_refresh_token")):
        abroad.corp.answers["/token"] = says({"error": word}, status)
        await an_hour_later(eve)
        assert await eve.stands()


async def test_a_provider_that_knows_us_by_a_key_is_shown_a_new_assertion_each_time(abroad: Abroad) -> None:
    await known_by_key(abroad, recheck_interval=HOUR)
    eve = await came(abroad)
    for _ in range(2):
        await an_hour_later(eve)
        assert await eve.stands()
    assert [token.attempts for token in await kept(abroad)] == [0]
    assert len(abroad.corp.assertions) == 3


# --- no word


NOTHING_SAID: list[tuple[int, bytes]] = [
    (401, b'{"error": "invalid_client"}'),
    (400, b'{"error": "invalid_client"}'),
    (400, b'{"error": "unauthorized_client"}'),
    (400, b'{"error": "invalid_request"}'),
    (400, b'{"error": "temporarily_unavailable"}'),
    (403, b'{"error": "access_denied"}'),
    (400, b"<h1>invalid_grant</h1>"),
    (400, b'"invalid_grant"'),
    (400, b""),
    (404, b"{}"),
    (429, b'{"error": "slow_down"}'),
    (500, b'{"error": "invalid_grant"}'),
    (503, b"<h1>back soon</h1>"),
    (302, b""),
    (200, b"{}"),
    (200, b'{"ok": false}'),
    (200, b'{"error": "invalid_grant"}'),
    (200, b'{"access_token": null, "refresh_token": "rt"}'),
    (200, b"x" * 70_000),
]


@requirement("house:only-a-plain-no-of-the-provider-signs-out")
async def test_an_answer_that_says_nothing_of_the_user_signs_nobody_out(abroad: Abroad) -> None:
    eve = await came(abroad)
    for answer in NOTHING_SAID:
        [before] = await kept(abroad)
        abroad.corp.refresh_answer = answer
        await an_hour_later(eve)
        assert await eve.stands(), answer
        [token] = await kept(abroad)
        assert (token.sealed, token.attempts) == (before.sealed, 1), answer
        assert token.due_at == abroad.town.clock.now + 10
        abroad.corp.refresh_answer = None
        abroad.town.clock.now += 10
        await abroad.town.house.ring()
        assert await eve.stands()
        assert [token.attempts for token in await kept(abroad)] == [0]
    assert len(refreshes(abroad.corp)) == 2 * len(NOTHING_SAID)


async def test_a_wrong_secret_of_ours_signs_nobody_out_and_the_operator_is_told(abroad: Abroad) -> None:
    eve, bo = await came(abroad, "eve"), await came(abroad, "bo")

    def spoil(turn: Turn, _: None) -> None:
        provider = turn.tx.identity_providers.find("corp")
        assert provider is not None
        sealed = turn.keyring.seal("provider secret", b"another", b"corp")
        turn.tx.identity_providers.change(replace(provider, sealed_secret=sealed), version=provider.version)

    await abroad.town.house.registry.tenant("a").run(spoil, None)
    for _ in range(6):
        await an_hour_later(eve, bo)
    assert await eve.stands()
    assert await bo.stands()
    reasons = {event.details["reason"] for event in await events(abroad, "user.not_rechecked")}
    assert reasons == {"the token endpoint answered with status 401 and invalid_client"}


async def test_a_provider_that_is_down_signs_nobody_out(fresh: Town) -> None:
    async with openid_provider(OpenIdProvider(now=fresh.clock)) as corp:
        abroad = Abroad(fresh, corp)
        await abroad.configure(recheck_interval=HOUR)
        eve = await came(abroad)
    await an_hour_later(eve)
    assert await eve.stands()
    assert [token.attempts for token in await kept(abroad)] == [1]


# --- bounds


async def test_all_are_asked_about_a_few_at_a_time(abroad: Abroad) -> None:
    await crowd(abroad, 3 * TOGETHER + 1)
    abroad.corp.held_at = "/token"
    abroad.town.clock.now += HOUR
    ringing = asyncio.create_task(abroad.town.house.ring())
    await asked_for(abroad.corp, TOGETHER)
    await abroad.town.user.code()  # and meanwhile the tenant has time for others
    assert len(refreshes(abroad.corp)) == TOGETHER
    abroad.corp.held_at = ""
    abroad.corp.go_on.set()
    await ringing
    assert sorted(asked["refresh_token"] for asked in refreshes(abroad.corp)) == sorted(
        f"rt-{number}" for number in range(3 * TOGETHER + 1)
    )
    assert {token.attempts for token in await kept(abroad)} == {0}


async def test_a_few_issuers_ask_at_once_and_sign_ins_find_room(abroad: Abroad) -> None:
    issuers = [f"i{number}" for number in range(TENANTS + 2)]
    for issuer in issuers:
        await abroad.town.house.issuer(issuer, f"https://{issuer}.test")
        await abroad.configure(issuer, recheck_interval=HOUR)
        await crowd(abroad, TOGETHER, issuer)
    abroad.corp.held_at = "/token"
    abroad.town.clock.now += HOUR
    ringing = asyncio.create_task(abroad.town.house.ring())
    most = TENANTS * TOGETHER
    await asked_for(abroad.corp, most)
    abroad.corp.held_at = ""
    await abroad.come_back()
    assert len(refreshes(abroad.corp)) == most < TOTAL
    abroad.corp.go_on.set()
    await ringing
    assert {token.attempts for issuer in issuers for token in await kept(abroad, issuer)} == {0}


async def test_a_provider_that_is_silent_is_not_asked_about_all_one_after_the_other(abroad: Abroad) -> None:
    await crowd(abroad, 5 * TOGETHER)
    abroad.corp.refresh_answer = 503, b""
    abroad.town.clock.now += HOUR
    await abroad.town.house.ring()
    assert len(refreshes(abroad.corp)) == TOGETHER
    assert {token.due_at - abroad.town.clock.now for token in await kept(abroad)} == {10}
    abroad.corp.refresh_answer = None
    abroad.town.clock.now += 10
    await abroad.town.house.ring()
    assert len(refreshes(abroad.corp)) == 6 * TOGETHER
    assert {token.attempts for token in await kept(abroad)} == {0}


async def test_a_slow_provider_of_one_issuer_holds_up_no_other(abroad: Abroad) -> None:
    async with openid_provider(OpenIdProvider(now=abroad.town.clock)) as other:
        away = Abroad(abroad.town, other)
        await away.configure("b", recheck_interval=HOUR)
        await crowd(abroad, 1)
        await crowd(away, 1, "b")
        abroad.corp.silent_at = "/token"
        abroad.town.clock.now += HOUR
        ringing = asyncio.create_task(abroad.town.house.ring())
        async with asyncio.timeout(WITHIN):
            await abroad.corp.waiting.wait()
            while not [token for token in await kept(abroad, "b") if token.due_at > abroad.town.clock.now]:
                await other.arrived.wait()
        assert not ringing.done()
        abroad.corp.go_on.set()
        await ringing


# --- what is rotated there must be known here


async def test_a_house_that_stops_writes_down_what_the_provider_has_rotated(abroad: Abroad) -> None:
    eve, house = await came(abroad), abroad.town.house
    abroad.corp.held_at = "/token"
    abroad.town.clock.now += HOUR
    await eve.refresh()
    await house.registry.ring()
    async with asyncio.timeout(WITHIN):
        await abroad.corp.waiting.wait()
        stopping = asyncio.create_task(house.restart())
        while not [
            task for task in asyncio.all_tasks() if task.get_name().startswith("errands of") and task.cancelling()
        ]:
            await asyncio.sleep(0)
        abroad.corp.held_at = ""
        abroad.corp.go_on.set()
        await stopping
    assert await eve.stands()
    await an_hour_later(eve)
    assert await eve.stands(), "the provider knows only the latest refresh token, and so do we"
    assert len(refreshes(abroad.corp)) == 2


async def test_a_tenant_with_too_much_to_do_writes_it_down_when_it_can(tmp_path: Path) -> None:
    async with running_house(tmp_path, limits=Limits(waiting=1)) as house, asking(await settle(house)) as abroad:
        eve, actor, stuck = await came(abroad), house.registry.tenant("a").actor, Stuck()
        abroad.corp.held_at = "/token"
        abroad.town.clock.now += HOUR
        await eve.refresh()
        await house.registry.ring()
        async with asyncio.timeout(WITHIN):
            await abroad.corp.waiting.wait()
            standing = await queued(actor.run(stuck, None))
            await stuck.begun()
            waiting = await queued(actor.run(lambda turn, _: None, None))
            abroad.corp.held_at = ""
            abroad.corp.go_on.set()
            while not house.metrics.registry.get_sample_value("tenantry_shed_turns_total"):
                await asyncio.sleep(0)
            stuck.let_go()
            await asyncio.gather(standing, waiting)
        await house.ring()
        await an_hour_later(eve)
        assert await eve.stands()
        assert len(refreshes(abroad.corp)) == 2


# --- secrets


async def test_a_refresh_token_of_a_provider_is_found_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running_house(tmp_path) as house, asking(await settle(house)) as abroad:
        eve = await came(abroad)
        await an_hour_later(eve)
        await an_hour_later(eve)
        abroad.corp.refresh_answer = 500, b"x"
        await an_hour_later(eve)
        abroad.corp.refresh_answer = None
        told = json.dumps(eve.tokens)
        logged, files = house.logged(), files_of(tmp_path)
        remembered = repr(await events(abroad))
        assert "session.started" in remembered
        assert len(await kept(abroad)) == 1
    printed = "".join(capfd.readouterr())
    files += files_of(tmp_path)  # once more, as they lie when all is closed
    secrets = [token for token in abroad.corp.tokens if "refresh" in token]
    assert len(secrets) == 3
    for secret in secrets:
        for where, text in (("log", logged), ("output", printed), ("answer", told), ("events", remembered)):
            assert secret not in text, where
        assert secret.encode() not in files
    assert b"eve@corp.test" in files  # what is no secret can be found: the search works


# --- what providers are asked for at the departure


async def test_google_is_asked_for_a_refresh_token_where_one_is_kept(abroad: Abroad) -> None:
    await abroad.configure(kind="google", recheck_interval=HOUR)
    asked = dict(parse_qsl(urlsplit(await abroad.depart()).query))
    assert (asked["access_type"], asked["prompt"]) == ("offline", "consent login")
    await abroad.configure(kind="google")
    asked = dict(parse_qsl(urlsplit(await abroad.depart()).query))
    assert asked["prompt"] == "login"
    assert "access_type" not in asked


async def test_an_openid_provider_is_asked_for_it_as_the_operator_says(abroad: Abroad) -> None:
    await abroad.configure(recheck_interval=HOUR, scopes=("openid", "offline_access"))
    asked = dict(parse_qsl(urlsplit(await abroad.depart()).query))
    assert (asked["scope"], asked["prompt"]) == ("openid offline_access", "consent login")
    await abroad.configure(recheck_interval=HOUR)
    asked = dict(parse_qsl(urlsplit(await abroad.depart()).query))
    assert (asked["scope"], asked["prompt"]) == ("openid profile email", "login")
