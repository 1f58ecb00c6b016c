"""Who signs in at several providers is one user, where the issuer wants it and each of them vouches for the address."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.authorize import AskSignIn
from tenants.acts.who import recognise
from tenants.oauth.claims import Profile
from tenants.records import Identity, IdentityProvider, Policy, User
from tenants.turn import Turn
from tests.acts.test_consent import session_of
from tests.support.storage.samples import provider
from tests.support.tenant import ATenant, Registered, a_tenant, refusal_of

ADA = "ada@example.com"


def by(provider_id: str, subject: str = "1", **more: Any) -> Profile:
    """Ada, as this provider tells of her."""
    told: dict[str, Any] = {"email": ADA, "email_verified": True, **more}
    return Profile(provider=provider_id, subject=subject, **told)


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    """An issuer that links by e-mail; `google`, `okta` and `entra` vouch for addresses, and `corp` does not."""
    async with a_tenant(tmp_path, Policy(link_by_email=True)) as made:
        for id in ("google", "okta", "entra"):
            await put(made, provider(id, vouches_for_email=True))
        await put(made, provider("corp"))
        yield made


async def put(t: ATenant, record: IdentityProvider) -> None:
    """Set an identity provider, in place of the one of its id."""

    def act(turn: Turn, _: None) -> None:
        turn.tx.identity_providers.remove(record.id)
        turn.tx.identity_providers.add(record)

    await t.run(act, None)


async def disable(t: ATenant, provider_id: str) -> None:
    await put(t, provider(provider_id, vouches_for_email=True, disabled_at=1))


async def remove(t: ATenant, provider_id: str) -> None:
    assert await t.run(lambda turn, _: turn.tx.identity_providers.remove(provider_id), None)


async def come(t: ATenant, profile: Profile) -> str:
    """Sign in; the id of the user."""
    return (await t.run(recognise, profile)).id


async def users(t: ATenant) -> list[User]:
    return await t.run(lambda turn, _: list(turn.tx.users.page("", 100)), None)


async def change(t: ATenant, user_id: str, changing: Callable[[User], User]) -> None:
    """Change a user as the operator would."""

    def act(turn: Turn, _: None) -> bool:
        user = turn.tx.users.find(user_id)
        return user is not None and turn.tx.users.change(changing(user))

    assert await t.run(act, None)


async def disable_user(t: ATenant, user_id: str) -> None:
    await change(t, user_id, lambda user: replace(user, disabled_at=1))


async def stay_two(t: ATenant, one: Profile, other: Profile) -> None:
    assert await come(t, one) != await come(t, other)
    expected = {(Identity(each.provider, each.subject),) for each in (one, other)}
    assert {user.identities for user in await users(t)} == expected


# --- who is joined


async def test_who_comes_from_a_second_provider_with_the_same_address_is_the_same_user(t: ATenant) -> None:
    user_id = await come(t, by("google"))
    t.clock.forward(10)
    assert await come(t, by("okta", "2", name="Ada L.", roles=("admin",))) == user_id
    [user] = await users(t)
    assert user.identities == (Identity("google", "1"), Identity("okta", "2"))
    assert (user.name, user.roles, user.updated_at) == ("Ada L.", ("admin",), t.clock.now)
    assert await come(t, by("entra", "3")) == user_id
    [_, linked, again] = [event for event in await t.events() if event.type.startswith("user.")]
    assert (linked.type, linked.actor, linked.subject, linked.details) == (
        "user.linked",
        user_id,
        user_id,
        {"provider": "okta"},
    )
    assert again.details == {"provider": "entra"}


async def test_once_joined_each_provider_signs_the_same_user_in_whatever_is_said_of_addresses(t: ATenant) -> None:
    user_id = await come(t, by("google"))
    await come(t, by("okta"))
    await t.policy(lambda policy: replace(policy, link_by_email=False))
    for id in ("google", "okta"):
        await put(t, provider(id))
        assert await come(t, by(id, email="other@example.com", email_verified=False)) == user_id
        assert await come(t, by(id, email=None, email_verified=False)) == user_id
    [user] = await users(t)
    assert len(user.identities) == 2


@pytest.mark.parametrize("address", ["ADA@example.com", "ada@EXAMPLE.com", "AdA@eXaMpLe.CoM"])
async def test_an_address_in_another_case_is_the_same(t: ATenant, address: str) -> None:
    assert await come(t, by("google")) == await come(t, by("okta", email=address))


# --- who is not


async def test_an_issuer_links_nobody_unless_it_is_asked_to(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        for id in ("google", "okta"):
            await put(t, provider(id, vouches_for_email=True))
        await stay_two(t, by("google"), by("okta"))


@pytest.mark.parametrize(("first", "second"), [("google", "corp"), ("corp", "google"), ("corp", "other")])
async def test_both_providers_must_vouch(t: ATenant, first: str, second: str) -> None:
    await put(t, provider("other"))
    await stay_two(t, by(first), by(second))


@pytest.mark.parametrize(
    ("known", "coming"),
    [
        ({"email_verified": False}, {}),
        ({}, {"email_verified": False}),
        ({"email_verified": False}, {"email_verified": False}),
        ({}, {"email": "ada@example.org"}),
        ({}, {"email": "ada+1@example.com"}),
        ({}, {"email": None, "email_verified": False}),
        ({"email": None, "email_verified": False}, {"email": None, "email_verified": False}),
        ({"email": "no address"}, {"email": "no address"}),
        ({"email": "é@example.com"}, {"email": "É@example.com"}),
    ],
    ids=str,
)
async def test_the_address_must_be_the_same_and_verified_on_both_sides(
    t: ATenant, known: dict[str, Any], coming: dict[str, Any]
) -> None:
    await stay_two(t, by("google", **known), by("okta", **coming))


async def test_an_address_that_is_verified_no_more_joins_nobody(t: ATenant) -> None:
    await come(t, by("google"))
    await come(t, by("google", email_verified=False))
    await come(t, by("okta"))
    assert len(await users(t)) == 2


async def test_an_address_that_several_bear_names_nobody(t: ATenant) -> None:
    await t.policy(lambda policy: replace(policy, link_by_email=False))
    two = {await come(t, by("google")), await come(t, by("okta"))}
    await t.policy(lambda policy: replace(policy, link_by_email=True))
    third = await come(t, by("entra"))
    assert third not in two
    assert {user.id: len(user.identities) for user in await users(t)} == dict.fromkeys((*two, third), 1)


async def test_a_second_subject_of_the_same_provider_is_somebody_else(t: ATenant) -> None:
    await stay_two(t, by("google", "1"), by("google", "2"))


async def test_a_second_subject_is_somebody_else_to_users_of_several_providers_too(t: ATenant) -> None:
    user_id = await come(t, by("google"))
    assert await come(t, by("okta")) == user_id
    for id in ("google", "okta"):
        assert await come(t, by(id, "2")) != user_id
    assert len(await users(t)) == 3


async def test_a_second_subject_is_not_joined_to_who_bears_its_address_elsewhere(t: ATenant) -> None:
    """Of two subjects with one address, nobody can say which of them another provider's user is."""
    await t.policy(lambda policy: replace(policy, link_by_email=False))
    await come(t, by("google", "1"))
    await come(t, by("okta", "1"))
    await t.policy(lambda policy: replace(policy, link_by_email=True))
    await come(t, by("google", "2"))
    assert [len(user.identities) for user in await users(t)] == [1, 1, 1]


