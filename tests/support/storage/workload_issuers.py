"""Workload issuers."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.records import WorkloadIssuer
from tenants.store import Done, Tx
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance, error_of, values
from tests.support.storage.samples import NOW, ORDERED, WORKLOAD_ISSUER, workload_issuer


class WorkloadIssuerConformance(StoreConformance[Tx]):
    async def test_a_workload_issuer_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        await self._add_issuers(kept, WORKLOAD_ISSUER, workload_issuer("plain"))
        await kept.reopen()
        for each in (WORKLOAD_ISSUER, workload_issuer("plain")):
            assert await self._issuer(kept, each.id) == each

    async def test_all_workload_issuers_come_in_the_order_of_their_ids(self, kept: Kept[Tx]) -> None:
        assert await self._issuers(kept) == []
        await self._add_issuers(kept, *map(workload_issuer, reversed(ORDERED)))
        assert await self._issuers(kept) == [*map(workload_issuer, ORDERED)]
        await kept.reopen()
        assert await self._issuers(kept) == [*map(workload_issuer, ORDERED)]
        for id in ("", "A", "a ", "a\0"):
            assert await self._issuer(kept, id) is None

    async def test_a_second_workload_issuer_of_the_same_id_or_uri_is_already_there(self, kept: Kept[Tx]) -> None:
        await self._add_issuers(kept, workload_issuer("w1"))
        for second in (
            workload_issuer("w1", issuer_uri="https://other.example"),
            workload_issuer("w2", issuer_uri="https://w1.example"),
        ):
            with pytest.raises(AlreadyThere):
                await self._add_issuers(kept, second)
        assert await self._issuers(kept) == [workload_issuer("w1")]
        await self._add_issuers(kept, workload_issuer("w2", issuer_uri="https://W1.example"))
        assert len(await self._issuers(kept)) == 2

    async def test_a_workload_issuer_is_changed_by_who_saw_its_latest_version(self, kept: Kept[Tx]) -> None:
        before, after = workload_issuer("w1", version=3), workload_issuer("w1", display_name="after", version=4)
        await self._add_issuers(kept, before, workload_issuer("w2", version=3))
        for stale in (2, 4):
            commit = await kept.batch(lambda tx, v=stale: tx.workload_issuers.change(after, version=v))
            assert values(commit) == [False]
            assert not commit.wrote
        assert await self._issuer(kept, "w1") == before
        assert await kept.do(lambda tx: tx.workload_issuers.change(after, version=3)) is True
        assert await kept.do(lambda tx: tx.workload_issuers.change(after, version=3)) is False
        await kept.reopen()
        assert await self._issuers(kept) == [after, workload_issuer("w2", version=3)]

    async def test_a_changed_workload_issuer_has_everything_new_but_its_uri_and_the_time_of_its_birth(
        self, kept: Kept[Tx]
    ) -> None:
        plain = workload_issuer("w1", created_at=NOW - 9)
        whole = replace(WORKLOAD_ISSUER, id="w1")
        await self._add_issuers(kept, plain, workload_issuer("w2", issuer_uri=WORKLOAD_ISSUER.issuer_uri))
        assert await kept.do(lambda tx: tx.workload_issuers.change(whole, version=1)) is True
        wanted = replace(whole, issuer_uri=plain.issuer_uri, created_at=NOW - 9)
        assert await self._issuer(kept, "w1") == wanted
        again = replace(plain, version=whole.version + 1)
        assert await kept.do(lambda tx: tx.workload_issuers.change(again, version=whole.version)) is True
        await kept.reopen()
        assert await self._issuer(kept, "w1") == again

    async def test_what_was_done_to_a_workload_issuer_and_undone_is_not_seen(self, kept: Kept[Tx]) -> None:
        def touch_and_fail(tx: Tx) -> None:
            changed, new = workload_issuer("w1", display_name="undone", version=2), workload_issuer("w2")
            assert tx.workload_issuers.find("w1") == workload_issuer("w1")
            assert tx.workload_issuers.change(changed, version=1)
            assert tx.workload_issuers.find("w1") == changed
            tx.workload_issuers.add(new)
            assert list(tx.workload_issuers.all()) == [changed, new]
            raise Unexpected

        def remove_and_fail(tx: Tx) -> None:
            tx.workload_issuers.remove("w1")
            assert tx.workload_issuers.find("w1") is None
            raise Unexpected

        await self._add_issuers(kept, workload_issuer("w1"))
        for undone in (touch_and_fail, remove_and_fail):
            commit = await kept.batch(undone, lambda tx: list(tx.workload_issuers.all()))
            assert isinstance(error_of(commit.outcomes[0]), Unexpected)
            assert commit.outcomes[1] == Done([workload_issuer("w1")])
            assert await self._issuer(kept, "w1") == workload_issuer("w1")

    async def test_changing_or_removing_an_unknown_workload_issuer_tells_so_and_writes_nothing(
        self, kept: Kept[Tx]
    ) -> None:
        commit = await kept.batch(
            lambda tx: tx.workload_issuers.change(workload_issuer("w1"), version=1),
            lambda tx: tx.workload_issuers.remove("w1"),
        )
        assert values(commit) == [False, False]
        assert not commit.wrote
        assert await self._issuers(kept) == []

    async def test_a_removed_workload_issuer_is_gone_and_leaves_its_names_free(self, kept: Kept[Tx]) -> None:
        await self._add_issuers(kept, workload_issuer("w1"), workload_issuer("w2"))
        assert await kept.do(lambda tx: tx.workload_issuers.remove("w1")) is True
        assert await kept.do(lambda tx: tx.workload_issuers.remove("w1")) is False
        assert await self._issuers(kept) == [workload_issuer("w2")]
        again = workload_issuer("w3", issuer_uri="https://w1.example")
        await self._add_issuers(kept, again, workload_issuer("w1", issuer_uri="x:y"))
        assert await self._issuer(kept, "w3") == again

    async def _add_issuers(self, kept: Kept[Tx], *issuers: WorkloadIssuer) -> None:
        for each in issuers:
            await kept.do(lambda tx, each=each: tx.workload_issuers.add(each))

    async def _issuer(self, kept: Kept[Tx], issuer_id: str) -> WorkloadIssuer | None:
        return await kept.do(lambda tx: tx.workload_issuers.find(issuer_id))

    async def _issuers(self, kept: Kept[Tx]) -> list[WorkloadIssuer]:
        return list(await kept.do(lambda tx: tx.workload_issuers.all()))
