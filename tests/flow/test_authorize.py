"""GET /authorize, asked in every wrong way: what can only be shown is shown, what the client may hear is sent back."""

from urllib.parse import urlencode

import pytest

from tests.flow.town import Town, disable_client, disable_user
from tests.support.browser import Browser, form_of
from tests.support.clients import (
    AZ,
    CALLBACK,
    ISSUER,
    PUBLIC,
    RESOURCE,
    RG,
    TK,
    Pairs,
    authorize,
    changed,
    claims,
    is_page,
    refused,
    returned,
    sent_back,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def twice(name: str, value: str) -> Pairs:
    return [*AZ, (name, value)]


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param(changed(AZ, client_id="nope"), id="AZ-01"),
        pytest.param(changed(AZ, client_id=None), id="AZ-02-missing"),
        pytest.param(changed(AZ, client_id=""), id="AZ-02-empty"),
        pytest.param([], id="AZ-02-nothing"),
        pytest.param(twice("client_id", "K"), id="AZ-03"),
        pytest.param([("client_id", "K"), *AZ], id="AZ-03-other-order"),
        pytest.param(twice("client_id", "P"), id="AZ-03-same"),
        pytest.param(twice("redirect_uri", "https://evil.test/"), id="AZ-04"),
        pytest.param([("redirect_uri", "https://evil.test/"), *AZ], id="AZ-04-other-order"),
    ],
)
async def test_without_a_proven_client_and_redirect_uri_nobody_is_sent_anywhere(town: Town, parameters: Pairs) -> None:
    is_page(await town.user.get(authorize(parameters)))


@pytest.mark.parametrize(
    ("parameters", "error", "state"),
    [
        pytest.param(twice("state", "s2"), "invalid_request", None, id="AZ-05-state"),
        pytest.param(twice("scope", "mcp"), "invalid_request", "s1", id="AZ-05-scope"),
        pytest.param(twice("code_challenge", "x"), "invalid_request", "s1", id="AZ-05-code_challenge"),
        pytest.param(twice("response_type", "code"), "invalid_request", "s1", id="AZ-05-response_type"),
        pytest.param([*AZ, ("prompt", "login"), ("prompt", "none")], "invalid_request", "s1", id="AZ-05-prompt"),
        pytest.param(changed(AZ, response_type=None), "invalid_request", "s1", id="AZ-07-missing"),
        *(
            pytest.param(changed(AZ, response_type=wrong), "unsupported_response_type", "s1", id=f"AZ-07-{wrong}")
            for wrong in ("token", "id_token token", "code token", "none", "code id_token", "CODE")
        ),
        *(
            pytest.param(changed(AZ, response_mode=wrong), "invalid_request", "s1", id=f"AZ-09-{wrong}")
            for wrong in ("fragment", "form_post", "web_message", "jwt", "query.jwt", "x")
        ),
        pytest.param(changed(AZ, scope="root"), "invalid_scope", "s1", id="AZ-10-unknown"),
        pytest.param(changed(AZ, scope="admin\nroot"), "invalid_scope", "s1", id="AZ-10-newline"),
        pytest.param(changed(AZ, scope='m"cp'), "invalid_scope", "s1", id="AZ-10-quote"),
        pytest.param(changed(AZ, scope="m\\cp"), "invalid_scope", "s1", id="AZ-10-backslash"),
        pytest.param(
            changed(AZ, scope=" ".join(f"s{n}" for n in range(2_000))), "invalid_scope", "s1", id="AZ-10-many"
        ),
        pytest.param(changed(AZ, state="x" * 8_192), "invalid_request", None, id="AZ-12-8KiB"),
        pytest.param(changed(AZ, state="a\0b"), "invalid_request", None, id="AZ-12-nul"),
        pytest.param([*AZ, ("request_uri", "https://evil.test/x")], "request_uri_not_supported", "s1", id="AZ-14-uri"),
        pytest.param([*AZ, ("request", "e30.e30.")], "request_not_supported", "s1", id="AZ-14-object"),
        pytest.param([*AZ, ("prompt", "none login")], "invalid_request", "s1", id="AZ-17"),
        pytest.param([*AZ, ("prompt", "yes")], "invalid_request", "s1", id="AZ-17-unknown"),
        *(
            pytest.param([*AZ, ("max_age", wrong)], "invalid_request", "s1", id=f"AZ-18-{wrong[:5]}")
            for wrong in ("-1", "abc", "1e9", "1_0", "１０", " 7 ", "9" * 5_000)
        ),
        *(
            pytest.param(changed(AZ, resource=wrong), "invalid_target", "s1", id=f"AZ-20-{wrong}")
            for wrong in (
                "mcp",
                f"{RESOURCE}#f",
                "javascript:alert(1)",
                "https://evil.test",
                "https://b.test",
                "http://mcp.test/mcp",
                "https://u@mcp.test/mcp",
                "https://mcp.test/mcp/..",
            )
        ),
        pytest.param(twice("resource", "https://mcp.test/other"), "invalid_target", "s1", id="AZ-21"),
    ],
)
async def test_what_the_client_did_wrong_is_told_to_the_client(
    town: Town, parameters: Pairs, error: str, state: str | None
) -> None:
    sent_back(await town.user.get(authorize(parameters)), error, state=state)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        pytest.param("POST", "/authorize?client_id=P", id="AZ-06"),
        pytest.param("POST", authorize(AZ), id="AZ-06-whole"),
        pytest.param("PUT", authorize(AZ), id="AZ-23-PUT"),
        pytest.param("DELETE", authorize(AZ), id="AZ-23-DELETE"),
        pytest.param("OPTIONS", authorize(AZ), id="AZ-23-OPTIONS"),
    ],
)
async def test_an_authorization_request_comes_by_get_alone(town: Town, method: str, target: str) -> None:
    answer = await town.ask(method, target, form={"client_id": "K"}, headers=[("Origin", "https://x.test")])
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("method", [pytest.param("HEAD", id="AZ-23-HEAD")])
async def test_head_is_get_without_a_body(town: Town, method: str) -> None:
    answer = await Browser(town.house).ask(method, authorize(AZ))
    assert answer.status_code in (200, 405)
    assert not answer.content


