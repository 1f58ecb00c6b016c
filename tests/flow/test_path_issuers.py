"""Issuers that share a host: each is found by its path alone, and nothing of one opens anything at another."""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from server.web.cookies import MAX_OF_OTHERS, Cookies
from tenants import issuer_uri
from tenants.problems import IssuerUriTaken
from tenants.turn import Turn
from tests.flow.at_provider import Abroad
from tests.flow.town import POLICY, Town
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, PUBLIC, RF, RG, TK, authorize, changed, claims, is_page, refused, returned
from tests.support.house import RunningHouse, running_house
from tests.support.openid_provider import OpenIdProvider, openid_provider
from tests.support.raw import LAST, send
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

ISSUERS = {
    "root": "https://auth.test",
    "acme": "https://auth.test/acme",
    "team": "https://auth.test/acme/team",
    "other": "https://auth.test/other",
    "lone": "https://lone.test/acme",
}
DOCUMENTS = ("oauth-authorization-server", "openid-configuration", "oauth-protected-resource")
NOBODY = (404, b'{"error":"not_found"}')
NEIGHBOURS = list(permutations(("root", "acme", "team", "other"), 2))


@dataclass(frozen=True)
class Street:
    """Four issuers at one host, and one that is alone at another but not at its root. `P` is a client of each."""

    house: RunningHouse

    async def settle(self) -> None:
        for name, uri in ISSUERS.items():
            await self.house.issuer(name, uri, POLICY)
            await self.house.client(name, "P", **PUBLIC)

    def browser(self, name: str) -> Browser:
        return Browser(self.house, 0, *self._where(name))

    async def ask(self, name: str, method: str, path: str, **more: Any) -> httpx.Response:
        """One request to the issuer with this id."""
        host, prefix = self._where(name)
        return await self.house.ask(method, prefix + path, host=host, **more)

    async def get(self, host: str, target: str) -> tuple[int, bytes]:
        """Status and body, the target sent byte for byte."""
        lines = [b"GET %b HTTP/1.1" % target.encode(), b"Host: " + host.encode(), LAST, b"", b""]
        [answer], _ = await send(self.house, b"\r\n".join(lines))
        return answer.status, answer.body

    async def tokens(self, name: str, browser: Browser | None = None, **changes: str) -> dict[str, Any]:
        code = await (browser or self.browser(name)).code(changed(AZ, **changes))
        answer = await self.ask(name, "POST", "/token", form=changed(TK, code=code))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def counts(self, name: str, token: str) -> bool:
        answer = await self.ask(name, "POST", "/introspect", form={"token": token, "client_id": "P"})
        return answer.json()["active"]

    def cookies(self, name: str) -> Cookies:
        return Cookies.of(self.house.registry.tenant(name))

    @asynccontextmanager
    async def provider(self, *names: str) -> AsyncGenerator[OpenIdProvider]:
        """An identity provider at which users of these issuers can sign in."""

        def remove(turn: Turn, _: None) -> bool:
            return turn.tx.identity_providers.remove("corp")

        async with openid_provider(OpenIdProvider(now=self.house.clock)) as corp:
            abroad = Abroad(Town(self.house, self.browser(names[0]), {}), corp)
            for name in names:
                await abroad.configure(name)
            yield corp
            for name in names:
                assert await self.house.registry.tenant(name).actor.run(remove, None)

    def _where(self, name: str) -> tuple[str, str]:
        origin, path = issuer_uri.split(ISSUERS[name])
        return origin.removeprefix("https://"), path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Street]:
    async with running_house(tmp_path_factory.mktemp("street")) as house:
        street = Street(house)
        await street.settle()
        yield street


@pytest_asyncio.fixture(loop_scope="module")
async def new_street(tmp_path: Path) -> AsyncGenerator[Street]:
    async with running_house(tmp_path) as house:
        street = Street(house)
        await street.settle()
        yield street


# --- found


