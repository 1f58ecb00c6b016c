"""Deliveries."""

import pytest

from tenants.problems import AlreadyThere
from tenants.records import Delivery
from tenants.store import Tx
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import DELIVERY, MOST, NOW, ORDERED, delivery


class DeliveryConformance(StoreConformance[Tx]):
    async def test_a_delivery_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        await add(kept, DELIVERY, delivery("plain"))
        await kept.reopen()
        assert await due(kept, MOST) == [delivery("plain"), DELIVERY]

    async def test_a_second_delivery_of_the_same_id_is_already_there(self, kept: Kept[Tx]) -> None:
        await add(kept, delivery("d1"))
        with pytest.raises(AlreadyThere):
            await add(kept, delivery("d1", NOW - 9))
        assert await due(kept, MOST) == [delivery("d1")]

    async def test_due_is_what_is_due_by_now_the_most_overdue_first_then_by_id(self, kept: Kept[Tx]) -> None:
        overdue = delivery("zz", NOW - 1)
        await add(kept, *map(delivery, reversed(ORDERED)), overdue, delivery("0 soon", NOW + 1))
        expected = [overdue, *map(delivery, ORDERED)]
        assert await due(kept, NOW) == expected
        assert await due(kept, NOW, 3) == expected[:3]
        assert await due(kept, NOW - 1) == [overdue]
        assert await due(kept, NOW - 2) == []
        assert await due(kept, NOW, 0) == []

    async def test_when_the_next_one_is_due_and_how_many_there_are(self, kept: Kept[Tx]) -> None:
        assert await next_and_count(kept) == (None, 0)
        await add(kept, delivery("d1", NOW + 5), delivery("d2", NOW + 3), delivery("d3", NOW + 3))
        assert await next_and_count(kept) == (NOW + 3, 3)
        await kept.do(lambda tx: tx.deliveries.remove("d2"))
        await kept.do(lambda tx: tx.deliveries.put_off("d3", NOW + 9, 1))
        assert await next_and_count(kept) == (NOW + 5, 2)

    async def test_what_is_put_off_is_due_later_and_stays_what_it_was(self, kept: Kept[Tx]) -> None:
        await add(kept, delivery("d1", NOW - 1), delivery("d2"))
        assert await kept.do(lambda tx: tx.deliveries.put_off("d1", NOW + 60, 3)) is True
        later = Delivery(id="d1", body="{}", created_at=NOW, due_at=NOW + 60, attempts=3)
        await kept.reopen()
        assert await due(kept, NOW) == [delivery("d2")]
        assert await due(kept, NOW + 60) == [delivery("d2"), later]

    async def test_a_removed_delivery_is_gone(self, kept: Kept[Tx]) -> None:
        await add(kept, delivery("d1"), delivery("d2"))
        assert await kept.do(lambda tx: tx.deliveries.remove("d1")) is True
        assert await due(kept, MOST) == [delivery("d2")]
        await add(kept, delivery("d1", NOW - 1))
        assert await due(kept, MOST) == [delivery("d1", NOW - 1), delivery("d2")]

    async def test_putting_off_or_removing_an_unknown_delivery_tells_so_and_writes_nothing(
        self, kept: Kept[Tx]
    ) -> None:
        await add(kept, delivery("d1"))
        commit = await kept.batch(
            lambda tx: tx.deliveries.put_off("D1", NOW + 9, 1), lambda tx: tx.deliveries.remove("D1")
        )
        assert values(commit) == [False, False]
        assert not commit.wrote
        assert await due(kept, MOST) == [delivery("d1")]

    async def test_all_deliveries_are_removed_at_once(self, kept: Kept[Tx]) -> None:
        await add(kept, delivery("d1"), delivery("d2", MOST))
        assert await kept.do(lambda tx: tx.deliveries.remove_all()) == 2
        assert await next_and_count(kept) == (None, 0)
        commit = await kept.batch(lambda tx: tx.deliveries.remove_all())
        assert values(commit) == [0]
        assert not commit.wrote


async def add(kept: Kept[Tx], *deliveries: Delivery) -> None:
    for each in deliveries:
        await kept.do(lambda tx, each=each: tx.deliveries.add(each))


async def due(kept: Kept[Tx], now: int, limit: int = 99) -> list[Delivery]:
    return list(await kept.do(lambda tx: tx.deliveries.due(now, limit)))


async def next_and_count(kept: Kept[Tx]) -> tuple[int | None, int]:
    return await kept.do(lambda tx: (tx.deliveries.next_at(), tx.deliveries.count()))
