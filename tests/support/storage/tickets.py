"""Tickets that were spent."""

import pytest

from tenants.store import Tx
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import NOW


class TicketConformance(StoreConformance[Tx]):
    async def test_a_ticket_is_spent_once(self, kept: Kept[Tx]) -> None:
        assert await kept.do(lambda tx: tx.tickets.spend(b"a" * 16, NOW)) is True
        assert await kept.do(lambda tx: tx.tickets.spend(b"a" * 16, NOW + 9)) is False
        await kept.reopen()
        assert await kept.do(lambda tx: tx.tickets.spend(b"a" * 16, NOW)) is False
        assert await kept.do(lambda tx: tx.tickets.spend(b"b" * 16, NOW)) is True
        assert not (await kept.batch(lambda tx: tx.tickets.spend(b"a" * 16, NOW))).wrote

    async def test_of_two_works_in_one_batch_the_first_spends_it(self, kept: Kept[Tx]) -> None:
        commit = await kept.batch(
            lambda tx: tx.tickets.spend(b"a" * 16, NOW), lambda tx: tx.tickets.spend(b"a" * 16, NOW)
        )
        assert values(commit) == [True, False]

    async def test_a_ticket_spent_by_a_work_that_raised_is_not_spent(self, kept: Kept[Tx]) -> None:
        def spend_and_fail(tx: Tx) -> None:
            assert tx.tickets.spend(b"a" * 16, NOW)
            raise Unexpected

        with pytest.raises(Unexpected):
            await kept.do(spend_and_fail)
        assert await kept.do(lambda tx: tx.tickets.spend(b"a" * 16, NOW)) is True

    async def test_a_ticket_is_remembered_until_it_expires_and_is_swept(self, kept: Kept[Tx]) -> None:
        for name, end in {b"old": 0, b"now": NOW, b"new": NOW + 1}.items():
            await kept.do(lambda tx, n=name, e=end: tx.tickets.spend(n, e))
        assert await kept.do(lambda tx: tx.tickets.sweep(NOW, 100)) == 2
        assert not (await kept.batch(lambda tx: tx.tickets.sweep(NOW, 100))).wrote
        spent = [await kept.do(lambda tx, n=n: tx.tickets.spend(n, NOW)) for n in (b"old", b"now", b"new")]
        assert spent == [True, True, False]

    async def test_a_sweep_of_tickets_takes_as_many_as_it_may(self, kept: Kept[Tx]) -> None:
        for n in range(5):
            await kept.do(lambda tx, n=n: tx.tickets.spend(bytes([n]), NOW))
        assert [await kept.do(lambda tx: tx.tickets.sweep(NOW, 2)) for _ in range(4)] == [2, 2, 1, 0]
