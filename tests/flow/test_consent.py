"""The consent page: nothing goes to a client before this user, in this browser, said yes to this client."""

import re

import pytest

from tenants.records import ResourceScope
from tests.flow.town import Town
from tests.support.browser import Browser, form_of
from tests.support.clients import (
    AZ,
    CALLBACK,
    PUBLIC,
    RG,
    Pairs,
    authorize,
    changed,
    is_page,
    refused,
    returned,
    sent_back,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKING = [*AZ, ("prompt", "consent")]


async def stranger(town: Town, **metadata: object) -> str:
    answer = await town.ask("POST", "/register", json={**RG, **metadata})
    assert answer.status_code == 201, answer.text
    return answer.json()["client_id"]


async def asks(town: Town, parameters: Pairs) -> bool:
    """Whether the user, who is signed in, is asked before the client gets its code."""
    answer = await town.user.get(authorize(parameters))
    if answer.status_code == 200:
        assert form_of(answer)[0] == "/consent"
        return True
    assert "code" in returned(answer, dict(parameters)["redirect_uri"])
    return False


@pytest.mark.parametrize("name", [pytest.param("Stranger <1>", id="CO-01")])
async def test_a_new_client_is_never_waved_through_on_an_old_session(town: Town, name: str) -> None:
    client_id = await stranger(town, client_name=name, redirect_uris=["https://stranger.test:8443/cb"])
    asked = changed(AZ, client_id=client_id, redirect_uri="https://stranger.test:8443/cb", scope="mcp email")
    page = await town.user.get(authorize(asked))
    assert page.status_code == 200
    for shown in ("Stranger &lt;1&gt;", "stranger.test:8443", "mcp", "email", "u@example.com"):
        assert shown in page.text


@pytest.mark.parametrize("victim", [pytest.param(1, id="CO-03-other-user"), pytest.param(0, id="CO-03-other-browser")])
async def test_a_page_of_one_browser_cannot_be_answered_from_another(town: Town, victim: int) -> None:
    page = await town.user.get(authorize(ASKING))
    other = Browser(town.house, victim)
    await other.code()
    is_page(await other.allow(page))
    assert "code" in returned(await town.user.allow(page))  # and it is not spent by the attempt


@pytest.mark.parametrize(
    ("ticket", "status"),
    [
        pytest.param(None, 400, id="CO-04-missing"),
        pytest.param("", 400, id="CO-04-empty"),
        pytest.param("AAAA", 400, id="CO-04-wrong"),
        pytest.param("é", 400, id="CO-04-odd"),
        pytest.param("A" * 4_000, 400, id="CO-04-long"),
    ],
)
async def test_without_its_ticket_a_decision_counts_nothing(town: Town, ticket: str | None, status: int) -> None:
    client_id = await stranger(town)
    await town.user.get(authorize(changed(AZ, client_id=client_id)))
    form = {"decision": "allow"} | ({} if ticket is None else {"ticket": ticket})
    is_page(await town.user.ask("POST", "/consent", form), status)
    assert await asks(town, changed(AZ, client_id=client_id))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("Origin", "https://evil.test")], id="CO-05-origin"),
        pytest.param([("Origin", "https://a.test.evil.test")], id="CO-05-origin-suffix"),
        pytest.param([("Origin", "http://a.test")], id="CO-05-origin-scheme"),
        pytest.param([("Origin", "https://b.test")], id="CO-05-other-issuer"),
        pytest.param([("Sec-Fetch-Site", "cross-site")], id="CO-05-fetch-metadata"),
        pytest.param([("Sec-Fetch-Site", "same-site")], id="CO-05-neighbour"),
        pytest.param([("Origin", "null"), ("Sec-Fetch-Site", "cross-site")], id="CO-05-opaque"),
    ],
)
async def test_a_form_that_another_site_sent_is_refused(town: Town, headers: Pairs) -> None:
    page = await town.user.get(authorize(ASKING))
    is_page(await town.user.submit(page, headers, decision="allow"), 403)
    assert "code" in returned(await town.user.allow(page))


