"""Messages on their way out: those of one kind are nothing to the other."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.records import Message, MessageKind
from tenants.store import Tx
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import KINDS, MESSAGE, MOST, NOW, ORDERED, message

each_kind = pytest.mark.parametrize("kind", KINDS)


class OutboxConformance(StoreConformance[Tx]):
    @each_kind
    async def test_a_message_is_found_as_it_was_added(self, kept: Kept[Tx], kind: MessageKind) -> None:
        whole = replace(MESSAGE, kind=kind)
        await add(kept, whole, message("plain", kind))
        await kept.reopen()
        assert await due(kept, kind, MOST) == [message("plain", kind), whole]

    @each_kind
    async def test_a_second_message_of_the_same_id_is_already_there(self, kept: Kept[Tx], kind: MessageKind) -> None:
        await add(kept, message("m1", kind))
        for other in KINDS:
            with pytest.raises(AlreadyThere):
                await add(kept, message("m1", other, NOW - 9))
        assert await due(kept, kind, MOST) == [message("m1", kind)]

    @each_kind
    async def test_due_is_what_is_due_by_now_the_most_overdue_first_then_by_id(
        self, kept: Kept[Tx], kind: MessageKind
    ) -> None:
        overdue = message("zz", kind, NOW - 1)
        await add(kept, *(message(id, kind) for id in reversed(ORDERED)), overdue, message("0 soon", kind, NOW + 1))
        await add_of_another(kept, kind)
        expected = [overdue, *(message(id, kind) for id in ORDERED)]
        assert await due(kept, kind, NOW) == expected
        assert await due(kept, kind, NOW, 3) == expected[:3]
        assert await due(kept, kind, NOW - 1) == [overdue]
        assert await due(kept, kind, NOW - 2) == []
        assert await due(kept, kind, NOW, 0) == []

    @each_kind
    async def test_when_the_next_one_is_due_and_how_many_there_are(self, kept: Kept[Tx], kind: MessageKind) -> None:
        await add_of_another(kept, kind)
        assert await next_and_count(kept, kind) == (None, 0)
        await add(kept, message("m1", kind, NOW + 5), message("m2", kind, NOW + 3), message("m3", kind, NOW + 3))
        assert await next_and_count(kept, kind) == (NOW + 3, 3)
        await kept.do(lambda tx: tx.outbox.remove("m2"))
        await kept.do(lambda tx: tx.outbox.put_off("m3", NOW + 9, 1))
        assert await next_and_count(kept, kind) == (NOW + 5, 2)
        await add(kept, replace(message("m4", kind), user_id="u2"))
        assert await kept.do(lambda tx: [tx.outbox.count(kind, user) for user in ("u1", "u2", "u3")]) == [2, 1, 0]

    async def test_what_is_put_off_is_due_later_and_stays_what_it_was(self, kept: Kept[Tx]) -> None:
        await add(kept, message("m1", "logout", NOW - 1), message("m2"))
        assert await kept.do(lambda tx: tx.outbox.put_off("m1", NOW + 60, 3)) is True
        later = replace(message("m1", "logout"), due_at=NOW + 60, attempts=3)
        await kept.reopen()
        assert await due(kept, "logout", NOW) == []
        assert await due(kept, "logout", NOW + 60) == [later]
        assert await due(kept, "webhook", NOW) == [message("m2")]

    @each_kind
    async def test_what_is_put_off_too_far_is_due_now_and_nothing_else(self, kept: Kept[Tx], kind: MessageKind) -> None:
        await add(kept, message("m1", kind, NOW + 61), message("m2", kind, NOW + 60), message("m3", kind, MOST))
        await kept.do(lambda tx: tx.outbox.put_off("m3", MOST, 3))
        others = await add_of_another(kept, kind)
        assert await kept.do(lambda tx: tx.outbox.hasten(kind, NOW + 60, NOW, 99)) == 2
        await kept.reopen()
        assert await due(kept, kind, NOW) == [message("m1", kind), replace(message("m3", kind), attempts=3)]
        assert await due(kept, kind, MOST) == [*await due(kept, kind, NOW), message("m2", kind, NOW + 60)]
        assert not (await kept.batch(lambda tx: tx.outbox.hasten(kind, NOW + 60, NOW, 99))).wrote
        assert await kept.do(lambda tx: [tx.outbox.hasten(kind, n, NOW - 1, 2) for n in (NOW - 1,) * 3]) == [2, 1, 0]
        assert await due(kept, others[0].kind, MOST) == others

    async def test_a_removed_message_is_gone(self, kept: Kept[Tx]) -> None:
        await add(kept, message("m1"), message("m2"))
        assert await kept.do(lambda tx: tx.outbox.remove("m1")) is True
        assert await due(kept, "webhook", MOST) == [message("m2")]
        await add(kept, message("m1", due_at=NOW - 1))
        assert await due(kept, "webhook", MOST) == [message("m1", due_at=NOW - 1), message("m2")]

    async def test_putting_off_or_removing_an_unknown_message_tells_so_and_writes_nothing(self, kept: Kept[Tx]) -> None:
        await add(kept, message("m1"))
        commit = await kept.batch(lambda tx: tx.outbox.put_off("M1", NOW + 9, 1), lambda tx: tx.outbox.remove("M1"))
        assert values(commit) == [False, False]
        assert not commit.wrote
        assert await due(kept, "webhook", MOST) == [message("m1")]

    @each_kind
    async def test_all_messages_of_a_kind_are_removed_at_once(self, kept: Kept[Tx], kind: MessageKind) -> None:
        await add(kept, message("m1", kind), message("m2", kind, MOST))
        others = await add_of_another(kept, kind)
        assert await kept.do(lambda tx: tx.outbox.remove_all(kind)) == 2
        assert await next_and_count(kept, kind) == (None, 0)
        commit = await kept.batch(lambda tx: tx.outbox.remove_all(kind))
        assert values(commit) == [0]
        assert not commit.wrote
        assert await due(kept, others[0].kind, MOST) == others


async def add(kept: Kept[Tx], *messages: Message) -> None:
    for each in messages:
        await kept.do(lambda tx, each=each: tx.outbox.add(each))


async def add_of_another(kept: Kept[Tx], kind: MessageKind) -> list[Message]:
    """Some that are due before, at and long after now, in that order."""
    other: MessageKind = "logout" if kind == "webhook" else "webhook"
    others = [message("x1", other, 0), message("x2", other), message("x3", other, MOST)]
    await add(kept, *others)
    return others


async def due(kept: Kept[Tx], kind: MessageKind, now: int, limit: int = 99) -> list[Message]:
    return list(await kept.do(lambda tx: tx.outbox.due(kind, now, limit)))


async def next_and_count(kept: Kept[Tx], kind: MessageKind) -> tuple[int | None, int]:
    return await kept.do(lambda tx: (tx.outbox.next_at(kind), tx.outbox.count(kind)))
