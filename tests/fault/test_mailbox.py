"""What callers of an actor are owed: one answer, only after the commit, or to be told at once that it is too much."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tenants.actor import Limits
from tenants.problems import Broken, Busy, Unknown
from tenants.records import Event
from tenants.store import Commit
from tenants.turn import Turn
from tests.support.standing import LONG_ENOUGH, Noted, Stuck, asked, ended, jump
from tests.support.tenant import a_house, a_tenant


def write(turn: Turn, name: str) -> str:
    turn.tx.events.add(Event(type=name, at=turn.now, actor="test"))
    return name


def read(turn: Turn, _: None) -> list[str]:
    return [event.type for event in turn.tx.events.page(0, 1_000) if event.actor == "test"]


# --- callers who leave


async def test_a_turn_that_nobody_waits_for_any_more_is_not_begun(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        stuck = Stuck()
        first = await asked(t.run(stuck, "first"))
        await stuck.begun()
        leaves, stays = await asked(t.run(write, "leaves")), await asked(t.run(write, "stays"))
        leaves.cancel()
        stuck.let_go()
        assert await first == "first"
        assert await stays == "stays"
        assert leaves.cancelled()
        assert await t.run(read, None) == ["stays"]


async def test_a_turn_that_has_begun_is_finished_though_its_caller_left(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        stuck = Stuck()

        def act(turn: Turn, request: str) -> str:
            write(turn, request)
            stuck(turn, request)
            return request

        call = await asked(t.run(act, "kept"))
        await stuck.begun()
        call.cancel()
        assert isinstance(await ended(call), asyncio.CancelledError)
        after = await asked(t.run(write, "after"))
        assert not after.done(), "the next turn must not begin while that one runs"
        stuck.let_go()
        await after
        assert await t.run(read, None) == ["kept", "after"]


async def test_when_everybody_leaves_the_actor_is_as_good_as_new(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        stuck = Stuck()
        calls = [await asked(t.run(stuck, 1)), *[await asked(t.run(write, "x")) for _ in range(20)]]
        await stuck.begun()
        for call in calls:
            call.cancel()
        stuck.let_go()
        assert all([isinstance(await ended(call), asyncio.CancelledError) for call in calls])
        assert await t.run(read, None) == []
        await t.sleep()


# --- too much


async def test_one_more_than_the_mailbox_holds_is_busy_and_is_not_begun(tmp_path: Path) -> None:
    noted = Noted()
    async with a_tenant(tmp_path, limits=Limits(waiting=3), observer=noted) as t:
        stuck = Stuck()
        first = await asked(t.run(stuck, 1))
        await stuck.begun()
        waiting = [await asked(t.run(write, str(n))) for n in range(3)]
        with pytest.raises(Busy) as raised:
            await t.run(write, "one more")
        assert raised.value.retry_after >= 1
        assert noted.told.count("shed") == 1
        stuck.let_go()
        await asyncio.gather(first, *waiting)
        assert await t.run(read, None) == ["0", "1", "2"]


async def test_a_call_that_waited_too_long_is_busy_and_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_tenant(tmp_path, limits=Limits(age=5)) as t:
        stuck = Stuck()
        first = await asked(t.run(stuck, 1))
        await stuck.begun()
        old = await asked(t.run(write, "old"))
        jump(monkeypatch, 6)
        new = await asked(t.run(write, "new"))
        stuck.let_go()
        assert isinstance(await ended(old), Busy)
        assert await new == "new"
        assert await first == 1
        assert await t.run(read, None) == ["new"]


async def test_those_who_wait_share_commits_of_bounded_size_in_their_order(tmp_path: Path) -> None:
    noted = Noted()
    async with a_tenant(tmp_path, limits=Limits(batch=4), observer=noted) as t:
        stuck = Stuck()
        first = await asked(t.run(stuck, 1))
        await stuck.begun()
        calls = [await asked(t.run(write, str(n))) for n in range(10)]
        noted.batches.clear()
        stuck.let_go()
        await asyncio.gather(first, *calls)
        assert noted.batches == [1, 4, 4, 2]
        assert await t.run(read, None) == [str(n) for n in range(10)]


async def test_no_more_batches_are_in_flight_than_the_house_allows(tmp_path: Path) -> None:
    async with a_house(tmp_path, batches=2) as house:
        tenants = [await house.create(name) for name in ("a", "b", "c", "d")]
        acts = [Stuck() for _ in tenants]
        calls = [await asked(t.run(act, n)) for n, (t, act) in enumerate(zip(tenants, acts, strict=True))]
        await acts[0].begun()
        await acts[1].begun()
        assert not acts[2].has_begun
        assert not acts[3].has_begun
        acts[1].let_go()
        await acts[2].begun()
        assert not acts[3].has_begun
        for act in acts:
            act.let_go()
        assert await asyncio.gather(*calls) == [0, 1, 2, 3]


async def test_a_tenant_at_work_does_not_make_another_wait(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        slow, quick = await house.create("slow"), await house.create("quick")
        stuck = Stuck()
        call = await asked(slow.run(stuck, 1))
        await stuck.begun()
        assert await asyncio.wait_for(quick.run(write, "x"), LONG_ENOUGH) == "x"
        stuck.let_go()
        await call


# --- acts that go wrong


@pytest.mark.parametrize("error", [ValueError("x"), StopIteration("x"), KeyError("x"), AssertionError("x")])
async def test_a_bug_in_one_act_is_undone_and_told_to_its_caller_alone(tmp_path: Path, error: Exception) -> None:
    def buggy(turn: Turn, _: None) -> None:
        write(turn, "undone")
        raise error

    async with a_tenant(tmp_path) as t:
        stuck = Stuck()
        first = await asked(t.run(stuck, 1))
        await stuck.begun()
        calls = [
            await asked(t.run(write, "before")),
            await asked(t.run(buggy, None)),
            await asked(t.run(write, "after")),
        ]
        stuck.let_go()
        before, bug, after = [await ended(call) for call in calls]
        assert (before, after) == ("before", "after")
        assert bug is error or isinstance(bug, RuntimeError)
        assert await first == 1
        assert await t.run(read, None) == ["before", "after"]


async def test_time_never_goes_back_from_one_turn_to_the_next(tmp_path: Path) -> None:
    async with a_tenant(tmp_path) as t:
        seen: list[int] = []
        for now in (t.clock.now, t.clock.now + 10, t.clock.now - 1_000, t.clock.now + 11):
            t.clock.now = now
            seen.append(await t.run(lambda turn, _: turn.now, None))
            await t.sleep()
        assert seen == sorted(seen)
        assert len(set(seen)) == 3


# --- a store that is let be for a while


async def test_a_store_that_broke_is_tried_again_after_a_while_however_often_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = Noted()
    async with a_tenant(tmp_path, observer=noted, limits=Limits(reopen_after=10)) as t:
        await t.sleep()
        aside = t.path.with_suffix(".aside")
        t.path.rename(aside)
        with pytest.raises(Broken):
            await t.run(read, None)
        aside.rename(t.path)
        for _ in range(3):
            jump(monkeypatch, 3)
            with pytest.raises(Broken):
                await t.run(read, None)
        assert noted.told.count("broke") == 1
        jump(monkeypatch, 3)
        assert await t.run(read, None) == []


# --- after the commit


class Copies:
    """Where each commit is to be copied to before it is told of."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, name: str, commit: Commit) -> None:
        assert commit.wrote
        self.asked.append(name)
        self.was_asked.set()
        await self.go.wait()
        if self.error is not None:
            raise self.error


