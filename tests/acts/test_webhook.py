"""The webhook: what it is told, how that is signed, in what order it goes out, and what a receiver that fails meets."""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from standardwebhooks import Webhook as Receiver

from tenants.acts import deliver
from tenants.acts.deliver import GIVEN_UP_AFTER, MAX_WAITING, PAUSES, STEPS_ASIDE_AFTER, Due, Failure, Parcel
from tenants.acts.maintain import rest
from tenants.acts.webhook import (
    SecretRotation,
    Shown,
    WebhookChange,
    change_webhook,
    etag,
    get_webhook,
    rotate_secret,
)
from tenants.acts.who import start_session
from tenants.oauth.claims import Profile
from tenants.problems import EtagMismatch, Invalid
from tenants.records import DAY, Message, Session, User
from tenants.turn import Turn
from tests.support.storage import samples
from tests.support.tenant import ALICE, START, ATenant, a_house, a_tenant

ROOT = Path(__file__).parents[2]
HOOK = "https://hooks.test/hook"
BOB = Profile(provider="dev", subject="bob")


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


async def put(t: ATenant, uri: str | None = HOOK, etag: str = "") -> Shown:
    return await t.run(change_webhook, WebhookChange(uri=uri, etag=etag))


async def shown(t: ATenant) -> Shown:
    return await t.run(get_webhook, None)


async def sign_in(t: ATenant, profile: Profile = ALICE) -> None:
    await t.run(lambda turn, _: start_session(turn, profile), None)


async def due(t: ATenant) -> Due | None:
    return await t.run(deliver.due, None)


async def next_one(t: ATenant) -> Due:
    found = await due(t)
    assert found is not None
    return found


async def fail(t: ATenant, **failure: Any) -> Due:
    """The next message goes out, and is not received."""
    found = await next_one(t)
    await t.run(deliver.failed, Failure(**{"due": found, "reason": "it answered with status 500", **failure}))
    return found


async def take(t: ATenant) -> Due:
    """The next message goes out, and is received."""
    found = await next_one(t)
    await t.run(deliver.delivered, found.parcel.id)
    return found


async def waiting(t: ATenant) -> list[Message]:
    return await t.run(lambda turn, _: list(turn.tx.outbox.due("webhook", 1 << 62, 10)), None)


def who(found: Due) -> str:
    return json.loads(found.parcel.body)["data"]["user"]["id"]


async def ids(t: ATenant, *subjects: str) -> list[str]:
    """Of users who have signed in."""

    def act(turn: Turn, subject: str) -> str:
        user = turn.tx.users.find_identity("dev", subject)
        assert user is not None
        return user.id

    return [await t.run(act, subject) for subject in subjects]


def signatures(parcel: Parcel) -> list[str]:
    return parcel.headers["webhook-signature"].split(" ")


def signed(secret: str, parcel: Parcel) -> str:
    """As the library that receivers use would sign it."""
    at = datetime.fromtimestamp(int(parcel.headers["webhook-timestamp"]), UTC)
    return Receiver(secret).sign(parcel.headers["webhook-id"], at, parcel.body.decode("utf-8"))


# --- setting it


async def test_a_new_webhook_shows_its_secret_once(t: ATenant) -> None:
    assert await shown(t) == Shown(webhook=None, waiting=0, former_ends_at=None, secret="")
    made = await put(t)
    assert made.webhook is not None
    assert (made.webhook.uri, made.webhook.created_at, made.webhook.version) == (HOOK, START, 1)
    assert made.secret.startswith("whsec_")
    assert await shown(t) == replace(made, secret="")
    assert (await put(t)).secret == ""
    assert (await put(t, "https://hooks.test/other")).secret == ""
    assert made.secret.removeprefix("whsec_") not in "\n".join(await t.dump())


async def test_every_webhook_has_a_secret_of_its_own(t: ATenant) -> None:
    secrets = {(await put(t)).secret}
    await put(t, "")
    secrets.add((await put(t)).secret)
    secrets.add((await t.run(rotate_secret, SecretRotation(overlap=0))).secret)
    assert len(secrets) == 3


