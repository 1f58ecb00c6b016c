"""Logout notices."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.records import LogoutNotice
from tenants.store import Tx
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import LOGOUT_NOTICE, MOST, NOW, ORDERED, logout_notice


class LogoutNoticeConformance(StoreConformance[Tx]):
    async def test_a_notice_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        await add(kept, LOGOUT_NOTICE, logout_notice("plain"))
        await kept.reopen()
        assert await due(kept, MOST) == [logout_notice("plain"), LOGOUT_NOTICE]

    async def test_a_second_notice_of_the_same_id_is_already_there(self, kept: Kept[Tx]) -> None:
        await add(kept, logout_notice("d1"))
        with pytest.raises(AlreadyThere):
            await add(kept, logout_notice("d1", NOW - 9))
        assert await due(kept, MOST) == [logout_notice("d1")]

    async def test_due_is_what_is_due_by_now_the_most_overdue_first_then_by_id(self, kept: Kept[Tx]) -> None:
        overdue = logout_notice("zz", NOW - 1)
        await add(kept, *map(logout_notice, reversed(ORDERED)), overdue, logout_notice("0 soon", NOW + 1))
        expected = [overdue, *map(logout_notice, ORDERED)]
        assert await due(kept, NOW) == expected
        assert await due(kept, NOW, 3) == expected[:3]
        assert await due(kept, NOW - 1) == [overdue]
        assert await due(kept, NOW - 2) == []
        assert await due(kept, NOW, 0) == []

    async def test_when_the_next_one_is_due_and_how_many_there_are(self, kept: Kept[Tx]) -> None:
        assert await next_and_count(kept) == (None, 0)
        await add(kept, logout_notice("d1", NOW + 5), logout_notice("d2", NOW + 3), logout_notice("d3", NOW + 3))
        assert await next_and_count(kept) == (NOW + 3, 3)
        await kept.do(lambda tx: tx.logout_notices.remove("d2"))
        await kept.do(lambda tx: tx.logout_notices.put_off("d3", NOW + 9, 1))
        assert await next_and_count(kept) == (NOW + 5, 2)
        await add(kept, replace(logout_notice("d4"), user_id="u2"))
        assert await kept.do(lambda tx: [tx.logout_notices.count(user) for user in ("u1", "u2", "u3")]) == [2, 1, 0]

    async def test_what_is_put_off_is_due_later_and_stays_what_it_was(self, kept: Kept[Tx]) -> None:
        await add(kept, logout_notice("d1", NOW - 1), logout_notice("d2"))
        assert await kept.do(lambda tx: tx.logout_notices.put_off("d1", NOW + 60, 3)) is True
        later = replace(logout_notice("d1"), due_at=NOW + 60, attempts=3)
        await kept.reopen()
        assert await due(kept, NOW) == [logout_notice("d2")]
        assert await due(kept, NOW + 60) == [logout_notice("d2"), later]

    async def test_a_removed_notice_is_gone(self, kept: Kept[Tx]) -> None:
        await add(kept, logout_notice("d1"), logout_notice("d2"))
        assert await kept.do(lambda tx: tx.logout_notices.remove("d1")) is True
        assert await due(kept, MOST) == [logout_notice("d2")]
        await add(kept, logout_notice("d1", NOW - 1))
        assert await due(kept, MOST) == [logout_notice("d1", NOW - 1), logout_notice("d2")]

    async def test_putting_off_or_removing_an_unknown_notice_tells_so_and_writes_nothing(self, kept: Kept[Tx]) -> None:
        await add(kept, logout_notice("d1"))
        commit = await kept.batch(
            lambda tx: tx.logout_notices.put_off("D1", NOW + 9, 1), lambda tx: tx.logout_notices.remove("D1")
        )
        assert values(commit) == [False, False]
        assert not commit.wrote
        assert await due(kept, MOST) == [logout_notice("d1")]


async def add(kept: Kept[Tx], *notices: LogoutNotice) -> None:
    for each in notices:
        await kept.do(lambda tx, each=each: tx.logout_notices.add(each))


async def due(kept: Kept[Tx], now: int, limit: int = 99) -> list[LogoutNotice]:
    return list(await kept.do(lambda tx: tx.logout_notices.due(now, limit)))


async def next_and_count(kept: Kept[Tx]) -> tuple[int | None, int]:
    return await kept.do(lambda tx: (tx.logout_notices.next_at(), tx.logout_notices.count()))
