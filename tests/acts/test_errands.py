"""Errands: what acts leave to be done in the world is begun at once, in order, by a bounded number, and never lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from server.outbound import errands as errands_module
from server.outbound.errands import AT_ONCE, Errands
from tenants import listings
from tenants.problems import Busy
from tenants.records import KeptToken
from tenants.tenant import Tenant
from tenants.turn import Turn
from tests.support.receiver import errands_done
from tests.support.standing import LONG_ENOUGH, Noted, Stuck
from tests.support.tenant import START, AHouse, ATenant, FakeClock, a_house


class Told:
    """An errand that does as the test says, and knows who ran it."""

    def __init__(self) -> None:
        self.run_by: list[str] = []
        self.at_once = 0
        self.most = 0
        self.more: Callable[[Tenant], bool] = lambda _: False
        self.open = asyncio.Event()
        self.open.set()
        self.change = asyncio.Condition()

    async def run(self, tenant: Tenant) -> bool:
        self.run_by.append(tenant.listing.id)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        async with self.change:
            self.change.notify_all()
        try:
            await self.open.wait()
            return self.more(tenant)
        finally:
            self.at_once -= 1

    async def runs(self, number: int) -> None:
        async with asyncio.timeout(LONG_ENOUGH), self.change:
            await self.change.wait_for(lambda: len(self.run_by) >= number)


class Place:
    def __init__(self, house: AHouse, errands: Errands, kind: Told, other: Told, noted: Noted) -> None:
        self.house = house
        self.errands = errands
        self.kind = kind
        self.other = other
        self.noted = noted


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    kind, other, noted = Told(), Told(), Noted()
    errands = Errands((kind, other), noted)
    async with a_house(tmp_path, errands=errands, observer=noted, places=100) as house:
        yield Place(house, errands, kind, other, noted)
        await errands.close()


def wake(at: int) -> Callable[[Turn, None], None]:
    """An act that leaves something to be done."""
    return lambda turn, _: turn.wake_at(at)


async def leave(t: ATenant, at: int = START) -> None:
    await t.tenant.perform(wake(at), None)


async def alarm(house: AHouse, name: str) -> int:
    return (await house.registry.perform(listings.get, name)).alarm_at


# --- begun


async def test_what_is_to_be_done_now_is_begun_at_once_and_what_is_later_with_its_alarm(place: Place) -> None:
    t = await place.house.create("acme")
    await leave(t, START + 10)
    await errands_done()
    assert (place.kind.run_by, await alarm(place.house, "acme")) == ([], START + 10)
    await leave(t)
    await errands_done()
    assert place.kind.run_by == place.other.run_by == ["acme"]
    assert await alarm(place.house, "acme") == START


async def test_an_act_that_leaves_nothing_begins_nothing(place: Place) -> None:
    t = await place.house.create("acme")
    before = await alarm(place.house, "acme")
    await t.tenant.perform(lambda turn, _: turn.now, None)
    await errands_done()
    assert (place.kind.run_by, await alarm(place.house, "acme")) == ([], before)


async def test_an_alarm_is_brought_forward_only(place: Place) -> None:
    t = await place.house.create("acme")
    for at, stands in ((START + 20, 20), (START + 30, 20), (START + 10, 10), (START + 15, 10)):
        await leave(t, at)
        assert await alarm(place.house, "acme") == START + stands
    place.house.clock.forward(10)
    await place.house.registry.ring()
    await leave(t, START + 40)
    assert await alarm(place.house, "acme") == START + 40


@pytest.mark.parametrize("first", ["alarm", "act"])
async def test_what_is_left_while_the_alarm_rings_is_not_put_off_by_it(place: Place, first: str) -> None:
    def act(turn: Turn, _: None) -> None:
        turn.tx.kept_tokens.put(KeptToken(user_id="u", provider="p", sealed=b"", due_at=START + 12))
        turn.wake_at(START + 12)

    t = await place.house.create("acme")
    await leave(t, START + 10)
    place.house.clock.forward(10)
    stuck = Stuck()
    standing = asyncio.create_task(t.tenant.perform(stuck, None))
    await stuck.begun()
    ringing = asyncio.create_task(place.house.registry.ring())
    if first == "alarm":
        await place.house.registry.perform(listings.every, None)  # now its turn waits behind what stands still
        await asyncio.sleep(0)
    leaving = asyncio.create_task(t.tenant.perform(act, None))
    await asyncio.sleep(0)
    stuck.let_go()
    await asyncio.gather(standing, ringing, leaving)
    assert await alarm(place.house, "acme") == START + 12


async def test_a_kind_that_has_nothing_to_do_does_not_run_about_while_another_is_at_it(place: Place) -> None:
    def act(turn: Turn, _: None) -> None:
        turn.tx.kept_tokens.put(KeptToken(user_id="u", provider="p", sealed=b"", due_at=START))
        turn.wake_at(START)

    t = await place.house.create("acme")
    place.kind.open.clear()
    await t.tenant.perform(act, None)
    await place.other.runs(1)
    for _ in range(20):
        await t.tenant.perform(lambda turn, _: turn.now, None)
    assert place.kind.run_by == place.other.run_by == ["acme"]


# --- one after another


async def test_what_comes_while_an_errand_is_under_way_is_done_after_it(place: Place) -> None:
    t = await place.house.create("acme")
    place.kind.open.clear()
    await leave(t)
    await place.kind.runs(1)
    for _ in range(3):
        await leave(t)
    assert place.kind.run_by == ["acme"]
    place.kind.open.set()
    await errands_done()
    assert place.kind.run_by == ["acme"] * 2
    assert place.kind.most == 1


async def test_a_kind_that_is_slow_holds_up_no_other(place: Place) -> None:
    t = await place.house.create("acme")
    place.kind.open.clear()
    for number in range(3):
        await leave(t)
        await place.other.runs(number + 1)
    assert place.kind.run_by == ["acme"]


async def test_a_bounded_number_of_tenants_are_served_at_once_and_the_others_in_their_order(place: Place) -> None:
    names = [f"t{number:03}" for number in range(AT_ONCE + 5)]
    tenants = [await place.house.create(name) for name in names]
    place.kind.open.clear()
    for t in tenants:
        await leave(t)
    await place.kind.runs(AT_ONCE)
    await place.other.runs(len(names))
    assert place.kind.run_by == names[:AT_ONCE]
    place.kind.open.set()
    await errands_done()
    assert place.kind.run_by == names
    assert place.kind.most == AT_ONCE


async def test_who_has_much_to_do_lets_others_go_first(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands_module, "AT_ONCE", 1)
    left = iter(range(3))
    place.kind.more = lambda tenant: tenant.listing.id == "busy" and next(left, None) is not None
    place.kind.open.clear()
    for name in ("busy", "b", "c"):
        await leave(await place.house.create(name))
    place.kind.open.set()
    await errands_done()
    assert place.kind.run_by == ["busy", "b", "c", "busy", "busy", "busy"]


# --- when something goes wrong


@pytest.mark.parametrize("met", [RuntimeError("a bug"), Busy()])
async def test_what_goes_wrong_is_not_tried_again_at_once(place: Place, met: Exception) -> None:
    def fails(_: Tenant) -> bool:
        raise met

    t = await place.house.create("acme")
    place.kind.more = fails
    await leave(t)
    await errands_done()
    assert place.kind.run_by == place.other.run_by == ["acme"]
    assert place.noted.told.count("broke") == isinstance(met, RuntimeError)


async def test_a_deleted_tenant_has_no_errands(place: Place) -> None:
    t = await place.house.create("acme")
    place.kind.open.clear()
    place.kind.more = lambda _: True
    await leave(t)
    await place.kind.runs(1)
    await place.house.registry.delete("acme")
    place.kind.open.set()
    await errands_done()
    assert place.kind.run_by == ["acme"]
    assert place.noted.told[-1] == "slept"


async def test_after_the_close_nothing_is_begun_and_nothing_is_under_way(place: Place) -> None:
    t = await place.house.create("acme")
    place.kind.open.clear()
    await leave(t)
    await place.kind.runs(1)
    await leave(t)
    await place.errands.close()
    await leave(t)
    await errands_done()
    assert (place.kind.run_by, place.kind.at_once) == (["acme"], 0)


# --- nothing is lost


async def test_a_caller_who_leaves_during_the_turn_takes_nothing_along(place: Place) -> None:
    t = await place.house.create("acme")
    stuck = Stuck()

    def act(turn: Turn, _: None) -> None:
        stuck(turn, None)
        turn.wake_at(START)

    leaving = asyncio.create_task(t.tenant.perform(act, None))
    await stuck.begun()
    leaving.cancel()
    with suppress(asyncio.CancelledError):
        await leaving
    stuck.let_go()
    await place.kind.runs(1)
    assert await alarm(place.house, "acme") == START


async def test_what_is_left_by_the_last_turn_before_the_end_is_in_the_list(tmp_path: Path) -> None:
    clock, stuck = FakeClock(), Stuck()

    def act(turn: Turn, _: None) -> None:
        stuck(turn, None)
        turn.wake_at(START + 5)

    async with a_house(tmp_path, clock=clock) as house:
        t = await house.create("acme")
        leaving = asyncio.create_task(t.tenant.perform(act, None))
        await stuck.begun()
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
        stuck.let_go()
    async with a_house(tmp_path, clock=clock) as house:
        assert await alarm(house, "acme") == START + 5
