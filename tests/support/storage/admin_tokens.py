"""Admin tokens, in the registry's store."""

import pytest

from tenants.problems import AlreadyThere
from tenants.records import AdminToken
from tenants.store import RegistryTx
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import ADMIN_TOKEN, NOW, ORDERED, admin_token, digest


class AdminTokenConformance(StoreConformance[RegistryTx]):
    async def test_an_admin_token_is_found_as_it_was_added(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, ADMIN_TOKEN, admin_token("a"))
        await kept.reopen()
        for each in (ADMIN_TOKEN, admin_token("a")):
            assert await kept.do(lambda tx, each=each: tx.admin_tokens.find(each.id)) == each
        assert await kept.do(lambda tx: tx.admin_tokens.find("A")) is None

    async def test_all_come_in_the_order_of_their_ids(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, *map(admin_token, reversed(ORDERED)))
        assert list(await kept.do(lambda tx: tx.admin_tokens.all())) == [*map(admin_token, ORDERED)]

    async def test_a_second_of_the_same_id_or_digest_is_already_there(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, admin_token("a"))
        for other in (admin_token("a", digest=digest("other")), admin_token("b", digest=digest("a"))):
            with pytest.raises(AlreadyThere):
                await add(kept, other)
        assert list(await kept.do(lambda tx: tx.admin_tokens.all())) == [admin_token("a")]

    async def test_when_it_was_last_used_only_moves_on(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, admin_token("a", last_used_at=NOW))
        commit = await kept.batch(
            *(lambda tx, at=at: tx.admin_tokens.used("a", at) for at in (NOW, NOW + 2, NOW + 1)),
            lambda tx: tx.admin_tokens.used("b", NOW),
        )
        assert values(commit) == [False, True, False, False]
        assert await kept.do(lambda tx: tx.admin_tokens.find("a")) == admin_token("a", last_used_at=NOW + 2)

    async def test_a_removed_one_is_gone(self, kept: Kept[RegistryTx]) -> None:
        await add(kept, admin_token("a"), admin_token("b"))
        assert await kept.do(lambda tx: tx.admin_tokens.remove("a")) is True
        assert await kept.do(lambda tx: tx.admin_tokens.remove("a")) is False
        await kept.reopen()
        assert list(await kept.do(lambda tx: tx.admin_tokens.all())) == [admin_token("b")]


async def add(kept: Kept[RegistryTx], *tokens: AdminToken) -> None:
    for each in tokens:
        await kept.do(lambda tx, each=each: tx.admin_tokens.add(each))