async def test_users_that_are_known_already_are_never_made_one(t: ATenant) -> None:
    first = await come(t, by("google"))
    second = await come(t, by("okta", email="other@example.com"))
    assert await come(t, by("okta")) == second
    assert await come(t, by("google")) == first
    assert [len(user.identities) for user in await users(t)] == [1, 1]


@pytest.mark.parametrize("off", [disable, remove])
async def test_a_provider_that_is_off_vouches_for_nobody(t: ATenant, off: Callable[..., Any]) -> None:
    user_id = await come(t, by("google"))
    assert await come(t, by("okta")) == user_id
    await off(t, "okta")
    assert await come(t, by("entra")) != user_id
    assert len(await users(t)) == 2


async def test_all_providers_of_a_user_must_vouch(t: ATenant) -> None:
    user_id = await come(t, by("google"))
    await come(t, by("okta"))
    await put(t, provider("okta"))
    assert await come(t, by("entra")) != user_id


async def test_for_a_user_whom_no_provider_knows_nobody_vouches(t: ATenant) -> None:
    user_id = await come(t, by("google"))
    await change(t, user_id, lambda user: replace(user, identities=()))
    assert await come(t, by("okta")) != user_id


@pytest.mark.parametrize("turned", [False, True])
async def test_the_development_provider_never_vouches(t: ATenant, turned: bool) -> None:
    pair = (by("dev"), by("google"))
    await stay_two(t, *(reversed(pair) if turned else pair))