@pytest.mark.parametrize(
    ("host", "target", "issuer"),
    [
        *(
            ("auth.test", target, issuer)
            for document in DOCUMENTS
            for target, issuer in (
                (f"/.well-known/{document}", "root"),
                (f"/.well-known/{document}/acme", "acme"),
                (f"/acme/.well-known/{document}", "acme"),
                (f"/.well-known/{document}/acme/team", "team"),
                (f"/acme/team/.well-known/{document}", "team"),
                (f"/.well-known/{document}/other", "other"),
            )
        ),
        *(("lone.test", f"/.well-known/{document}/acme", "lone") for document in DOCUMENTS),
        *(("LONE.test:443", f"/acme/.well-known/{document}", "lone") for document in DOCUMENTS),
    ],
)
@requirement("rfc8414:the-path-of-an-issuer-is-inserted", "mcp:metadata-issuer-exact")
async def test_metadata_is_wherever_clients_look_for_it(street: Street, host: str, target: str, issuer: str) -> None:
    status, body = await street.get(host, target)
    told = json.loads(body)
    assert (status, told.get("issuer") or told["resource"]) == (200, ISSUERS[issuer])
    named = [value for name, value in told.items() if name.endswith(("_endpoint", "_uri"))]
    assert named
    assert all(value.startswith(f"{ISSUERS[issuer]}/") for value in named)


async def test_each_has_keys_of_its_own(street: Street) -> None:
    keys = {name: (await street.ask(name, "GET", "/.well-known/jwks.json")).json()["keys"] for name in ISSUERS}
    ids = [key["kid"] for each in keys.values() for key in each]
    assert len(set(ids)) == len(ids) >= len(ISSUERS)


@pytest.mark.parametrize("host", ["auth.test", "lone.test"])
@pytest.mark.parametrize(
    "target",
    [
        *("/acmeX/token", "/acm/token", "/Acme/token", "/ACME/token", "/acme.team/token", "/acme-/token"),
        *("/%61cme/token", "/acme%2Ftoken", "/%2Facme/token", "/acme%00/token", "/%2561cme/token", "/acme%20/token"),
        *("/acme//token", "/acme/./token", "/x/../acme/token", "/acme/../acme/token", "/acme/%2e/token"),
        *("/acme;x/token", "/acme:443/token", "/acme@x/token", "/acme/token/", "/acme/token;x", "/acme/%74oken"),
        *("/acme", "/acme/", "/acme/acme/token", "/other/acme/token", "/acme/teamX/token", "/acme/TEAM/token"),
        *("/acme%2Fteam/token", "/acme/team/team/token", "/acme/1/2/3/4/5/token", "/acme" + "/" * 3_000),
        *("/acmeX/.well-known/openid-configuration", "/%61cme/.well-known/openid-configuration"),
        *("/acme//callback/corp", "/acme/callback", "/acmeX/callback/corp"),
        *(
            f"/.well-known/{path}"
            for document in DOCUMENTS
            for path in (
                *(f"{document}/", f"{document}/acme/", f"{document}//acme", f"{document}/acmeX", f"{document}X/acme"),
                *(f"{document}/ACME", f"{document}/%61cme", f"{document}%2Facme", f"{document}/acme%2Fteam"),
                *(f"{document}/acme/token", f"{document}/nobody", f"{document}/acme/nobody", f"acme/{document}"),
                *(f"{document}/acme/.well-known/{document}", f"{document}/.well-known/{document}", "jwks.json/acme"),
            )
        ),
    ],
)
async def test_what_only_looks_like_its_path_leads_to_nobody(street: Street, host: str, target: str) -> None:
    assert await street.get(host, target) == NOBODY


@pytest.mark.parametrize("target", ["/callback//corp", "//callback/corp", "/callback/corp/", "/callback/"])
async def test_no_path_is_put_right_by_a_redirect_that_a_host_header_would_shape(street: Street, target: str) -> None:
    for name in ("root", "acme"):
        answer = await street.ask(name, "GET", target)
        assert (answer.status_code, answer.headers.get("location")) == (404, None)


