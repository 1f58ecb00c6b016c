"""Operations, in the registry's store."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.records import Operation, Origin
from tenants.store import RegistryTx
from tests.support.storage.kept import Kept, StoreConformance
from tests.support.storage.samples import NOW, OPERATION, ORDERED, operation


class OperationConformance(StoreConformance[RegistryTx]):
    async def test_an_operation_is_found_as_it_was_added(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, OPERATION, operation("a"))
        await kept.reopen()
        for each in (OPERATION, operation("a")):
            assert await kept.do(lambda tx, each=each: tx.operations.find(each.id)) == each
        assert await kept.do(lambda tx: tx.operations.find("A")) is None

    async def test_a_second_operation_of_the_same_id_is_already_there(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, operation("a"))
        with pytest.raises(AlreadyThere):
            await add(kept, operation("a", verb="other"))
        assert await kept.do(lambda tx: tx.operations.find("a")) == operation("a")

    async def test_how_far_it_is_changes_and_what_was_asked_for_stays(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, operation("a"))
        further = replace(OPERATION, id="a")
        assert await kept.do(lambda tx: tx.operations.change(further)) is True
        assert await kept.do(lambda tx: tx.operations.change(operation("b"))) is False
        await kept.reopen()
        asked = operation("a")
        assert await kept.do(lambda tx: tx.operations.find("a")) == replace(
            further,
            verb=asked.verb,
            issuer_id=asked.issuer_id,
            lock=asked.lock,
            request=asked.request,
            origin=Origin("root"),
            created_at=asked.created_at,
        )

    async def test_they_are_paged_in_the_order_of_their_ids(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, *map(operation, reversed(ORDERED)))
        assert [each.id for each in await kept.do(lambda tx: tx.operations.page("", 99))] == [*ORDERED]
        assert [each.id for each in await kept.do(lambda tx: tx.operations.page("10", 2))] == ["9", "Z"]

    async def test_those_that_have_not_ended_are_under_way(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, operation("b"), operation("a", cancelled_at=NOW), operation("c", ended_at=0))
        assert [each.id for each in await kept.do(lambda tx: tx.operations.under_way())] == ["a", "b"]

    async def test_a_removed_operation_is_gone(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, operation("a"), operation("b"))
        assert await kept.do(lambda tx: tx.operations.remove("a")) is True
        assert await kept.do(lambda tx: tx.operations.remove("a")) is False
        await kept.reopen()
        assert [each.id for each in await kept.do(lambda tx: tx.operations.page("", 9))] == ["b"]

    async def test_what_ended_long_ago_is_swept_and_what_goes_on_stays(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, operation("a", ended_at=1), operation("b", ended_at=NOW), operation("c"))
        assert await kept.do(lambda tx: tx.operations.sweep(NOW, 0)) == 0
        assert await kept.do(lambda tx: tx.operations.sweep(NOW, 9)) == 1
        assert not (await kept.batch(lambda tx: tx.operations.sweep(NOW, 9))).wrote
        assert [each.id for each in await kept.do(lambda tx: tx.operations.page("", 9))] == ["b", "c"]


async def add(kept: Kept[RegistryTx], *operations: Operation) -> None:
    for each in operations:
        await kept.do(lambda tx, each=each: tx.operations.add(each))
