"""A commit that fails: nobody is told that it succeeded, and the next call reads again what the file holds.

The disk is really full: the kernel lets no file of this process grow beyond what it is (RLIMIT_FSIZE).
"""

import asyncio
import resource
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tenants import listings
from tenants.actor import Limits
from tenants.problems import Broken, Unknown
from tenants.records import Event
from tenants.registry import IssuerChange
from tenants.turn import Turn
from tests.fault.test_mailbox import read
from tests.support.standing import Noted, Stuck, asked, ended, jump
from tests.support.tenant import START, ATenant, a_house, a_tenant

AT_ONCE = Limits(reopen_after=0)


def a_full_disk(t: ATenant) -> AbstractContextManager[None]:
    """Until the block ends, the tenant's log cannot grow."""
    return _no_room_for(t.path)


@contextmanager
def _no_room_for(file: Path) -> Generator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = file.with_name(f"{file.name}-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write(turn: Turn, name: str) -> str:
    """More than a page."""
    turn.tx.events.add(Event(type=name, at=turn.now, actor="test", details={"much": "x" * 20_000}))
    return name


async def test_a_commit_that_fails_is_unknown_to_all_who_were_in_it_and_the_next_reads_again(tmp_path: Path) -> None:
    noted = Noted()
    async with a_tenant(tmp_path, limits=AT_ONCE, observer=noted) as t:
        await t.run(write, "before")
        stuck = Stuck()
        first = await asked(t.run(stuck, 1))
        await stuck.begun()
        calls = [await asked(t.run(write, str(n))) for n in range(3)]
        noted.told.clear()
        with a_full_disk(t):
            stuck.let_go()
            ends = [await ended(call) for call in calls]
        assert await first == 1
        assert [type(end) for end in ends] == [Unknown] * 3
        kept = await t.run(read, None)
        assert kept in (["before"], ["before", "0", "1", "2"]), "all of a commit or nothing of it"
        assert noted.told == ["broke", "slept", "woke"]
        await t.run(write, "after")
        assert await t.run(read, None) == [*kept, "after"]


async def test_what_needs_no_room_works_on_a_full_disk(tmp_path: Path) -> None:
    async with a_tenant(tmp_path, limits=AT_ONCE) as t:
        client = await t.client()
        tokens = await t.tokens(client)
        with a_full_disk(t):
            assert isinstance((await asyncio.gather(t.run(write, "x"), return_exceptions=True))[0], Broken)
            assert await t.counts(client, tokens.access_token)
            assert (await t.tenant.published()).jwks
            with pytest.raises(Broken):
                await t.refresh(client, tokens.refresh_token)
            assert await t.counts(client, tokens.access_token)
        assert await t.refresh(client, tokens.refresh_token)


async def test_a_spent_code_stays_spent_whatever_the_disk_did_in_between(tmp_path: Path) -> None:
    async with a_tenant(tmp_path, limits=AT_ONCE) as t:
        client = await t.client()
        spent, fresh = await t.code(client), await t.code(client)
        await t.redeem(client, spent)
        with a_full_disk(t):
            for code in (spent, fresh):
                with pytest.raises(Broken):
                    await t.redeem(client, code)
        assert await t.redeem(client, fresh), "a retry of what nobody knows is answered"
        grants = await t.run(lambda turn, _: [grant.code_spent_at for grant in turn.tx.grants.page(0, 10)], None)
        assert None not in grants


async def test_one_tenant_without_room_is_alone_with_it(tmp_path: Path) -> None:
    async with a_house(tmp_path, limits=AT_ONCE) as house:
        full, fine = await house.create("full"), await house.create("fine")
        await fine.run(write, "x")
        for _ in range(5):
            await full.run(write, "x")
        await fine.sleep()
        await fine.run(lambda turn, _: turn.remember("small", "test"), None)
        with a_full_disk(full):
            with pytest.raises(Broken):
                await full.run(write, "y")
            assert await fine.run(lambda turn, _: turn.remember("small", "test"), None) == 4
        assert await full.run(read, None) == ["x"] * 5


async def test_what_is_done_is_told_though_the_list_of_alarms_has_no_room_and_the_alarm_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wakes(turn: Turn, at: int) -> str:
        turn.wake_at(at)
        return "done"

    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        for n in range(20):  # the list has the longest log
            await house.registry.change(IssuerChange(id="acme", display_name=f"{n}"))
        with _no_room_for(tmp_path / "registry.db"):
            assert await t.tenant.perform(wakes, START + 10) == "done"
        jump(monkeypatch, 10)  # what broke is let be for a second
        assert await house.registry.ring() == 0
        [listing] = await house.registry.perform(listings.every, None)
        assert listing.alarm_at == START + 10
        house.clock.forward(10)
        assert await house.registry.ring() == 1