@pytest.mark.parametrize(
    "uri",
    [
        *("http://hooks.test/hook", "https://acme.example/hook", "https://localhost/hook", "https://10.0.0.1/hook"),
        *(
            "https://u:p@hooks.test",
            "https://hooks.test/#x",
            "ftp://hooks.test",
            "hooks.test",
            "https://hooks.internal",
        ),
    ],
)
async def test_an_address_that_must_not_be_called_is_refused(t: ATenant, uri: str) -> None:
    with pytest.raises(Invalid) as raised:
        await put(t, uri)
    assert raised.value.field == "uri"
    assert (await shown(t)).webhook is None


async def test_a_change_of_an_older_version_is_refused(t: ATenant) -> None:
    none = etag(None)
    made = await put(t, etag=none)
    for outdated in (none, "x"):
        with pytest.raises(EtagMismatch) as raised:
            await put(t, "", etag=outdated)
        assert raised.value.current == etag(made.webhook)
    moved = await put(t, "https://hooks.test/other", etag=etag(made.webhook))
    assert etag(moved.webhook) not in (etag(made.webhook), none)
    rotated = await t.run(rotate_secret, SecretRotation(overlap=0))
    assert etag(rotated.webhook) not in (etag(moved.webhook), none)


async def test_changes_are_remembered_and_what_changes_nothing_is_not(t: ATenant) -> None:
    async def remembered() -> list[str]:
        return [type for type in await t.event_types() if type.startswith("webhook.")]

    await put(t)
    await put(t)
    await put(t, None)
    await put(t, "https://hooks.test/of-ours?key=theirs")
    await t.run(rotate_secret, SecretRotation(overlap=0))
    await put(t, "")
    await put(t, "")
    assert await remembered() == [f"webhook.{what}" for what in ("created", "changed", "secret_rotated", "removed")]
    told = str(await t.events())
    assert "https://hooks.test" in told
    assert not any(secret in told for secret in ("of-ours", "theirs"))  # an address may hold a secret of the receiver's


async def test_removing_it_drops_what_waits_and_nobody_is_told_any_more(t: ATenant) -> None:
    await put(t)
    await sign_in(t)
    assert (await shown(t)).waiting == 1
    assert (await put(t, "")).waiting == 0
    assert await waiting(t) == []
    await sign_in(t)
    await put(t)
    assert await due(t) is None
    [removed] = [event for event in await t.events() if event.type == "webhook.removed"]
    assert (removed.details["dropped"], list(removed.details)) == (1, ["dropped", "before"])


async def test_a_former_secret_signs_too_until_its_time_is_over(t: ATenant) -> None:
    first = (await put(t)).secret
    await sign_in(t)
    rotated = await t.run(rotate_secret, SecretRotation(overlap=3_600))
    second = rotated.secret
    assert (second != first, rotated.former_ends_at) == (True, START + 3_600)
    t.clock.forward(3_599)
    parcel = (await next_one(t)).parcel
    assert signatures(parcel) == [signed(second, parcel), signed(first, parcel)]
    t.clock.forward(1)
    parcel = (await next_one(t)).parcel
    assert signatures(parcel) == [signed(second, parcel)]
    assert (await shown(t)).former_ends_at is None
    third = (await t.run(rotate_secret, SecretRotation(overlap=0))).secret
    parcel = (await next_one(t)).parcel
    assert signatures(parcel) == [signed(third, parcel)]


async def test_what_is_not_there_has_no_secret_to_rotate_and_is_sent_nothing(t: ATenant) -> None:
    with pytest.raises(Invalid):
        await t.run(rotate_secret, SecretRotation(overlap=0))
    with pytest.raises(Invalid):
        await t.run(deliver.ping, None)


# --- what is told


