"""Identity providers."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.records import IdentityProvider
from tenants.store import Done, Tx
from tests.support.storage import samples
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance, error_of, values
from tests.support.storage.samples import NOW, ORDERED, PROVIDER, provider


class IdentityProviderConformance(StoreConformance[Tx]):
    async def test_an_identity_provider_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        await self._add(kept, PROVIDER, provider("plain"))
        await kept.reopen()
        for each in (PROVIDER, provider("plain")):
            assert await self._find(kept, each.id) == each

    async def test_an_unknown_identity_provider_is_none_and_ids_are_told_letter_by_letter(self, kept: Kept[Tx]) -> None:
        assert await self._find(kept, "p1") is None
        await self._add(kept, provider("p1"))
        for id in ("", "P1", "p1 ", "p", "p1\0"):
            assert await self._find(kept, id) is None
        assert await self._find(kept, "p1") == provider("p1")

    async def test_all_identity_providers_come_in_the_order_of_their_ids(self, kept: Kept[Tx]) -> None:
        assert await self._all(kept) == []
        await self._add(kept, *map(provider, reversed(ORDERED)))
        assert await self._all(kept) == [*map(provider, ORDERED)]
        await kept.reopen()
        assert await self._all(kept) == [*map(provider, ORDERED)]

    async def test_a_second_identity_provider_of_the_same_id_is_already_there(self, kept: Kept[Tx]) -> None:
        await self._add(kept, provider("p1"))
        with pytest.raises(AlreadyThere):
            await self._add(kept, provider("p1", display_name="second"))
        assert await self._all(kept) == [provider("p1")]

    async def test_an_identity_provider_is_changed_by_who_saw_its_latest_version(self, kept: Kept[Tx]) -> None:
        before, after = provider("p1", version=3), provider("p1", display_name="after", version=4)
        await self._add(kept, before, provider("p2", version=3))
        for stale in (2, 4):
            commit = await kept.batch(lambda tx, v=stale: tx.identity_providers.change(after, version=v))
            assert values(commit) == [False]
            assert not commit.wrote
        assert await self._find(kept, "p1") == before
        assert await kept.do(lambda tx: tx.identity_providers.change(after, version=3)) is True
        assert await kept.do(lambda tx: tx.identity_providers.change(after, version=3)) is False
        assert await self._all(kept) == [after, provider("p2", version=3)]
        await kept.reopen()
        assert await self._all(kept) == [after, provider("p2", version=3)]

    async def test_a_changed_identity_provider_has_everything_new_but_the_time_of_its_birth(
        self, kept: Kept[Tx]
    ) -> None:
        plain = provider("p1", created_at=NOW - 9)
        whole = replace(PROVIDER, id="p1")
        await self._add(kept, plain)
        assert await kept.do(lambda tx: tx.identity_providers.change(whole, version=1)) is True
        assert await self._find(kept, "p1") == replace(whole, created_at=NOW - 9)
        again = replace(plain, created_at=NOW, version=whole.version + 1)
        assert await kept.do(lambda tx: tx.identity_providers.change(again, version=whole.version)) is True
        await kept.reopen()
        assert await self._find(kept, "p1") == replace(plain, version=whole.version + 1)

    async def test_what_was_done_to_an_identity_provider_and_undone_is_not_seen(self, kept: Kept[Tx]) -> None:
        def touch_and_fail(tx: Tx) -> None:
            changed, new = provider("p1", display_name="undone", version=2), provider("p2")
            assert tx.identity_providers.find("p1") == provider("p1")
            assert tx.identity_providers.change(changed, version=1)
            assert tx.identity_providers.find("p1") == changed
            tx.identity_providers.add(new)
            assert list(tx.identity_providers.all()) == [changed, new]
            raise Unexpected

        def remove_and_fail(tx: Tx) -> None:
            tx.identity_providers.remove("p1")
            assert tx.identity_providers.find("p1") is None
            raise Unexpected

        await self._add(kept, provider("p1"))
        for undone in (touch_and_fail, remove_and_fail):
            commit = await kept.batch(undone, lambda tx: list(tx.identity_providers.all()))
            assert isinstance(error_of(commit.outcomes[0]), Unexpected)
            assert commit.outcomes[1] == Done([provider("p1")])
            assert await self._find(kept, "p1") == provider("p1")

    async def test_changing_or_removing_an_unknown_identity_provider_tells_so_and_writes_nothing(
        self, kept: Kept[Tx]
    ) -> None:
        commit = await kept.batch(
            lambda tx: tx.identity_providers.change(provider("p1"), version=1),
            lambda tx: tx.identity_providers.remove("p1"),
        )
        assert values(commit) == [False, False]
        assert not commit.wrote
        assert await self._all(kept) == []

    async def test_a_removed_identity_provider_is_gone_and_its_users_stay(self, kept: Kept[Tx]) -> None:
        await self._add(kept, provider("p1"), provider("p2"))
        await kept.do(lambda tx: tx.users.add(samples.user("u1", provider="p1")))
        assert await self._find(kept, "p1") == provider("p1")
        assert await kept.do(lambda tx: tx.identity_providers.remove("p1")) is True
        assert await kept.do(lambda tx: tx.identity_providers.remove("p1")) is False
        assert await self._all(kept) == [provider("p2")]
        assert await kept.do(lambda tx: tx.users.find("u1")) == samples.user("u1", provider="p1")
        await self._add(kept, provider("p1", display_name="again"))
        assert await self._find(kept, "p1") == provider("p1", display_name="again")

    async def _add(self, kept: Kept[Tx], *providers: IdentityProvider) -> None:
        for each in providers:
            await kept.do(lambda tx, each=each: tx.identity_providers.add(each))

    async def _find(self, kept: Kept[Tx], provider_id: str) -> IdentityProvider | None:
        return await kept.do(lambda tx: tx.identity_providers.find(provider_id))

    async def _all(self, kept: Kept[Tx]) -> list[IdentityProvider]:
        return list(await kept.do(lambda tx: tx.identity_providers.all()))
