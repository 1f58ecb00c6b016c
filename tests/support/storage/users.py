"""Users."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.records import Identity, User
from tenants.store import Done, Tx
from tests.support.storage import samples
from tests.support.storage.batches import Unexpected
from tests.support.storage.everything import refused
from tests.support.storage.kept import Kept, StoreConformance, error_of, values
from tests.support.storage.samples import ORDERED, user

SEVERAL = (Identity("google", "Ada"), Identity("okta", "1"), Identity("dev", samples.ANYTHING))


class UserConformance(StoreConformance[Tx]):
    async def test_a_user_is_found_as_they_were_added(self, kept: Kept[Tx]) -> None:
        for each in (samples.USER, user("plain")):
            await kept.do(lambda tx, each=each: tx.users.add(each))
        await kept.reopen()
        for each in (samples.USER, user("plain")):
            assert await kept.do(lambda tx, each=each: tx.users.find(each.id)) == each
        assert await kept.do(lambda tx: tx.users.find("nobody")) is None

    async def test_an_identity_is_provider_and_subject_letter_by_letter(self, kept: Kept[Tx]) -> None:
        ada = user("u1", provider="google", subject="Ada")
        await kept.do(lambda tx: tx.users.add(ada))
        assert await kept.do(lambda tx: tx.users.find_identity("google", "Ada")) == ada
        for provider, subject in (("google", "ada"), ("Google", "Ada"), ("okta", "Ada"), ("Ada", "google")):
            assert await kept.do(lambda tx, p=provider, s=subject: tx.users.find_identity(p, s)) is None

    async def test_a_second_user_of_the_same_id_or_identity_is_already_there(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.users.add(user("u1", provider="google", subject="1")))
        for taken in (user("u1", provider="okta"), user("u2", provider="google", subject="1")):
            with pytest.raises(AlreadyThere):
                await kept.do(lambda tx, taken=taken: tx.users.add(taken))
        await kept.do(lambda tx: tx.users.add(user("u2", provider="okta", subject="1")))
        await kept.do(lambda tx: tx.users.add(user("u3", provider="google", subject="2")))
        assert [each.id for each in await kept.do(lambda tx: tx.users.page("", 9))] == ["u1", "u2", "u3"]

    async def test_a_user_has_all_their_identities_in_the_order_given(self, kept: Kept[Tx]) -> None:
        ada = user("u1", identities=SEVERAL)
        await kept.do(lambda tx: tx.users.add(ada))
        await kept.do(lambda tx: tx.users.add(user("u2", provider="okta", subject="2")))
        for _ in range(2):
            assert await kept.do(lambda tx: tx.users.find("u1")) == ada
            assert list(await kept.do(lambda tx: tx.users.page("", 1))) == [ada]
            for one in SEVERAL:
                assert await kept.do(lambda tx, one=one: tx.users.find_identity(one.provider, one.subject)) == ada
            await kept.reopen()
        turned = replace(ada, identities=SEVERAL[::-1])
        assert await kept.do(lambda tx: tx.users.change(turned)) is True
        await kept.reopen()
        assert await kept.do(lambda tx: tx.users.find("u1")) == turned

    async def test_a_user_may_have_no_identity_at_all(self, kept: Kept[Tx]) -> None:
        nobody = user("u1", identities=())
        await kept.do(lambda tx: tx.users.add(nobody))
        await kept.do(lambda tx: tx.users.add(user("u2", identities=())))
        await kept.reopen()
        assert await kept.do(lambda tx: tx.users.find("u1")) == nobody
        changed = user("u1", provider="okta")
        for each in (changed, nobody):
            assert await kept.do(lambda tx, each=each: tx.users.change(each)) is True
            assert await kept.do(lambda tx: tx.users.find("u1")) == each
        assert await kept.do(lambda tx: tx.users.find_identity("okta", "subject of u1")) is None

    async def test_no_identity_is_two_users_be_it_the_first_or_a_later_one(self, kept: Kept[Tx]) -> None:
        first, second = user("u1", identities=SEVERAL), user("u2", provider="dev", subject="2")
        for each in (first, second):
            await kept.do(lambda tx, each=each: tx.users.add(each))
        for taken in SEVERAL:
            for others in ((taken,), (*second.identities, taken), (Identity("new", "1"), taken)):
                assert await self._refused(kept, user("u3", identities=others))
                assert await self._refused(kept, replace(second, identities=others, name="thief"))
        assert list(await kept.do(lambda tx: tx.users.page("", 9))) == [first, second]
        assert await kept.do(lambda tx: tx.users.find_identity("new", "1")) is None
        letters = (Identity("google", "ADA"), Identity("Google", "Ada"), Identity("okta", "Ada"))
        await kept.do(lambda tx: tx.users.add(user("u3", identities=letters)))

    async def test_an_identity_stands_there_once(self, kept: Kept[Tx]) -> None:
        twice = (Identity("new", "1"), Identity("new", "2"), Identity("new", "1"))
        await kept.do(lambda tx: tx.users.add(user("u1", identities=SEVERAL)))
        for id in ("u1", "u2"):
            assert await self._refused(kept, user(id, identities=twice))
        assert list(await kept.do(lambda tx: tx.users.page("", 9))) == [user("u1", identities=SEVERAL)]
        assert await kept.do(lambda tx: tx.users.find_identity("new", "1")) is None

    async def test_identities_that_were_changed_away_or_removed_are_free_again(self, kept: Kept[Tx]) -> None:
        google, okta, odd = SEVERAL
        await kept.do(lambda tx: tx.users.add(user("u1", identities=SEVERAL)))
        changed = user("u1", identities=(okta, Identity("new", "1")))
        assert await kept.do(lambda tx: tx.users.change(changed)) is True
        for gone in (google, odd):
            assert await kept.do(lambda tx, gone=gone: tx.users.find_identity(gone.provider, gone.subject)) is None
        assert await kept.do(lambda tx: tx.users.find_identity("okta", okta.subject)) == changed
        await kept.do(lambda tx: tx.users.add(user("u2", identities=(odd, google))))
        assert await kept.do(lambda tx: tx.users.remove("u1")) is True
        assert await kept.do(lambda tx: tx.users.find_identity("okta", okta.subject)) is None
        await kept.do(lambda tx: tx.users.add(user("u3", identities=changed.identities)))
        assert [each.id for each in await kept.do(lambda tx: tx.users.page("", 9))] == ["u2", "u3"]

    async def test_it_is_known_whether_any_user_came_from_a_provider(self, kept: Kept[Tx]) -> None:
        assert not await kept.do(lambda tx: tx.users.any_from("google"))
        await kept.do(lambda tx: tx.users.add(user("u1", provider="google", subject="1")))
        assert await kept.do(lambda tx: tx.users.any_from("google"))
        for other in ("Google", "goog", "google2", ""):
            assert not await kept.do(lambda tx, other=other: tx.users.any_from(other))
        await kept.do(lambda tx: tx.users.change(user("u1", identities=(Identity("a", "1"), Identity("google", "1")))))
        assert await kept.do(lambda tx: tx.users.any_from("google"))
        await kept.do(lambda tx: tx.users.change(user("u1", identities=(Identity("a", "1"),))))
        assert not await kept.do(lambda tx: tx.users.any_from("google"))
        await kept.do(lambda tx: tx.users.remove("u1"))
        assert not await kept.do(lambda tx: tx.users.any_from("a"))

    async def test_users_of_one_email_address_are_all_found_in_any_case(self, kept: Kept[Tx]) -> None:
        addresses = {"u2": "ADA@example.com", "u1": "ada@Example.com", "u3": "ada@example.org", "u4": None}
        for id, email in addresses.items():
            await kept.do(lambda tx, id=id, email=email: tx.users.add(user(id, email=email)))
        found = await kept.do(lambda tx: tx.users.find_email("aDa@eXample.com"))
        assert [each.id for each in found] == ["u1", "u2"]
        assert list(await kept.do(lambda tx: tx.users.find_email(""))) == []
        assert list(await kept.do(lambda tx: tx.users.find_email("ad_@example.com"))) == []

    async def test_only_the_letters_a_to_z_have_two_cases(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.users.add(user("u1", email="É@k.example")))
        assert len(await kept.do(lambda tx: tx.users.find_email("É@K.EXAMPLE"))) == 1
        assert list(await kept.do(lambda tx: tx.users.find_email("é@k.example"))) == []
        assert list(await kept.do(lambda tx: tx.users.find_email("É@\u212a.example"))) == []

    async def test_a_changed_user_is_found_under_the_new_identity_and_address_only(self, kept: Kept[Tx]) -> None:
        changed = user("u1", provider="okta", subject="2", email="new@example.com", roles=("admin",))
        await kept.do(lambda tx: tx.users.add(user("u1", provider="google", subject="1", email="old@example.com")))
        assert await kept.do(lambda tx: tx.users.change(changed)) is True
        assert await kept.do(lambda tx: tx.users.find("u1")) == changed
        assert await kept.do(lambda tx: tx.users.find_identity("okta", "2")) == changed
        assert list(await kept.do(lambda tx: tx.users.find_email("new@example.com"))) == [changed]
        assert await kept.do(lambda tx: tx.users.find_identity("google", "1")) is None
        assert list(await kept.do(lambda tx: tx.users.find_email("old@example.com"))) == []

    async def test_what_was_done_to_a_user_and_undone_is_not_seen(self, kept: Kept[Tx]) -> None:
        def touch_and_fail(tx: Tx) -> None:
            assert tx.users.find("u1") == user("u1")
            changed = user("u1", name="undone", identities=SEVERAL)
            tx.users.change(changed)
            assert tx.users.find("u1") == changed
            assert tx.users.find_identity("okta", "1") == changed
            tx.users.add(user("u2"))
            assert tx.users.find("u2") == user("u2")
            raise Unexpected

        await kept.do(lambda tx: tx.users.add(user("u1")))
        commit = await kept.batch(touch_and_fail, lambda tx: (tx.users.find("u1"), tx.users.find("u2")))
        assert isinstance(error_of(commit.outcomes[0]), Unexpected)
        assert commit.outcomes[1] == Done((user("u1"), None))
        assert await kept.do(lambda tx: tx.users.find("u1")) == user("u1")
        assert await kept.do(lambda tx: tx.users.find_identity("okta", "1")) is None
        assert await kept.do(lambda tx: tx.users.find_identity("dev", "subject of u1")) == user("u1")

    async def test_a_user_cannot_be_changed_into_another(self, kept: Kept[Tx]) -> None:
        first, second = user("u1", subject="1"), user("u2", subject="2")

        def try_to(tx: Tx) -> str:
            try:
                tx.users.change(replace(second, identities=first.identities, name="thief"))
            except AlreadyThere:
                return "refused"
            return "changed"

        await kept.do(lambda tx: tx.users.add(first))
        await kept.do(lambda tx: tx.users.add(second))
        assert await kept.do(try_to) == "refused"
        assert list(await kept.do(lambda tx: tx.users.page("", 9))) == [first, second]

    async def test_changing_or_removing_an_unknown_user_tells_so_and_writes_nothing(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.users.add(user("u1", subject="1")))
        commit = await kept.batch(lambda tx: tx.users.change(user("u2", subject="1")), lambda tx: tx.users.remove("u2"))
        assert values(commit) == [False, False]
        assert not commit.wrote
        assert await kept.do(lambda tx: tx.users.find_identity("dev", "1")) == user("u1", subject="1")
        free = Identity("okta", "1")
        commit = await kept.batch(
            lambda tx: tx.users.change(user("u2", identities=(free,))),
            lambda tx: tx.users.find_identity(free.provider, free.subject),
        )
        assert values(commit) == [False, None]
        assert not commit.wrote

    async def test_a_removed_user_is_gone_and_what_was_theirs_stays(self, kept: Kept[Tx]) -> None:
        def fill(tx: Tx) -> None:
            tx.users.add(user("u1", subject="1", email="a@example.com"))
            tx.sessions.add(samples.session("s", "u1"))
            tx.grants.add(samples.grant(1, user_id="u1"))
            tx.consents.put(samples.consent("u1"))

        await kept.do(fill)
        assert await kept.do(lambda tx: tx.users.find("u1")) is not None
        assert await kept.do(lambda tx: tx.users.remove("u1")) is True
        assert await kept.do(lambda tx: tx.users.find("u1")) is None
        assert await kept.do(lambda tx: tx.users.find_identity("dev", "1")) is None
        assert list(await kept.do(lambda tx: tx.users.find_email("a@example.com"))) == []
        assert await kept.do(lambda tx: tx.sessions.find(samples.digest("s"))) is not None
        assert len(await kept.do(lambda tx: tx.grants.of_user("u1"))) == 1
        assert len(await kept.do(lambda tx: tx.consents.of_user("u1"))) == 1
        await kept.do(lambda tx: tx.users.add(user("u2", subject="1")))

    async def test_users_are_paged_in_the_order_of_their_ids(self, kept: Kept[Tx]) -> None:
        for id in reversed(ORDERED):
            await kept.do(lambda tx, id=id: tx.users.add(user(id)))
        assert [each.id for each in await kept.do(lambda tx: tx.users.page("", 100))] == list(ORDERED)
        assert [each.id for each in await kept.do(lambda tx: tx.users.page("9", 3))] == list(ORDERED[3:6])
        assert list(await kept.do(lambda tx: tx.users.page(ORDERED[-1], 3))) == []

    async def test_the_users_of_one_organization_are_paged_alone(self, kept: Kept[Tx]) -> None:
        for id, of in {"a": "o1", "b": "o2", "c": None, "d": "o1", "e": "O1", "f": "o1"}.items():
            await kept.do(lambda tx, id=id, of=of: tx.users.add(user(id, organization_id=of)))
        assert [each.id for each in await kept.do(lambda tx: tx.users.page("", 2, "o1"))] == ["a", "d"]
        assert [each.id for each in await kept.do(lambda tx: tx.users.page("d", 2, "o1"))] == ["f"]
        assert list(await kept.do(lambda tx: tx.users.page("", 9, "o3"))) == []
        assert len(await kept.do(lambda tx: tx.users.page("", 9))) == 6

    async def _refused(self, kept: Kept[Tx], each: User) -> bool:
        """Whether a user is not to be added, or if they are there not to be changed, caught without an undoing."""

        def attempt(tx: Tx) -> bool:
            there = tx.users.find(each.id) is not None
            return refused(lambda: tx.users.change(each) if there else tx.users.add(each))

        return await kept.do(attempt)
