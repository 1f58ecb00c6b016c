"""Clients."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.store import Done, Tx
from tests.support.storage import samples
from tests.support.storage.batches import Unexpected
from tests.support.storage.kept import Kept, StoreConformance, error_of
from tests.support.storage.samples import NOW, ORDERED, client, grant


class ClientConformance(StoreConformance[Tx]):
    async def test_a_client_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        plain = client("plain")
        offered_nothing = client("offered nothing", scopes=(), secrets=())
        for each in (samples.CLIENT, plain, offered_nothing):
            await kept.do(lambda tx, each=each: tx.clients.add(each))
        await kept.reopen()
        for each in (samples.CLIENT, plain, offered_nothing):
            assert await kept.do(lambda tx, each=each: tx.clients.find(each.id)) == each

    async def test_an_unknown_client_is_none_and_ids_are_told_letter_by_letter(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.clients.add(client("c1")))
        for id in ("", "C1", "c1 ", "c", "c1\0"):
            assert await kept.do(lambda tx, id=id: tx.clients.find(id)) is None

    async def test_a_second_client_of_the_same_id_is_already_there(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.clients.add(client("c1", name="first")))
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.clients.add(client("c1", name="second")))
        assert await kept.do(lambda tx: tx.clients.find("c1")) == client("c1", name="first")

    async def test_a_changed_client_is_found_as_it_was_changed(self, kept: Kept[Tx]) -> None:
        changed = replace(samples.CLIENT, id="c1")
        await kept.do(lambda tx: tx.clients.add(client("c1")))
        await kept.do(lambda tx: tx.clients.add(client("c2")))
        assert await kept.do(lambda tx: tx.clients.find("c1")) == client("c1")
        assert await kept.do(lambda tx: tx.clients.change(changed)) is True
        assert await kept.do(lambda tx: tx.clients.find("c1")) == changed
        assert await kept.do(lambda tx: tx.clients.find("c2")) == client("c2")

    async def test_what_was_done_to_a_client_and_undone_is_not_seen(self, kept: Kept[Tx]) -> None:
        def touch_and_fail(tx: Tx) -> None:
            assert tx.clients.find("c1") == client("c1")
            tx.clients.change(client("c1", name="undone"))
            tx.clients.used("c1", NOW + 9)
            assert tx.clients.find("c1") == client("c1", name="undone", last_used_at=NOW + 9)
            tx.clients.add(client("c2"))
            assert tx.clients.find("c2") == client("c2")
            raise Unexpected

        def remove_and_fail(tx: Tx) -> None:
            tx.clients.remove("c1")
            assert tx.clients.find("c1") is None
            raise Unexpected

        await kept.do(lambda tx: tx.clients.add(client("c1")))
        for undone in (touch_and_fail, remove_and_fail):
            commit = await kept.batch(undone, lambda tx: (tx.clients.find("c1"), tx.clients.find("c2")))
            assert isinstance(error_of(commit.outcomes[0]), Unexpected)
            assert commit.outcomes[1] == Done((client("c1"), None))
            assert await kept.do(lambda tx: tx.clients.find("c1")) == client("c1")

    async def test_changing_or_removing_an_unknown_client_tells_so_and_writes_nothing(self, kept: Kept[Tx]) -> None:
        assert not (await kept.batch(lambda tx: tx.clients.change(client("c1")))).wrote
        assert not (await kept.batch(lambda tx: tx.clients.remove("c1"))).wrote
        assert await kept.do(lambda tx: tx.clients.change(client("c1"))) is False
        assert await kept.do(lambda tx: tx.clients.remove("c1")) is False
        assert await kept.do(lambda tx: tx.clients.find("c1")) is None

    async def test_a_removed_client_is_gone_and_its_grants_and_consents_stay(self, kept: Kept[Tx]) -> None:
        def fill(tx: Tx) -> None:
            tx.clients.add(client("c1"))
            tx.clients.add(client("c2"))
            tx.grants.add(grant(1, client_id="c1"))
            tx.consents.put(samples.consent("u1", "c1"))

        await kept.do(fill)
        assert await kept.do(lambda tx: tx.clients.find("c1")) == client("c1")
        assert await kept.do(lambda tx: tx.clients.remove("c1")) is True
        assert await kept.do(lambda tx: tx.clients.find("c1")) is None
        assert await kept.do(lambda tx: tx.clients.find("c2")) == client("c2")
        assert await kept.do(lambda tx: tx.grants.find(1)) == grant(1, client_id="c1")
        assert await kept.do(lambda tx: len(tx.consents.of_user("u1"))) == 1

    async def test_clients_are_paged_in_the_order_of_their_ids(self, kept: Kept[Tx]) -> None:
        for id in reversed(ORDERED):
            await kept.do(lambda tx, id=id: tx.clients.add(client(id)))
        everyone = await kept.do(lambda tx: tx.clients.page("", 100))
        assert [each.id for each in everyone] == list(ORDERED)
        assert [each.id for each in await kept.do(lambda tx: tx.clients.page("9", 3))] == list(ORDERED[3:6])
        assert [each.id for each in await kept.do(lambda tx: tx.clients.page("aaa", 2))] == ["b", "z"]
        assert list(await kept.do(lambda tx: tx.clients.page(ORDERED[-1], 3))) == []
        assert list(await kept.do(lambda tx: tx.clients.page("", 0))) == []

    async def test_the_use_of_a_client_is_noted(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.clients.add(client("c1")))
        assert await kept.do(lambda tx: tx.clients.find("c1")) == client("c1")
        await kept.do(lambda tx: tx.clients.used("c1", NOW + 9))
        await kept.do(lambda tx: tx.clients.used("nobody", NOW + 9))
        assert await kept.do(lambda tx: tx.clients.find("c1")) == client("c1", last_used_at=NOW + 9)
        assert await kept.do(lambda tx: list(tx.clients.page("", 9))) == [client("c1", last_used_at=NOW + 9)]

    async def test_clients_that_came_by_themselves_and_lie_unused_are_swept(self, kept: Kept[Tx]) -> None:
        def fill(tx: Tx) -> None:
            tx.clients.add(client("unused", last_used_at=NOW - 1))
            tx.clients.add(client("of a document", last_used_at=NOW - 1, origin="document"))
            tx.clients.add(client("disabled", last_used_at=0, origin="document", disabled_at=NOW))
            tx.clients.add(client("approved", last_used_at=0, origin="document", approval="approved"))
            tx.clients.add(client("limited", last_used_at=0, origin="document", scope_limit=("mcp",)))
            tx.clients.add(client("pending", last_used_at=0, origin="document", approval="pending"))
            tx.clients.add(client("came back", last_used_at=0, approval="approved"))
            tx.clients.add(client("used at that second", last_used_at=NOW))
            tx.clients.add(client("the operator's", last_used_at=NOW - 1, origin="admin"))
            tx.clients.add(client("granted", last_used_at=NOW - 1))
            tx.clients.add(client("granted once", last_used_at=NOW - 1))
            tx.grants.add(grant(1, client_id="granted"))
            tx.grants.add(grant(2, client_id="granted once", revoked_at=NOW - 1))

        await kept.do(fill)
        assert await kept.do(lambda tx: tx.clients.find("unused")) is not None
        assert await kept.do(lambda tx: tx.clients.sweep(NOW, 100)) == 4
        assert await kept.do(lambda tx: tx.clients.find("unused")) is None
        left = [each.id for each in await kept.do(lambda tx: tx.clients.page("", 100))]
        judged = ["disabled", "approved", "limited"]
        assert left == sorted([*judged, "used at that second", "the operator's", "granted", "granted once"])
        assert not (await kept.batch(lambda tx: tx.clients.sweep(NOW, 100))).wrote

    async def test_of_clients_known_by_documents_the_last_used_and_the_granted_are_kept(self, kept: Kept[Tx]) -> None:
        def fill(tx: Tx) -> None:
            for n in range(6):
                tx.clients.add(client(f"d{n}", last_used_at=NOW + n // 2, origin="document"))
            tx.clients.add(client("disabled", last_used_at=0, origin="document", disabled_at=NOW))
            tx.clients.add(client("approved", last_used_at=0, origin="document", approval="approved"))
            tx.clients.add(client("limited", last_used_at=0, origin="document", scope_limit=("mcp",)))
            for id in ("registered", "the operator's"):
                tx.clients.add(client(id, last_used_at=0, origin="admin" if "'" in id else "registration"))
            tx.grants.add(grant(1, client_id="d0"))
            tx.grants.add(grant(2, client_id="d2", revoked_at=NOW))

        await kept.do(fill)
        for most in (6, 4):
            assert not (await kept.batch(lambda tx, most=most: tx.clients.keep_documents(most))).wrote
        assert await kept.do(lambda tx: tx.clients.find("d3")) is not None
        assert await kept.do(lambda tx: tx.clients.keep_documents(2)) == 2
        assert await kept.do(lambda tx: tx.clients.find("d3")) is None
        left = [each.id for each in await kept.do(lambda tx: tx.clients.page("", 100))]
        assert left == sorted(
            ["d0", "d2", "d4", "d5", "disabled", "approved", "limited", "registered", "the operator's"]
        )
        assert await kept.do(lambda tx: tx.clients.keep_documents(1)) == 1
        assert await kept.do(lambda tx: tx.clients.find("d5")) is not None, "of two used at once the later name stays"
        assert await kept.do(lambda tx: tx.clients.keep_documents(0)) == 1

    async def test_a_sweep_of_clients_takes_as_many_as_it_may(self, kept: Kept[Tx]) -> None:
        for n in range(5):
            await kept.do(lambda tx, n=n: tx.clients.add(client(f"c{n}", last_used_at=NOW - 1)))
        assert [await kept.do(lambda tx: tx.clients.sweep(NOW, 2)) for _ in range(4)] == [2, 2, 1, 0]
