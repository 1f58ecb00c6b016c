"""What is published is kept at hand: a copy that was read before a change was announced is never served after it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tenants.acts.operate import change_policy
from tenants.oauth.refusal import Refusal
from tenants.records import Policy
from tenants.turn import Turn
from tests.support.standing import Stuck, asked
from tests.support.tenant import ATenant, a_tenant, refusal_of

NEW = Policy(scopes=("openid", "files:read"))


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


@pytest.mark.parametrize("read_before", [False, True])
async def test_a_copy_that_was_on_its_way_when_the_change_came_is_used_once(t: ATenant, read_before: bool) -> None:
    if read_before:
        await t.policy(lambda policy: replace(policy, debug=True))
    stuck = Stuck()
    first = await asked(t.run(stuck, None))
    await stuck.begun()
    reading = await asked(t.tenant.published())
    changing = await asked(t.policy(lambda _: NEW))  # behind it, in the same batch
    stuck.let_go()
    assert (await reading).policy != NEW
    await changing
    assert (await t.tenant.published()).policy == NEW
    await first


async def test_who_asks_while_the_change_is_made_waits_for_it(t: ATenant) -> None:
    stuck = Stuck()

    def change_and_stand(turn: Turn, _: None) -> None:
        change_policy(turn, NEW)
        stuck(turn, None)

    assert (await t.tenant.published()).policy != NEW
    changing = await asked(t.run(change_and_stand, None))
    await stuck.begun()
    reading = await asked(t.tenant.published())
    assert not reading.done()
    stuck.let_go()
    assert (await reading).policy == NEW
    assert (await t.tenant.published()).policy == NEW
    await changing


async def test_a_change_that_was_announced_and_undone_is_never_seen(t: ATenant) -> None:
    def change_and_refuse(turn: Turn, _: None) -> None:
        change_policy(turn, NEW)
        raise Refusal("invalid_request")

    before = await t.tenant.published()
    await refusal_of(t.run(change_and_refuse, None), "invalid_request")
    assert await t.tenant.published() == before


async def test_what_nobody_changed_is_read_once(t: ATenant) -> None:
    assert await t.tenant.published() is await t.tenant.published()
