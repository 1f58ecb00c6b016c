"""The defects of the seed that this house must not have, each by its number in the seed's list.

What is the same sentence as a test elsewhere is pointed to. Left out is what has no counterpart here: identity
providers outside the house (15 to 18), payments (41, 42) and in-memory indexes (43).
"""

from collections.abc import Callable

import pytest
from joserfc.jwk import ECKey

from tenants.acts.who import recognise
from tenants.oauth.claims import Profile
from tenants.records import User
from tenants.turn import Turn
from tests.flow import (
    test_authorize,
    test_consent,
    test_cors,
    test_hosts,
    test_http_limits,
    test_jwt_confusion,
    test_published,
    test_redirect_uri_http,
    test_refresh,
    test_register_http,
    test_revoke_introspect,
    test_secrets,
    test_session,
    test_token,
)
from tests.flow.town import Town
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, CHALLENGE, ISSUER, RESOURCE, TK, authorize, changed, claims, is_page, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROVEN_BY: dict[int, Callable[..., object]] = {
    2: test_jwt_confusion.test_the_algorithm_is_the_one_of_the_key,
    3: test_hosts.test_no_header_overrules_the_host,
    6: test_consent.test_a_new_client_is_never_waved_through_on_an_old_session,
    7: test_refresh.test_a_spent_token_that_comes_back_ends_the_grant,
    8: test_refresh.test_many_refreshes_at_once_make_one_chain,
    9: test_token.test_a_code_used_twice_ends_what_it_gave,
    10: test_token.test_a_code_of_one_client_is_nothing_to_another,
    12: test_revoke_introspect.test_a_wrong_hint_hinders_nothing,
    13: test_revoke_introspect.test_a_token_is_shown_in_the_body_of_a_post_by_somebody_known,
    14: test_authorize.test_what_the_client_did_wrong_is_told_to_the_client,
    19: test_consent.test_a_page_that_lay_open_for_too_long_counts_no_more,
    20: test_secrets.test_no_secret_of_a_flow_is_found_outside_it,
    22: test_published.test_a_key_is_published_before_it_signs_and_after,
    23: test_redirect_uri_http.test_a_dangerous_redirect_uri_cannot_be_registered,
    24: test_register_http.test_a_secret_is_shown_once_and_never_kept_by_the_way,
    25: test_token.test_only_the_registered_method_counts,
    26: test_redirect_uri_http.test_another_redirect_uri_at_the_token_endpoint_gets_nothing,
    31: test_session.test_development_never_meets_the_public,
    32: test_register_http.test_a_body_with_no_or_two_meanings_registers_nobody,
    33: test_token.test_tokens_are_not_to_be_kept,
    34: test_token.test_a_malformed_or_wrong_header_proves_nobody,
    35: test_authorize.test_without_a_proven_client_and_redirect_uri_nobody_is_sent_anywhere,
    36: test_published.test_what_is_advertised_is_there_and_nothing_else,
    37: test_refresh.test_who_is_gone_refreshes_nothing,
    39: test_jwt_confusion.test_a_header_that_we_never_write_was_not_written_here,
    40: test_cors.test_a_page_may_ask_the_client_side,
    46: test_secrets.test_the_log_has_paths_and_no_queries,
    47: test_revoke_introspect.test_giving_back_what_is_no_token_is_no_error,
    49: test_http_limits.test_a_body_that_is_too_large_is_not_waited_for,
}
HERE = {1, 4, 5, 11, 21, 27, 28, 29, 30, 38, 44, 45, 48}
NO_COUNTERPART = {15, 16, 17, 18, 41, 42, 43}


async def test_no_defect_of_the_list_is_forgotten() -> None:
    assert sorted([*PROVEN_BY, *HERE, *NO_COUNTERPART]) == list(range(1, 50))
    assert len({proof.__qualname__ for proof in PROVEN_BY.values()}) == len(PROVEN_BY)


@pytest.mark.parametrize("prefix", [pytest.param(text, id=f"seed-01-{text}") for text in ("", "pending:", "login:")])
async def test_nothing_but_a_code_is_redeemed(town: Town, prefix: str) -> None:
    page = await Browser(town.house).get(authorize())
    _, fields = form_of(page)
    for record in (fields["ticket"], "s1", page.headers["set-cookie"].partition("=")[2].partition(";")[0]):
        refused(await town.token(changed(TK, code=prefix + record)), 400, "invalid_grant")


@pytest.mark.parametrize("target", ["https://evil.test/x", "//evil.test", "javascript:alert(1)", "/\\evil.test"])
@pytest.mark.parametrize("name", [pytest.param("returnTo", id="seed-04"), pytest.param("return_to", id="seed-48")])
async def test_a_sign_in_leads_nowhere_but_back(town: Town, name: str, target: str) -> None:
    is_page(await town.user.get(f"/login?{name}={target}"))  # where there are apps to sign in to: test_first_party.py
    browser = Browser(town.house)
    page = await browser.get(f"{authorize()}&{name}={target}")
    answer = await browser.submit(
        page, email=browser.user.email, password=browser.user.password, **{name: target, "next": target}
    )
    assert answer.headers["location"].startswith(f"{ISSUER}/authorize?response_type=code&")
    refused(await town.ask("POST", "/exchange", json={"code": "x"}), 400, "invalid_request")