# --- disabled users


async def test_a_disabled_user_does_not_come_in_from_another_provider_neither_as_themselves_nor_anew(
    t: ATenant,
) -> None:
    await disable_user(t, await come(t, by("google")))
    before = await t.dump()
    await refusal_of(come(t, by("okta")), "access_denied")
    assert await t.dump() == before


@pytest.mark.parametrize("disabled", [0, 1])
async def test_where_one_of_several_is_disabled_nobody_comes_in_anew_by_their_address(
    t: ATenant, disabled: int
) -> None:
    await t.policy(lambda policy: replace(policy, link_by_email=False))
    two = [await come(t, by("google")), await come(t, by("okta"))]
    await t.policy(lambda policy: replace(policy, link_by_email=True))
    await disable_user(t, two[disabled])
    before = await t.dump()
    await refusal_of(come(t, by("entra")), "access_denied")
    assert await t.dump() == before


async def test_the_address_of_a_disabled_user_keeps_nobody_out_for_whom_it_does_not_count(t: ATenant) -> None:
    await disable_user(t, await come(t, by("corp")))
    await come(t, by("google"))
    await disable_user(t, await come(t, by("okta", email="eve@example.com")))
    await come(t, by("okta", "2", email="eve@example.com"))
    assert len(await users(t)) == 4


# --- what came by one provider, of a user of two


async def linked(t: ATenant) -> tuple[Registered, dict[str, str], dict[str, Any]]:
    """A client, and for each of two providers a session and tokens of their common user."""
    client = await t.client()
    sessions = {id: await session_of(t, client, by(id)) for id in ("google", "okta")}
    tokens = {id: await t.redeem(client, await t.code(client, by(id))) for id in ("google", "okta")}
    assert len(await users(t)) == 1
    return client, sessions, tokens


async def only_google_counts(t: ATenant, client: Registered, sessions: dict[str, str], tokens: dict[str, Any]) -> None:
    counting = {id: await t.counts(client, each.access_token) for id, each in tokens.items()}
    assert counting == {"google": True, "okta": False}
    pages = {id: await t.authorize(client, session=session) for id, session in sessions.items()}
    assert {id: isinstance(page, AskSignIn) for id, page in pages.items()} == {"google": False, "okta": True}
    await refusal_of(t.refresh(client, tokens["okta"].refresh_token), "invalid_grant")
    assert await t.refresh(client, tokens["google"].refresh_token)


@pytest.mark.parametrize("off", [disable, remove])
async def test_a_provider_that_is_off_ends_only_what_came_by_it(t: ATenant, off: Callable[..., Any]) -> None:
    client, sessions, tokens = await linked(t)
    code = await t.code(client, by("okta"))
    await off(t, "okta")
    await only_google_counts(t, client, sessions, tokens)
    await refusal_of(t.redeem(client, code), "invalid_grant")


async def test_an_identity_that_was_taken_away_ends_only_what_came_by_it(t: ATenant) -> None:
    client, sessions, tokens = await linked(t)
    code = await t.code(client, by("okta"))
    [user] = await users(t)
    await change(t, user.id, lambda user: replace(user, identities=(Identity("google", "1"),)))
    await only_google_counts(t, client, sessions, tokens)
    await refusal_of(t.redeem(client, code), "invalid_grant")


async def test_a_disabled_user_is_signed_out_by_whatever_provider_they_came(t: ATenant) -> None:
    client, sessions, tokens = await linked(t)
    [user] = await users(t)
    await disable_user(t, user.id)
    for id in ("google", "okta"):
        assert not await t.counts(client, tokens[id].access_token)
        assert isinstance(await t.authorize(client, session=sessions[id]), AskSignIn)
        await refusal_of(t.refresh(client, tokens[id].refresh_token), "invalid_grant")
        await refusal_of(come(t, by(id)), "access_denied")


async def test_the_address_is_what_the_latest_provider_says_and_who_comes_next_is_known_by_that(t: ATenant) -> None:
    user_id = await come(t, by("google"))
    await come(t, by("okta"))
    assert await come(t, by("google", email="new@example.com")) == user_id
    [user] = await users(t)
    assert user.email == "new@example.com"
    assert await come(t, by("entra", "old")) != user_id
    assert await come(t, by("entra", "new", email="new@example.com")) == user_id
    assert await come(t, by("okta")) == user_id