@pytest.mark.parametrize(
    "first", [pytest.param("allow", id="CO-06-after-allow"), pytest.param("deny", id="CO-06-after-deny")]
)
async def test_a_page_is_answered_once(town: Town, first: str) -> None:
    page = await town.user.get(authorize(ASKING))
    assert (await town.user.submit(page, decision=first)).status_code == 303
    is_page(await town.user.submit(page, decision="allow"))


@pytest.mark.parametrize("later", [pytest.param(600, id="CO-06-late")])
async def test_a_page_that_lay_open_for_too_long_counts_no_more(town: Town, later: int) -> None:
    page = await town.user.get(authorize(ASKING))
    town.clock.now += later
    is_page(await town.user.allow(page))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("client_id", "K", id="CO-07-client_id"),
        pytest.param("scope", "mcp admin", id="CO-07-scope"),
        pytest.param("redirect_uri", "https://evil.test/", id="CO-07-redirect_uri"),
        pytest.param("resource", "https://mcp.test/other", id="CO-07-resource"),
        pytest.param("state", "other", id="CO-07-state"),
    ],
)
async def test_what_the_page_showed_is_what_counts(town: Town, name: str, value: str) -> None:
    page = await town.user.get(authorize(ASKING))
    told = returned(await town.user.submit(page, decision="allow", **{name: value}))
    assert told["state"] == "s1"
    form = [
        ("grant_type", "authorization_code"),
        ("code", told["code"]),
        ("client_id", "P"),
        ("redirect_uri", CALLBACK),
    ]
    tokens = (await town.token([*form, ("code_verifier", "correct-verifier-of-the-one-who-asked-0123456789")])).json()
    assert tokens["scope"] == "mcp"
    assert (await town.introspect(tokens["access_token"]))["aud"] == "https://mcp.test/mcp"


async def test_a_consent_covers_what_was_shown_and_no_more(town: Town) -> None:
    uris = [CALLBACK, "https://app.test/2"]
    await town.house.client("a", "C", **{**PUBLIC, "redirect_uris": uris})
    first = changed(AZ, client_id="C", scope="mcp email")
    await town.user.code(first)
    assert not await asks(town, first)
    assert not await asks(town, changed(first, scope="mcp"))
    for more in (
        {"scope": "mcp admin"},
        {"resource": "https://mcp.test/other"},
        {"resource": None},
        {"redirect_uri": uris[1]},
    ):
        assert await asks(town, changed(first, **more)), f"CO-08 {more}"


@pytest.mark.parametrize("redirect", ["http://127.0.0.1/cb", "http://localhost/cb", "com.example.app:/cb"])
async def test_a_public_client_that_any_program_could_be_is_asked_for_every_time(town: Town, redirect: str) -> None:
    name = re.sub(r"\W+", "-", redirect)
    client, _ = await town.house.client("a", name, **{**PUBLIC, "redirect_uris": [redirect]})
    asked = changed(AZ, client_id=client.id, redirect_uri=redirect)
    await town.user.code(asked, to=redirect)
    assert await asks(town, asked)


async def test_a_loopback_client_that_proves_itself_is_not_asked_again_for_a_new_port(town: Town) -> None:
    await town.house.client("a", "with-secret", redirect_uris=["http://127.0.0.1/cb"])
    asked = changed(AZ, client_id="with-secret", redirect_uri="http://127.0.0.1:50001/cb")
    assert await asks(town, asked)
    await town.user.code(asked, to="http://127.0.0.1:50001/cb")
    assert not await asks(town, changed(asked, redirect_uri="http://127.0.0.1:50002/cb"))


@pytest.mark.parametrize("host", [pytest.param("b.test", id="CO-09")])
async def test_neither_session_nor_consent_of_one_issuer_is_known_at_another(town: Town, host: str) -> None:
    elsewhere = Browser(town.house, host=host)
    elsewhere.cookies = dict(town.user.cookies)
    page = await elsewhere.get(authorize(AZ))
    assert form_of(page)[0] == "/login"
    assert form_of(await elsewhere.sign_in(page))[0] == "/consent"


