"""Resources."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.records import Resource
from tenants.store import Done, Tx
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance, error_of, values
from tests.support.storage.samples import NOW, ORDERED, RESOURCE, resource


class ResourceConformance(StoreConformance[Tx]):
    async def test_a_resource_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        await self._add_resources(kept, RESOURCE, resource("plain"))
        await kept.reopen()
        for each in (RESOURCE, resource("plain")):
            assert await self._resource(kept, each.id) == each

    async def test_an_unknown_resource_is_none_and_ids_are_told_letter_by_letter(self, kept: Kept[Tx]) -> None:
        assert await self._resource(kept, "r1") is None
        await self._add_resources(kept, resource("r1"))
        for id in ("", "R1", "r1 ", "r", "r1\0"):
            assert await self._resource(kept, id) is None
        assert await self._resource(kept, "r1") == resource("r1")

    async def test_all_resources_come_in_the_order_of_their_ids(self, kept: Kept[Tx]) -> None:
        assert await self._resources(kept) == []
        await self._add_resources(kept, *map(resource, reversed(ORDERED)))
        assert await self._resources(kept) == [*map(resource, ORDERED)]
        await kept.reopen()
        assert await self._resources(kept) == [*map(resource, ORDERED)]

    async def test_a_second_resource_of_the_same_id_or_canonical_uri_is_already_there(self, kept: Kept[Tx]) -> None:
        await self._add_resources(kept, resource("r1"))
        for second in (
            resource("r1", uri="https://other.example", canonical_uri="https://other.example"),
            resource("r2", uri="HTTPS://r1.example", canonical_uri="https://r1.example"),
        ):
            with pytest.raises(AlreadyThere):
                await self._add_resources(kept, second)
        assert await self._resources(kept) == [resource("r1")]
        await self._add_resources(kept, resource("r2", uri="https://r1.example"))
        assert len(await self._resources(kept)) == 2

    async def test_a_resource_is_changed_by_who_saw_its_latest_version(self, kept: Kept[Tx]) -> None:
        before, after = resource("r1", version=3), resource("r1", display_name="after", version=4)
        await self._add_resources(kept, before, resource("r2", version=3))
        for stale in (2, 4):
            commit = await kept.batch(lambda tx, v=stale: tx.resources.change(after, version=v))
            assert values(commit) == [False]
            assert not commit.wrote
        assert await self._resource(kept, "r1") == before
        assert await kept.do(lambda tx: tx.resources.change(after, version=3)) is True
        assert await kept.do(lambda tx: tx.resources.change(after, version=3)) is False
        await kept.reopen()
        assert await self._resources(kept) == [after, resource("r2", version=3)]

    async def test_a_changed_resource_has_everything_new_but_its_uris_and_the_time_of_its_birth(
        self, kept: Kept[Tx]
    ) -> None:
        plain = resource("r1", created_at=NOW - 9)
        stays = {"uri": plain.uri, "canonical_uri": plain.canonical_uri, "created_at": NOW - 9}
        whole = replace(RESOURCE, id="r1")
        await self._add_resources(kept, plain, resource("r2", uri=RESOURCE.uri, canonical_uri=RESOURCE.canonical_uri))
        assert await kept.do(lambda tx: tx.resources.change(whole, version=1)) is True
        assert await self._resource(kept, "r1") == replace(whole, **stays)
        again = replace(plain, version=whole.version + 1)
        assert await kept.do(lambda tx: tx.resources.change(again, version=whole.version)) is True
        await kept.reopen()
        assert await self._resource(kept, "r1") == again

    async def test_what_was_done_to_a_resource_and_undone_is_not_seen(self, kept: Kept[Tx]) -> None:
        def touch_and_fail(tx: Tx) -> None:
            changed, new = resource("r1", display_name="undone", version=2), resource("r2")
            assert tx.resources.find("r1") == resource("r1")
            assert tx.resources.change(changed, version=1)
            assert tx.resources.find("r1") == changed
            tx.resources.add(new)
            assert list(tx.resources.all()) == [changed, new]
            raise Unexpected

        def remove_and_fail(tx: Tx) -> None:
            tx.resources.remove("r1")
            assert tx.resources.find("r1") is None
            raise Unexpected

        await self._add_resources(kept, resource("r1"))
        for undone in (touch_and_fail, remove_and_fail):
            commit = await kept.batch(undone, lambda tx: list(tx.resources.all()))
            assert isinstance(error_of(commit.outcomes[0]), Unexpected)
            assert commit.outcomes[1] == Done([resource("r1")])
            assert await self._resource(kept, "r1") == resource("r1")

    async def test_changing_or_removing_an_unknown_resource_tells_so_and_writes_nothing(self, kept: Kept[Tx]) -> None:
        commit = await kept.batch(
            lambda tx: tx.resources.change(resource("r1"), version=1), lambda tx: tx.resources.remove("r1")
        )
        assert values(commit) == [False, False]
        assert not commit.wrote
        assert await self._resources(kept) == []

    async def test_a_removed_resource_is_gone_and_leaves_its_names_free(self, kept: Kept[Tx]) -> None:
        await self._add_resources(kept, resource("r1"), resource("r2"))
        assert await kept.do(lambda tx: tx.resources.remove("r1")) is True
        assert await kept.do(lambda tx: tx.resources.remove("r1")) is False
        assert await self._resources(kept) == [resource("r2")]
        again = resource("r3", uri="https://r1.example", canonical_uri="https://r1.example")
        await self._add_resources(kept, again, resource("r1", uri="x", canonical_uri="x"))
        assert await self._resource(kept, "r3") == again

    async def _add_resources(self, kept: Kept[Tx], *resources: Resource) -> None:
        for each in resources:
            await kept.do(lambda tx, each=each: tx.resources.add(each))

    async def _resource(self, kept: Kept[Tx], resource_id: str) -> Resource | None:
        return await kept.do(lambda tx: tx.resources.find(resource_id))

    async def _resources(self, kept: Kept[Tx]) -> list[Resource]:
        return list(await kept.do(lambda tx: tx.resources.all()))
