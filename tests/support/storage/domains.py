"""Domains, in the registry's store."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.records import Domain
from tenants.store import RegistryTx
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import DOMAIN, MOST, NOW, ORDERED, domain


class DomainConformance(StoreConformance[RegistryTx]):
    async def test_a_domain_is_found_as_it_was_added_by_ids_and_by_host(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, DOMAIN, domain("acme", "login"))
        await kept.reopen()
        for each in (DOMAIN, domain("acme", "login")):
            assert await kept.do(lambda tx, each=each: tx.domains.find(each.issuer_id, each.id)) == each
            assert await kept.do(lambda tx, each=each: tx.domains.find_host(each.host)) == each
        for issuer_id, domain_id in (("acme", "whole-domain"), ("Acme", "login"), ("acme", "LOGIN"), ("login", "acme")):
            found = await kept.do(lambda tx, ids=(issuer_id, domain_id): tx.domains.find(*ids))
            assert found is None, (issuer_id, domain_id)
        for host in ("LOGIN.acme.example", "login.acme.example.", "acme.example", ""):
            assert await kept.do(lambda tx, host=host: tx.domains.find_host(host)) is None

    async def test_those_of_an_issuer_come_in_the_order_of_their_ids(self, kept: Kept[RegistryTx]) -> None:
        hosted = [domain("a", id, host=f"{number}.example") for number, id in enumerate(ORDERED)]
        await add(kept, domain("b", "other"), *reversed(hosted))
        assert list(await kept.do(lambda tx: tx.domains.of("a"))) == hosted
        assert list(await kept.do(lambda tx: tx.domains.of("c"))) == []

    async def test_the_verified_are_those_of_all_issuers(self, kept: Kept[RegistryTx]) -> None:
        here = [domain("a", "x", verified_at=NOW), domain("a", "y", verified_at=0), domain("b", "x", verified_at=MOST)]
        await add(kept, *here, domain("a", "claimed"), domain("c", "claimed", checked_at=NOW))
        assert list(await kept.do(lambda tx: tx.domains.verified())) == here

    async def test_an_id_is_an_issuers_own_and_a_host_is_of_one_issuer(self, kept: Kept[RegistryTx]) -> None:
        first = domain("a", "x")
        await add(kept, first, domain("b", "x"))
        for taken in (domain("a", "x", host="new.example"), domain("a", "y", host=first.host)):
            with pytest.raises(AlreadyThere):
                await add(kept, taken)
        with pytest.raises(AlreadyThere):
            await add(kept, domain("c", "x", host=first.host))
        assert list(await kept.do(lambda tx: tx.domains.of("a"))) == [first]

    async def test_a_domain_is_changed_by_who_saw_its_latest_version(self, kept: Kept[RegistryTx]) -> None:
        before = domain("a", "x", version=3)
        after = replace(before, checked_at=NOW + 1, verified_at=NOW + 2, last_error="é", version=4)
        await add(kept, before, domain("b", "x", version=3))
        for stale in (2, 4):
            commit = await kept.batch(lambda tx, v=stale: tx.domains.change(after, version=v))
            assert values(commit) == [False]
            assert not commit.wrote
        assert await kept.do(lambda tx: tx.domains.change(after, version=3)) is True
        await kept.reopen()
        assert await kept.do(lambda tx: tx.domains.find("a", "x")) == after
        assert await kept.do(lambda tx: tx.domains.find("b", "x")) == domain("b", "x", version=3)
        assert await kept.do(lambda tx: tx.domains.change(domain("c", "x"), version=1)) is False

    async def test_host_challenge_and_time_of_birth_stay(self, kept: Kept[RegistryTx]) -> None:
        before = domain("a", "x")
        await add(kept, before)
        other = replace(before, host="other.example", challenge="other", created_at=0, last_error="why")
        assert await kept.do(lambda tx: tx.domains.change(other, version=1)) is True
        assert await kept.do(lambda tx: tx.domains.find("a", "x")) == replace(before, last_error="why")

    async def test_what_is_removed_is_free_again(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, domain("a", "x"), domain("a", "y"), domain("b", "x"))
        assert await kept.do(lambda tx: tx.domains.remove("a", "x")) is True
        commit = await kept.batch(lambda tx: tx.domains.remove("a", "x"), lambda tx: tx.domains.remove_all("c"))
        assert values(commit) == [False, 0]
        assert not commit.wrote
        await add(kept, domain("c", "z", host=domain("a", "x").host))
        assert await kept.do(lambda tx: tx.domains.remove_all("a")) == 1
        assert list(await kept.do(lambda tx: tx.domains.of("a"))) == []
        assert [each.issuer_id for each in await kept.do(lambda tx: [*tx.domains.of("b"), *tx.domains.of("c")])] == [
            "b",
            "c",
        ]


async def add(kept: Kept[RegistryTx], *domains: Domain) -> None:
    for each in domains:
        await kept.do(lambda tx, each=each: tx.domains.add(each))