@pytest.mark.parametrize(
    ("name", "not_shown"),
    [
        pytest.param("<img src=x onerror=alert(1)>", "<img", id="CO-10-html"),
        pytest.param("evil\u202egoogle", "\u202e", id="CO-10-bidi"),
        pytest.param("a\u200bb\u0000c", "\u200b", id="CO-10-invisible"),
        pytest.param("N" * 9_000, "N" * 101, id="CO-10-long"),
        pytest.param("{{ 7*7 }}", "49", id="CO-10-template"),
        pytest.param("'\"` onload=x", '"` onload', id="CO-10-quotes"),
    ],
)
async def test_the_name_of_a_client_is_shown_harmlessly(town: Town, name: str, not_shown: str) -> None:
    client_id = await stranger(town, client_name=name)
    page = await town.user.get(authorize(changed(AZ, client_id=client_id)))
    assert page.status_code == 200
    assert not_shown not in re.sub(r'value="[^"]*"|issuer.*', "", page.text)
    assert "app.test" in page.text


@pytest.mark.parametrize("name", [pytest.param("   ", id="CO-10-spaces"), pytest.param("\u3164", id="CO-10-filler")])
async def test_a_client_without_a_visible_name_is_shown_by_its_id(town: Town, name: str) -> None:
    client_id = await stranger(town, client_name=name)
    assert client_id in (await town.user.get(authorize(changed(AZ, client_id=client_id)))).text


@pytest.mark.parametrize("member", ["logo_uri", "client_uri", "tos_uri", "policy_uri"])
@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("javascript:alert(1)", id="CO-11-javascript"),
        pytest.param("data:image/svg+xml,x", id="CO-11-data"),
        pytest.param("http://app.test/logo", id="CO-11-http"),
        pytest.param("https://10.0.0.1/logo", id="CO-11-address"),
        pytest.param("https://localhost/logo", id="CO-11-internal"),
        pytest.param("https://u:p@app.test/logo", id="CO-11-userinfo"),
    ],
)
async def test_pages_of_a_client_are_public_https_pages(town: Town, member: str, uri: str) -> None:
    refused(await town.ask("POST", "/register", json={**RG, member: uri}), 400, "invalid_client_metadata")


async def test_what_a_scope_implies_is_shown_below_it(fresh: Town) -> None:
    scopes = (
        ResourceScope(name="files:admin", description="Manage <files>", implies=("files:write",)),
        ResourceScope(name="files:write", implies=("files:read",)),
        ResourceScope(name="files:read", description="Read files"),
        ResourceScope(name="files:list", description="List files"),
    )
    await fresh.house.resource("a", "files", "https://files.test", scopes=scopes)
    asked = changed(AZ, resource="https://files.test", scope="files:admin files:read files:list openid")
    browser = Browser(fresh.house)
    page = await browser.sign_in(await browser.get(authorize(asked)))
    assert form_of(page)[0] == "/consent"
    words = " ".join(re.sub(r"<[^>]*>", " ", page.text).split())
    for shown in (
        "Manage &lt;files&gt; files:admin It includes: files:write Read files files:read List files files:list",
        "Know who you are openid",
    ):
        assert shown in words
    assert words.count("files:read") == 1
    assert words.count("It includes:") == 1


async def test_no_page_loads_anything_from_a_client(town: Town) -> None:
    client_id = await stranger(town, logo_uri="https://tracker.test/logo.png")
    page = await town.user.get(authorize(changed(AZ, client_id=client_id)))
    assert "tracker.test" not in page.text
    assert "<img" not in page.text