@pytest.mark.parametrize(
    "target", ["/", "/token", authorize(AZ), *(f"/.well-known/{name}" for name in (*DOCUMENTS, "jwks.json"))]
)
async def test_at_the_root_of_a_host_is_nobody_unless_an_issuer_is(street: Street, target: str) -> None:
    assert await street.get("lone.test", target) == NOBODY
    assert await street.get("unknown.test", f"/acme{target}") == NOBODY


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Prefix", "X-Script-Name", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Issuer"]
)
async def test_no_header_overrules_the_path(street: Street, name: str) -> None:
    headers = [(name, "/other" if name != "X-Issuer" else ISSUERS["other"])]
    told = await street.ask("acme", "GET", "/.well-known/openid-configuration", headers=headers)
    assert told.json()["issuer"] == ISSUERS["acme"]
    page = await street.ask("acme", "GET", authorize(AZ), headers=headers)
    assert form_of(page)[0] == "/acme/login"


async def test_the_log_names_issuer_and_endpoint_and_no_path_of_a_stranger(street: Street) -> None:
    await street.ask("team", "POST", "/token", form=TK)
    await street.ask("team", "GET", "/callback/corp?state=x")
    await street.ask("team", "GET", authorize(AZ))
    await street.get("auth.test", "/acme/team/stranger-17")
    await street.get("auth.test", "/.well-known/openid-configuration/stranger-17")
    logged = street.house.logged()
    lines = [json.loads(line) for line in logged.splitlines()][-5:]
    assert [(line["issuer"], line["route"]) for line in lines] == [
        *(("team", "/token"), ("team", "/callback"), ("team", "/authorize"), ("team", "other"), ("root", "other"))
    ]
    samples = [sample for metric in street.house.metrics.registry.collect() for sample in metric.samples]
    told = f"{logged}{[sample.labels for sample in samples]}"
    assert "stranger-17" not in told
    assert "acme/" not in told


# --- served


@pytest.mark.parametrize("name", ISSUERS)
@requirement("rfc8414:endpoints-are-below-the-issuer")
async def test_a_client_gets_from_metadata_to_tokens_and_back(street: Street, name: str) -> None:
    issuer = ISSUERS[name]
    origin, path = issuer_uri.split(issuer)
    host = origin.removeprefix("https://")

    async def call(endpoint: str, method: str = "POST", **more: Any) -> httpx.Response:
        assert endpoint.startswith(f"{issuer}/")
        return await street.house.ask(method, endpoint.removeprefix(origin), host=host, **more)

    metadata = json.loads((await street.get(host, f"/.well-known/openid-configuration{path}"))[1])
    client_id = (await call(metadata["registration_endpoint"], json=RG)).json()["client_id"]
    browser = street.browser(name)
    asked = changed(AZ, client_id=client_id, scope="openid offline_access", resource=issuer)
    assert metadata["authorization_endpoint"] == f"{issuer}/authorize"
    told = returned(await browser.answer_to(asked))
    assert told["iss"] == issuer
    form = changed(TK, code=told["code"], client_id=client_id)
    first = (await call(metadata["token_endpoint"], form=form)).json()
    second = (
        await call(
            metadata["token_endpoint"], form=changed(RF, client_id=client_id, refresh_token=first["refresh_token"])
        )
    ).json()
    said = claims(second["access_token"])
    assert (said["iss"], said["aud"], said["client_id"]) == (issuer, issuer, client_id)
    kids = {key["kid"] for key in (await call(metadata["jwks_uri"], "GET")).json()["keys"]}
    assert kids
    shown = [("Authorization", f"Bearer {second['access_token']}")]
    assert (await call(metadata["userinfo_endpoint"], "GET", headers=shown)).json()["sub"] == said["sub"]
    about = {"token": second["access_token"], "client_id": client_id}
    answer = (await call(metadata["introspection_endpoint"], form=about)).json()
    assert (answer["active"], answer["iss"]) == (True, issuer)
    assert (await call(metadata["revocation_endpoint"], form=about)).status_code == 200
    assert (await call(metadata["introspection_endpoint"], form=about)).json() == {"active": False}


