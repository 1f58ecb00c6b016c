"""Whose store it is."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere, Broken
from tenants.records import Issuer, Policy
from tenants.store import Done, Stores, Tx
from tests.support.storage import samples
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance, error_of


class IssuerConformance(StoreConformance[Tx]):
    async def test_the_issuer_is_found_as_it_was_founded(self, kept: Kept[Tx]) -> None:
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER
        await kept.reopen()
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER

    async def test_a_store_that_was_never_founded_is_broken(self, stores: Stores[Tx]) -> None:
        await stores.create(self.uids[0], [])
        store = await stores.open(self.uids[0])
        with pytest.raises(Broken):
            await store.perform([lambda tx: tx.issuer.get()])
        await store.close()

    async def test_a_store_is_founded_once(self, kept: Kept[Tx]) -> None:
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.issuer.found(replace(samples.ISSUER, id="other")))
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER

    async def test_policy_and_data_key_change_and_id_uid_and_uri_stay(self, kept: Kept[Tx]) -> None:
        def change(tx: Tx) -> Issuer:
            tx.issuer.get()
            tx.issuer.change(
                Issuer(id="other", uid="other", uri="https://other.example", policy=Policy(), sealed_data_key=b"other")
            )
            return tx.issuer.get()

        changed = replace(samples.ISSUER, policy=Policy(), sealed_data_key=b"other")
        assert await kept.do(change) == changed
        await kept.reopen()
        assert await kept.do(lambda tx: tx.issuer.get()) == changed

    async def test_a_change_that_was_undone_is_not_seen(self, kept: Kept[Tx]) -> None:
        def change_and_fail(tx: Tx) -> None:
            tx.issuer.change(replace(samples.ISSUER, policy=Policy()))
            assert tx.issuer.get().policy == Policy()
            raise Unexpected

        commit = await kept.batch(change_and_fail, lambda tx: tx.issuer.get())
        assert isinstance(error_of(commit.outcomes[0]), Unexpected)
        assert commit.outcomes[1] == Done(samples.ISSUER)
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER
