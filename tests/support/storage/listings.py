"""Listings of the registry."""

from dataclasses import replace
from typing import Any

import pytest

from tenants.problems import AlreadyThere
from tenants.records import Listing
from tenants.store import RegistryTx
from tests.support.storage import samples
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import MOST, NOW, listing

Tx = RegistryTx

STATES = ("building", "active", "disabled", "deleted", "purged")


class ListingConformance(StoreConformance[RegistryTx]):
    async def _add(self, kept: Kept[Tx], *listings: Listing) -> None:
        for each in listings:
            await kept.do(lambda tx, each=each: tx.listings.add(each))

    async def test_a_listing_is_found_as_it_was_added_by_id_and_by_uri(self, kept: Kept[Tx]) -> None:
        await self._add(kept, samples.LISTING, listing("plain"))
        await kept.reopen()
        for each in (samples.LISTING, listing("plain")):
            assert await kept.do(lambda tx, each=each: tx.listings.find(each.id)) == each
            assert await kept.do(lambda tx, each=each: tx.listings.find_uri(each.uri)) == each
        assert await kept.do(lambda tx: tx.listings.find("Plain")) is None
        for unknown in ("https://PLAIN.example", "https://plain.example/", ""):
            assert await kept.do(lambda tx, unknown=unknown: tx.listings.find_uri(unknown)) is None

    async def test_listings_are_found_by_the_name_of_their_host(self, kept: Kept[Tx]) -> None:
        uris = {
            "a": "https://x.example",
            "b": "https://x.example:8443",
            "c": "http://x.example/path",
            "d": "https://x.example:8443/path",
            "e": "https://x.example.org",
            "f": "https://y.x.example",
            "g": "https://x.example-2",
            "h": "https://other.example/x.example",
            "i": "https://other.example:8443/x.example",
            "j": "http://x.example0",
        }
        await self._add(kept, *(listing(id, uri=uri, state="purged") for id, uri in reversed(uris.items())))
        found = await kept.do(lambda tx: tx.listings.at_host("x.example"))
        assert [(each.id, each.uri) for each in found] == [(id, uris[id]) for id in "abcd"]
        for nobody in ("x.exampl", "xxexample", "X.example", "x.example.", ""):
            assert list(await kept.do(lambda tx, host=nobody: tx.listings.at_host(host))) == [], nobody

    @pytest.mark.parametrize("state", STATES)
    async def test_id_uid_and_uri_are_given_once_and_for_ever(self, kept: Kept[Tx], state: str) -> None:
        first = listing("a", state=state)
        await self._add(kept, first)
        for taken in (
            replace(listing("b"), id=first.id),
            replace(listing("b"), uid=first.uid),
            replace(listing("b"), uri=first.uri),
        ):
            with pytest.raises(AlreadyThere):
                await self._add(kept, taken)
        assert list(await kept.do(lambda tx: tx.listings.all())) == [first]
        assert await kept.do(lambda tx: tx.listings.find_uri(first.uri)) == first

    async def test_a_listing_is_changed_by_who_saw_its_latest_version(self, kept: Kept[Tx]) -> None:
        before = listing("a", version=3)
        after = replace(
            before, state="deleted", display_name="é", updated_at=NOW + 1, deleted_at=NOW, purge_at=MOST, version=4
        )
        await self._add(kept, before, listing("b", version=3))
        for stale in (2, 4):
            commit = await kept.batch(lambda tx, v=stale: tx.listings.change(after, version=v))
            assert values(commit) == [False]
            assert not commit.wrote
        assert await kept.do(lambda tx: tx.listings.find("a")) == before
        assert await kept.do(lambda tx: tx.listings.change(after, version=3)) is True
        assert await kept.do(lambda tx: tx.listings.change(after, version=3)) is False
        await kept.reopen()
        assert list(await kept.do(lambda tx: tx.listings.all())) == [after, listing("b", version=3)]

    async def test_whether_a_deleted_one_was_disabled_before_is_kept_and_forgotten(self, kept: Kept[Tx]) -> None:
        deleted = listing("a", state="deleted", was_disabled=True, version=2)
        back = listing("a", state="disabled", version=3)
        await self._add(kept, listing("a", state="disabled"))
        for version, after in ((1, deleted), (2, back)):
            assert await kept.do(lambda tx, v=version, after=after: tx.listings.change(after, version=v)) is True
            await kept.reopen()
            assert await kept.do(lambda tx: tx.listings.find("a")) == after

    async def test_changing_an_unknown_listing_changes_nothing(self, kept: Kept[Tx]) -> None:
        assert await kept.do(lambda tx: tx.listings.change(listing("a"), version=1)) is False
        assert list(await kept.do(lambda tx: tx.listings.all())) == []

    async def test_a_change_leaves_uid_uri_birth_and_alarm_as_they_were(self, kept: Kept[Tx]) -> None:
        before = listing("a")
        await self._add(kept, before)
        await kept.do(lambda tx: tx.listings.set_alarm("a", NOW + 9, 3))
        stale = replace(samples.LISTING, id="a", version=2)
        assert await kept.do(lambda tx: tx.listings.change(stale, version=1)) is True
        assert await kept.do(lambda tx: tx.listings.find("a")) == replace(
            stale,
            uid=before.uid,
            uri=before.uri,
            created_at=before.created_at,
            alarm_at=NOW + 9,
            alarm_attempts=3,
        )

    async def test_an_alarm_is_set_without_a_new_version(self, kept: Kept[Tx]) -> None:
        await self._add(kept, listing("a"), listing("b"))
        await kept.do(lambda tx: tx.listings.set_alarm("a", NOW + 9, 3))
        await kept.do(lambda tx: tx.listings.set_alarm("nobody", NOW + 9, 3))
        assert list(await kept.do(lambda tx: tx.listings.all())) == [
            listing("a", alarm_at=NOW + 9, alarm_attempts=3),
            listing("b"),
        ]

    async def test_an_alarm_that_is_too_far_away_comes_now(self, kept: Kept[Tx]) -> None:
        far: dict[str, Any] = {"alarm_at": NOW + 10, "alarm_attempts": 3}
        others = [listing("b", alarm_at=NOW + 9), listing("c", state="deleted", **far), listing("d", alarm_at=NOW - 9)]
        await self._add(kept, listing("a", **far), *others, listing("e", state="disabled", **far))
        assert await kept.do(lambda tx: tx.listings.hasten(NOW + 9, NOW, 1)) == 1
        assert await kept.do(lambda tx: tx.listings.hasten(NOW + 9, NOW, 9)) == 1
        assert await kept.do(lambda tx: tx.listings.hasten(NOW + 9, NOW, 9)) == 0
        now_are = [listing("a", alarm_at=NOW), *others, listing("e", state="disabled", alarm_at=NOW)]
        assert list(await kept.do(lambda tx: tx.listings.all())) == now_are

    async def test_only_a_listing_that_never_came_to_be_is_withdrawn(self, kept: Kept[Tx]) -> None:
        await self._add(kept, *(listing(state, state=state) for state in STATES))
        told = {state: await kept.do(lambda tx, id=state: tx.listings.withdraw(id)) for state in (*STATES, "nobody")}
        assert [state for state, done in told.items() if done] == ["building"]
        assert await kept.do(lambda tx: tx.listings.find("building")) is None
        assert len(await kept.do(lambda tx: tx.listings.all())) == 4
        await self._add(kept, listing("building"))

    async def test_due_are_those_whose_alarm_or_purge_time_has_come_the_most_overdue_first(
        self, kept: Kept[Tx]
    ) -> None:
        await self._add(
            kept,
            listing("active", alarm_at=NOW - 2, purge_at=MOST),
            listing("disabled", state="disabled", alarm_at=NOW - 4),
            listing("deleted", state="deleted", purge_at=NOW - 3, alarm_at=NOW + 9),
            listing("at this second", alarm_at=NOW),
            listing("purged at this second", state="deleted", purge_at=NOW, alarm_at=0),
            listing("not yet", alarm_at=NOW + 1),
            listing("not purged yet", state="deleted", purge_at=NOW + 1, alarm_at=0),
            listing("building", state="building", alarm_at=0),
            listing("purged", state="purged", purge_at=0, alarm_at=0),
        )
        due = ["disabled", "deleted", "active", "at this second", "purged at this second"]
        for limit in (100, 5, 3, 1):
            assert await self._due(kept, NOW, limit) == due[:limit]
        assert await self._due(kept, NOW - 5, 100) == []

    async def test_those_that_are_equally_overdue_come_in_the_order_of_their_ids(self, kept: Kept[Tx]) -> None:
        await self._add(
            kept,
            listing("d"),
            listing("c", state="deleted", purge_at=NOW, alarm_at=0),
            listing("b"),
            listing("a", state="deleted", purge_at=NOW, alarm_at=0),
        )
        assert await self._due(kept, NOW, 9) == ["a", "b", "c", "d"]
        assert await self._due(kept, NOW, 3) == ["a", "b", "c"]

    async def test_all_listings_are_told_in_the_order_of_their_ids(self, kept: Kept[Tx]) -> None:
        everyone = [listing(f"{n}-{state}", state=state) for n in range(2) for state in sorted(STATES)]
        await self._add(kept, *reversed(everyone))
        assert list(await kept.do(lambda tx: tx.listings.all())) == everyone

    async def _due(self, kept: Kept[Tx], now: int, limit: int) -> list[str]:
        return [each.id for each in await kept.do(lambda tx: tx.listings.due(now, limit))]
