"""A clock that goes wrong: turns do not go back with it, and one that had been far ahead holds nobody up for years."""

from pathlib import Path

import pytest

from tenants.listings import PURGE_AFTER
from tenants.records import DAY
from tests.support.tenant import START, ATenant, FakeClock, a_house, a_tenant

YEARS = 5 * 365 * DAY


async def instant(t: ATenant) -> int:
    """The instant of a turn that is taken now."""
    return await t.run(lambda turn, _: turn.now, None)


@pytest.mark.parametrize("back", [1, 3_600, DAY])
async def test_the_instant_of_a_turn_waits_for_a_clock_that_went_back_a_little(tmp_path: Path, back: int) -> None:
    async with a_tenant(tmp_path) as t:
        assert await instant(t) == START
        for now, seen in ((START - back, START), (START - 1, START), (START, START), (START + 1, START + 1)):
            t.clock.now = now
            assert await instant(t) == seen
            await t.sleep()  # and what it was is not forgotten while the tenant sleeps


@pytest.mark.parametrize("ahead", [DAY + 1, YEARS])
async def test_the_instant_of_a_turn_follows_a_clock_that_had_been_far_ahead(tmp_path: Path, ahead: int) -> None:
    async with a_tenant(tmp_path) as t:
        t.clock.now = START + ahead
        assert await instant(t) == START + ahead
        for now in (START, START + 1):
            t.clock.now = now
            assert await instant(t) == now


async def test_an_alarm_that_a_clock_far_ahead_has_set_comes_now(tmp_path: Path) -> None:
    async with a_house(tmp_path, clock=FakeClock(START + YEARS)) as house:
        await house.create("acme")
    async with a_house(tmp_path, clock=FakeClock(START)) as house:
        assert await house.registry.ring() == 1
        assert await house.registry.ring() == 0
        house.clock.forward(DAY)
        assert await house.registry.ring() == 1


async def test_it_comes_now_too_where_the_clock_is_put_right_while_we_serve(tmp_path: Path) -> None:
    async with a_house(tmp_path, clock=FakeClock(START + YEARS)) as house:
        await house.create("acme")
        await house.create("other")
        house.clock.forward(-YEARS)
        assert await house.registry.ring() == 2
        assert await house.registry.ring() == 0
        house.clock.forward(DAY)
        assert await house.registry.ring() == 2


async def test_an_alarm_of_the_coming_day_is_left_where_it_is(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        await house.create("acme")
        house.clock.forward(DAY)
        assert await house.registry.ring() == 1
    async with a_house(tmp_path, clock=FakeClock(START + DAY)) as house:
        assert await house.registry.ring() == 0
        house.clock.forward(DAY - 1)
        assert await house.registry.ring() == 0
        house.clock.forward(1)
        assert await house.registry.ring() == 1


@pytest.mark.parametrize("back", [1, YEARS])
async def test_a_clock_that_goes_back_takes_nothing_from_the_time_of_a_deleted_issuer(
    tmp_path: Path, back: int
) -> None:
    async with a_house(tmp_path, clock=FakeClock(START + back)) as house:
        await house.create("acme")
        house.clock.forward(DAY)
        await house.registry.ring()  # its next alarm is a whole day away
        await house.registry.delete("acme")
    async with a_house(tmp_path, clock=FakeClock(START + DAY)) as house:
        t = house.find("acme")
        assert await house.registry.ring() == 0
        house.clock.forward(PURGE_AFTER - 1)
        assert await house.registry.ring() == 0
        assert (await house.registry.undelete("acme")).state == "active"
        assert await t.tokens(await t.client())
