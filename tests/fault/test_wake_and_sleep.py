"""Who is awake: a bounded number, the least recently used asleep first, and who sleeps costs nothing."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from tenants.problems import Busy
from tests.fault.test_mailbox import read, write
from tests.support.standing import LONG_ENOUGH, Stuck, asked, jump
from tests.support.tenant import ATenant, a_house, a_tenant


def open_files(t: ATenant) -> list[str]:
    """The descriptors that this process has on a tenant's file and what belongs to it."""
    found: list[str] = []
    for entry in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{entry}")
        except FileNotFoundError:
            continue
        if target.startswith(str(t.path)):
            found.append(target)
    return found


def threads() -> set[threading.Thread]:
    """All but those that asyncio keeps for `to_thread`."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}


async def test_a_sleeping_tenant_has_no_thread_and_no_descriptor(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        before = threads()
        t = await house.create("acme")
        await t.run(write, "x")
        assert open_files(t)
        assert threads() - before
        await t.sleep()
        assert open_files(t) == []
        for thread in threads() - before:
            await asyncio.to_thread(thread.join, LONG_ENOUGH)  # it is on its way out
        assert threads() <= before
        assert house.residence.awake == 0


async def test_a_tenant_wakes_to_what_it_kept(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        for n in range(5):
            await t.run(write, str(n))
            await t.sleep()
        assert await t.run(read, None) == ["0", "1", "2", "3", "4"]


async def test_a_new_process_finds_what_the_former_kept(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        await t.run(write, "x")
    async with a_house(tmp_path) as house:
        assert await house.find("acme").run(read, None) == ["x"]


async def test_a_tenant_that_nobody_asked_for_is_not_opened(tmp_path: Path) -> None:
    async with a_tenant(tmp_path):
        pass
    async with a_house(tmp_path) as house:
        assert house.residence.awake == 0
        assert open_files(house.find("acme")) == []


async def test_the_least_recently_used_falls_asleep_to_make_room(tmp_path: Path) -> None:
    async with a_house(tmp_path, places=2) as house:
        a, b, c = [await house.create(name) for name in ("a", "b", "c")]
        for t in (a, b, a, c):
            await t.run(write, "x")
        assert [bool(open_files(t)) for t in (a, b, c)] == [True, False, True]
        assert house.residence.awake == 2
        assert await b.run(read, None) == ["x"]
        assert [bool(open_files(t)) for t in (a, b, c)] == [False, True, True]


async def test_where_everyone_is_at_work_the_next_is_busy_and_nobody_is_put_to_sleep(tmp_path: Path) -> None:
    async with a_house(tmp_path, places=1) as house:
        a, b = [await house.create(name) for name in ("a", "b")]
        stuck = Stuck()
        call = await asked(a.run(stuck, "done"))
        await stuck.begun()
        with pytest.raises(Busy):
            await b.run(write, "x")
        stuck.let_go()
        assert await call == "done"
        assert await b.run(write, "y") == "y", "being busy once leaves no mark"
        assert await b.run(read, None) == ["y"]


async def test_many_tenants_share_few_places_and_lose_nothing(tmp_path: Path) -> None:
    async with a_house(tmp_path, places=3, batches=2) as house:
        tenants = [await house.create(f"t{n}") for n in range(8)]
        for name in ("x", "y"):
            for n in range(0, 8, 2):
                await asyncio.gather(*(t.run(write, name) for t in tenants[n : n + 2]))
                assert house.residence.awake <= 3
        assert all([await t.run(read, None) == ["x", "y"] for t in tenants])


async def test_a_tenant_at_work_is_not_put_to_sleep(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        stuck = Stuck()
        call = await asked(t.run(stuck, "done"))
        await stuck.begun()
        assert not await t.tenant.actor.sleep()
        assert await house.residence.send_idle_to_sleep() == 0
        stuck.let_go()
        assert await call == "done"


async def test_the_idle_are_put_to_sleep_and_those_in_use_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_house(tmp_path) as house:
        idle, used = await house.create("idle"), await house.create("used")
        await idle.run(write, "x")
        jump(monkeypatch, 61)
        await used.run(write, "x")
        assert await house.residence.send_idle_to_sleep() == 1
        assert [bool(open_files(t)) for t in (idle, used)] == [False, True]


async def test_who_asks_while_it_falls_asleep_is_answered(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        for n in range(10):
            answers = await asyncio.gather(
                t.run(write, f"{n} before"), t.tenant.actor.sleep(), t.run(write, f"{n} after"), t.tenant.actor.sleep()
            )
            assert answers[0] == f"{n} before"
            assert answers[2] == f"{n} after"
            await asyncio.gather(t.tenant.actor.sleep(), t.run(read, None), t.tenant.actor.sleep())
        assert len(await t.run(read, None)) == 20


async def test_stopping_finishes_what_waits(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        stuck = Stuck()
        calls = [await asked(t.run(stuck, "first")), *[await asked(t.run(write, str(n))) for n in range(5)]]
        await stuck.begun()
        stopping = asyncio.create_task(house.registry.stop())
        stuck.let_go()
        assert await asyncio.gather(*calls) == ["first", "0", "1", "2", "3", "4"]
        await stopping
        assert open_files(t) == []
