"""Users are asked about at their providers: by a token that nobody can read, and only a plain word ends anything."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts import recheck
from tenants.acts.maintain import ERRAND_PATIENCE
from tenants.acts.provider_kinds import Google, Oidc, default_claims, must_consent
from tenants.acts.provider_settings import Settings
from tenants.acts.providers import (
    NewProvider,
    ProviderChange,
    ProviderRemoval,
    add_provider,
    change_provider,
    get_provider,
    remove_provider,
)
from tenants.acts.recheck import LONGEST_WAIT, LOOKED_AT, MAX_LENGTH, NOTED_AFTER, Inquiry, Renewal, Silence
from tenants.acts.sign_in import begin
from tenants.acts.upstream import Introduction
from tenants.oauth.claims import Profile
from tenants.oauth.handle import digest
from tenants.records import DAY, AccessRule, ClaimMapping, Event, Identity, IdentityProvider, KeptToken, ProviderKind
from tenants.turn import Turn
from tests.support.tenant import ATenant, Registered, a_house, a_tenant, refusal_of

HOUR = 3_600
SECRET = "a secret of ours at the provider"
EVE = Profile(provider="corp", subject="eve")


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        await provider(made, "corp")
        yield made


async def provider(t: ATenant, provider_id: str, interval: int = HOUR) -> None:
    """An OpenID provider that is asked every hour."""
    settings = Settings(
        config=Oidc(f"https://{provider_id}.example"),
        client_id="ours",
        claims=ClaimMapping(),
        access=AccessRule(),
        recheck_interval=interval,
    )
    await t.run(add_provider, NewProvider(id=provider_id, settings=settings, secret=SECRET))


async def change(t: ATenant, **changes: Any) -> None:
    """Of `corp`, as an operator would."""
    asked = ProviderChange(id="corp", change=lambda settings: replace(settings, **changes), secret=None, etag="")
    await t.run(change_provider, asked)


async def sign_in(t: ATenant, profile: Profile = EVE, refresh_token: str | None = "rt-1") -> str:
    """What comes of a trip to the provider. The value of the session cookie."""

    def act(turn: Turn, _: None) -> str:
        signed_in = begin(turn, profile, None, b"/authorize?")
        recheck.keep(turn, get_provider(turn, profile.provider), profile.subject, refresh_token)
        return signed_in.session

    return await t.run(act, None)


async def user_id(t: ATenant, profile: Profile = EVE) -> str:
    def act(turn: Turn, _: None) -> str:
        user = turn.tx.users.find_identity(profile.provider, profile.subject)
        assert user is not None
        return user.id

    return await t.run(act, None)


async def kept(t: ATenant, profile: Profile = EVE) -> KeptToken | None:
    user = await user_id(t, profile)
    return await t.run(lambda turn, _: turn.tx.kept_tokens.find(user, profile.provider), None)


async def all_kept(t: ATenant) -> list[KeptToken]:
    return await t.run(lambda turn, _: list(turn.tx.kept_tokens.due(1 << 62, 10_000)), None)


async def due(t: ATenant, limit: int = 10) -> tuple[Inquiry, ...]:
    return (await t.run(recheck.due, limit)).inquiries


async def the_one_due(t: ATenant) -> Inquiry:
    t.clock.forward(HOUR)
    [inquiry] = await due(t)
    return inquiry


async def renew(t: ATenant, inquiry: Inquiry, refresh_token: str | None = None, subject: str | None = None) -> None:
    await t.run(recheck.renewed, Renewal(inquiry=inquiry, refresh_token=refresh_token, subject=subject))


async def stay_silent(t: ATenant, *inquiries: Inquiry, complete: bool = False) -> None:
    tokens = tuple(inquiry.kept for inquiry in inquiries)
    silence = Silence(provider_id=inquiries[0].provider.id, kept=tokens, reason="it is silent", complete=complete)
    await t.run(recheck.unanswered, silence)


async def is_signed_in(t: ATenant, session: str) -> bool:
    return await t.run(lambda turn, _: turn.tx.sessions.find(digest(session)) is not None, None)


async def tie(t: ATenant, identity: Identity) -> None:
    """To Eve, who is known at two providers from now on."""

    def act(turn: Turn, user: str) -> None:
        found = turn.tx.users.find(user)
        assert found is not None
        turn.tx.users.change(replace(found, identities=(*found.identities, identity)))

    await t.run(act, await user_id(t))


async def grants(t: ATenant, client: Registered, profile: Profile = EVE) -> str:
    """An access token of a client that this user allowed."""
    return (await t.redeem(client, await t.code(client, profile))).access_token


async def remembered(t: ATenant, kind: str) -> list[Event]:
    return [event for event in await t.events() if event.type == kind]


# --- what is kept


async def test_a_refresh_token_is_kept_sealed_until_its_time_comes(t: ATenant) -> None:
    await sign_in(t, refresh_token="rt-of-eve")
    token = await kept(t)
    assert token is not None
    assert (token.due_at, token.attempts) == (t.clock.now + HOUR, 0)
    assert "rt-of-eve" not in "\n".join(await t.dump())
    t.clock.forward(HOUR - 1)
    assert await due(t) == ()
    t.clock.forward(1)
    [inquiry] = await due(t)
    assert (inquiry.refresh_token, inquiry.proof, inquiry.provider.id) == ("rt-of-eve", SECRET, "corp")
    assert inquiry.kept == token


async def test_what_is_sealed_for_one_user_opens_for_nobody_else(t: ATenant) -> None:
    """Whoever can write the file cannot have one user answered for by another."""
    bo = Profile(provider="corp", subject="bo")
    await sign_in(t, refresh_token="rt-of-eve")
    await sign_in(t, bo, "rt-of-bo")
    of_eve, of_bo = await kept(t), await kept(t, bo)
    assert of_eve is not None
    assert of_bo is not None
    await t.run(lambda turn, _: turn.tx.kept_tokens.put(replace(of_eve, sealed=of_bo.sealed)), None)
    t.clock.forward(HOUR)
    assert [inquiry.refresh_token for inquiry in await due(t)] == ["rt-of-bo"]


async def test_the_alarm_comes_when_the_first_user_is_due(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        await provider(t, "corp")
        t.clock.forward(2 * DAY)
        assert await house.registry.ring() == 1  # without users to ask about, it comes again tomorrow
        await sign_in(t)
        t.clock.forward(HOUR - 1)
        assert await house.registry.ring() == 0
        t.clock.forward(1)
        done = await t.maintain()
        assert (done.errands, done.next_at) == (True, t.clock.now + ERRAND_PATIENCE)
        assert await house.registry.ring() == 1
        [inquiry] = await due(t)
        await renew(t, inquiry)
        [token] = await all_kept(t)
        assert (await t.maintain()).next_at == token.due_at


async def test_the_latest_sign_in_counts(t: ATenant) -> None:
    await sign_in(t, refresh_token="rt-1")
    t.clock.forward(100)
    await sign_in(t, refresh_token="rt-2")
    [token] = await all_kept(t)
    assert token.due_at == t.clock.now + HOUR
    assert (await the_one_due(t)).refresh_token == "rt-2"


async def test_where_nobody_asks_nothing_is_kept(t: ATenant) -> None:
    await change(t, recheck_interval=0)
    await sign_in(t)
    assert await all_kept(t) == []
    assert await remembered(t, "user.not_rechecked") == []


@pytest.mark.parametrize(
    "token", [None, "", "ä", "a\nb", "x" * (MAX_LENGTH + 1)], ids=["none", "empty", "ä", "\\n", "long"]
)
async def test_a_user_who_cannot_be_asked_about_is_remembered_as_such(t: ATenant, token: str | None) -> None:
    await sign_in(t, refresh_token=token)
    assert await all_kept(t) == []
    [event] = await remembered(t, "user.not_rechecked")
    assert event.subject == await user_id(t)
    assert event.details == {"provider": "corp", "reason": "the provider gave no refresh token"}


async def test_a_provider_that_gives_no_second_token_is_asked_with_the_first(t: ATenant) -> None:
    await sign_in(t, refresh_token="x" * MAX_LENGTH)
    await sign_in(t, refresh_token=None)
    assert await remembered(t, "user.not_rechecked") == []
    assert (await the_one_due(t)).refresh_token == "x" * MAX_LENGTH


async def test_no_token_is_shown_where_a_value_is_printed(t: ATenant) -> None:
    await sign_in(t, refresh_token="rt-canary")
    inquiry = await the_one_due(t)
    renewal = Renewal(inquiry=inquiry, refresh_token="rt-canary-2", subject=None)
    shown = repr([inquiry, renewal, Introduction(EVE, "rt-canary-3")])
    assert "canary" not in shown
    assert SECRET not in shown


# --- the user stands


async def test_a_user_who_stands_is_asked_about_again_after_the_interval_at_the_latest(t: ATenant) -> None:
    session = await sign_in(t)
    first = await the_one_due(t)
    await renew(t, first, subject="eve")
    assert await is_signed_in(t, session)
    token = await kept(t)
    assert token is not None
    assert token.sealed == first.kept.sealed
    assert t.clock.now + HOUR * 9 // 10 <= token.due_at <= t.clock.now + HOUR
    assert await due(t) == ()


async def test_the_next_refresh_token_takes_the_place_of_the_former(t: ATenant) -> None:
    await sign_in(t, refresh_token="rt-1")
    for number in range(1, 4):
        inquiry = await the_one_due(t)
        assert inquiry.refresh_token == f"rt-{number}"
        await renew(t, inquiry, f"rt-{number + 1}")
    assert (await the_one_due(t)).refresh_token == "rt-4"


async def test_a_successor_that_cannot_be_kept_is_none(t: ATenant) -> None:
    await sign_in(t, refresh_token="rt-1")
    await renew(t, await the_one_due(t), "ä")
    assert (await the_one_due(t)).refresh_token == "rt-1"


async def test_users_who_signed_in_at_once_are_not_asked_about_at_once(t: ATenant) -> None:
    for number in range(20):
        await sign_in(t, Profile(provider="corp", subject=f"user-{number}"))
    t.clock.forward(HOUR)
    for inquiry in await due(t, 20):
        await renew(t, inquiry)
    assert len({token.due_at for token in await all_kept(t)}) > 10


async def test_an_answer_about_a_token_that_a_sign_in_replaced_changes_nothing(t: ATenant) -> None:
    await sign_in(t, refresh_token="rt-1")
    inquiry = await the_one_due(t)
    session = await sign_in(t, refresh_token="rt-2")
    now_is = await kept(t)
    await renew(t, inquiry, "rt-1b")
    await renew(t, inquiry, subject="somebody-else")
    await t.run(recheck.refused, inquiry)
    await stay_silent(t, inquiry)
    assert await kept(t) == now_is
    assert await is_signed_in(t, session)
    assert await remembered(t, "user.refused_by_provider") == []


# --- the user stands no more


async def test_who_is_refused_loses_what_this_provider_gave_and_nothing_else(t: ATenant) -> None:
    await provider(t, "home")
    at_home = Profile(provider="home", subject="eve-at-home")
    client = await t.client()
    session = await sign_in(t)

    await tie(t, Identity("home", "eve-at-home"))
    other_session = await sign_in(t, at_home, "rt-of-home")
    code, token, other_token = await t.code(client, EVE), await grants(t, client), await grants(t, client, at_home)
    bo = await grants(t, client, Profile(provider="corp", subject="bo"))

    t.clock.forward(HOUR - 1)  # access tokens live an hour
    of_home = await kept(t, at_home)
    [inquiry] = [
        Inquiry(provider=await t.run(get_provider, "corp"), proof=None, refresh_token="", kept=token)
        for token in await all_kept(t)
        if token.provider == "corp"
    ]
    await t.run(recheck.refused, inquiry)

    assert not await is_signed_in(t, session)
    assert await is_signed_in(t, other_session)
    assert not await t.counts(client, token)
    assert await t.counts(client, other_token)
    assert await t.counts(client, bo)
    await refusal_of(t.redeem(client, code), "invalid_grant")
    assert await all_kept(t) == [of_home]
    [event] = await remembered(t, "user.refused_by_provider")
    assert (event.actor, event.subject) == ("system", await user_id(t))
    assert event.details == {
        "provider": "corp",
        "reason": "the refresh token counts no more",
        "sessions_ended": 1,
        "grants_ended": 2,
    }


async def test_who_is_refused_may_sign_in_again_if_the_provider_lets_them(t: ATenant) -> None:
    await sign_in(t)
    before = await user_id(t)
    await t.run(recheck.refused, await the_one_due(t))
    session = await sign_in(t, refresh_token="rt-2")
    assert await user_id(t) == before
    assert await is_signed_in(t, session)
    assert (await the_one_due(t)).refresh_token == "rt-2"


async def test_an_answer_about_somebody_else_is_no_word_for_the_user(t: ATenant) -> None:
    session = await sign_in(t)
    await renew(t, await the_one_due(t), "rt-2", subject="mallory")
    assert not await is_signed_in(t, session)
    assert await all_kept(t) == []
    [event] = await remembered(t, "user.refused_by_provider")
    assert event.details["reason"] == "the provider speaks of somebody else"


# --- no word


async def test_silence_signs_nobody_out_and_is_met_with_patience(t: ATenant) -> None:
    session = await sign_in(t)
    t.clock.forward(HOUR)
    waits: list[int] = []
    for _ in range(12):
        [inquiry] = await due(t)
        await stay_silent(t, inquiry)
        token = await kept(t)
        assert token is not None
        waits.append(token.due_at - t.clock.now)
        t.clock.now = token.due_at
    assert waits == [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]
    assert await is_signed_in(t, session)
    [event] = await remembered(t, "user.not_rechecked")
    assert event.subject == await user_id(t)
    assert event.details == {"provider": "corp", "reason": "it is silent"}
    [inquiry] = await due(t)
    assert (inquiry.refresh_token, inquiry.kept.attempts) == ("rt-1", 12)
    await renew(t, inquiry)
    token = await kept(t)
    assert token is not None
    assert token.attempts == 0


async def test_a_short_silence_is_not_worth_a_word(t: ATenant) -> None:
    await sign_in(t)
    t.clock.forward(HOUR)
    for _ in range(NOTED_AFTER - 1):
        [inquiry] = await due(t)
        await stay_silent(t, inquiry)
        t.clock.forward(LONGEST_WAIT)
    assert await remembered(t, "user.not_rechecked") == []


@pytest.mark.parametrize("complete", [True, False])
async def test_where_a_provider_is_silent_about_all_the_others_wait_too(t: ATenant, complete: bool) -> None:
    await provider(t, "home")
    for number in range(6):
        await sign_in(t, Profile(provider="corp", subject=f"user-{number}"))
    await sign_in(t, Profile(provider="home", subject="hal"))
    t.clock.forward(HOUR)
    asked = [inquiry for inquiry in await due(t) if inquiry.provider.id == "corp"][:2]
    await stay_silent(t, *asked, complete=complete)
    left = await due(t)
    assert sorted(inquiry.provider.id for inquiry in left) == (["home"] if complete else [*["corp"] * 4, "home"])
    t.clock.forward(10)
    again = [inquiry for inquiry in await due(t) if inquiry.provider.id == "corp"]
    assert len(again) == 6
    if complete:
        assert {inquiry.kept.attempts for inquiry in again} == {1}
        await stay_silent(t, *again[:2], complete=True)
        t.clock.forward(10)
        assert [inquiry.provider.id for inquiry in await due(t)] == ["home"], (
            "all wait longer, not only who was asked about"
        )


async def test_one_who_was_waited_for_long_is_not_hurried_by_one_who_was_not(t: ATenant) -> None:
    await sign_in(t)
    t.clock.forward(HOUR)
    for _ in range(5):
        [inquiry] = await due(t)
        await stay_silent(t, inquiry)
        t.clock.forward(LONGEST_WAIT)
    await sign_in(t, Profile(provider="corp", subject="bo"))
    t.clock.forward(HOUR)
    both = await due(t)
    assert sorted(inquiry.kept.attempts for inquiry in both) == [0, 5]
    await stay_silent(t, *(inquiry for inquiry in both if inquiry.kept.attempts == 0), complete=True)
    assert sorted(token.attempts for token in await all_kept(t)) == [1, 5]


# --- nobody wants to know any more


async def off(t: ATenant) -> None:
    await change(t, disabled=True)


async def user_off(t: ATenant) -> None:
    await with_user(t, lambda turn, user: turn.tx.users.change(replace(user, disabled_at=turn.now)))


async def on(t: ATenant) -> None:
    await change(t, disabled=False)


async def user_on(t: ATenant) -> None:
    await with_user(t, lambda turn, user: turn.tx.users.change(replace(user, disabled_at=None)))


async def user_gone(t: ATenant) -> None:
    await with_user(t, lambda turn, user: turn.tx.users.remove(user.id))


async def untied(t: ATenant) -> None:
    await with_user(t, lambda turn, user: turn.tx.users.change(replace(user, identities=())))


async def with_user(t: ATenant, do: Callable[[Turn, Any], object]) -> None:
    user = await user_id(t)
    await t.run(lambda turn, _: do(turn, turn.tx.users.find(user)), None)


@pytest.mark.parametrize("happens", [user_gone, untied])
async def test_who_is_no_user_of_the_provider_any_more_is_not_asked_about(
    t: ATenant, happens: Callable[[ATenant], Any]
) -> None:
    await sign_in(t)
    t.clock.forward(HOUR)
    await happens(t)
    assert await due(t) == ()
    assert await all_kept(t) == []


@pytest.mark.parametrize(("happens", "is_over"), [(off, on), (user_off, user_on)])
async def test_who_is_disabled_is_asked_about_when_what_they_have_counts_again(
    t: ATenant, happens: Callable[[ATenant], Any], is_over: Callable[[ATenant], Any]
) -> None:
    await sign_in(t)
    t.clock.forward(HOUR)
    await happens(t)
    assert await t.run(recheck.due, 10) == recheck.Due((), more=True)
    assert await t.run(recheck.due, 10) == recheck.Due((), more=False), "nobody is looked at over and over"
    await is_over(t)
    inquiry = await the_one_due(t)
    assert (inquiry.refresh_token, inquiry.kept.attempts) == ("rt-1", 0)


async def test_who_has_nothing_left_that_could_end_is_asked_about_no_more(t: ATenant) -> None:
    await provider(t, "home")
    await t.policy(lambda policy: replace(policy, session_ttl=HOUR * 3 // 2))
    client = await t.client()
    await sign_in(t)
    tokens = await t.redeem(client, await t.code(client, EVE))
    await renew(t, await the_one_due(t))  # for the session
    await renew(t, await the_one_due(t))  # for the grant
    await t.revoke(client, tokens.refresh_token)
    await tie(t, Identity("home", "hal"))
    await sign_in(t, Profile(provider="home", subject="hal"))
    t.clock.forward(HOUR)
    assert [inquiry.provider.id for inquiry in await due(t)] == ["home"]
    assert await kept(t) is None


async def gone(t: ATenant) -> None:
    await t.run(remove_provider, ProviderRemoval(id="corp", etag=""))


async def asks_no_more(t: ATenant) -> None:
    await change(t, recheck_interval=0)


async def another_client(t: ATenant) -> None:
    await change(t, client_id="ours-anew")


async def another_name(t: ATenant) -> None:
    await change(t, claims=ClaimMapping(subject="oid"))


@pytest.mark.parametrize("happens", [gone, asks_no_more, another_client, another_name])
async def test_tokens_go_at_once_when_they_are_good_for_nothing(t: ATenant, happens: Callable[[ATenant], Any]) -> None:
    await provider(t, "home")
    home = Profile(provider="home", subject="hal")
    await sign_in(t)
    await sign_in(t, home)
    t.clock.forward(HOUR)
    inquiry = next(inquiry for inquiry in await due(t) if inquiry.provider.id == "corp")
    await happens(t)
    assert await all_kept(t) == [await kept(t, home)]
    await renew(t, inquiry, "rt-2")  # it was on its way
    await t.run(recheck.refused, inquiry)
    assert await all_kept(t) == [await kept(t, home)]
    assert await remembered(t, "user.refused_by_provider") == []


async def test_another_change_of_a_provider_leaves_the_tokens(t: ATenant) -> None:
    await sign_in(t)
    before = await all_kept(t)
    await change(t, display_name="Corp", recheck_interval=2 * HOUR)
    assert await all_kept(t) == before


# --- bounds


async def test_a_turn_finds_no_more_than_it_is_asked_for_and_the_most_overdue_first(t: ATenant) -> None:
    for number in range(5):
        await sign_in(t, Profile(provider="corp", subject=f"user-{number}"), f"rt-{number}")
        t.clock.forward(1)
    t.clock.forward(HOUR)
    found = await t.run(recheck.due, 3)
    assert [inquiry.refresh_token for inquiry in found.inquiries] == ["rt-0", "rt-1", "rt-2"]
    assert found.more
    assert len((await t.run(recheck.due, 9)).inquiries) == 5


async def test_a_turn_looks_at_a_bounded_number_and_says_that_there_may_be_more(t: ATenant) -> None:
    for number in range(LOOKED_AT + 1):
        await sign_in(t, Profile(provider="corp", subject=f"user-{number}"))
    t.clock.forward(HOUR)
    await t.run(lambda turn, _: [turn.tx.users.remove(user.id) for user in turn.tx.users.page("", 100)], None)
    for left in (1, 0):
        found = await t.run(recheck.due, 4)
        assert (found.inquiries, found.more, len(await all_kept(t))) == ((), True, left)
    assert not (await t.run(recheck.due, 4)).more


async def test_damage_at_one_provider_holds_up_no_other(t: ATenant) -> None:
    await provider(t, "home")
    await sign_in(t)
    await sign_in(t, Profile(provider="home", subject="hal"), "rt-of-hal")

    def spoil(turn: Turn, _: None) -> None:
        found = get_provider(turn, "corp")
        assert turn.tx.identity_providers.change(replace(found, sealed_secret=b"x" * 40), version=found.version)

    await t.run(spoil, None)
    t.clock.forward(HOUR)
    for wait in (10, 20, 40, 80, 160):
        assert [inquiry.refresh_token for inquiry in await due(t)] == ["rt-of-hal"]
        t.clock.forward(wait)
    [event] = await remembered(t, "user.not_rechecked")
    assert event.details["reason"] == "the secret of identity provider corp cannot be unsealed"


# --- what is asked for when a user is sent there


@pytest.mark.parametrize(
    ("kind", "scopes", "interval", "asked"),
    [
        ("google", ("openid",), HOUR, True),
        ("google", ("openid",), 0, False),
        ("oidc", ("openid", "offline_access"), HOUR, True),
        ("oidc", ("openid", "offline_access"), 0, False),
        ("oidc", ("openid",), HOUR, False),
        ("entra", ("openid", "offline_access"), HOUR, False),
        ("okta", ("openid", "offline_access"), HOUR, False),
        ("auth0", ("openid", "offline_access"), HOUR, False),
        ("workos", (), HOUR, False),
    ],
)
def test_consent_is_asked_for_where_there_is_no_token_without_it(
    kind: ProviderKind, scopes: tuple[str, ...], interval: int, asked: bool
) -> None:
    made = IdentityProvider(
        id="p",
        kind=kind,
        display_name="P",
        client_id="ours",
        scopes=scopes,
        claims=default_claims(kind),
        recheck_interval=interval,
        created_at=0,
        updated_at=0,
    )
    assert must_consent(made) == asked


async def test_google_may_be_asked_like_any_other(t: ATenant) -> None:
    settings = Settings(
        config=Google(), client_id="ours", claims=ClaimMapping(), access=AccessRule(), recheck_interval=HOUR
    )
    made = await t.run(add_provider, NewProvider(id="google", settings=settings, secret=SECRET))
    assert made.recheck_interval == HOUR