@pytest.mark.parametrize("step", [pytest.param("login", id="AZ-08-login"), pytest.param("consent", id="AZ-08-consent")])
async def test_a_later_step_cannot_change_the_response_type(town: Town, step: str) -> None:
    browser = Browser(town.house)
    page = await browser.get(authorize([*changed(AZ, client_id="K"), ("prompt", "consent")]))
    more = {"response_type": "token", "client_id": "P"}
    signed_in = await browser.submit(
        page, email=browser.user.email, password=browser.user.password, **(more if step == "login" else {})
    )
    consent = await browser.follow(signed_in)
    answer = await browser.submit(consent, decision="allow", **(more if step == "consent" else {}))
    assert returned(answer).keys() == {"code", "state", "iss"}


@pytest.mark.parametrize("asked", [pytest.param("mcp admin", id="AZ-11")])
async def test_a_client_gets_no_scope_that_it_is_not_registered_for(town: Town, asked: str) -> None:
    await town.house.client("a", "narrow", **PUBLIC, scope="mcp")
    code = await town.user.code(changed(AZ, client_id="narrow", scope=asked))
    answer = await town.token(changed(TK, client_id="narrow", code=code))
    assert answer.json()["scope"] == "mcp"


@pytest.mark.parametrize(
    "state",
    [
        pytest.param("\r\nSet-Cookie: x=1", id="AZ-12-crlf"),
        pytest.param("#", id="AZ-12-fragment"),
        pytest.param("x&code=y", id="AZ-12-ampersand"),
        pytest.param("a\u2028b é 日本", id="AZ-12-unicode"),
        pytest.param('"><script>alert(1)</script>', id="AZ-12-script"),
        pytest.param("%2B+ %", id="AZ-12-escapes"),
        pytest.param("x" * 4_096, id="AZ-12-4KiB"),
    ],
)
async def test_state_comes_back_letter_by_letter(town: Town, state: str) -> None:
    answer = await town.user.answer_to(changed(AZ, state=state))
    assert returned(answer)["state"] == state
    assert "set-cookie" not in answer.headers
    page = await Browser(town.house).get(authorize(changed(AZ, state=state)))
    assert "<script" not in page.text


@pytest.mark.parametrize(
    "more",
    [
        pytest.param([("foo", "1"), ("foo", "2")], id="AZ-13"),
        pytest.param([("max_age", "600")], id="AZ-18-good"),
        pytest.param([("response_mode", "query")], id="AZ-09-good"),
    ],
)
async def test_what_the_server_does_not_know_it_ignores(town: Town, more: Pairs) -> None:
    assert "code" in returned(await town.user.get(authorize([*AZ, *more])))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param("[]", id="AZ-29-list"),
        pytest.param('{"id_token":1}', id="AZ-29-shape"),
        pytest.param("[" * 2_000, id="AZ-29-deep"),
    ],
)
async def test_claims_of_another_form_than_openid_connect_has_are_refused(town: Town, claims: str) -> None:
    sent_back(await town.user.get(authorize([*AZ, ("claims", claims)])), "invalid_request")


@pytest.mark.parametrize("prompt", [pytest.param("none", id="AZ-15")])
async def test_prompt_none_without_a_session_asks_nobody(town: Town, prompt: str) -> None:
    sent_back(await Browser(town.house).get(authorize([*AZ, ("prompt", prompt)])), "login_required")


@pytest.mark.parametrize("prompt", [pytest.param("none", id="AZ-16")])
async def test_prompt_none_without_consent_gives_no_code(town: Town, prompt: str) -> None:
    await town.house.client("a", "unseen", **PUBLIC)
    asked = [*changed(AZ, client_id="unseen"), ("prompt", prompt)]
    sent_back(await town.user.get(authorize(asked)), "consent_required")
    stranger = (await town.ask("POST", "/register", json=RG)).json()["client_id"]
    is_page(await town.user.get(authorize(changed(asked, client_id=stranger))))


