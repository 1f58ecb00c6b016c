"""Sessions."""

from dataclasses import replace

import pytest

from tenants.problems import AlreadyThere
from tenants.store import Tx
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import NOW, SESSION, digest, session


class SessionConformance(StoreConformance[Tx]):
    async def test_a_session_is_found_by_its_digest_even_when_it_has_expired(self, kept: Kept[Tx]) -> None:
        lives, expired = session("lives", expires_at=NOW + 1), session("expired", expires_at=0)
        for each in (lives, expired, SESSION):
            await kept.do(lambda tx, each=each: tx.sessions.add(each))
        await kept.reopen()
        assert await kept.do(lambda tx: tx.sessions.find(SESSION.digest)) == SESSION
        assert await kept.do(lambda tx: tx.sessions.find(lives.digest)) == lives
        assert await kept.do(lambda tx: tx.sessions.find(expired.digest)) == expired
        for unknown in (b"", b"lives", digest("other")):
            assert await kept.do(lambda tx, unknown=unknown: tx.sessions.find(unknown)) is None

    async def test_a_second_session_of_the_same_digest_is_already_there(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.sessions.add(session("s", "u1")))
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.sessions.add(session("s", "u2")))
        assert await kept.do(lambda tx: tx.sessions.find(digest("s"))) == session("s", "u1")

    async def test_each_client_that_is_to_be_told_is_noted_once(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.sessions.add(session("s")))
        for client_id in ("c1", 'c"2', "C1"):
            assert await kept.do(lambda tx, c=client_id: tx.sessions.note_client(digest("s"), c)) is True
        commit = await kept.batch(
            lambda tx: tx.sessions.note_client(digest("s"), "c1"),
            lambda tx: tx.sessions.note_client(digest("other"), "c1"),
        )
        assert values(commit) == [False, False]
        assert not commit.wrote
        noted = replace(session("s"), clients=("c1", 'c"2', "C1"))
        assert await kept.do(lambda tx: tx.sessions.find(digest("s"))) == noted

    async def test_a_removed_session_is_gone(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.sessions.add(session("s")))
        assert await kept.do(lambda tx: tx.sessions.remove(digest("s"))) is True
        assert await kept.do(lambda tx: tx.sessions.find(digest("s"))) is None
        assert await kept.do(lambda tx: tx.sessions.remove(digest("s"))) is False
        assert not (await kept.batch(lambda tx: tx.sessions.remove(digest("s")))).wrote

    async def test_the_sessions_of_a_user_are_listed_expired_ones_too(self, kept: Kept[Tx]) -> None:
        own = [session("a", "u1", provider="p1", expires_at=NOW + 1), session("b", "u1", expires_at=0)]
        for each in (*own, session("c", "u2"), session("d", "U1")):
            await kept.do(lambda tx, each=each: tx.sessions.add(each))
        await kept.reopen()
        in_order = sorted(own, key=lambda each: each.digest)
        assert list(await kept.do(lambda tx: tx.sessions.of_user("u1"))) == in_order
        assert list(await kept.do(lambda tx: tx.sessions.of_user("nobody"))) == []

    async def test_all_sessions_are_paged_in_the_order_of_their_digests(self, kept: Kept[Tx]) -> None:
        every = sorted((session(name, user_id=f"u {name}") for name in ("a", "b", "ab", "B")), key=lambda s: s.digest)
        for each in reversed(every):
            await kept.do(lambda tx, each=each: tx.sessions.add(each))
        assert list(await kept.do(lambda tx: tx.sessions.page(b"", 9))) == every
        assert list(await kept.do(lambda tx: tx.sessions.page(every[1].digest, 1))) == [every[2]]
        assert list(await kept.do(lambda tx: tx.sessions.page(every[2].digest[:16], 9))) == every[2:]
        assert list(await kept.do(lambda tx: tx.sessions.page(every[-1].digest, 9))) == []

    async def test_expired_sessions_are_swept_and_living_ones_stay(self, kept: Kept[Tx]) -> None:
        ends = {"long ago": 0, "just now": NOW, "soon": NOW + 1}
        for name, end in ends.items():
            await kept.do(lambda tx, n=name, e=end: tx.sessions.add(session(n, expires_at=e)))
        assert await kept.do(lambda tx: tx.sessions.sweep(NOW, 100)) == 2
        found = [await kept.do(lambda tx, n=name: tx.sessions.find(digest(n))) for name in ends]
        assert found == [None, None, session("soon", expires_at=NOW + 1)]
        assert not (await kept.batch(lambda tx: tx.sessions.sweep(NOW, 100))).wrote

    async def test_a_sweep_of_sessions_takes_as_many_as_it_may(self, kept: Kept[Tx]) -> None:
        for n in range(5):
            await kept.do(lambda tx, n=n: tx.sessions.add(session(str(n))))
        assert [await kept.do(lambda tx: tx.sessions.sweep(NOW, 2)) for _ in range(4)] == [2, 2, 1, 0]
