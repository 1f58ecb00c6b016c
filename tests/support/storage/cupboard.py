"""What holds of every cupboard: stores come whole or not at all, stay apart, and go without a trace."""

from typing import Generic, TypeVar

import pytest

from tenants.problems import AlreadyThere, Broken
from tenants.store import Stores
from tests.support.storage.batches import BatchConformance, Unexpected
from tests.support.storage.kept import Kept

X = TypeVar("X")


class CupboardConformance(BatchConformance[X], Generic[X]):
    async def _names(self, stores: Stores[X], uid: str) -> list[str]:
        """What an open and a close find in the store of `uid`."""
        kept = Kept(stores, uid, await stores.open(uid))
        try:
            return await kept.do(self.names)
        finally:
            await kept.store.close()

    async def test_an_empty_cupboard_has_no_stores(self, stores: Stores[X]) -> None:
        assert list(await stores.uids()) == []

    async def test_a_store_is_made_with_what_its_founding_writes_in_order(self, stores: Stores[X]) -> None:
        def second(tx: X) -> None:
            assert self.names(tx) == ["a"]
            self.write(tx, "b")

        await stores.create(self.uids[0], [lambda tx: self.write(tx, "a"), second])
        assert await self._names(stores, self.uids[0]) == ["a", "b"]

    async def test_a_store_may_be_made_empty(self, stores: Stores[X]) -> None:
        await stores.create(self.uids[0], [])
        assert await self._names(stores, self.uids[0]) == []

    @pytest.mark.parametrize("error", [Unexpected("x"), AlreadyThere("x"), Broken("x")])
    async def test_a_founding_that_raises_leaves_no_store(self, stores: Stores[X], error: Exception) -> None:
        with pytest.raises(type(error)) as raised:
            await stores.create(
                self.uids[0],
                [lambda tx: self.write(tx, "a"), lambda tx: self.write_and_fail(tx, "b", error)],
            )
        assert raised.value is error
        assert list(await stores.uids()) == []
        with pytest.raises(Broken):
            await stores.open(self.uids[0])

    async def test_after_a_founding_that_raised_the_store_can_still_be_made(self, stores: Stores[X]) -> None:
        with pytest.raises(Unexpected):
            await stores.create(self.uids[0], [lambda tx: self.write_and_fail(tx, "a", Unexpected())])
        await stores.create(self.uids[0], [lambda tx: self.write(tx, "b")])
        assert await self._names(stores, self.uids[0]) == ["b"]

    async def test_a_second_store_of_the_same_uid_is_already_there_and_changes_nothing(self, stores: Stores[X]) -> None:
        await stores.create(self.uids[0], [lambda tx: self.write(tx, "a")])
        with pytest.raises(AlreadyThere):
            await stores.create(self.uids[0], [lambda tx: self.write(tx, "b")])
        assert list(await stores.uids()) == [self.uids[0]]
        assert await self._names(stores, self.uids[0]) == ["a"]

    async def test_a_store_that_is_open_is_already_there_too(self, kept: Kept[X]) -> None:
        await kept.do(lambda tx: self.write(tx, "a"))
        with pytest.raises(AlreadyThere):
            await kept.stores.create(kept.uid, [])
        assert await kept.do(self.names) == ["a"]

    async def test_opening_what_is_not_there_is_broken_and_makes_nothing(self, stores: Stores[X]) -> None:
        with pytest.raises(Broken):
            await stores.open(self.uids[0])
        assert list(await stores.uids()) == []

    async def test_all_stores_are_listed_open_or_closed(self, stores: Stores[X]) -> None:
        for uid in self.uids:
            await stores.create(uid, self.founding)
        store = await stores.open(self.uids[1])
        assert sorted(await stores.uids()) == sorted(self.uids)
        await store.close()
        assert sorted(await stores.uids()) == sorted(self.uids)

    async def test_stores_share_nothing(self, stores: Stores[X]) -> None:
        opened: list[Kept[X]] = []
        for uid in self.uids:
            await stores.create(uid, self.founding)
            opened.append(Kept(stores, uid, await stores.open(uid)))
        for kept in opened:
            await kept.do(lambda tx, uid=kept.uid: self.write(tx, f"only in {uid}"))
        for kept in opened:
            assert await kept.do(self.names) == [f"only in {kept.uid}"]
            await kept.store.close()

    async def test_a_removed_store_is_gone_and_the_others_stay(self, stores: Stores[X]) -> None:
        gone, stays = self.uids[:2]
        for uid in (gone, stays):
            await stores.create(uid, [lambda tx, uid=uid: self.write(tx, uid)])
        await stores.remove(gone)
        assert list(await stores.uids()) == [stays]
        with pytest.raises(Broken):
            await stores.open(gone)
        assert await self._names(stores, stays) == [stays]

    async def test_a_store_that_was_used_is_removed_with_all_that_it_held(self, kept: Kept[X]) -> None:
        await kept.do(lambda tx: self.write(tx, "a"))
        await kept.store.close()
        await kept.stores.remove(kept.uid)
        await kept.stores.create(kept.uid, [])
        assert await self._names(kept.stores, kept.uid) == []

    async def test_removing_what_is_not_there_is_no_error(self, stores: Stores[X]) -> None:
        await stores.remove(self.uids[0])
        await stores.create(self.uids[0], [])
        await stores.remove(self.uids[0])
        await stores.remove(self.uids[0])
        assert list(await stores.uids()) == []