async def test_a_sign_in_is_told_with_all_that_is_known_of_the_user(t: ATenant) -> None:
    secret = (await put(t)).secret
    profile = replace(ALICE, roles=("admin",), permissions=("a:b",), authenticated_at=START - 100)
    await sign_in(t, profile)
    parcel = (await next_one(t)).parcel
    [user_id] = await ids(t, "alice")
    assert json.loads(parcel.body) == {
        "type": "user.authenticated",
        "timestamp": "2027-01-15T08:00:00Z",
        "data": {
            "issuer": "https://acme.example",
            "user": {
                "id": user_id,
                "email": "alice@example.com",
                "email_verified": True,
                "name": "Alice",
                "roles": ["admin"],
                "permissions": ["a:b"],
            },
            "provider": "dev",
            "first_sign_in": True,
            "authenticated_at": "2027-01-15T07:58:20Z",
        },
    }
    assert parcel.uri == HOOK
    assert parcel.headers["Content-Type"] == "application/json"
    assert parcel.headers["webhook-timestamp"] == str(START)
    assert parcel.headers["webhook-id"].startswith("msg_")
    assert "." not in parcel.headers["webhook-id"]
    assert signatures(parcel) == [signed(secret, parcel)]


async def test_who_belongs_to_an_organization_is_told_with_it(t: ATenant) -> None:
    user = User(id="u1", identities=(), organization_id="o1", created_at=0, updated_at=0)
    session = Session(digest=b"", user_id="u1", provider="okta", authenticated_at=START, expires_at=START)
    await put(t)
    await t.run(lambda turn, _: deliver.tell_of_sign_in(turn, 1, user, session, first=False), None)
    told = json.loads((await next_one(t)).parcel.body)["data"]
    assert (told["user"]["organization_id"], told["provider"]) == ("o1", "okta")


async def test_only_the_first_sign_in_of_a_user_is_told_as_their_first(t: ATenant) -> None:
    await put(t)
    for profile in (ALICE, ALICE, BOB, ALICE):  # in one second
        await sign_in(t, profile)
    told = [json.loads((await take(t)).parcel.body)["data"] for _ in range(4)]
    alice, bob = await ids(t, "alice", "bob")
    assert [(data["user"]["id"], data["first_sign_in"]) for data in told] == [
        *((alice, True), (alice, False), (bob, True), (alice, False))
    ]
    assert "null" not in str(told)


async def test_a_time_that_is_none_keeps_nobody_from_signing_in(t: ATenant) -> None:
    await put(t)
    for at in (-(10**18), -1, 0, 10**18):
        await sign_in(t, replace(ALICE, authenticated_at=at))
    told = [json.loads((await take(t)).parcel.body)["data"]["authenticated_at"] for _ in range(4)]
    assert told == ["1970-01-01T00:00:00Z"] * 3 + ["2027-01-15T08:00:00Z"]


async def test_without_a_webhook_nothing_is_kept(t: ATenant) -> None:
    await sign_in(t)
    assert await waiting(t) == []
    assert "session.started" in await t.event_types()


async def test_more_than_so_many_messages_are_not_kept_and_an_event_says_so(t: ATenant) -> None:
    def fill(turn: Turn, _: None) -> None:
        for number in range(MAX_WAITING - 1):
            turn.tx.outbox.add(samples.message(f"msg_{number}", due_at=START))

    await put(t)
    await t.run(fill, None)
    await sign_in(t)
    assert "webhook.dropped" not in await t.event_types()
    await sign_in(t)
    assert (await shown(t)).waiting == MAX_WAITING
    [dropped] = [event for event in await t.events() if event.type == "webhook.dropped"]
    assert [dropped.subject] == await ids(t, "alice")


async def test_a_ping_is_signed_and_kept_nowhere(t: ATenant) -> None:
    secret = (await put(t)).secret
    parcel = await t.run(deliver.ping, None)
    assert json.loads(parcel.body) == {
        "type": "ping",
        "timestamp": "2027-01-15T08:00:00Z",
        "data": {"issuer": "https://acme.example"},
    }
    assert signatures(parcel) == [signed(secret, parcel)]
    assert await waiting(t) == []


# --- how it goes out


async def test_a_message_keeps_its_id_and_has_the_time_of_each_attempt(t: ATenant) -> None:
    await put(t)
    await sign_in(t)
    first = (await fail(t)).parcel
    t.clock.forward(PAUSES[0])
    again = (await next_one(t)).parcel
    assert (again.id, again.body) == (first.id, first.body)
    assert int(again.headers["webhook-timestamp"]) == START + PAUSES[0]
    assert signatures(again) != signatures(first)