@pytest.mark.parametrize("name", ["acme", "team", "lone"])
async def test_pages_lead_nowhere_but_below_their_issuer(street: Street, name: str) -> None:
    issuer, browser = ISSUERS[name], street.browser(name)

    def stays(page: httpx.Response) -> httpx.Response:
        leads = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
        assert leads
        assert all(lead.startswith(f"{issuer}/") for lead in leads), leads
        return page

    login = stays(await browser.get(browser.path + authorize(AZ)))
    again = await browser.submit(login, email="u@example.com", password="wrong")
    assert form_of(stays(again))[0] == f"{browser.path}/login"
    there = await browser.submit(login, email=browser.user.email, password=browser.user.password)
    assert there.headers["location"].startswith(f"{issuer}/authorize?")
    stays(await browser.follow(there))
    leaving = stays(await browser.get(f"{browser.path}/logout"))
    stays(await browser.submit(leaving))
    stays(await browser.get(browser.path + authorize(changed(AZ, client_id="nobody"))))
    for asset in ("style.css", "favicon.svg"):
        assert (await browser.get(f"{browser.path}/assets/{asset}")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Origin", "https://auth.test"), ("Sec-Fetch-Site", "same-origin")], 303),
        ([("Origin", "https://auth.test/acme")], 403),
        ([("Origin", "https://lone.test"), ("Sec-Fetch-Site", "cross-site")], 403),
    ],
)
async def test_forms_come_from_the_origin_of_the_issuer(
    street: Street, headers: list[tuple[str, str]], status: int
) -> None:
    browser = street.browser("acme")
    page = await browser.get(browser.path + authorize(AZ))
    answer = await browser.submit(page, headers, email=browser.user.email, password=browser.user.password)
    assert answer.status_code == status


async def test_an_issuer_is_where_it_was_after_a_restart(new_street: Street) -> None:
    tokens = await new_street.tokens("team")
    await new_street.house.restart()
    assert await new_street.counts("team", tokens["access_token"])
    for name in ("root", "acme"):
        assert not await new_street.counts(name, tokens["access_token"])


async def test_nobody_steps_in_for_a_deleted_issuer(new_street: Street) -> None:
    registry = new_street.house.registry
    tokens = await new_street.tokens("acme")
    await registry.delete("acme")
    for target in ("/acme/token", "/acme" + authorize(AZ), "/acme/.well-known/jwks.json"):
        assert await new_street.get("auth.test", target) == NOBODY
    assert await new_street.get("auth.test", "/.well-known/openid-configuration/acme") == NOBODY
    for name in ("root", "team"):
        assert await new_street.tokens(name)
    with pytest.raises(IssuerUriTaken):
        await new_street.house.issuer("new", ISSUERS["acme"])
    await registry.undelete("acme")
    assert await new_street.counts("acme", tokens["access_token"])
    await registry.delete("root")
    assert await new_street.get("auth.test", "/token") == NOBODY
    assert await new_street.tokens("acme")
    await registry.disable("acme")
    is_page(await new_street.ask("acme", "GET", authorize(AZ)), 403)
    assert await new_street.tokens("team")


# --- apart