async def test_no_reply_leaves_before_the_copy_is_made(tmp_path: Path) -> None:
    copies = Copies()
    async with a_tenant(tmp_path, after_commit=copies) as t:
        call = await asked(t.run(write, "x"))
        await asyncio.wait_for(copies.was_asked.wait(), LONG_ENOUGH)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not call.done()
        assert not await t.tenant.actor.sleep(), "it may not sleep while a reply is owed"
        copies.go.set()
        assert await call == "x"
        assert copies.asked == [t.tenant.listing.uid]


async def test_what_writes_nothing_waits_for_no_copy(tmp_path: Path) -> None:
    copies = Copies()
    async with a_tenant(tmp_path, after_commit=copies) as t:
        assert await asyncio.wait_for(t.run(read, None), LONG_ENOUGH) == []
        assert copies.asked == []


@pytest.mark.parametrize("error", [OSError("no route"), Busy(), Broken("x")])
async def test_a_copy_that_fails_withholds_every_reply_of_its_batch(tmp_path: Path, error: Exception) -> None:
    copies = Copies()
    copies.go.set()
    async with a_tenant(tmp_path, after_commit=copies, limits=Limits(reopen_after=0)) as t:
        stuck = Stuck()
        first = await asked(t.run(stuck, 1))
        await stuck.begun()
        copies.error = error
        calls: list[Any] = [await asked(t.run(write, str(n))) for n in range(3)]
        calls.append(await asked(t.run(read, None)))
        stuck.let_go()
        assert await first == 1
        assert all([isinstance(await ended(call), Unknown) for call in calls])
        copies.error = None
        assert await t.run(read, None) == ["0", "1", "2"], "the tenant reads again what its file holds"
