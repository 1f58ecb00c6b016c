"""What a tenant does for itself: keys roll so that no token meets an unknown key, and what no longer counts goes."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tenants.acts.maintain import LIMIT, Maintenance, maintain
from tenants.acts.signing_keys import MARGIN
from tenants.records import DAY, Event, KeyState, Policy, Session
from tenants.turn import Turn
from tests.acts.test_consent import session_of
from tests.support.storage import samples
from tests.support.tenant import ATenant, a_house, a_tenant


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


async def keys(t: ATenant) -> dict[KeyState, list[str]]:
    kept = await t.run(lambda turn, _: list(turn.tx.signing_keys.all()), None)
    return {state: [key.id for key in kept if key.state == state] for state in ("next", "current", "retired")}


async def published(t: ATenant) -> set[str]:
    return {key["kid"] for key in json.loads((await t.tenant.published()).jwks)["keys"]}


async def count(t: ATenant, noun: str) -> int:
    return await t.run(lambda turn, _: len(getattr(turn.tx, noun).page(0, 10_000)), None)


async def test_a_new_tenant_publishes_the_key_that_signs_and_the_one_that_will(t: ATenant) -> None:
    now = await keys(t)
    assert (len(now["current"]), len(now["next"]), now["retired"]) == (1, 1, [])
    assert await published(t) == {*now["current"], *now["next"]}


async def test_a_key_is_published_before_it_signs_and_until_its_tokens_have_ended(t: ATenant) -> None:
    client = await t.client()
    before = await keys(t)
    t.clock.forward(Policy().key_roll_interval - 1)
    await t.maintain()
    assert await keys(t) == before
    last = await t.tokens(client)
    t.clock.forward(1)
    await t.maintain()
    after = await keys(t)
    assert after["current"] == before["next"]
    assert after["retired"] == before["current"]
    assert await published(t) == {*after["current"], *after["next"], *after["retired"]}
    assert await t.counts(client, last.access_token)
    t.clock.forward(Policy().access_token_ttl + MARGIN - 1)
    await t.maintain()
    assert set(before["current"]) <= await published(t)
    t.clock.forward(1)
    await t.maintain()
    assert (await keys(t))["retired"] == []
    assert not set(before["current"]) & await published(t)


async def test_a_key_outlives_its_tokens_also_if_they_were_made_to_live_longer_before(tmp_path: Path) -> None:
    async with a_tenant(tmp_path, Policy(access_token_ttl=30 * DAY)) as t:
        client = await t.client()
        tokens = await t.tokens(client)
        await t.policy(lambda policy: replace(policy, access_token_ttl=60))
        t.clock.forward(1)
        await t.policy(lambda policy: replace(policy, signing_algorithm="EdDSA"))  # retires the key
        t.clock.forward(30 * DAY - 2)
        await t.maintain()
        assert await t.counts(client, tokens.access_token)


async def test_rolling_is_done_once_however_often_the_alarm_rings(t: ATenant) -> None:
    t.clock.forward(Policy().key_roll_interval)
    await t.maintain()
    first = await keys(t)
    await t.maintain()
    assert await keys(t) == first


async def test_another_algorithm_signs_from_now_on_and_old_tokens_still_count(t: ATenant) -> None:
    client = await t.client()
    old = await t.tokens(client)
    await t.policy(lambda policy: replace(policy, signing_algorithm="EdDSA"))
    new = await t.tokens(client)
    assert await t.counts(client, old.access_token)
    assert await t.counts(client, new.access_token)
    kept = await t.run(lambda turn, _: {key.state: key.algorithm for key in turn.tx.signing_keys.all()}, None)
    assert kept == {"current": "EdDSA", "next": "EdDSA", "retired": "ES256"}


async def test_grants_that_no_longer_count_go_and_the_others_stay(tmp_path: Path) -> None:
    async with a_tenant(tmp_path, Policy(grant_ttl=10 * DAY, refresh_token_ttl=2 * DAY)) as t:
        client = await t.client()
        await t.code(client)  # never redeemed
        revoked, unused, used = [await t.tokens(client) for _ in range(3)]
        await t.revoke(client, revoked.refresh_token)
        await t.maintain()
        assert await count(t, "grants") == 4  # the revoked one too, for as long as its access token looks good
        t.clock.forward(600)
        await t.maintain()
        assert await count(t, "grants") == 3
        t.clock.forward(3_000)
        await t.maintain()
        assert await count(t, "grants") == 2
        t.clock.forward(2 * DAY - 3_601)
        used = await t.refresh(client, used.refresh_token)
        t.clock.forward(1)
        await t.maintain()
        assert await count(t, "grants") == 1
        assert await t.refresh(client, used.refresh_token)
        assert unused.refresh_token != used.refresh_token


async def test_sessions_and_spent_tickets_go_when_they_have_ended(t: ATenant) -> None:
    client = await t.client()
    await session_of(t, client)
    await t.maintain()
    dump = "\n".join(await t.dump())
    assert 'INSERT INTO "sessions"' in dump
    assert 'INSERT INTO "spent_tickets"' in dump
    t.clock.forward(14 * DAY)
    await t.maintain()
    dump = "\n".join(await t.dump())
    assert 'INSERT INTO "sessions"' not in dump
    assert 'INSERT INTO "spent_tickets"' not in dump


async def test_a_registered_client_that_nobody_uses_goes_and_one_in_use_stays(t: ATenant) -> None:
    idle, busy = await t.client(), await t.client()
    tokens = await t.tokens(busy)
    for _ in range(4):
        t.clock.forward(25 * DAY)
        tokens = await t.refresh(busy, tokens.refresh_token)
        await t.maintain()
    left = await t.run(lambda turn, _: [client.id for client in turn.tx.clients.page("", 10)], None)
    assert left == [busy.id]
    assert idle.id not in left


async def test_events_are_kept_for_a_year_and_more(t: ATenant) -> None:
    t.clock.forward(400 * DAY)
    await t.maintain()
    assert "issuer.created" in await t.event_types()
    t.clock.forward(1)
    await t.maintain()
    assert "issuer.created" not in await t.event_types()


async def test_one_turn_sweeps_a_bounded_number_and_says_that_there_is_more(t: ATenant) -> None:
    def fill(turn, _: None) -> None:  # pyright: ignore[reportMissingParameterType, reportUnknownParameterType]
        for number in range(LIMIT + 1):
            digest = number.to_bytes(32, "big")
            turn.tx.sessions.add(
                Session(digest=digest, user_id="u", provider="dev", authenticated_at=0, expires_at=turn.now)
            )
            turn.tx.events.add(Event(type="x", at=0, actor="x"))

    await t.run(fill, None)
    done = await t.run(maintain, Maintenance())
    assert done.more is not None
    assert await t.run(lambda turn, _: turn.tx.sessions.find(LIMIT.to_bytes(32, "big")) is not None, None)
    done = await t.run(maintain, done.more)
    assert done.more is None
    assert done.next_at > t.clock.now
    assert not await t.run(lambda turn, _: turn.tx.sessions.find(LIMIT.to_bytes(32, "big")) is not None, None)


async def test_what_a_clock_that_was_far_ahead_put_off_is_due_now_and_what_waits_as_it_should_waits(
    t: ATenant,
) -> None:
    month, now = 30 * DAY, t.clock.now

    def put_off(turn: Turn, _: None) -> None:
        turn.tx.identity_providers.add(samples.provider("monthly", recheck_interval=month))
        turn.tx.identity_providers.add(samples.provider("hourly", recheck_interval=3_600))
        for name, beyond in (("waits", 0), ("too long", 1)):
            turn.tx.outbox.add(samples.message(name, "webhook", now + DAY + beyond))
            turn.tx.outbox.add(samples.message(f"{name} too", "logout", now + 3_600 + beyond))
            for provider, longest in (("monthly", month), ("hourly", 3_600)):
                turn.tx.kept_tokens.put(samples.kept_token(name, provider, due_at=now + longest + beyond))

    def due(turn: Turn, _: None) -> list[str]:
        tokens = [f"{token.user_id} {token.provider}" for token in turn.tx.kept_tokens.due(turn.now, 9)]
        messages = [one for kind in samples.KINDS for one in turn.tx.outbox.due(kind, turn.now, 9)]
        return tokens + [message.id for message in messages]

    await t.run(put_off, None)
    assert (await t.run(maintain, Maintenance())).errands
    assert await t.run(due, None) == ["too long hourly", "too long monthly", "too long", "too long too"]


async def test_maintaining_what_needs_nothing_writes_nothing(t: ATenant) -> None:
    before = await t.dump()
    await t.maintain()
    assert await t.dump() == before


async def test_the_alarm_rings_for_those_who_are_due_and_moves_on(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        before = await keys(t)
        assert await house.registry.ring() == 0
        house.clock.forward(Policy().key_roll_interval)
        assert await house.registry.ring() == 1
        assert await house.registry.ring() == 0
        assert (await keys(t))["retired"] == before["current"]


async def test_an_alarm_that_fails_comes_back_later_and_the_others_ring(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        ill, well = await house.create("ill"), await house.create("well")
        ill.path.write_bytes(b"no database at all")
        house.clock.forward(Policy().key_roll_interval)
        assert await house.registry.ring() == 2
        assert await house.registry.ring() == 0
        assert len((await keys(well))["retired"]) == 1
        house.clock.forward(2)
        assert await house.registry.ring() == 1


@pytest.mark.parametrize("state", ["disabled", "deleted"])
async def test_a_disabled_issuer_keeps_its_keys_in_order_and_a_deleted_one_is_let_be(
    tmp_path: Path, state: str
) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        await (house.registry.disable("acme") if state == "disabled" else house.registry.delete("acme"))
        house.clock.forward(Policy().key_roll_interval)
        assert await house.registry.ring() == 1
        assert t.path.exists() == (state == "disabled")  # 30 days after its deletion it was purged