@pytest.mark.parametrize(("home", "abroad"), NEIGHBOURS)
@requirement("house:issuers-of-one-host-are-strangers")
async def test_what_one_gave_out_is_worth_nothing_at_another(street: Street, home: str, abroad: str) -> None:
    browser = street.browser(home)
    tokens = await street.tokens(home, browser)
    assert await street.counts(home, tokens["access_token"])
    assert not await street.counts(abroad, tokens["access_token"])
    refresh = changed(RF, refresh_token=tokens["refresh_token"])
    refused(await street.ask(abroad, "POST", "/token", form=refresh), 400, "invalid_grant")
    code = changed(TK, code=await browser.code())
    refused(await street.ask(abroad, "POST", "/token", form=code), 400, "invalid_grant")
    registered = (await street.ask(home, "POST", "/register", json=RG)).json()["client_id"]
    is_page(await street.ask(abroad, "GET", authorize(changed(AZ, client_id=registered))), 400)
    for giver, audience, knows in ((home, home, 200), (abroad, home, 401), (home, abroad, 401)):
        made = await street.tokens(giver, scope="openid", resource=ISSUERS[audience])
        shown = [("Authorization", f"Bearer {made['access_token']}")]
        assert (await street.ask(home, "GET", "/userinfo", headers=shown)).status_code == knows
        assert (await street.ask(abroad, "GET", "/userinfo", headers=shown)).status_code == 401
    assert (await street.ask(home, "POST", "/token", form=code)).status_code == 200, "it was not used up abroad"


@pytest.mark.parametrize(("home", "abroad"), NEIGHBOURS)
@requirement("house:issuers-of-one-host-are-strangers")
async def test_cookies_of_one_open_nothing_at_another_under_any_name(street: Street, home: str, abroad: str) -> None:
    browser = street.browser(home)
    await browser.code()
    jar, own, theirs = browser.cookies, street.cookies(home), street.cookies(abroad)
    renamed = {theirs.session: jar[own.session], theirs.browser: jar[own.browser]}
    ask_nobody = authorize(changed(AZ, prompt="none"))
    assert "code" in returned(await browser.get(browser.path + ask_nobody))
    for cookies in (jar, renamed, {**jar, **renamed}):
        stranger = street.browser(abroad)
        stranger.cookies = dict(cookies)
        assert form_of(await stranger.get(stranger.path + authorize(AZ)))[0] == f"{stranger.path}/login"
        silent = returned(await stranger.get(stranger.path + ask_nobody))
        assert silent["error"] == "login_required"


@pytest.mark.parametrize(("home", "abroad"), NEIGHBOURS)
@requirement("house:issuers-of-one-host-are-strangers")
async def test_a_form_of_one_is_refused_by_another(street: Street, home: str, abroad: str) -> None:
    browser, stranger = street.browser(home), street.browser(abroad)
    login = await browser.get(browser.path + authorize(AZ))
    stranger.cookies = {street.cookies(abroad).browser: browser.cookies[street.cookies(home).browser]}
    filled_in = {**form_of(login)[1], "email": browser.user.email, "password": browser.user.password}
    is_page(await stranger.ask("POST", f"{stranger.path}/login", filled_in), 400)
    assert len(stranger.cookies) == 1
    consent = await browser.sign_in(login)
    await stranger.code(changed(AZ, scope="openid"))
    filled_in = {**form_of(consent)[1], "decision": "allow"}
    is_page(await stranger.ask("POST", f"{stranger.path}/consent", filled_in), 400)


@pytest.mark.parametrize(("home", "abroad"), [("acme", "root"), ("root", "acme"), ("acme", "other")])
@requirement("house:issuers-of-one-host-are-strangers")
async def test_a_trip_to_an_identity_provider_ends_where_it_began(street: Street, home: str, abroad: str) -> None:
    async with street.provider(home, abroad) as corp:
        browser = street.browser(home)
        page = await browser.get(browser.path + authorize(AZ))
        departed = await browser.submit(page, provider="corp")
        back = corp.sign_in(departed.headers["location"])
        path, _, query = back.partition("?")
        assert path == f"{browser.path}/callback/corp"

        stranger = street.browser(abroad)
        own, theirs = street.cookies(home), street.cookies(abroad)
        renamed = {name.replace(own.upstream, theirs.upstream): value for name, value in browser.cookies.items()}
        renamed[theirs.browser] = browser.cookies[own.browser]
        stranger.cookies = {**browser.cookies, **renamed}
        is_page(await stranger.get(f"{stranger.path}/callback/corp?{query}"), 400)
        assert theirs.session not in stranger.cookies

        arrived = await browser.get(back)
        assert arrived.headers["location"].startswith(f"{ISSUERS[home]}/authorize?")
        assert own.session in browser.cookies


