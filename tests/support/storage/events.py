"""Events."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.storage import samples
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance
from tests.support.storage.samples import MOST, NOW, event


class EventConformance(StoreConformance[Any]):
    async def test_an_event_is_found_as_it_was_added_under_the_number_that_it_was_given(self, kept: Kept[Any]) -> None:
        first = await kept.do(lambda tx: tx.events.add(samples.EVENT))
        second = await kept.do(lambda tx: tx.events.add(replace(event("plain"), sequence=77)))
        assert 0 < first < second
        await kept.reopen()
        assert list(await kept.do(lambda tx: tx.events.page(0, 9))) == [
            replace(samples.EVENT, sequence=first),
            replace(event("plain"), sequence=second),
        ]

    async def test_the_numbers_rise_from_one(self, kept: Kept[Any]) -> None:
        given = [await kept.do(lambda tx: tx.events.add(event("a"))) for _ in range(3)]
        assert given == [1, 2, 3]

    async def test_an_event_of_a_work_that_raised_is_not_kept(self, kept: Kept[Any]) -> None:
        def add_and_fail(tx: Any) -> None:
            tx.events.add(event("undone"))
            raise Unexpected

        await kept.batch(lambda tx: tx.events.add(event("a")), add_and_fail, lambda tx: tx.events.add(event("b")))
        assert [each.type for each in await kept.do(lambda tx: tx.events.page(0, 9))] == ["a", "b"]

    async def test_the_number_of_a_swept_event_never_comes_again(self, kept: Kept[Any]) -> None:
        last = [await kept.do(lambda tx: tx.events.add(event("a"))) for _ in range(3)][-1]
        assert await kept.do(lambda tx: tx.events.sweep(NOW + 1, 9)) == 2
        await kept.reopen()
        assert await kept.do(lambda tx: tx.events.add(event("b"))) > last

    async def test_the_number_of_an_undone_event_may_be_given_to_another_and_numbers_still_rise(
        self, kept: Kept[Any]
    ) -> None:
        def add_and_fail(tx: Any) -> None:
            tx.events.add(event("undone"))
            raise Unexpected

        first = await kept.do(lambda tx: tx.events.add(event("a")))
        with pytest.raises(Unexpected):
            await kept.do(add_and_fail)
        assert await kept.do(lambda tx: tx.events.add(event("b"))) > first

    async def test_events_are_paged_in_the_order_of_their_numbers(self, kept: Kept[Any]) -> None:
        numbers = [await kept.do(lambda tx, at=at: tx.events.add(event("a", at))) for at in (5, 4, 3, 2, 1)]
        page = await kept.do(lambda tx: tx.events.page(numbers[0], 3))
        assert [each.sequence for each in page] == numbers[1:4]
        assert list(await kept.do(lambda tx: tx.events.page(numbers[-1], 3))) == []

    async def test_events_are_paged_back_from_a_number_the_newest_first(self, kept: Kept[Any]) -> None:
        numbers = [await kept.do(lambda tx, at=at: tx.events.add(event("a", at))) for at in (5, 4, 3, 2, 1)]
        page = await kept.do(lambda tx: tx.events.page_back(numbers[-1], 3))
        assert [each.sequence for each in page] == numbers[3:0:-1]
        assert page[0] == replace(event("a", 2), sequence=numbers[3])
        assert list(await kept.do(lambda tx: tx.events.page_back(numbers[0], 3))) == []
        assert [each.sequence for each in await kept.do(lambda tx: tx.events.page_back(MOST, 9))] == numbers[::-1]

    async def test_events_before_a_time_are_swept_the_oldest_first(self, kept: Kept[Any]) -> None:
        for at in (1, 2, 3, NOW, NOW + 1):
            await kept.do(lambda tx, at=at: tx.events.add(event("a", at)))
        assert [await kept.do(lambda tx: tx.events.sweep(NOW, 2)) for _ in range(3)] == [2, 1, 0]
        assert [each.at for each in await kept.do(lambda tx: tx.events.page(0, 9))] == [NOW, NOW + 1]
        assert not (await kept.batch(lambda tx: tx.events.sweep(NOW, 2))).wrote

    async def test_the_newest_event_is_found_and_is_never_swept(self, kept: Kept[Any]) -> None:
        assert await kept.do(lambda tx: tx.events.last()) is None
        for at in (NOW, 5):
            await kept.do(lambda tx, at=at: tx.events.add(event("a", at)))
        assert await kept.do(lambda tx: tx.events.sweep(MOST, 9)) == 1
        assert not (await kept.batch(lambda tx: tx.events.sweep(MOST, 9))).wrote
        await kept.reopen()
        newest = await kept.do(lambda tx: tx.events.last())
        assert newest == replace(event("a", 5), sequence=2)
