"""A client looks after its own registration, and the operator says who may have one."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.client_changes import Named, remove_client
from tenants.acts.operate import NewClient, add_client, get_client
from tenants.acts.register import Newcomer, register
from tenants.acts.registration import Shown, Update, end_registration, read_registration, update_registration
from tenants.acts.registration_tokens import (
    LONGEST,
    MAX_NOTE,
    MOST_USES,
    SHORTEST,
    NewRegistrationToken,
    RegistrationTokenPage,
    create_registration_token,
    list_registration_tokens,
    remove_registration_token,
)
from tenants.problems import Invalid, NoSuchThing
from tenants.records import DAY, Client, Consent, RegistrationToken
from tenants.turn import Turn
from tests.support.requirement import requirement
from tests.support.tenant import CALLBACK, ATenant, Registered, a_tenant, refusal_of

EVIL = "https://evil.example/callback"
PUBLIC: dict[str, Any] = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "client_name": "Mine"}
KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
BY_KEY: dict[str, Any] = {**PUBLIC, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [KEY]}}


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


async def registered(t: ATenant, **members: Any) -> dict[str, Any]:
    return await t.run(register, Newcomer({**PUBLIC, **members}))


def of(answer: dict[str, Any]) -> Shown:
    return Shown(answer["client_id"], answer["registration_access_token"])


def client_of(answer: dict[str, Any]) -> Registered:
    return Registered(answer["client_id"], answer["token_endpoint_auth_method"], answer.get("client_secret"))


async def updated(t: ATenant, shown: Shown, **members: Any) -> dict[str, Any]:
    given = {"client_id": shown.client_id, **PUBLIC, **members}
    return await t.run(update_registration, Update(shown, given))


async def kept(t: ATenant, answer: dict[str, Any]) -> Client:
    return await t.run(get_client, answer["client_id"])


async def remember_consent(t: ATenant, client_id: str) -> None:
    consent = Consent(
        user_id="u", client_id=client_id, resource=t.tenant.uri, redirect_uri=CALLBACK, scopes=(), given_at=1
    )
    await t.run(lambda turn, _: turn.tx.consents.put(consent), None)


async def consents(t: ATenant, client_id: str) -> int:
    return await t.run(lambda turn, _: len(turn.tx.consents.of_user("u", client_id)), None)


# --- RFC 7592


@requirement("rfc7592:a-client-looks-after-its-registration")
async def test_a_client_reads_what_is_registered_of_it(t: ATenant) -> None:
    answer = await registered(t, scope="openid", contacts=["a@example.com"])
    assert answer["registration_client_uri"] == f"{t.tenant.uri}/register/{answer['client_id']}"
    assert await t.run(read_registration, of(answer)) == answer
    assert answer["registration_access_token"] not in "\n".join(await t.dump())


async def test_a_secret_is_not_told_again(t: ATenant) -> None:
    answer = await registered(t, token_endpoint_auth_method="client_secret_post")
    told = await t.run(read_registration, of(answer))
    assert {name: answer[name] for name in answer if not name.startswith("client_secret")} == told
    assert answer["client_secret_expires_at"] == 0


@requirement("rfc7592:the-token-is-of-one-client")
@pytest.mark.parametrize(
    "shown",
    [
        lambda mine, other: Shown(mine.client_id, other.token),
        lambda mine, other: Shown(mine.client_id, mine.token + "x"),
        lambda mine, other: Shown(mine.client_id, mine.token.upper()),
        lambda mine, other: Shown(mine.client_id, ""),
        lambda mine, other: Shown(mine.client_id, "tnm_é"),
        lambda mine, other: Shown("nobody", mine.token),
        lambda mine, other: Shown("", mine.token),
        lambda mine, other: Shown("operators", mine.token),
        lambda mine, other: Shown("disabled", mine.token),
    ],
    ids=["other", "longer", "case", "empty", "letters", "unknown", "no-id", "operators", "disabled"],
)
async def test_nobody_else_is_told_or_changes_anything(t: ATenant, shown: Callable[[Shown, Shown], Shown]) -> None:
    mine, other = await registered(t), await registered(t)
    await t.run(add_client, NewClient(client_id="operators", metadata=PUBLIC, resources=()))

    def disabled(turn: Turn, _: None) -> None:
        client = turn.tx.clients.find(mine["client_id"])
        assert client is not None
        turn.tx.clients.add(replace(client, id="disabled", disabled_at=turn.now))

    await t.run(disabled, None)
    wrong, before = shown(of(mine), of(other)), await t.dump()
    refusals = [
        await refusal_of(t.run(read_registration, wrong), "invalid_token"),
        await refusal_of(t.run(end_registration, wrong), "invalid_token"),
        await refusal_of(updated(t, wrong, redirect_uris=[EVIL]), "invalid_token"),
    ]
    assert len({refusal.description for refusal in refusals}) == 1
    assert await t.dump() == before


@requirement("rfc7592:an-update-replaces-everything")
async def test_an_update_replaces_all_that_was_said(t: ATenant) -> None:
    answer = await registered(t, scope="openid", contacts=["a@example.com"], client_uri="https://app.example")
    told = await updated(t, of(answer), client_name="Other", policy_uri="https://app.example/policy")
    assert told["client_name"] == "Other"
    assert told["policy_uri"] == "https://app.example/policy"
    assert not {"scope", "contacts", "client_uri", "client_secret"} & told.keys()
    for name in ("client_id", "client_id_issued_at", "registration_client_uri"):
        assert told[name] == answer[name]
    client = await kept(t, answer)
    assert (client.name, client.scopes, client.origin) == ("Other", None, "registration")


@pytest.mark.parametrize(
    "members",
    [
        {"client_id": "admin"},
        {"client_id": None},
        {"client_secret": "tns_x"},
        {"client_secret": 7},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://a.example"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 1},
        {"grant_types": ["password"]},
        {"redirect_uris": ["javascript:alert(1)"]},
    ],
)
async def test_an_update_that_may_not_be_changes_nothing(t: ATenant, members: dict[str, Any]) -> None:
    answer = await registered(t)
    before = await t.dump()
    code = "invalid_redirect_uri" if "redirect_uris" in members else "invalid_client_metadata"
    await refusal_of(updated(t, of(answer), **members), code)
    await refusal_of(t.run(update_registration, Update(of(answer), [])), "invalid_client_metadata")
    assert await t.dump() == before
    assert await t.run(read_registration, of(answer)) == answer


async def test_a_secret_stays_what_it_is_while_the_client_needs_one(t: ATenant) -> None:
    answer = await registered(t, token_endpoint_auth_method="client_secret_post")
    secret = answer["client_secret"]
    told = await updated(t, of(answer), token_endpoint_auth_method="client_secret_basic", client_secret=secret)
    assert "client_secret" not in told
    assert await t.tokens(Registered(answer["client_id"], "client_secret_basic", secret))
    await refusal_of(updated(t, of(told), client_secret=secret + "x"), "invalid_client_metadata")
    told = await updated(t, of(told))
    assert (await kept(t, answer)).secrets == ()
    await refusal_of(updated(t, of(told), client_secret=secret), "invalid_client_metadata")
    again = await updated(t, of(told), token_endpoint_auth_method="client_secret_post")
    assert again["client_secret"] not in ("", secret)
    assert again["client_secret_expires_at"] == 0
    assert await t.tokens(client_of(again))


async def test_an_expired_secret_is_not_the_one_that_the_client_has(t: ATenant) -> None:
    answer = await registered(t, token_endpoint_auth_method="client_secret_post")

    def expire(turn: Turn, _: None) -> None:
        client = turn.tx.clients.find(answer["client_id"])
        assert client is not None
        turn.tx.clients.change(replace(client, secrets=(replace(client.secrets[0], expires_at=turn.now),)))

    await t.run(expire, None)
    given = {"client_secret": answer["client_secret"], "token_endpoint_auth_method": "client_secret_post"}
    await refusal_of(updated(t, of(answer), **given), "invalid_client_metadata")


@requirement("rfc7592:a-lost-answer-locks-nobody-out")
async def test_the_token_before_an_update_counts_until_the_new_one_was_used(t: ATenant) -> None:
    first = await registered(t)
    lost = await updated(t, of(first), client_name="Lost")
    second = await updated(t, of(first), client_name="Second")
    await refusal_of(t.run(read_registration, of(lost)), "invalid_token")
    assert (await t.run(read_registration, of(first)))["client_name"] == "Second"
    assert (await t.run(read_registration, of(second)))["registration_access_token"] == of(second).token
    await refusal_of(t.run(read_registration, of(first)), "invalid_token")
    await refusal_of(updated(t, of(first)), "invalid_token")
    before = await t.dump()
    t.clock.forward(60)
    await t.run(read_registration, of(second))
    assert await t.dump() == before
    third = await updated(t, of(second), client_name="Third")
    assert (await updated(t, of(third)))["client_name"] == "Mine"
    await refusal_of(t.run(read_registration, of(second)), "invalid_token")


@requirement("house:what-a-client-says-anew-must-be-allowed-anew")
@pytest.mark.parametrize(
    ("members", "changed"),
    [
        ({"redirect_uris": [CALLBACK, EVIL]}, ["redirect_uris"]),
        ({"client_name": "Google"}, ["name"]),
        ({"token_endpoint_auth_method": "client_secret_post"}, ["auth_method"]),
        (BY_KEY, ["auth_method", "keys"]),
        ({"scope": "openid", "client_uri": "https://app.example"}, []),
        ({}, []),
    ],
)
async def test_what_a_client_says_of_itself_anew_must_be_allowed_anew(
    t: ATenant, members: dict[str, Any], changed: list[str]
) -> None:
    answer, other = await registered(t), await registered(t)
    for each in (answer, other):
        await remember_consent(t, each["client_id"])
    await updated(t, of(answer), **members)
    assert await consents(t, answer["client_id"]) == (0 if changed else 1)
    assert await consents(t, other["client_id"]) == 1
    event = (await t.events())[-1]
    assert (event.type, event.actor, event.subject) == ("client.updated", answer["client_id"], answer["client_id"])
    assert event.details == {"changed": changed, "consents_ended": 1 if changed else 0}


async def test_a_client_that_goes_takes_everything_with_it(t: ATenant) -> None:
    answer = await registered(t)
    client = client_of(answer)
    tokens = await t.tokens(client)
    await remember_consent(t, client.id)
    await t.run(end_registration, of(answer))
    await refusal_of(t.run(read_registration, of(answer)), "invalid_token")
    await refusal_of(t.refresh(client, tokens.refresh_token), "invalid_client")
    assert await consents(t, client.id) == 0
    assert all(grant.revoked_at is not None for grant in await t.grants())
    event = (await t.events())[-1]
    assert (event.type, event.actor, event.subject) == ("client.removed", client.id, client.id)


async def test_a_token_goes_with_the_client_that_the_operator_removes(t: ATenant) -> None:
    answer = await registered(t)
    await t.run(remove_client, Named(id=answer["client_id"]))
    await refusal_of(t.run(read_registration, of(answer)), "invalid_token")


async def test_where_registration_is_closed_nobody_looks_after_theirs(t: ATenant) -> None:
    answer = await registered(t)
    await t.policy(lambda policy: replace(policy, registration="closed"))
    before = await t.dump()
    await refusal_of(t.run(read_registration, of(answer)), "access_denied")
    await refusal_of(t.run(end_registration, of(answer)), "access_denied")
    await refusal_of(updated(t, of(answer)), "access_denied")
    assert await t.dump() == before


async def test_a_client_that_looks_after_itself_is_not_swept(t: ATenant) -> None:
    answer, idle = await registered(t), await registered(t)
    t.clock.forward(60 * DAY)
    assert await t.run(read_registration, of(answer))
    t.clock.forward(60 * DAY)
    await t.maintain()
    assert await t.run(read_registration, of(answer))
    await refusal_of(t.run(read_registration, of(idle)), "invalid_token")


async def test_reading_writes_nothing_within_a_day(t: ATenant) -> None:
    answer = await registered(t)
    before = await t.dump()
    for _ in range(3):
        t.clock.forward(DAY // 3)
        assert await t.run(read_registration, of(answer))
    assert await t.dump() == before


# --- initial access tokens


async def token_for(t: ATenant, **members: Any) -> tuple[RegistrationToken, str]:
    given: dict[str, Any] = {"note": "", "ttl": DAY, "uses": 1, **members}
    return await t.run(create_registration_token, NewRegistrationToken(**given))


async def tokens_kept(t: ATenant) -> list[RegistrationToken]:
    return list(await t.run(list_registration_tokens, RegistrationTokenPage("", 100)))


async def asking_for_tokens(t: ATenant) -> None:
    await t.policy(lambda policy: replace(policy, registration="token"))


@requirement("rfc7591:initial-access-token")
async def test_a_token_of_the_operator_registers_as_many_clients_as_it_is_for(t: ATenant) -> None:
    await asking_for_tokens(t)
    made, token = await token_for(t, uses=2)
    assert token not in "\n".join(await t.dump())
    for _ in range(2):
        answer = await t.run(register, Newcomer(PUBLIC, token))
        assert await t.run(read_registration, of(answer)) == answer
    before = await t.dump()
    await refusal_of(t.run(register, Newcomer(PUBLIC, token)), "invalid_token")
    assert await t.dump() == before
    assert await tokens_kept(t) == [replace(made, uses_left=0)]
    assert [event.details["by"] for event in await t.events() if event.type == "client.registered"] == [made.id] * 2


async def test_a_token_may_be_for_any_number_of_clients(t: ATenant) -> None:
    await asking_for_tokens(t)
    made, token = await token_for(t, uses=None)
    for _ in range(3):
        await t.run(register, Newcomer(PUBLIC, token))
    assert await tokens_kept(t) == [made]


async def test_what_is_no_client_uses_no_token_up(t: ATenant) -> None:
    await asking_for_tokens(t)
    made, token = await token_for(t)
    await refusal_of(t.run(register, Newcomer({}, token)), "invalid_redirect_uri")
    assert await tokens_kept(t) == [made]
    assert await t.run(register, Newcomer(PUBLIC, token))


@pytest.mark.parametrize("shown", [None, "", "tni_x", "é"])
async def test_without_a_token_nobody_is_registered_where_one_is_asked_for(t: ATenant, shown: str | None) -> None:
    await asking_for_tokens(t)
    await token_for(t)
    before = await t.dump()
    await refusal_of(t.run(register, Newcomer(PUBLIC, shown)), "invalid_token")
    assert await t.dump() == before


async def test_a_token_counts_to_its_end_and_is_swept_after_it(t: ATenant) -> None:
    await asking_for_tokens(t)
    made, token = await token_for(t, ttl=DAY, uses=2)
    t.clock.forward(DAY - 1)
    await t.run(register, Newcomer(PUBLIC, token))
    t.clock.forward(1)
    await refusal_of(t.run(register, Newcomer(PUBLIC, token)), "invalid_token")
    await t.maintain()
    assert await tokens_kept(t) == []
    assert made.expires_at == t.clock.now


async def test_a_deleted_token_registers_nobody_and_takes_nobody_with_it(t: ATenant) -> None:
    await asking_for_tokens(t)
    (made, token), (other, _) = await token_for(t, uses=None), await token_for(t)
    answer = await t.run(register, Newcomer(PUBLIC, token))
    await t.run(remove_registration_token, made.id)
    await refusal_of(t.run(register, Newcomer(PUBLIC, token)), "invalid_token")
    assert await t.run(read_registration, of(answer)) == answer
    assert await tokens_kept(t) == [other]
    with pytest.raises(NoSuchThing):
        await t.run(remove_registration_token, made.id)
    types = [kind for kind in await t.event_types() if kind.startswith("registration_token")]
    assert types == ["registration_token.created"] * 2 + ["registration_token.removed"]


async def test_where_everybody_may_register_no_token_is_looked_at(t: ATenant) -> None:
    made, token = await token_for(t)
    for shown in (token, "whatever"):
        assert await t.run(register, Newcomer(PUBLIC, shown))
    assert await tokens_kept(t) == [made]


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"note": "a" * (MAX_NOTE + 1)}, "note"),
        ({"note": "a\nb"}, "note"),
        ({"ttl": SHORTEST - 1}, "ttl"),
        ({"ttl": LONGEST + 1}, "ttl"),
        ({"uses": 0}, "uses"),
        ({"uses": -1}, "uses"),
        ({"uses": MOST_USES + 1}, "uses"),
    ],
)
async def test_a_token_that_cannot_be_is_refused_with_the_field(
    t: ATenant, members: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as raised:
        await token_for(t, **members)
    assert raised.value.field == field
    assert await tokens_kept(t) == []
