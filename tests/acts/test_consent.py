"""The pages between a request and its answer: sign-in and consent, each once, in the browser that saw the page."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.asked import WhoAsks
from tenants.acts.authorize import Arrival, AskConsent, AskSignIn, Redirect, authorize
from tenants.acts.consent import Decision, decide
from tenants.acts.sign_in import Attempt, SignedIn, SignIn, ask_again, sign_in
from tenants.acts.sign_out import AskSignOut, Leaving, SignOut, leave, sign_out
from tenants.oauth.claims import Profile
from tenants.oauth.logout import LogoutRequest
from tenants.records import DAY, Identity, Policy
from tests.support.tenant import ALICE, BROWSER, ATenant, Registered, a_tenant, parameters, refusal_of

OTHER = "o" * 32
BOB = Profile(provider="dev", subject="bob", email="bob@example.com")


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


async def asked_to_sign_in(t: ATenant, client: Registered, **changes: str | None) -> AskSignIn:
    step = await t.authorize(client, **changes)
    assert isinstance(step, AskSignIn)
    return step


def proof(ticket: str, *, user: Profile = ALICE, browser: str | None = BROWSER, former: str | None = None) -> SignIn:
    return SignIn(ticket=ticket, browser=browser, profile=user, former_session=former)


async def session_of(t: ATenant, client: Registered, user: Profile = ALICE) -> str:
    """The cookie of a user who has just signed in."""
    return (await t.run(sign_in, proof((await asked_to_sign_in(t, client)).ticket, user=user))).session


async def asked_to_consent(t: ATenant, client: Registered, session: str, **changes: str | None) -> AskConsent:
    step = await t.authorize(client, session=session, **changes)
    assert isinstance(step, AskConsent)
    return step


def answer(ticket: str | None, session: str | None, *, allow: bool = True, browser: str | None = BROWSER) -> Decision:
    return Decision(ticket=ticket, browser=browser, session=session, allow=allow)


async def test_asking_for_the_page_writes_nothing(t: ATenant) -> None:
    client = await t.client()
    before = await t.dump()
    for _ in range(3):
        await asked_to_sign_in(t, client)
    assert await t.dump() == before


async def test_sign_in_then_consent_then_a_code_that_works(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    page = await asked_to_consent(t, client, session, scope="openid email")
    assert (page.user, [scope.name for scope in page.asks.scopes], page.asks.redirect_host) == (
        "alice@example.com",
        ["openid", "email"],
        "client.example",
    )
    done = await t.run(decide, answer(page.ticket, session))
    told = parameters(done.uri)
    assert (told["state"], told["iss"]) == ("s", t.tenant.uri)
    assert (await t.redeem(client, told["code"])).scope == "openid email"


async def test_a_page_is_answered_once(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    page = await asked_to_consent(t, client, session)
    await t.run(decide, answer(page.ticket, session))
    before = await t.dump()
    await refusal_of(t.run(decide, answer(page.ticket, session)), "invalid_request")
    assert await t.dump() == before


async def test_no_stays_no_for_that_page(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    page = await asked_to_consent(t, client, session)
    refusal = await refusal_of(t.run(decide, answer(page.ticket, session, allow=False)), "access_denied")
    assert parameters(refusal.redirect or "")["error"] == "access_denied"
    again = await refusal_of(t.run(decide, answer(page.ticket, session)), "invalid_request")
    assert again.redirect is None
    assert (await t.event_types())[-1] == "consent.denied"


async def test_a_page_belongs_to_its_browser_and_its_session(t: ATenant) -> None:
    client = await t.client()
    session, stranger = await session_of(t, client), await session_of(t, client, BOB)
    page = await asked_to_consent(t, client, session)
    before = await t.dump()
    for wrong in (
        answer(page.ticket, session, browser=OTHER),
        answer(page.ticket, session, browser=None),
        answer(page.ticket, stranger),
        answer(page.ticket, None),
        answer(page.ticket, "f" * 64),
        answer(None, session),
        answer(page.ticket[:-4] + "AAAA", session),
        answer("é", session),
    ):
        await refusal_of(t.run(decide, wrong), "invalid_request")
    assert await t.dump() == before
    assert await t.run(decide, answer(page.ticket, session))


async def test_a_sign_in_ticket_is_no_consent_ticket(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    asked = await asked_to_sign_in(t, client)
    await refusal_of(t.run(decide, answer(asked.ticket, session)), "invalid_request")
    page = await asked_to_consent(t, client, session)
    await refusal_of(t.run(sign_in, proof(page.ticket)), "invalid_request")


async def test_a_page_that_was_open_for_too_long_is_refused(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    page, asked = await asked_to_consent(t, client, session), await asked_to_sign_in(t, client)
    t.clock.forward(600)
    await refusal_of(t.run(decide, answer(page.ticket, session)), "invalid_request")
    await refusal_of(t.run(sign_in, proof(asked.ticket)), "invalid_request")


async def test_a_yes_is_remembered_for_what_was_allowed_and_no_more(t: ATenant) -> None:
    client, other = await t.client(), await t.client()
    session = await session_of(t, client)
    page = await asked_to_consent(t, client, session, scope="openid")
    await t.run(decide, answer(page.ticket, session))
    assert isinstance(await t.authorize(client, session=session, scope="openid"), Redirect)
    await asked_to_consent(t, client, session, scope="openid email")
    await asked_to_consent(t, client, session, scope="openid", resource="https://mcp.example")
    await asked_to_consent(t, client, session, scope="openid", prompt="consent")
    await asked_to_consent(t, other, session, scope="openid")
    await asked_to_consent(t, client, await session_of(t, client, BOB), scope="openid")


async def test_what_was_allowed_before_adds_up(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    for scope in ("openid", "email"):
        page = await asked_to_consent(t, client, session, scope=scope)
        await t.run(decide, answer(page.ticket, session))
    assert isinstance(await t.authorize(client, session=session, scope="openid email"), Redirect)


async def test_a_decision_is_checked_against_what_is_true_now(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    page = await asked_to_consent(t, client, session, scope="openid email")
    await t.policy(lambda policy: replace(policy, scopes=("openid",)))
    refusal = await refusal_of(t.run(decide, answer(page.ticket, session)), "invalid_scope")
    assert refusal.redirect is not None


async def test_a_client_that_was_removed_meanwhile_gets_nothing(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    page = await asked_to_consent(t, client, session)
    await t.run(lambda turn, _: turn.tx.clients.remove(client.id), None)
    refusal = await refusal_of(t.run(decide, answer(page.ticket, session)), "invalid_client")
    assert refusal.redirect is None


async def test_sign_in_spends_its_ticket_and_starts_a_session(t: ATenant) -> None:
    client = await t.client()
    asked = await asked_to_sign_in(t, client)
    done = await t.run(sign_in, proof(asked.ticket))
    assert isinstance(done, SignedIn)
    await refusal_of(t.run(sign_in, proof(asked.ticket)), "invalid_request")
    await asked_to_consent(t, client, done.session)


async def test_a_session_that_was_there_before_the_sign_in_is_dead_after_it(t: ATenant) -> None:
    client = await t.client()
    former = await session_of(t, client, BOB)
    asked = await asked_to_sign_in(t, client)
    new = (await t.run(sign_in, proof(asked.ticket, former=former))).session
    assert new != former
    assert isinstance(await t.authorize(client, session=former), AskSignIn)
    assert isinstance(await t.authorize(client, session=new), AskConsent)


async def test_only_the_digest_of_a_session_is_kept(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    assert session not in "\n".join(await t.dump())


async def test_the_same_subject_is_the_same_user_and_that_of_another_provider_is_another(t: ATenant) -> None:
    client = await t.client()
    for user in (ALICE, replace(ALICE, email="new@example.com"), replace(ALICE, provider="other"), BOB):
        await session_of(t, client, user)
    users = await t.run(lambda turn, _: list(turn.tx.users.page("", 10)), None)
    emails = {user.identities: user.email for user in users}
    assert emails == {
        (Identity("dev", "alice"),): "new@example.com",
        (Identity("other", "alice"),): "alice@example.com",
        (Identity("dev", "bob"),): "bob@example.com",
    }


async def test_a_disabled_user_cannot_sign_in_and_their_session_is_over(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    asked = await asked_to_sign_in(t, client)

    def disable(turn: Any, _: None) -> None:
        [user] = turn.tx.users.page("", 10)
        turn.tx.users.change(replace(user, disabled_at=turn.now))

    await t.run(disable, None)
    before = await t.dump()
    await refusal_of(t.run(sign_in, proof(asked.ticket)), "access_denied")
    assert await t.dump() == before
    assert isinstance(await t.authorize(client, session=session), AskSignIn)


async def test_a_session_ends_with_its_time(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    t.clock.forward(14 * DAY - 1)
    await asked_to_consent(t, client, session)
    t.clock.forward(1)
    assert isinstance(await t.authorize(client, session=session), AskSignIn)


async def test_a_fresh_sign_in_is_asked_for_once(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    for wish in ({"prompt": "login"}, {"max_age": "0"}, {"prompt": "select_account"}):
        t.clock.forward(10)
        step = await t.authorize(client, session=session, **wish)
        assert isinstance(step, AskSignIn)
        done = await t.run(sign_in, proof(step.ticket, former=session))
        session = done.session
        come_back = Arrival(query=done.target.removeprefix(b"/authorize?"), browser=BROWSER, session=session)
        assert isinstance(await t.run(authorize, come_back), AskConsent)


@pytest.mark.parametrize("wish", [{"prompt": "none"}, {"prompt": "none", "scope": "openid"}])
async def test_without_pages_the_client_is_told_what_is_missing(t: ATenant, wish: dict[str, str]) -> None:
    client = await t.client()
    refusal = await refusal_of(t.authorize(client, **wish), "login_required")
    assert parameters(refusal.redirect or "")["error"] == "login_required"
    assert not refusal.automatic  # nobody here has ever trusted this client (RFC 9700 §4.11.2)
    session = await session_of(t, client)
    await refusal_of(t.authorize(client, session=session, **wish), "consent_required")


PRIVATE = Policy(private_redirect_schemes=("com.example.app",))


@pytest.mark.parametrize("host", ["trusted.example", "localhost", "127.0.0.1:8080", "[::1]"])
async def test_of_a_private_use_scheme_only_the_scheme_is_shown(tmp_path: Path, host: str) -> None:
    redirect = f"com.example.app://{host}/cb"
    async with a_tenant(tmp_path, PRIVATE) as t:
        client = await t.client(redirect_uris=[redirect])
        asked = await asked_to_sign_in(t, client, redirect_uri=redirect)
        again = await t.run(ask_again, Attempt(asked.ticket, BROWSER))
        session = (await t.run(sign_in, proof(again.ticket))).session
        page = await asked_to_consent(t, client, session, redirect_uri=redirect)
        for step in (asked, again, page):
            assert isinstance(step.asks, WhoAsks)
            assert step.asks.redirect_host == "com.example.app:"
        assert not page.asks.loopback


@pytest.mark.parametrize(
    ("redirect", "automatic"),
    [("com.example.app://localhost/cb", False), ("com.example.app:/cb", False), ("http://localhost/cb", True)],
)
async def test_only_a_program_on_this_computer_is_sent_a_refusal_that_nobody_saw(
    tmp_path: Path, redirect: str, automatic: bool
) -> None:
    async with a_tenant(tmp_path, PRIVATE) as t:
        client = await t.client(redirect_uris=[redirect])
        refusal = await refusal_of(t.authorize(client, redirect_uri=redirect, prompt="none"), "login_required")
        assert refusal.automatic is automatic


async def test_until_the_redirect_uri_is_proven_nothing_is_sent_there(t: ATenant) -> None:
    client = await t.client()
    for changes in ({"redirect_uri": "https://evil.example/"}, {"redirect_uri": "https://client.example/callback/"}):
        assert (await refusal_of(t.authorize(client, **changes), "invalid_request")).redirect is None
    assert (await refusal_of(t.authorize(Registered("c_unknown")), "invalid_client")).redirect is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"resource": "ftp://mcp.example"}, "invalid_target"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "e30."}, "request_not_supported"),
    ],
)
async def test_what_is_wrong_with_a_request_is_told_to_the_client(
    t: ATenant, changes: dict[str, str | None], code: str
) -> None:
    client = await t.client()
    before = await t.dump()
    told = parameters((await refusal_of(t.authorize(client, **changes), code)).redirect or "")
    assert (told["error"], told["state"], told["iss"]) == (code, "s", t.tenant.uri)
    assert await t.dump() == before


async def test_a_user_signs_out_by_a_page_of_their_own(t: ATenant) -> None:
    client = await t.client()
    session = await session_of(t, client)
    page = await t.run(leave, Leaving(request=LogoutRequest(), browser=BROWSER, session=session))
    assert isinstance(page, AskSignOut)
    assert page.user == "alice@example.com"
    for browser in (None, OTHER):
        leaving = SignOut(browser=browser, session=session, ticket=page.ticket)
        await refusal_of(t.run(sign_out, leaving), "invalid_request")
    await asked_to_consent(t, client, session)
    await t.run(sign_out, SignOut(browser=BROWSER, session=session, ticket=page.ticket))
    assert isinstance(await t.authorize(client, session=session), AskSignIn)