@pytest.mark.parametrize("kind", ["sign-in", "consent", "problem", "sign-out", "failed sign-in"])
async def test_no_page_can_be_framed_or_made_to_run_a_script(town: Town, kind: str) -> None:
    browser = Browser(town.house)
    page = {
        "sign-in": lambda: browser.get(authorize()),
        "consent": lambda: town.user.get(authorize(ASKING)),
        "problem": lambda: browser.get(authorize(changed(AZ, client_id="nope"))),
        "sign-out": lambda: town.user.get("/logout"),
        "failed sign-in": lambda: browser.get(authorize()),
    }[kind]
    answer = await page()
    if kind == "failed sign-in":
        answer = await browser.submit(answer, email="u@example.com", password="wrong")
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
    assert policy["frame-ancestors"] == policy["default-src"] == policy["base-uri"] == "'none'"  # CO-12
    assert answer.headers["x-frame-options"] == "DENY"
    assert "form-action" not in policy  # CO-13: Chromium would stop the redirect to the client
    assert "script-src" not in policy
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script|\son\w+=|style=", answer.text, re.IGNORECASE)
    sources = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
    assert sources
    assert all(source.startswith("https://a.test/") for source in sources)  # LK-05


@pytest.mark.parametrize(
    "host", [pytest.param("127.0.0.1", id="CO-14-address"), pytest.param("localhost", id="CO-14-name")]
)
async def test_a_program_on_this_computer_is_called_one(town: Town, host: str) -> None:
    uri = f"http://{host}:4711/cb"
    client_id = await stranger(town, redirect_uris=[uri])
    page = await town.user.get(authorize(changed(AZ, client_id=client_id, redirect_uri=uri)))
    assert f"{host}:4711" in page.text
    assert "program on this computer" in page.text


@pytest.mark.parametrize("host", ["trusted.test", "localhost:4711"])
async def test_an_app_on_this_device_borrows_no_name_behind_its_scheme(town: Town, host: str) -> None:
    uri = f"com.example.app://{host}/cb"
    client_id = await stranger(town, redirect_uris=[uri])
    asked = authorize(changed(AZ, client_id=client_id, redirect_uri=uri))
    for page in (await town.user.get(asked), await Browser(town.house).get(asked)):
        assert page.status_code == 200
        assert "com.example.app:" in page.text
        assert host not in page.text
        assert "program on this computer" not in page.text


@pytest.mark.parametrize("decision", [pytest.param("deny", id="CO-15")])
async def test_no_is_told_to_the_client_and_gives_no_code(town: Town, decision: str) -> None:
    client_id = await stranger(town)
    page = await town.user.get(authorize(changed(AZ, client_id=client_id)))
    sent_back(await town.user.submit(page, decision=decision), "access_denied")
    assert await asks(town, changed(AZ, client_id=client_id))


@pytest.mark.parametrize("decision", [pytest.param("maybe", id="CO-18-word"), pytest.param("", id="CO-18-blank")])
async def test_only_allow_is_yes(town: Town, decision: str) -> None:
    page = await town.user.get(authorize(ASKING))
    is_page(await town.user.submit(page, decision=decision))


@pytest.mark.parametrize("wish", ["skip_consent", "first_party", "trusted", "is_first_party"])
async def test_no_client_can_register_itself_past_the_consent_page(town: Town, wish: str) -> None:
    answer = await town.ask("POST", "/register", json={**RG, wish: True, "require_consent": False})
    assert answer.status_code == 201
    assert not answer.json().keys() & {wish, "require_consent"}  # CO-17
    assert await asks(town, changed(AZ, client_id=answer.json()["client_id"]))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/consent", 400, id="CO-18-consent"),
        pytest.param("/login", 400, id="CO-18-login"),
        pytest.param("/logout", 400, id="CO-18-logout"),
        pytest.param("/callback/corp", 405, id="CO-18-callback"),
    ],
)
async def test_an_empty_form_passes_no_step(town: Town, path: str, status: int) -> None:
    for form in (None, {}):
        answer = await town.user.ask("POST", path, form)
        assert answer.status_code == status
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers
