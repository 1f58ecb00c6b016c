"""Registration tokens."""

import pytest

from tenants.problems import AlreadyThere
from tenants.records import RegistrationToken
from tenants.store import Tx
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import NOW, ORDERED, REGISTRATION_TOKEN, digest, registration_token


class RegistrationTokenConformance(StoreConformance[Tx]):
    async def test_a_registration_token_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        await add(kept, REGISTRATION_TOKEN, registration_token("r1"))
        await kept.reopen()
        assert await page(kept) == sorted([REGISTRATION_TOKEN, registration_token("r1")], key=lambda token: token.id)

    async def test_registration_tokens_are_listed_by_id(self, kept: Kept[Tx]) -> None:
        await add(kept, *map(registration_token, reversed(ORDERED)))
        assert await page(kept) == [*map(registration_token, ORDERED)]
        assert await page(kept, ORDERED[2], 3) == [*map(registration_token, ORDERED[3:6])]
        assert await page(kept, "", 0) == []

    async def test_a_second_registration_token_of_the_same_id_or_digest_is_already_there(self, kept: Kept[Tx]) -> None:
        await add(kept, registration_token("r1"))
        for other in (registration_token("r1", digest=digest("other")), registration_token("r2", digest=digest("r1"))):
            with pytest.raises(AlreadyThere):
                await add(kept, other)
        assert await page(kept) == [registration_token("r1")]

    async def test_each_use_is_spent_once(self, kept: Kept[Tx]) -> None:
        await add(kept, registration_token("r1", uses_left=2), registration_token("r2", uses_left=2))
        commit = await kept.batch(*[lambda tx: tx.registration_tokens.spend(digest("r1"), NOW)] * 3)
        assert values(commit) == ["r1", "r1", None]
        await kept.reopen()
        assert await spend(kept, "r1") is None
        assert await page(kept) == [registration_token("r1", uses_left=0), registration_token("r2", uses_left=2)]

    async def test_one_without_a_number_is_never_used_up(self, kept: Kept[Tx]) -> None:
        await add(kept, registration_token("r1", uses_left=None))
        assert [await spend(kept, "r1") for _ in range(3)] == ["r1"] * 3
        assert await page(kept) == [registration_token("r1", uses_left=None)]

    async def test_one_that_has_expired_or_was_never_there_is_not_spent(self, kept: Kept[Tx]) -> None:
        await add(kept, registration_token("r1", uses_left=2, expires_at=NOW + 1))
        assert await spend(kept, "r1", NOW) == "r1"
        commit = await kept.batch(
            lambda tx: tx.registration_tokens.spend(digest("r1"), NOW + 1),
            lambda tx: tx.registration_tokens.spend(digest("R1"), NOW),
        )
        assert values(commit) == [None, None]
        assert not commit.wrote

    async def test_a_removed_registration_token_is_gone(self, kept: Kept[Tx]) -> None:
        await add(kept, registration_token("r1"), registration_token("r2"))
        assert await kept.do(lambda tx: tx.registration_tokens.remove("r1")) is True
        assert await kept.do(lambda tx: tx.registration_tokens.remove("r1")) is False
        assert await spend(kept, "r1") is None
        assert await page(kept) == [registration_token("r2")]

    async def test_what_expired_is_swept_a_few_at_a_time(self, kept: Kept[Tx]) -> None:
        await add(kept, *(registration_token(f"r{n}", expires_at=NOW + n) for n in range(4)))
        assert await kept.do(lambda tx: tx.registration_tokens.sweep(NOW + 2, 2)) == 2
        assert await kept.do(lambda tx: tx.registration_tokens.sweep(NOW + 2, 2)) == 1
        assert await kept.do(lambda tx: tx.registration_tokens.sweep(NOW + 2, 2)) == 0
        assert await page(kept) == [registration_token("r3", expires_at=NOW + 3)]


async def add(kept: Kept[Tx], *tokens: RegistrationToken) -> None:
    for each in tokens:
        await kept.do(lambda tx, each=each: tx.registration_tokens.add(each))


async def page(kept: Kept[Tx], after: str = "", limit: int = 99) -> list[RegistrationToken]:
    return list(await kept.do(lambda tx: tx.registration_tokens.page(after, limit)))


async def spend(kept: Kept[Tx], name: str, now: int = NOW) -> str | None:
    return await kept.do(lambda tx: tx.registration_tokens.spend(digest(name), now))