# --- one jar


@pytest.mark.parametrize("name", ["acme", "team", "lone"])
async def test_a_cookie_is_for_the_host_and_named_after_its_issuer(street: Street, name: str) -> None:
    browser, uid = street.browser(name), street.house.registry.tenant(name).listing.uid
    page = await browser.get(browser.path + authorize(AZ))
    answer = await browser.submit(page, email=browser.user.email, password=browser.user.password)
    for kind, line in (("browser", page.headers["set-cookie"]), ("session", answer.headers["set-cookie"])):
        assert line.startswith(f"__Host-{kind}.{uid[:8]}=")
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_one_browser_is_signed_in_at_each_and_signs_out_of_one(street: Street) -> None:
    names = ("root", "acme", "team", "other")
    browsers = {name: street.browser(name) for name in names}
    jar = browsers["root"].cookies
    for browser in browsers.values():
        browser.cookies = jar
        await browser.code()
    assert {street.cookies(name).session for name in names} <= jar.keys()

    async def signed_in(name: str) -> bool:
        browser = browsers[name]
        return "code" in returned(await browser.get(browser.path + authorize(changed(AZ, prompt="none"))))

    assert [name for name in names if await signed_in(name)] == [*names]
    leaving = browsers["acme"]
    await leaving.submit(await leaving.get("/acme/logout"))
    assert [name for name in names if await signed_in(name)] == ["root", "team", "other"]


async def test_trips_from_one_issuer_leave_those_from_another_alone(street: Street) -> None:
    async with street.provider("acme", "root"):
        jar: dict[str, str] = {}
        for name in ("acme", *["root"] * 5):
            browser = street.browser(name)
            browser.cookies = jar
            page = await browser.get(browser.path + authorize(changed(AZ, prompt="login", state="s" * 500)))
            assert (await browser.submit(page, provider="corp")).status_code == 303
        trips = [name for name in jar if name.startswith(street.cookies("acme").upstream)]
        assert len(trips) == 1
        assert 1 < len([name for name in jar if name.startswith(f"{street.cookies('root').upstream}-")]) < 5


async def test_a_browser_carries_a_bounded_load_however_many_issuers_it_visits(tmp_path: Path) -> None:
    async with running_house(tmp_path) as house:
        foreign = {"__Host-session": "another program's", "session.deadbeef": "x" * 900, "theirs": "y" * 900}
        jar = dict(foreign)
        browsers: list[Browser] = []
        for number in range(40):
            await house.issuer(f"i{number}", f"https://auth.test/{number}")
            await house.client(f"i{number}", "P", **PUBLIC)
            browser = Browser(house, 0, "auth.test", f"/{number}")
            browser.cookies = jar
            browsers.append(browser)
            await browser.code(changed(AZ, scope="openid"))
            carried = sum(len(f"{name}={value}") for name, value in jar.items() if name not in foreign)
            assert carried <= MAX_OF_OTHERS + 400
        assert foreign.items() <= jar.items()
        silent = authorize(changed(AZ, scope="openid", prompt="none"))
        signed_in = ["code" in returned(await browser.get(browser.path + silent)) for browser in browsers]
        assert signed_in[-20:] == [True] * 20
        assert signed_in[:5] == [False] * 5
        oldest = browsers[signed_in.index(True)]
        assert await oldest.code(changed(AZ, scope="openid", prompt="login")), "what it brings itself is not in its way"
