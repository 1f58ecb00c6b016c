"""Signing keys."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere, Broken
from tenants.records import SigningKey
from tenants.store import Done, Tx
from tests.support.storage import samples
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance, error_of, values
from tests.support.storage.samples import NOW, key


class SigningKeyConformance(StoreConformance[Tx]):
    async def test_a_key_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.signing_keys.add(samples.KEY))
        await kept.do(lambda tx: tx.signing_keys.add(key("plain")))
        await kept.reopen()
        assert list(await kept.do(lambda tx: tx.signing_keys.all())) == [samples.KEY, key("plain")]

    async def test_keys_come_in_the_order_in_which_they_were_added(self, kept: Kept[Tx]) -> None:
        assert list(await kept.do(lambda tx: tx.signing_keys.all())) == []
        for id, at in (("z", NOW), ("a", NOW), ("m", NOW - 1)):
            await kept.do(lambda tx, id=id, at=at: tx.signing_keys.add(key(id, created_at=at)))
        assert await self._ids(kept) == ["z", "a", "m"]
        await kept.do(lambda tx: tx.signing_keys.change(key("z", state="retired")))
        await kept.do(lambda tx: tx.signing_keys.remove("m"))
        await kept.do(lambda tx: tx.signing_keys.add(key("b")))
        await kept.reopen()
        assert await self._ids(kept) == ["z", "a", "b"]

    async def test_a_second_key_of_the_same_id_is_already_there(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.signing_keys.add(key("k")))
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.signing_keys.add(key("k", algorithm="EdDSA")))
        assert list(await kept.do(lambda tx: tx.signing_keys.all())) == [key("k")]

    async def test_the_current_key_is_the_one_that_signs(self, kept: Kept[Tx]) -> None:
        for id, state in (("old", "retired"), ("now", "current"), ("soon", "next")):
            await kept.do(lambda tx, id=id, state=state: tx.signing_keys.add(key(id, state=state)))
        assert await kept.do(lambda tx: tx.signing_keys.current()) == key("now", state="current")

    async def test_without_a_current_key_the_store_is_broken(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.signing_keys.add(key("soon")))
        with pytest.raises(Broken):
            await kept.batch(lambda tx: tx.signing_keys.current())

    async def test_two_keys_do_not_sign_at_once(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.signing_keys.add(key("now", state="current")))
        await kept.do(lambda tx: tx.signing_keys.add(key("soon")))
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.signing_keys.add(key("other", state="current")))
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.signing_keys.change(key("soon", state="current")))
        assert await kept.do(lambda tx: tx.signing_keys.change(key("now", state="current", activated_at=NOW))) is True
        assert [each.state for each in await kept.do(lambda tx: tx.signing_keys.all())] == ["current", "next"]

    async def test_a_key_is_rolled_in_one_work(self, kept: Kept[Tx]) -> None:
        def roll(tx: Tx) -> SigningKey:
            assert tx.signing_keys.current().id == "now"
            assert tx.signing_keys.change(key("now", state="retired", retired_at=NOW, expires_at=NOW + 9)) is True
            assert tx.signing_keys.change(key("soon", state="current", activated_at=NOW)) is True
            return tx.signing_keys.current()

        await kept.do(lambda tx: tx.signing_keys.add(key("now", state="current")))
        await kept.do(lambda tx: tx.signing_keys.add(key("soon")))
        assert await kept.do(roll) == key("soon", state="current", activated_at=NOW)
        await kept.reopen()
        assert list(await kept.do(lambda tx: tx.signing_keys.all())) == [
            key("now", state="retired", retired_at=NOW, expires_at=NOW + 9),
            key("soon", state="current", activated_at=NOW),
        ]

    async def test_a_roll_that_was_undone_is_not_seen(self, kept: Kept[Tx]) -> None:
        def roll_and_fail(tx: Tx) -> None:
            tx.signing_keys.change(key("now", state="retired"))
            tx.signing_keys.add(key("new", state="current"))
            assert tx.signing_keys.current().id == "new"
            raise Unexpected

        await kept.do(lambda tx: tx.signing_keys.add(key("now", state="current")))
        commit = await kept.batch(roll_and_fail, lambda tx: list(tx.signing_keys.all()))
        assert isinstance(error_of(commit.outcomes[0]), Unexpected)
        assert commit.outcomes[1] == Done([key("now", state="current")])
        assert await kept.do(lambda tx: tx.signing_keys.current()) == key("now", state="current")
        assert await self._ids(kept) == ["now"]

    async def test_a_change_replaces_everything(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.signing_keys.add(key("k")))
        changed = replace(samples.KEY, id="k")
        assert await kept.do(lambda tx: tx.signing_keys.change(changed)) is True
        assert list(await kept.do(lambda tx: tx.signing_keys.all())) == [changed]

    async def test_changing_or_removing_an_unknown_key_tells_so_and_writes_nothing(self, kept: Kept[Tx]) -> None:
        commit = await kept.batch(lambda tx: tx.signing_keys.change(key("k")), lambda tx: tx.signing_keys.remove("k"))
        assert values(commit) == [False, False]
        assert not commit.wrote

    async def test_a_removed_key_is_gone(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.signing_keys.add(key("k")))
        await kept.do(lambda tx: tx.signing_keys.add(key("l")))
        assert await kept.do(lambda tx: tx.signing_keys.remove("k")) is True
        assert await self._ids(kept) == ["l"]

    async def _ids(self, kept: Kept[Tx]) -> list[str]:
        return [each.id for each in await kept.do(lambda tx: tx.signing_keys.all())]