async def test_the_way_to_check_a_message_that_the_documentation_shows_is_right(t: ATenant) -> None:
    blocks = (ROOT / "docs" / "webhooks.md").read_text("utf-8").split("```")
    [shown] = [block.removeprefix("python") for block in blocks if "def is_ours" in block]
    first = (await put(t)).secret
    await sign_in(t)
    second = (await t.run(rotate_secret, SecretRotation(overlap=60))).secret
    parcel = (await next_one(t)).parcel
    headers = dict(parcel.headers)
    found: dict[str, Any] = {"b64decode": b64decode, "b64encode": b64encode, "hmac": hmac, "time": Now}
    exec(shown, found)
    for secret in (first, second):
        found["SECRET"] = secret
        assert found["is_ours"](parcel.body, headers)
        assert not found["is_ours"](parcel.body + b" ", headers)
        assert not found["is_ours"](parcel.body, headers | {"webhook-id": "msg_x"})
        assert not found["is_ours"](parcel.body, headers | {"webhook-timestamp": str(START - 300)})
    found["SECRET"] = "whsec_" + b64encode(b"x" * 32).decode("ascii")
    assert not found["is_ours"](parcel.body, headers)


class Now:
    @staticmethod
    def time() -> float:
        return START + 0.5


async def test_what_was_received_is_sent_no_more(t: ATenant) -> None:
    await put(t)
    await sign_in(t)
    await take(t)
    assert await due(t) is None
    assert (await shown(t)).waiting == 0


async def test_after_a_failure_all_wait_longer_each_time(t: ATenant) -> None:
    await put(t)
    await sign_in(t, ALICE)
    for pause in (*PAUSES[:-1], PAUSES[-1], PAUSES[-1]):
        if t.clock.now - START > GIVEN_UP_AFTER - PAUSES[-1]:
            await sign_in(t, ALICE)  # lest the last one be given up
        await fail(t)
        await sign_in(t, BOB)
        t.clock.forward(pause - 1)
        assert await due(t) is None
        t.clock.forward(1)
        assert await due(t) is not None


async def test_one_that_is_received_ends_the_wait_for_all(t: ATenant) -> None:
    await put(t)
    for profile in (ALICE, BOB):
        await sign_in(t, profile)
    for pause in PAUSES[:2]:
        await fail(t)
        t.clock.forward(pause)
    failing = (await shown(t)).webhook
    assert failing is not None
    assert (failing.failures, failing.last_failure) == (2, "it answered with status 500")
    await take(t)
    well = (await shown(t)).webhook
    assert well is not None
    assert (well.failures, well.retry_at, well.last_failure) == (0, 0, "")
    assert etag(well) == etag(failing)
    await fail(t)
    t.clock.forward(PAUSES[0])
    await take(t)
    assert await due(t) is None


async def test_messages_go_out_in_the_order_of_the_sign_ins_also_after_a_failure(t: ATenant) -> None:
    await put(t)
    subjects = [str(number) for number in range(12)]
    for subject in subjects:
        await sign_in(t, replace(BOB, subject=subject))
        if subject > "5":
            t.clock.forward(1)
    for pause in PAUSES[: STEPS_ASIDE_AFTER - 1]:
        await fail(t)
        t.clock.forward(pause)
    assert [who(await take(t)) for _ in subjects] == await ids(t, *subjects)


async def test_what_a_receiver_takes_from_nobody_steps_aside_and_the_others_arrive(t: ATenant) -> None:
    await put(t)
    for subject in ("poison", "x", "y"):
        await sign_in(t, replace(BOB, subject=subject))
    for pause in PAUSES[:STEPS_ASIDE_AFTER]:
        assert [who(await fail(t))] == await ids(t, "poison")
        t.clock.forward(pause)
    taken = [await take(t), await take(t)]
    assert [who(one) for one in taken] == await ids(t, "x", "y")
    t.clock.forward(PAUSES[STEPS_ASIDE_AFTER - 1])
    assert [who(await fail(t))] == await ids(t, "poison")
    t.clock.forward(PAUSES[0])
    assert await due(t) is None  # it has a wait of its own, longer than the receiver's
    await sign_in(t, replace(BOB, subject="z"))
    assert [who(await take(t))] == await ids(t, "z")


