"""Consents."""

from dataclasses import replace

from tenants.store import Tx
from tests.support.storage.kept import Kept, StoreConformance
from tests.support.storage.samples import NOW, consent

YES = consent("u1", "c1", "https://mcp.example/a", "https://app.example")


class ConsentConformance(StoreConformance[Tx]):
    async def test_a_consent_is_found_for_exactly_what_it_was_given_for(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.consents.put(YES))
        await kept.reopen()
        asked = (YES.user_id, YES.client_id, YES.resource, YES.redirect_uri)
        assert await kept.do(lambda tx: tx.consents.find(*asked)) == YES
        for place in range(4):
            other = (*asked[:place], asked[place].upper(), *asked[place + 1 :])
            assert await kept.do(lambda tx, other=other: tx.consents.find(*other)) is None

    async def test_a_later_consent_replaces_the_former_and_no_other(self, kept: Kept[Tx]) -> None:
        elsewhere = replace(YES, resource="https://mcp.example/b", scopes=("b",))
        later = replace(YES, scopes=("openid", "files:read"), given_at=NOW + 9)
        for each in (YES, elsewhere, later):
            await kept.do(lambda tx, each=each: tx.consents.put(each))
        assert list(await kept.do(lambda tx: tx.consents.of_user("u1"))) == [later, elsewhere]

    async def test_a_consent_may_be_for_no_scope_at_all(self, kept: Kept[Tx]) -> None:
        nothing = replace(YES, scopes=())
        await kept.do(lambda tx: tx.consents.put(nothing))
        assert list(await kept.do(lambda tx: tx.consents.of_user("u1"))) == [nothing]

    async def test_consents_of_a_user_come_in_order_of_client_resource_and_redirect_uri(self, kept: Kept[Tx]) -> None:
        expected = [
            consent("u1", "c1", "a", "y"),
            consent("u1", "c1", "a", "z"),
            consent("u1", "c1", "b", "x"),
            consent("u1", "c10", "a", "a"),
            consent("u1", "c2", "Z", "a"),
        ]
        for each in (*reversed(expected), consent("u2", "c1", "a", "y")):
            await kept.do(lambda tx, each=each: tx.consents.put(each))
        assert list(await kept.do(lambda tx: tx.consents.of_user("u1"))) == expected
        assert list(await kept.do(lambda tx: tx.consents.of_user("u1", "c1"))) == expected[:3]
        assert list(await kept.do(lambda tx: tx.consents.of_user("u1", "c9"))) == []
        assert list(await kept.do(lambda tx: tx.consents.of_user("u3"))) == []

    async def test_all_that_a_user_allowed_a_client_is_forgotten_together(self, kept: Kept[Tx]) -> None:
        stay = [consent("u1", "c2"), consent("u2", "c1")]
        for each in (consent("u1", "c1", "a"), consent("u1", "c1", "b"), *stay):
            await kept.do(lambda tx, each=each: tx.consents.put(each))
        assert await kept.do(lambda tx: tx.consents.remove("u1", "c1")) == 2
        assert await kept.do(lambda tx: tx.consents.remove("u1", "c1")) == 0
        left = await kept.do(lambda tx: [*tx.consents.of_user("u1"), *tx.consents.of_user("u2")])
        assert left == stay

    async def test_all_that_anybody_allowed_a_client_is_forgotten_together(self, kept: Kept[Tx]) -> None:
        stays = consent("u1", "c2")
        for each in (consent("u1", "c1", "a"), consent("u2", "c1", "b"), stays):
            await kept.do(lambda tx, each=each: tx.consents.put(each))
        assert await kept.do(lambda tx: tx.consents.remove_of_client("c1")) == 2
        assert await kept.do(lambda tx: tx.consents.remove_of_client("c1")) == 0
        assert await kept.do(lambda tx: [*tx.consents.of_user("u1"), *tx.consents.of_user("u2")]) == [stays]
        assert not (await kept.batch(lambda tx: tx.consents.remove_of_client("c1"))).wrote

    async def test_all_that_a_user_allowed_anybody_is_forgotten_together(self, kept: Kept[Tx]) -> None:
        stays = [consent("U1", "c1"), consent("u2", "c1")]
        for each in (consent("u1", "c1"), consent("u1", "c2", "b"), *stays):
            await kept.do(lambda tx, each=each: tx.consents.put(each))
        assert await kept.do(lambda tx: tx.consents.remove_of_user("u1")) == 2
        owners = ("u1", "U1", "u2")
        assert await kept.do(lambda tx: [each for owner in owners for each in tx.consents.of_user(owner)]) == stays
        assert not (await kept.batch(lambda tx: tx.consents.remove_of_user("u1"))).wrote

    async def test_all_that_anybody_allowed_anyone_at_a_resource_is_forgotten_together(self, kept: Kept[Tx]) -> None:
        stays = [consent("u1", "c1", "A"), consent("u2", "c1", "a/")]
        for each in (consent("u1", "c1", "a"), consent("u2", "c2", "a"), *stays):
            await kept.do(lambda tx, each=each: tx.consents.put(each))
        assert await kept.do(lambda tx: tx.consents.remove_for_resource("a")) == 2
        assert await kept.do(lambda tx: tx.consents.remove_for_resource("a")) == 0
        assert await kept.do(lambda tx: [*tx.consents.of_user("u1"), *tx.consents.of_user("u2")]) == stays
        assert not (await kept.batch(lambda tx: tx.consents.remove_for_resource("a"))).wrote
