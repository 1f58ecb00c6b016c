"""Whose store it is."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere, Broken
from tenants.records import Issuer, Policy, Webhook
from tenants.store import Done, Stores, Tx
from tests.support.storage import samples
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance, error_of

HOOK = Webhook(uri="", sealed_secret=b"", created_at=1, updated_at=2)


class IssuerConformance(StoreConformance[Tx]):
    async def test_the_issuer_is_found_as_it_was_founded(self, kept: Kept[Tx]) -> None:
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER
        await kept.reopen()
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER

    async def test_a_store_that_was_never_founded_is_broken(self, stores: Stores[Tx]) -> None:
        await stores.create(self.uids[0], [])
        for use in (self._get, self._change):
            store = await stores.open(self.uids[0])
            with pytest.raises(Broken):
                await store.perform([use])
            await store.close()

    async def test_a_store_is_founded_once(self, kept: Kept[Tx]) -> None:
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.issuer.found(replace(samples.ISSUER, id="other")))
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER

    async def test_policy_data_key_and_webhook_change_and_id_uid_and_uri_stay(self, kept: Kept[Tx]) -> None:
        def change(tx: Tx) -> Issuer:
            tx.issuer.get()
            tx.issuer.change(replace(changed, id="other", uid="other", uri="https://other.example"))
            return tx.issuer.get()

        changed = replace(samples.ISSUER, policy=Policy(), sealed_data_key=b"other", webhook=HOOK)
        assert await kept.do(change) == changed
        await kept.reopen()
        assert await kept.do(lambda tx: tx.issuer.get()) == changed

    async def test_a_webhook_is_there_from_the_founding_or_comes_later_and_goes(self, stores: Stores[Tx]) -> None:
        bare = replace(samples.ISSUER, webhook=None)
        await stores.create(self.uids[0], [lambda tx: tx.issuer.found(bare)])
        kept = Kept(stores, self.uids[0], await stores.open(self.uids[0]))
        assert await kept.do(lambda tx: tx.issuer.get()) == bare
        for hook in (HOOK, samples.ISSUER.webhook, None, HOOK):
            changed = replace(bare, webhook=hook)
            await kept.do(lambda tx, changed=changed: tx.issuer.change(changed))
            assert await kept.do(lambda tx: tx.issuer.get()) == changed
            await kept.reopen()
            assert await kept.do(lambda tx: tx.issuer.get()) == changed
        await kept.store.close()

    async def test_a_change_that_was_undone_is_not_seen(self, kept: Kept[Tx]) -> None:
        def change_and_fail(tx: Tx) -> None:
            tx.issuer.change(replace(samples.ISSUER, policy=Policy(), webhook=None))
            assert tx.issuer.get() == replace(samples.ISSUER, policy=Policy(), webhook=None)
            raise Unexpected

        commit = await kept.batch(change_and_fail, lambda tx: tx.issuer.get())
        assert isinstance(error_of(commit.outcomes[0]), Unexpected)
        assert commit.outcomes[1] == Done(samples.ISSUER)
        assert await kept.do(lambda tx: tx.issuer.get()) == samples.ISSUER

    @staticmethod
    def _get(tx: Tx) -> Issuer:
        return tx.issuer.get()

    @staticmethod
    def _change(tx: Tx) -> None:
        tx.issuer.change(samples.ISSUER)
