"""Organizations."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.records import Organization
from tenants.store import Tx
from tests.support.storage import samples
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import ORDERED, organization

ACME = organization("o1", slug="Acme", domains=("acme.example", "Acme.test"))
OTHER = organization("o2", slug="other", domains=("other.example",))
TAKEN = {
    "id": organization("o1", slug="new", domains=("new.example",)),
    "slug": organization("o3", slug="ACME", domains=("new.example",)),
    "domain": organization("o3", slug="new", domains=("new.example", "ACME.test")),
}


def refused(tx: Tx, given: Organization, *, change: bool) -> bool:
    """Whether it is AlreadyThere, which is caught, so that only the verb itself can have left nothing behind."""
    try:
        if change:
            tx.organizations.change(given)
        else:
            tx.organizations.add(given)
    except AlreadyThere:
        return True
    return False


class OrganizationConformance(StoreConformance[Tx]):
    async def test_an_organization_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        for each in (samples.ORGANIZATION, organization("plain"), organization("plain too")):
            await kept.do(lambda tx, each=each: tx.organizations.add(each))
        await kept.reopen()
        for each in (samples.ORGANIZATION, organization("plain")):
            assert await kept.do(lambda tx, each=each: tx.organizations.find(each.id)) == each
        assert await kept.do(lambda tx: tx.organizations.find("nobody")) is None

    async def test_an_organization_is_found_by_slug_and_by_each_domain_in_any_case(self, kept: Kept[Tx]) -> None:
        for each in (OTHER, organization("nameless"), ACME):
            await kept.do(lambda tx, each=each: tx.organizations.add(each))
        for slug in ("Acme", "acme", "ACME"):
            assert await kept.do(lambda tx, slug=slug: tx.organizations.find_slug(slug)) == ACME
        for domain in ("acme.example", "ACME.EXAMPLE", "Acme.test", "acme.TEST"):
            assert await kept.do(lambda tx, domain=domain: tx.organizations.find_domain(domain)) == ACME
        for unknown in ("", "acm", "acme.exampl", "cme.example", "%", "o1"):
            assert await kept.do(lambda tx, text=unknown: tx.organizations.find_slug(text)) is None
            assert await kept.do(lambda tx, text=unknown: tx.organizations.find_domain(text)) is None

    @pytest.mark.parametrize("taken", TAKEN.values(), ids=list(TAKEN))
    async def test_an_id_slug_or_domain_is_given_once_in_any_case(self, kept: Kept[Tx], taken: Organization) -> None:
        await kept.do(lambda tx: tx.organizations.add(ACME))
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.organizations.add(taken))
        assert await kept.do(lambda tx: refused(tx, taken, change=False))
        assert list(await kept.do(lambda tx: tx.organizations.page("", 9))) == [ACME]
        assert await kept.do(lambda tx: tx.organizations.find_domain("new.example")) is None

    async def test_an_organization_cannot_be_changed_into_another(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.organizations.add(ACME))
        await kept.do(lambda tx: tx.organizations.add(OTHER))
        for wish in (
            replace(OTHER, name="thief", slug="aCME"),
            replace(OTHER, name="thief", domains=("new.example", "Other.example", "acme.TEST")),
        ):
            assert await kept.do(lambda tx, wish=wish: refused(tx, wish, change=True))
            assert list(await kept.do(lambda tx: tx.organizations.page("", 9))) == [ACME, OTHER]
            assert await kept.do(lambda tx: tx.organizations.find_domain("new.example")) is None
            assert await kept.do(lambda tx: tx.organizations.find_domain("other.example")) == OTHER

    async def test_a_changed_organization_keeps_what_is_its_own_and_frees_what_it_gives_up(
        self, kept: Kept[Tx]
    ) -> None:
        changed = replace(ACME, name="New", slug="aCME", domains=("new.example", "ACME.example"), metadata={"a": 1})
        await kept.do(lambda tx: tx.organizations.add(ACME))
        assert await kept.do(lambda tx: tx.organizations.find("o1")) == ACME
        assert await kept.do(lambda tx: tx.organizations.change(changed)) is True
        assert await kept.do(lambda tx: tx.organizations.find("o1")) == changed
        assert await kept.do(lambda tx: tx.organizations.find_domain("acme.example")) == changed
        assert await kept.do(lambda tx: tx.organizations.find_domain("acme.test")) is None
        await kept.do(lambda tx: tx.organizations.add(organization("o3", slug="free", domains=("acme.test",))))

    async def test_changing_or_removing_an_unknown_organization_tells_so_and_writes_nothing(
        self, kept: Kept[Tx]
    ) -> None:
        await kept.do(lambda tx: tx.organizations.add(ACME))
        commit = await kept.batch(
            lambda tx: tx.organizations.change(OTHER),
            lambda tx: tx.organizations.change(replace(ACME, id="o2")),
            lambda tx: tx.organizations.remove("o2"),
        )
        assert values(commit) == [False] * 3
        assert not commit.wrote
        assert await kept.do(lambda tx: tx.organizations.find_domain("other.example")) is None

    async def test_a_removed_organization_is_gone_with_its_names_and_its_users_stay(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.organizations.add(ACME))
        await kept.do(lambda tx: tx.users.add(samples.user("u1", organization_id="o1")))
        assert await kept.do(lambda tx: tx.organizations.find("o1")) == ACME
        assert await kept.do(lambda tx: tx.organizations.remove("o1")) is True
        assert await kept.do(lambda tx: tx.organizations.find("o1")) is None
        assert await kept.do(lambda tx: tx.organizations.find_slug("acme")) is None
        assert await kept.do(lambda tx: tx.organizations.find_domain("acme.example")) is None
        assert len(await kept.do(lambda tx: tx.users.page("", 9, "o1"))) == 1
        await kept.do(lambda tx: tx.organizations.add(replace(ACME, id="o2")))

    async def test_organizations_are_paged_in_the_order_of_their_ids(self, kept: Kept[Tx]) -> None:
        for id in reversed(ORDERED):
            await kept.do(lambda tx, id=id: tx.organizations.add(organization(id)))
        assert [each.id for each in await kept.do(lambda tx: tx.organizations.page("", 100))] == list(ORDERED)
        assert [each.id for each in await kept.do(lambda tx: tx.organizations.page("9", 3))] == list(ORDERED[3:6])
        assert list(await kept.do(lambda tx: tx.organizations.page(ORDERED[-1], 3))) == []
