"""Places for calls: whatever the order in which callers come, go and give up, none is lost and none is given twice."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.outbound import places
from server.outbound.places import MAX_WAITING, PER_TENANT, TOTAL, Crowded, Places

STEP = st.tuples(st.sampled_from(["come", "come", "leave", "give up", "leave and give up"]), st.integers(0, 20))
TENANTS = 12
FEW = {"TOTAL": 6, "PER_TENANT": 3, "SPARE": 1, "MAX_WAITING": 4}
"""So that callers soon meet."""


class Callers:
    def __init__(self) -> None:
        self.places = Places()
        self.held = [0] * TENANTS
        self.waiting: list[tuple[int, asyncio.Task[None]]] = []

    async def come(self, tenant: int) -> None:
        self.waiting.append((tenant, asyncio.create_task(self.places.take(str(tenant)))))
        await self.settle()

    async def leave(self, chosen: int) -> None:
        self.go(chosen)
        await self.settle()

    def go(self, chosen: int) -> None:
        holding = [tenant for tenant in range(TENANTS) if self.held[tenant]]
        if holding:
            tenant = holding[chosen % len(holding)]
            self.held[tenant] -= 1
            self.places.leave(str(tenant))

    async def give_up(self, chosen: int) -> None:
        if self.waiting:
            self.waiting[chosen % len(self.waiting)][1].cancel()
        await self.settle()

    async def settle(self) -> None:
        """See who got a place."""
        for _ in range(3):
            await asyncio.sleep(0)
        for tenant, task in self.waiting:
            if task.done() and not task.cancelled() and task.exception() is None:
                self.held[tenant] += 1
        self.waiting = [(tenant, task) for tenant, task in self.waiting if not task.done()]
        assert sum(self.held) <= FEW["TOTAL"]
        assert max(self.held) <= FEW["PER_TENANT"]
        if sum(self.held) < FEW["TOTAL"]:
            assert not [tenant for tenant, _ in self.waiting if not self.held[tenant]]  # the first is for everybody


@given(st.lists(STEP, max_size=60))
def test_no_place_is_lost_and_none_is_given_twice(steps: list[tuple[str, int]]) -> None:
    async def live() -> None:
        callers = Callers()
        for step, chosen in steps:
            if step == "come":
                await callers.come(chosen % TENANTS)
            elif step == "leave":
                await callers.leave(chosen)
            elif step == "give up":
                await callers.give_up(chosen)
            else:  # at one and the same moment
                callers.go(chosen)
                await callers.give_up(chosen)
        while sum(callers.held):
            await callers.leave(0)
        assert callers.waiting == []
        for tenant in range(FEW["TOTAL"]):
            await asyncio.wait_for(callers.places.take(f"new {tenant}"), 10)  # all are free again

    with pytest.MonkeyPatch.context() as patched:
        for name, number in FEW.items():
            patched.setattr(places, name, number)
        asyncio.run(live())


@pytest.mark.parametrize("first", ["leaves", "gives up"])
def test_a_place_that_is_left_in_the_moment_in_which_the_next_gives_up_is_free(first: str) -> None:
    async def live() -> None:
        places = Places()
        for _ in range(PER_TENANT):
            await places.take("a")
        next_one = asyncio.create_task(places.take("a"))
        await asyncio.sleep(0)
        for what in ("leaves", "gives up") if first == "leaves" else ("gives up", "leaves"):
            if what == "leaves":
                places.leave("a")
            else:
                next_one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await next_one
        await asyncio.wait_for(places.take("a"), 10)

    asyncio.run(live())


def test_a_few_tenants_that_take_all_they_can_leave_places_to_those_who_come_later() -> None:
    async def live() -> int:
        places = Places()
        greedy = [asyncio.create_task(places.take(f"{n % TENANTS}")) for n in range(TENANTS * PER_TENANT)]
        await asyncio.sleep(0)
        for late in range(TENANTS):
            await asyncio.wait_for(places.take(f"late {late}"), 10)
        taken = sum(task.done() for task in greedy)
        for task in greedy:
            task.cancel()
        await asyncio.gather(*greedy, return_exceptions=True)
        return taken

    assert asyncio.run(live()) > TOTAL / 2


def test_a_line_has_an_end() -> None:
    async def live() -> None:
        places = Places()
        waiting = [asyncio.create_task(places.take("a")) for _ in range(PER_TENANT + MAX_WAITING)]
        await asyncio.sleep(0)
        try:
            await places.take("a")
        except Crowded:
            await places.take("b")
        else:
            raise AssertionError("it waits behind too many")
        waiting[-1].cancel()
        await asyncio.sleep(0)
        waiting[-1] = asyncio.create_task(places.take("a"))
        await asyncio.sleep(0)
        assert not waiting[-1].done()
        for _ in waiting[:-1]:
            places.leave("a")
            await asyncio.sleep(0)
        await asyncio.gather(*waiting[:-2], waiting[-1])

    asyncio.run(live())
