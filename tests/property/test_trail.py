"""Whatever acts do to a trail, in whatever order, all at once, through sleep, restart and sweep: it is whole."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.acts.events import Checked, Look, check_chain, look, look_back
from tenants.acts.maintain import EVENT_RETENTION
from tenants.memory.table import Journal
from tenants.memory.tx import MemoryTx, TenantRows
from tenants.oauth.refusal import Refusal
from tenants.records import Event
from tenants.trail import Link, first_broken, hash_of, linked
from tenants.turn import Turn
from tests.support.storage.samples import event
from tests.support.tenant import ATenant, a_house

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
Step = tuple[Literal["keep", "raise", "refuse", "sleep", "restart", "later"], dict[str, Any]]
steps = st.lists(
    st.tuples(
        st.sampled_from(["keep"] * 6 + ["raise", "refuse", "sleep", "restart", "later"]),
        st.dictionaries(st.sampled_from(["a", "b", "ö"]), plain, max_size=3),
    ),
    max_size=30,
)


class Undone(Exception):
    pass


def act(turn: Turn, step: Step) -> Refusal | None:
    kind, details = step
    turn.remember(f"test.{kind}", "test", None, **details)
    if kind == "raise":
        raise Undone
    return Refusal("invalid_grant") if kind == "refuse" else None


async def done(t: ATenant, step: Step) -> None:
    with suppress(Undone, Refusal):
        await t.run(act, step)


async def checked(t: ATenant) -> Checked:
    """All of it."""
    found = await t.run(check_chain, None)
    assert not found.more
    return found


async def lived(directory: Path, given: list[Step]) -> None:
    kept = 0
    waiting: list[Step] = []

    async def settle(t: ATenant) -> None:
        await asyncio.gather(*(done(t, step) for step in waiting))
        waiting.clear()

    async with a_house(directory) as running:
        await running.create("acme")
        clock = running.clock
    ends = [number for number, (kind, _) in enumerate(given) if kind == "restart"] + [len(given)]
    begin = 0
    for end in ends:
        async with a_house(directory, clock=clock) as running:
            t = running.find("acme")
            for kind, details in given[begin:end]:
                if kind in ("sleep", "later"):
                    await settle(t)
                if kind == "sleep":
                    await t.tenant.actor.stop()
                elif kind == "later":
                    clock.now += EVENT_RETENTION // 3
                    await t.maintain()
                else:
                    waiting.append((kind, details))
                    kept += kind != "raise"
            await settle(t)
            found = await checked(t)
            assert found.broken is None
            events = await t.events()
            assert len(events) == found.count
            ours = sum(event.type.startswith("test.") for event in events)
            assert ours == kept or (ours < kept and "later" in dict(given))
            first = events[0].sequence
            assert [event.sequence for event in events] == list(range(first, first + len(events)))
            assert not any(event.type == "test.raise" for event in events)
        begin = end


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(steps)
def test_a_trail_is_whole_whatever_happens(given: list[Step]) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(lived(Path(directory), given))


events = st.builds(
    Event,
    type=texts,
    at=st.integers(0, 1 << 40),
    actor=texts,
    address=texts,
    request_id=texts,
    subject=st.none() | texts,
    details=st.dictionaries(texts, st.integers(0, 9) | texts, max_size=3),
)


def chained(plain: list[Event]) -> list[Event]:
    found: list[Event] = []
    for number, each in enumerate(plain, 1):
        found.append(replace(linked(each, found[-1].hash if found else b""), sequence=number))
    return found


@given(st.lists(events, min_size=2, max_size=8), st.data())
def test_no_event_can_be_changed_taken_out_or_put_in_unseen(plain: list[Event], data: st.DataObject) -> None:
    trail = chained(plain)
    assert first_broken(trail) is None
    number = data.draw(st.integers(0, len(trail) - 1))
    other = data.draw(events)
    fields = ("type", "at", "actor", "address", "request_id", "subject", "details")
    field = data.draw(st.sampled_from(fields))
    if getattr(other, field) != getattr(trail[number], field):
        changed = replace(trail[number], **{field: getattr(other, field)})
        assert first_broken([*trail[:number], changed, *trail[number + 1 :]]) is not None
        forged = replace(changed, hash=hash_of(changed, changed.previous))
        broken = first_broken([*trail[:number], forged, *trail[number + 1 :]])
        assert (broken is None) == (number == len(trail) - 1)  # the last one could have been so: nothing stands on it
    if 0 < number < len(trail) - 1:
        assert first_broken([*trail[:number], *trail[number + 1 :]]) is not None
    closed = [*trail[:number], *(replace(event, sequence=event.sequence - 1) for event in trail[number + 1 :])]
    assert (first_broken(closed) is None) == (number in (0, len(trail) - 1))
    doubled = [*trail[: number + 1], trail[number], *trail[number + 1 :]]
    assert first_broken(doubled) is not None


@given(st.integers(0, 260), st.integers(1, 60), st.sampled_from([1, 2, 7]))
@settings(max_examples=25, deadline=None)
def test_pages_in_both_directions_hold_the_same_events(count: int, limit: int, every: int) -> None:
    tx = MemoryTx(TenantRows(), Journal())
    for _ in range(count):
        tx.events.add(event("a"))
    turn, trail = SimpleNamespace(tx=tx), list(tx.events.page(0, count))
    wanted = [event for event in trail if event.sequence % every == 0]
    for way, place, expected in ((look, 0, wanted), (look_back, count + 1, wanted[::-1])):
        found: list[Event] = []
        for _ in range(count + 2):
            seen = way(turn, Look(place, limit, lambda event: event.sequence % every == 0))
            assert len(seen.events) <= limit
            found += seen.events
            place = seen.place
            if not seen.more:
                break
        assert found == expected


def test_events_of_before_there_were_hashes_stand_only_before_all_others() -> None:
    old = [replace(event("old", number), sequence=number) for number in (1, 2)]
    new = [replace(each, sequence=each.sequence + 2) for each in chained([event("new", 3), event("new", 4)])]
    assert first_broken([*old, *new]) is None
    assert first_broken(new, Link(2, b"")) is None
    stripped = [*old, replace(new[0], hash=b""), new[1]]
    broken = first_broken(stripped)
    assert broken is not None
    assert broken.event.sequence == 4