def seen(provider: str, subject: str, email: str | None) -> Callable[[Turn, None], User]:
    return lambda turn, _: recognise(turn, Profile(provider=provider, subject=subject, email=email))


@pytest.mark.parametrize(
    "email", [pytest.param("same@example.com", id="seed-05"), pytest.param("", id="seed-05-empty")]
)
async def test_an_e_mail_address_names_nobody(town: Town, email: str) -> None:
    run = town.house.registry.tenant("a").actor.run
    one = await run(seen("first", f"{email}-1", email), None)
    two = await run(seen("second", f"{email}-1", email), None)
    three = await run(seen("first", f"{email}-2", email), None)
    assert len({one.id, two.id, three.id}) == 3
    assert (await run(seen("first", f"{email}-1", email), None)).id == one.id


@pytest.mark.parametrize("subject", [pytest.param("moves", id="seed-44")])
async def test_an_address_that_a_user_left_leads_to_nobody(town: Town, subject: str) -> None:
    run = town.house.registry.tenant("a").actor.run
    one = await run(seen("first", subject, "old@example.com"), None)
    assert (await run(seen("first", subject, "new@example.com"), None)).id == one.id
    assert (await run(seen("first", "another", "old@example.com"), None)).id != one.id


@pytest.mark.parametrize("form", [pytest.param("jwt", id="seed-11")])
async def test_a_token_says_whom_it_is_for(town: Town, form: str) -> None:
    token = (await town.tokens())["access_token"]
    assert test_jwt_confusion.header_of(token)["typ"] == "at+jwt"
    told = claims(token)
    assert (told["aud"], told["client_id"], told["iss"]) == (RESOURCE, "P", ISSUER)
    assert told["jti"]


@pytest.mark.parametrize("times", [pytest.param(2, id="seed-21")])
async def test_keys_and_sessions_outlive_a_restart(fresh: Town, times: int) -> None:
    before = (await fresh.ask("GET", "/.well-known/jwks.json")).content
    token = (await fresh.tokens())["access_token"]
    for _ in range(times):
        await fresh.house.restart()
        assert (await fresh.ask("GET", "/.well-known/jwks.json")).content == before
        assert (await fresh.introspect(token))["active"] is True
        assert await fresh.user.code()


@pytest.mark.parametrize("header", [pytest.param(("X-Issuer", "https://b.test"), id="seed-27")])
async def test_a_refresh_keeps_the_issuer(town: Town, header: tuple[str, str]) -> None:
    given = await town.tokens(headers=[header])
    form = [("grant_type", "refresh_token"), ("refresh_token", given["refresh_token"]), ("client_id", "P")]
    later = (await town.token(form, headers=[header])).json()
    assert {claims(tokens["access_token"])["iss"] for tokens in (given, later)} == {ISSUER}


@pytest.mark.parametrize("client_id", [pytest.param("nope", id="seed-28"), pytest.param("P", id="seed-28-known")])
async def test_a_sign_in_without_a_request_gives_no_code(town: Town, client_id: str) -> None:
    form = {
        "email": "u@example.com",
        "password": "correct horse",
        "client_id": client_id,
        "redirect_uri": "https://evil.test/",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    answer = await Browser(town.house).ask("POST", "/login", form)
    is_page(answer)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("target", [pytest.param("/login", id="seed-29"), pytest.param(authorize(), id="seed-29-flow")])
async def test_nobody_is_signed_in_without_credentials(town: Town, target: str) -> None:
    answer = await town.ask("GET", target)
    assert answer.status_code in (200, 400)
    assert "session" not in answer.headers.get("set-cookie", "")
    assert "location" not in answer.headers


@pytest.mark.parametrize("name", [pytest.param("email", id="seed-30"), pytest.param("ticket", id="seed-30-ticket")])
async def test_no_field_of_a_form_becomes_a_part_of_the_page(town: Town, name: str) -> None:
    browser = Browser(town.house)
    page = await browser.get(authorize())
    fields = {"email": "x", "password": "x", name: '"><script>alert(1)</script>'}
    answer = await browser.submit(page, **fields)
    assert "<script" not in answer.text
    assert "error=" not in answer.headers.get("location", "")


@pytest.mark.parametrize("again", [pytest.param(2, id="seed-38")])
async def test_a_new_grant_revives_no_old_one(town: Town, again: int) -> None:
    old = await town.tokens(changed(AZ, scope="mcp email"))
    await town.ask("POST", "/revoke", form={"token": old["refresh_token"], "client_id": "P"})
    for _ in range(again):
        assert (await town.tokens())["scope"] == "mcp"
    refused(await town.refresh(old["refresh_token"]), 400, "invalid_grant")
    assert await town.introspect(old["access_token"]) == {"active": False}


@pytest.mark.parametrize("count", [pytest.param(2, id="seed-45")])
async def test_a_key_is_named_by_what_it_is(town: Town, count: int) -> None:
    keys = (await town.ask("GET", "/.well-known/jwks.json")).json()["keys"]
    assert len(keys) == count
    assert [key["kid"] for key in keys] == [ECKey.import_key(key).thumbprint() for key in keys]