async def test_what_a_receiver_takes_from_nobody_is_given_up_after_three_days(t: ATenant) -> None:
    await put(t)
    await sign_in(t)
    t.clock.forward(GIVEN_UP_AFTER - 1)
    await fail(t)
    assert (await shown(t)).waiting == 1
    t.clock.forward(PAUSES[0])
    await fail(t, reason="it answered with status 418")
    assert (await shown(t)).waiting == 0
    [given_up] = [event for event in await t.events() if event.type == "webhook.given_up"]
    assert given_up.details == {"messages": 1, "reason": "it answered with status 418"}


async def test_while_nothing_is_received_all_that_is_too_old_is_given_up(t: ATenant) -> None:
    await put(t)
    for _ in range(3):
        await sign_in(t)
    t.clock.forward(GIVEN_UP_AFTER - 10)
    await fail(t)
    await sign_in(t)
    await t.maintain()
    assert (await shown(t)).waiting == 4
    t.clock.forward(10)
    await t.maintain()
    assert (await shown(t)).waiting == 1
    [given_up] = [event for event in await t.events() if event.type == "webhook.given_up"]
    assert given_up.details == {"messages": 3, "reason": "it answered with status 500"}


async def test_what_is_old_because_nobody_tried_to_send_it_is_not_given_up(t: ATenant) -> None:
    await put(t)
    await sign_in(t)
    t.clock.forward(GIVEN_UP_AFTER + DAY)
    await t.maintain()
    await take(t)


async def test_a_receiver_that_wants_no_more_is_asked_once_a_day(t: ATenant) -> None:
    await put(t)
    await sign_in(t)
    await fail(t, gone=True)
    t.clock.forward(DAY - 1)
    assert await due(t) is None
    t.clock.forward(1)
    assert await due(t) is not None


@pytest.mark.parametrize(("asked", "waits"), [(0, PAUSES[0]), (1, PAUSES[0]), (90, 90), (DAY, DAY), (10**9, DAY)])
async def test_a_receiver_may_ask_for_a_longer_wait_but_not_for_ever(t: ATenant, asked: int, waits: int) -> None:
    await put(t)
    await sign_in(t)
    await fail(t, retry_after=asked)
    t.clock.forward(waits - 1)
    assert await due(t) is None
    t.clock.forward(1)
    assert await due(t) is not None


async def test_another_address_is_called_at_once_and_does_not_answer_for_the_former(t: ATenant) -> None:
    await put(t)
    await sign_in(t)
    late = await fail(t)
    await put(t, "https://hooks.test/other")
    found = await next_one(t)
    assert (found.parcel.uri, found.parcel.id) == ("https://hooks.test/other", late.parcel.id)
    await t.run(deliver.failed, Failure(due=late, reason="late"))
    assert await due(t) == found
    webhook = (await shown(t)).webhook
    assert webhook is not None
    assert webhook.last_failure == ""


async def test_a_wait_that_a_wrong_clock_has_set_does_not_last(t: ATenant) -> None:
    await put(t)
    t.clock.now += 1_000 * DAY
    await sign_in(t)
    await fail(t)
    t.clock.now -= 1_000 * DAY
    await sign_in(t, BOB)
    assert [who(await next_one(t))] == await ids(t, "bob")


# --- the alarm


async def test_the_alarm_comes_when_the_next_message_is_to_go_out(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        await put(t)
        await sign_in(t)
        assert await house.registry.ring() == 1  # as after a crash: what waits is found
        assert await house.registry.ring() == 0
        await fail(t)
        await t.run(rest, None)
        assert await house.registry.ring() == 0
        house.clock.forward(PAUSES[0])
        assert await house.registry.ring() == 1
