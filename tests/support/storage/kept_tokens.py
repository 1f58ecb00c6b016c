"""Kept tokens."""

from dataclasses import replace

from tenants.records import KeptToken
from tenants.store import Tx
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import KEPT_TOKEN, MOST, NOW, ORDERED, kept_token


class KeptTokenConformance(StoreConformance[Tx]):
    async def test_a_kept_token_is_found_as_it_was_put_by_user_and_provider_letter_by_letter(
        self, kept: Kept[Tx]
    ) -> None:
        await put(kept, KEPT_TOKEN, kept_token("u1", "p1"))
        await kept.reopen()
        assert await find(kept, KEPT_TOKEN.user_id, KEPT_TOKEN.provider) == KEPT_TOKEN
        assert await find(kept, "u1", "p1") == kept_token("u1", "p1")
        for user_id, provider in (("u1", "P1"), ("U1", "p1"), ("u1", "okta"), ("p1", "u1"), ("u1", "")):
            assert await find(kept, user_id, provider) is None

    async def test_a_later_token_replaces_the_former_of_the_same_user_and_provider_alone(self, kept: Kept[Tx]) -> None:
        others = [kept_token("u1", "p2"), kept_token("u2", "p1")]
        later = kept_token("u1", "p1", sealed=b"later", due_at=NOW + 9, attempts=2)
        await put(kept, kept_token("u1", "p1"), *others, later)
        await kept.reopen()
        assert await due(kept, MOST) == [*others, later]

    async def test_due_is_what_is_due_by_now_the_most_overdue_first_then_by_user_and_provider(
        self, kept: Kept[Tx]
    ) -> None:
        overdue, soon = kept_token("zz", due_at=NOW - 1), kept_token("0", "soon", due_at=NOW + 1)
        in_order = [kept_token(user_id, provider) for user_id in ORDERED for provider in ("P", "p", "p2")]
        await put(kept, *reversed(in_order), overdue, soon)
        assert await due(kept, NOW) == [overdue, *in_order]
        assert await due(kept, NOW, 5) == [overdue, *in_order[:4]]
        assert await due(kept, NOW - 1) == [overdue]
        assert await due(kept, NOW - 2) == []
        assert await due(kept, NOW, 0) == []

    async def test_when_the_next_one_is_due(self, kept: Kept[Tx]) -> None:
        assert await next_at(kept) is None
        await put(kept, kept_token("u1", due_at=NOW + 5), kept_token("u2", due_at=NOW + 3))
        assert await next_at(kept) == NOW + 3
        await put(kept, kept_token("u2", due_at=NOW + 7))
        assert await next_at(kept) == NOW + 5

    async def test_a_token_is_changed_only_by_who_saw_the_one_that_is_kept(self, kept: Kept[Tx]) -> None:
        before, other = kept_token("u1", "p1"), kept_token("u1", "p2")
        after = kept_token("u1", "p1", sealed=b"after", due_at=NOW + 9, attempts=1)
        await put(kept, before, other)
        commit = await kept.batch(
            lambda tx: tx.kept_tokens.change(after, former=b"after"),
            lambda tx: tx.kept_tokens.change(after, former=b""),
            lambda tx: tx.kept_tokens.change(replace(after, user_id="u2"), former=before.sealed),
            lambda tx: tx.kept_tokens.change(replace(after, provider="P1"), former=before.sealed),
        )
        assert values(commit) == [False] * 4
        assert not commit.wrote
        assert await kept.do(lambda tx: tx.kept_tokens.change(after, former=before.sealed)) is True
        assert await kept.do(lambda tx: tx.kept_tokens.change(before, former=before.sealed)) is False
        await kept.reopen()
        assert await due(kept, MOST) == [other, after]

    async def test_of_one_provider_what_is_put_off_too_far_is_due_now_and_nothing_else(self, kept: Kept[Tx]) -> None:
        far = [kept_token(f"u{n}", "p1", due_at=NOW + 60 + n, attempts=n) for n in range(3)]
        other = kept_token("u2", "P1", due_at=NOW + 70)
        await put(kept, *far, other)
        assert await kept.do(lambda tx: tx.kept_tokens.hasten("p1", NOW + 60, NOW, 99)) == 2
        await kept.reopen()
        assert await due(kept, NOW) == [replace(token, due_at=NOW) for token in far[1:]]
        assert await due(kept, MOST) == [*await due(kept, NOW), far[0], other]
        assert not (await kept.batch(lambda tx: tx.kept_tokens.hasten("p1", NOW + 60, NOW, 99))).wrote
        counts = await kept.do(lambda tx: [tx.kept_tokens.hasten("p1", NOW - 1, NOW - 1, 2) for _ in range(3)])
        assert counts == [2, 1, 0]

    async def test_a_removed_token_is_gone_and_others_stay(self, kept: Kept[Tx]) -> None:
        others = [kept_token("u1", "p2"), kept_token("u2", "p1")]
        await put(kept, kept_token("u1", "p1"), *others)
        assert await kept.do(lambda tx: tx.kept_tokens.remove("u1", "p1")) is True
        assert await due(kept, MOST) == others
        commit = await kept.batch(lambda tx: tx.kept_tokens.remove("u1", "p1"))
        assert values(commit) == [False]
        assert not commit.wrote

    async def test_all_tokens_of_one_user_are_removed_at_once(self, kept: Kept[Tx]) -> None:
        stay = [kept_token("U1", "p1"), kept_token("u2", "p1")]
        await put(kept, kept_token("u1", "p1"), kept_token("u1", "p2"), *stay)
        assert await kept.do(lambda tx: tx.kept_tokens.remove_of_user("u1")) == 2
        assert await due(kept, MOST) == stay
        assert not (await kept.batch(lambda tx: tx.kept_tokens.remove_of_user("u1"))).wrote

    async def test_all_tokens_of_one_provider_are_removed_at_once(self, kept: Kept[Tx]) -> None:
        stay = [kept_token("u1", "P1"), kept_token("u1", "p2")]
        await put(kept, kept_token("u1", "p1"), kept_token("u2", "p1"), *stay)
        assert await kept.do(lambda tx: tx.kept_tokens.remove_of_provider("p1")) == 2
        assert await due(kept, MOST) == stay
        commit = await kept.batch(lambda tx: tx.kept_tokens.remove_of_provider("p1"))
        assert values(commit) == [0]
        assert not commit.wrote


async def put(kept: Kept[Tx], *tokens: KeptToken) -> None:
    for each in tokens:
        await kept.do(lambda tx, each=each: tx.kept_tokens.put(each))


async def find(kept: Kept[Tx], user_id: str, provider: str) -> KeptToken | None:
    return await kept.do(lambda tx: tx.kept_tokens.find(user_id, provider))


async def due(kept: Kept[Tx], now: int, limit: int = 99) -> list[KeptToken]:
    return list(await kept.do(lambda tx: tx.kept_tokens.due(now, limit)))


async def next_at(kept: Kept[Tx]) -> int | None:
    return await kept.do(lambda tx: tx.kept_tokens.next_at())