@pytest.mark.parametrize(
    "wish",
    [pytest.param(("max_age", "0"), id="AZ-19-max_age"), pytest.param(("prompt", "login"), id="AZ-19-prompt")],
)
async def test_a_wish_for_a_fresh_sign_in_is_granted(town: Town, wish: tuple[str, str]) -> None:
    town.clock.now += 7
    asked = [*changed(AZ, scope="openid", resource=None), wish]
    page = await town.user.get(authorize(asked))
    assert form_of(page)[0] == "/login"
    answer = await town.user.sign_in(page)
    code = returned(answer if answer.is_redirect else await town.user.allow(answer))["code"]
    tokens = (await town.token(changed(TK, code=code))).json()
    assert claims(tokens["id_token"])["auth_time"] == town.clock.now


@pytest.mark.parametrize("scope", [pytest.param("bad", id="AZ-22")])
async def test_a_stranger_cannot_use_an_error_to_send_a_browser_away(town: Town, scope: str) -> None:
    phish = "https://phish.test/"
    stranger = (await town.ask("POST", "/register", json={**RG, "redirect_uris": [phish]})).json()["client_id"]
    asked = changed(AZ, client_id=stranger, redirect_uri=phish, scope=scope)
    for browser in (Browser(town.house), town.user):
        page = await browser.get(authorize(asked))
        is_page(page)
        assert f'href="{phish}?error=invalid_scope' in page.text  # a link, for the user to follow or not
    await town.user.code(changed(asked, scope="mcp"), to=phish)
    sent_back(await town.user.get(authorize(asked)), "invalid_scope", to=phish)


@pytest.mark.parametrize("late", [pytest.param(601, id="AZ-24")])
async def test_a_code_does_not_live_long(town: Town, late: int) -> None:
    code = await town.user.code()
    town.clock.now += late
    refused(await town.token(changed(TK, code=code)), 400, "invalid_grant")


@pytest.mark.parametrize("path", [pytest.param("/.well-known/oauth-authorization-server", id="AZ-25")])
async def test_every_answer_says_whose_it_is(town: Town, path: str) -> None:
    published = (await town.ask("GET", path)).json()
    assert published["authorization_response_iss_parameter_supported"] is True
    assert returned(await town.user.get(authorize()))["iss"] == published["issuer"] == ISSUER
    assert returned(await town.user.get(authorize(changed(AZ, scope="x"))))["iss"] == ISSUER


@pytest.mark.parametrize("status", [pytest.param(303, id="AZ-26")])
async def test_a_form_is_never_posted_on_to_the_client(town: Town, status: int) -> None:
    browser = Browser(town.house)
    page = await browser.get(authorize([*AZ, ("prompt", "consent")]))
    signed_in = await browser.submit(page, email=browser.user.email, password=browser.user.password)
    assert signed_in.status_code == status
    assert (await browser.allow(await browser.follow(signed_in))).status_code == status


@pytest.mark.parametrize(
    ("what", "status"),
    [
        pytest.param("client", 400, id="AZ-27-client"),
        pytest.param("user", 400, id="AZ-27-user"),
        pytest.param("issuer", 403, id="AZ-27-issuer"),
    ],
)
async def test_who_is_disabled_during_a_flow_gets_no_code(fresh: Town, what: str, status: int) -> None:
    page = await fresh.user.get(authorize([*AZ, ("prompt", "consent")]))
    if what == "client":
        await disable_client(fresh.house, "P")
    elif what == "user":
        await disable_user(fresh.house, fresh.user.user.email)
    else:
        await fresh.house.registry.disable("a")
    is_page(await fresh.user.allow(page), status)


@pytest.mark.parametrize("query", [pytest.param("iss=https://evil.test&code=1", id="AZ-28")])
async def test_no_client_can_bring_its_own_answer(town: Town, query: str) -> None:
    answer = await town.ask("POST", "/register", json={**RG, "redirect_uris": [f"{CALLBACK}?{query}"]})
    refused(answer, 400, "invalid_redirect_uri")


async def test_a_registered_query_is_kept_before_the_answer(town: Town) -> None:
    back = f"{CALLBACK}?tenant=7"
    await town.house.client("a", "query", **{**PUBLIC, "redirect_uris": [back]})
    answer = await town.user.answer_to(changed(AZ, client_id="query", redirect_uri=back))
    assert answer.headers["location"].startswith(f"{back}&code=")
    assert returned(answer, back).keys() == {"tenant", "code", "state", "iss"}


async def test_get_authorize_writes_nothing(town: Town) -> None:
    def commits() -> float | None:
        return town.house.metrics.registry.get_sample_value("tenantry_commits_total", {"wrote": "true"})

    before = commits()
    for parameters in (AZ, changed(AZ, client_id="nope"), changed(AZ, scope="bad")):
        await Browser(town.house).get(authorize(urlencode(parameters)))
    assert commits() == before
