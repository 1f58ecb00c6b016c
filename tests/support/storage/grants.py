"""Grants: what is done to one of them, and what is done to many."""

from dataclasses import replace
from typing import Any

import pytest

from tenants.problems import AlreadyThere
from tenants.records import Grant
from tenants.store import Tx
from tests.support.storage import samples
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import MOST, NOW, digest, grant, token

NEXT: dict[str, Any] = {
    "dpop_jkt": "jkt",
    "x5t": "x5t",
    "code_spent_at": NOW + 1,
    "generation": 1,
    "rotated_at": NOW + 1,
    "refresh_digest": digest("refresh"),
    "refresh_expires_at": NOW + 100,
    "successor": b"sealed",
    "access": (token("access", NOW + 50),),
}
"""All that a rotation writes."""

SPENT = {"code_spent_at": NOW, "generation": 1}
COUNTS = {
    "an unspent code": grant(1, code_expires_at=NOW + 1),
    "a refresh token": grant(1, **SPENT, refresh_digest=digest("r"), refresh_expires_at=NOW + 1),
    "an access token": grant(1, **SPENT, access=(token("a", NOW + 1), token("b", NOW))),
    "an access token that was revoked with its grant": grant(1, revoked_at=NOW - 1, **NEXT),
    "an access token that was ended alone": grant(1, **SPENT, ended=(token("a", NOW + 1),), ended_at=NOW - 1),
    "an access token, the refresh token over": grant(
        1, **SPENT, refresh_digest=digest("r"), refresh_expires_at=NOW, access=(token("a", NOW + 1),)
    ),
}
COUNTS_NO_MORE = {
    "a code that expires now": grant(1, code_expires_at=NOW),
    "a spent code": grant(1, **SPENT),
    "a refresh token that expires now": grant(1, **SPENT, refresh_digest=digest("r"), refresh_expires_at=NOW),
    "access tokens that expire now": grant(1, **SPENT, access=(token("a", NOW), token("b", 0))),
    "a grant that expires now": grant(1, expires_at=NOW, **{**NEXT, "refresh_expires_at": NOW + 1}),
    "a revoked grant": grant(1, revoked_at=NOW - 1, **{**NEXT, "access": (token("a", NOW),)}),
}


class GrantConformance(StoreConformance[Tx]):
    async def test_a_grant_is_found_as_it_was_added(self, kept: Kept[Tx]) -> None:
        for each in (samples.GRANT, grant(1)):
            await kept.do(lambda tx, each=each: tx.grants.add(each))
        await kept.reopen()
        for each in (samples.GRANT, grant(1)):
            assert await kept.do(lambda tx, each=each: tx.grants.find(each.id)) == each
        assert await kept.do(lambda tx: tx.grants.find(2)) is None

    async def test_a_second_grant_of_the_same_id_is_already_there(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.grants.add(grant(1)))
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.grants.add(grant(1, user_id="u2")))
        assert await kept.do(lambda tx: tx.grants.find(1)) == grant(1)

    async def test_a_rotation_writes_the_next_generation(self, kept: Kept[Tx]) -> None:
        following = replace(grant(1), **NEXT)
        await kept.do(lambda tx: tx.grants.add(grant(1)))
        await kept.do(lambda tx: tx.grants.add(grant(2)))
        assert await kept.do(lambda tx: tx.grants.find(1)) == grant(1)
        assert await kept.do(lambda tx: tx.grants.rotate(following, generation=0)) is True
        assert await kept.do(lambda tx: tx.grants.find(1)) == following
        await kept.reopen()
        assert await kept.do(lambda tx: tx.grants.find(1)) == following
        assert await kept.do(lambda tx: tx.grants.find(2)) == grant(2)
        bare = replace(
            following,
            dpop_jkt=None,
            x5t=None,
            generation=2,
            refresh_digest=None,
            refresh_expires_at=None,
            successor=None,
            access=(),
        )
        assert await kept.do(lambda tx: tx.grants.rotate(bare, generation=1)) is True
        assert await kept.do(lambda tx: tx.grants.find(1)) == bare

    async def test_of_two_rotations_of_one_generation_the_first_takes_effect(self, kept: Kept[Tx]) -> None:
        first, second = replace(grant(1), **NEXT), replace(grant(1), **{**NEXT, "successor": b"second"})
        await kept.do(lambda tx: tx.grants.add(grant(1)))
        commit = await kept.batch(
            lambda tx: tx.grants.rotate(first, generation=0), lambda tx: tx.grants.rotate(second, generation=0)
        )
        assert values(commit) == [True, False]
        assert await kept.do(lambda tx: tx.grants.find(1)) == first

    async def test_a_rotation_from_another_generation_or_of_no_grant_changes_nothing(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.grants.add(grant(1, generation=5)))
        for generation in (0, 4, 6):
            commit = await kept.batch(lambda tx, g=generation: tx.grants.rotate(grant(1, **NEXT), generation=g))
            assert values(commit) == [False]
            assert not commit.wrote
        assert await kept.do(lambda tx: tx.grants.rotate(grant(2, **NEXT), generation=0)) is False
        assert list(await kept.do(lambda tx: tx.grants.page(0, 9))) == [grant(1, generation=5)]

    async def test_a_revoked_grant_is_not_rotated(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.grants.add(grant(1)))
        await kept.do(lambda tx: tx.grants.revoke(1, NOW))
        assert await kept.do(lambda tx: tx.grants.rotate(grant(1, **NEXT), generation=0)) is False
        assert await kept.do(lambda tx: tx.grants.find(1)) == grant(1, revoked_at=NOW)

    async def test_what_a_grant_began_with_never_changes(self, kept: Kept[Tx]) -> None:
        other = replace(samples.GRANT, id=1, **NEXT)
        await kept.do(lambda tx: tx.grants.add(grant(1)))
        assert await kept.do(lambda tx: tx.grants.rotate(other, generation=0)) is True
        assert await kept.do(lambda tx: tx.grants.find(1)) == grant(1, **NEXT)

    async def test_an_access_token_is_ended_alone_and_once(self, kept: Kept[Tx]) -> None:
        first, second = samples.GRANT.access[:2]
        before = grant(1, **{**NEXT, "access": (first, second)})
        await kept.do(lambda tx: tx.grants.add(before))
        assert await kept.do(lambda tx: tx.grants.end_access(1, first.digest, NOW)) is True
        after = replace(before, access=(second,), ended=(first,), ended_at=NOW)
        assert await kept.do(lambda tx: tx.grants.find(1)) == after
        commit = await kept.batch(
            lambda tx: tx.grants.end_access(1, first.digest, NOW + 1), lambda tx: tx.grants.end_access(2, b"x", NOW)
        )
        assert values(commit) == [False, False]
        assert not commit.wrote
        assert await kept.do(lambda tx: tx.grants.end_access(1, second.digest, NOW + 2)) is True
        await kept.reopen()
        over = replace(after, access=(), ended=(first, second), ended_at=NOW + 2)
        assert await kept.do(lambda tx: tx.grants.find(1)) == over
        following = replace(over, **{**NEXT, "generation": 2})
        assert await kept.do(lambda tx: tx.grants.rotate(replace(following, ended=()), generation=1)) is True
        assert await kept.do(lambda tx: tx.grants.find(1)) == following

    async def test_what_was_ended_is_listed_in_the_order_in_which_it_was(self, kept: Kept[Tx]) -> None:
        ends: dict[int, tuple[int | None, int | None]] = {
            1: (None, None),
            2: (NOW + 2, None),
            3: (None, NOW + 1),
            4: (NOW + 3, NOW + 1),
            5: (NOW + 1, NOW),
            MOST: (NOW + 3, None),
        }
        made = {id: grant(id, revoked_at=at, ended_at=alone) for id, (at, alone) in ends.items()}
        for each in made.values():
            await kept.do(lambda tx, each=each: tx.grants.add(each))
        in_order = [
            (NOW + 1, made[3]),
            (NOW + 1, made[5]),
            (NOW + 2, made[2]),
            (NOW + 3, made[4]),
            (NOW + 3, made[MOST]),
        ]

        async def ended(after: tuple[int, int], before: int, limit: int = 9) -> list[tuple[int, Grant]]:
            return list(await kept.do(lambda tx: tx.grants.ended(after, before, limit)))

        assert await ended((0, 0), MOST) == in_order
        assert await ended((0, 0), MOST, 2) == in_order[:2]
        assert await ended((NOW + 1, 3), MOST, 2) == in_order[1:3]
        assert await ended((NOW + 1, 5), NOW + 3) == in_order[2:3]
        assert await ended((NOW + 3, MOST), MOST) == []
        assert await ended((0, 0), NOW + 1) == []
        await kept.do(lambda tx: tx.grants.revoke(1, NOW + 9))
        assert await ended((NOW + 3, MOST), MOST) == [(NOW + 9, replace(made[1], revoked_at=NOW + 9))]

    async def test_a_grant_is_revoked_once_and_when_is_not_overwritten(self, kept: Kept[Tx]) -> None:
        await kept.do(lambda tx: tx.grants.add(grant(1, **NEXT)))
        await kept.do(lambda tx: tx.grants.add(grant(2)))
        assert await kept.do(lambda tx: tx.grants.revoke(1, NOW + 5)) is True
        commit = await kept.batch(lambda tx: tx.grants.revoke(1, NOW + 6), lambda tx: tx.grants.revoke(3, NOW))
        assert values(commit) == [False, False]
        assert not commit.wrote
        assert await kept.do(lambda tx: tx.grants.find(1)) == grant(1, **NEXT, revoked_at=NOW + 5)
        assert await kept.do(lambda tx: tx.grants.find(2)) == grant(2)

    async def test_all_grants_of_a_user_or_of_a_user_to_one_client_are_revoked(self, kept: Kept[Tx]) -> None:
        await self._fill(kept)
        assert await kept.do(lambda tx: tx.grants.revoke_of_user("u1", NOW, "c2")) == 1
        assert await self._revoked(kept) == {1, 3}
        assert await kept.do(lambda tx: tx.grants.revoke_of_user("u1", NOW + 9)) == 1
        assert await self._revoked(kept) == {1, 2, 3}
        assert await kept.do(lambda tx: tx.grants.revoke_of_user("u1", NOW + 9)) == 0
        assert await kept.do(lambda tx: [each.revoked_at for each in tx.grants.of_user("u1")]) == [1, NOW + 9, NOW]

    async def test_all_grants_of_a_client_are_revoked(self, kept: Kept[Tx]) -> None:
        await self._fill(kept)
        assert await kept.do(lambda tx: tx.grants.revoke_of_client("c1", NOW)) == 2
        assert await self._revoked(kept) == {1, 2, 4}
        assert await kept.do(lambda tx: tx.grants.revoke_of_client("c1", NOW + 9)) == 0
        assert not (await kept.batch(lambda tx: tx.grants.revoke_of_client("c1", NOW))).wrote

    async def test_all_grants_for_a_resource_are_revoked(self, kept: Kept[Tx]) -> None:
        for id, resource in enumerate(("a", "a", "A", "b"), 1):
            each = grant(id, resource=resource, revoked_at=1 if id == 1 else None)
            await kept.do(lambda tx, each=each: tx.grants.add(each))
        assert await kept.do(lambda tx: tx.grants.revoke_for_resource("a", NOW)) == 1
        assert await self._revoked(kept) == {1, 2}
        assert not (await kept.batch(lambda tx: tx.grants.revoke_for_resource("a", NOW + 9))).wrote
        assert [each.revoked_at for each in await kept.do(lambda tx: tx.grants.page(0, 2))] == [1, NOW]

    async def test_the_grants_of_a_user_who_came_by_one_provider_are_revoked(self, kept: Kept[Tx]) -> None:
        came = {1: ("u1", "p1"), 2: ("u1", "p1"), 3: ("u1", "P1"), 4: ("u2", "p1"), 5: ("u1", "p1")}
        for id, (user_id, provider) in came.items():
            each = grant(id, user_id=user_id, provider=provider, revoked_at=1 if id == 1 else None)
            await kept.do(lambda tx, each=each: tx.grants.add(each))
        assert await kept.do(lambda tx: tx.grants.revoke_from_provider("u1", "p1", NOW)) == 2
        assert await self._revoked(kept) == {1, 2, 5}
        assert not (await kept.batch(lambda tx: tx.grants.revoke_from_provider("u1", "p1", NOW + 9))).wrote
        assert await kept.do(lambda tx: tx.grants.revoke_from_provider("nobody", "p1", NOW + 9)) == 0
        assert [each.revoked_at for each in await kept.do(lambda tx: tx.grants.of_user("u1"))] == [1, NOW, None, NOW]

    async def test_the_grants_of_a_user_are_listed_revoked_ones_too(self, kept: Kept[Tx]) -> None:
        await self._fill(kept)
        assert [each.id for each in await kept.do(lambda tx: tx.grants.of_user("u1"))] == [1, 2, 3]
        assert list(await kept.do(lambda tx: tx.grants.of_user("U1"))) == []

    async def test_what_a_client_has_in_its_own_name_at_a_resource_is_found_while_it_stands(
        self, kept: Kept[Tx]
    ) -> None:
        own = {"user_id": None, "client_id": "c1", "resource": "https://a.example"}
        for each in (
            grant(1, **{**own, "user_id": "u1"}),
            grant(2, **{**own, "client_id": "C1"}),
            grant(3, **{**own, "resource": "https://a.example/"}),
            grant(4, **own, revoked_at=NOW),
            grant(MOST, **own),
            grant(5, **own),
        ):
            await kept.do(lambda tx, each=each: tx.grants.add(each))
        for found in (grant(5, **own), grant(MOST, **own), None):
            assert await kept.do(lambda tx: tx.grants.of_client_itself("c1", "https://a.example")) == found
            await kept.do(lambda tx, found=found: found and tx.grants.revoke(found.id, NOW))
        assert await kept.do(lambda tx: tx.grants.of_client_itself("c1", "")) is None
        assert await kept.do(lambda tx: tx.grants.of_client_itself("", "https://a.example")) is None

    async def test_grants_are_paged_in_the_order_of_their_ids(self, kept: Kept[Tx]) -> None:
        for id in (MOST, 10, 9, 1, 2):
            await kept.do(lambda tx, id=id: tx.grants.add(grant(id)))
        assert [each.id for each in await kept.do(lambda tx: tx.grants.page(0, 9))] == [1, 2, 9, 10, MOST]
        assert [each.id for each in await kept.do(lambda tx: tx.grants.page(2, 2))] == [9, 10]
        assert list(await kept.do(lambda tx: tx.grants.page(MOST, 9))) == []

    async def test_the_grants_of_a_user_or_a_client_are_paged_alike(self, kept: Kept[Tx]) -> None:
        whose = {1: ("u1", "c1"), 2: ("u2", "c1"), 3: ("u1", "c2"), 4: (None, "c1"), 5: ("u1", "c1"), 6: ("U1", "C1")}
        for each in [grant(id, user_id=user_id, client_id=client_id) for id, (user_id, client_id) in whose.items()]:
            await kept.do(lambda tx, each=each: tx.grants.add(each))

        async def ids(after: int, limit: int, **of: str) -> list[int]:
            return [each.id for each in await kept.do(lambda tx: tx.grants.page(after, limit, **of))]

        assert await ids(0, 9, user_id="u1") == [1, 3, 5]
        assert await ids(1, 1, user_id="u1") == [3]
        assert await ids(0, 9, client_id="c1") == [1, 2, 4, 5]
        assert await ids(1, 9, user_id="u1", client_id="c1") == [5]
        assert await ids(0, 9, user_id="nobody") == []

    @pytest.mark.parametrize("each", COUNTS.values(), ids=list(COUNTS))
    async def test_a_sweep_leaves_a_grant_of_which_something_counts(self, kept: Kept[Tx], each: Grant) -> None:
        await kept.do(lambda tx: tx.grants.add(each))
        assert not (await kept.batch(lambda tx: tx.grants.sweep(NOW, 0, 9))).wrote
        assert await kept.do(lambda tx: tx.grants.find(1)) == each

    @pytest.mark.parametrize("each", COUNTS_NO_MORE.values(), ids=list(COUNTS_NO_MORE))
    async def test_a_sweep_removes_a_grant_of_which_nothing_counts(self, kept: Kept[Tx], each: Grant) -> None:
        await kept.do(lambda tx: tx.grants.add(each))
        assert await kept.do(lambda tx: tx.grants.find(1)) == each
        await kept.do(lambda tx: tx.grants.sweep(NOW, 0, 9))
        assert await kept.do(lambda tx: tx.grants.find(1)) is None

    async def test_what_a_rotation_or_an_ended_token_leaves_is_what_a_sweep_looks_at(self, kept: Kept[Tx]) -> None:
        """A store may keep the latest end of a grant's tokens beside it; it must not go stale."""
        await kept.do(lambda tx: tx.grants.add(grant(1)))
        rotated = replace(grant(1), **{**NEXT, "refresh_digest": None, "refresh_expires_at": None})
        await kept.do(lambda tx: tx.grants.rotate(rotated, generation=0))
        await kept.do(lambda tx: tx.grants.sweep(NOW + 49, 0, 9))
        assert await kept.do(lambda tx: tx.grants.find(1)) == rotated
        assert await kept.do(lambda tx: tx.grants.end_access(1, digest("access"), NOW))
        await kept.do(lambda tx: tx.grants.sweep(NOW + 49, 0, 9))
        assert await kept.do(lambda tx: tx.grants.find(1)) is not None
        await kept.do(lambda tx: tx.grants.sweep(NOW + 50, 0, 9))
        assert await kept.do(lambda tx: tx.grants.find(1)) is None

    async def test_a_sweep_walks_over_all_grants_a_few_at_a_time(self, kept: Kept[Tx]) -> None:
        over = {2, 3, 4, 7}
        for id in range(1, 9):
            end = NOW if id in over else NOW + 1
            await kept.do(lambda tx, id=id, end=end: tx.grants.add(grant(id, expires_at=end)))
        assert await kept.do(lambda tx: tx.grants.sweep(NOW, -1, 3)) == 3
        assert await kept.do(lambda tx: tx.grants.find(4)) is not None
        assert await kept.do(lambda tx: tx.grants.sweep(NOW, 3, 3)) == 6
        assert await kept.do(lambda tx: tx.grants.sweep(NOW, 6, 3)) is None
        assert {each.id for each in await kept.do(lambda tx: tx.grants.page(0, 9))} == {1, 5, 6, 8}
        assert await kept.do(lambda tx: tx.grants.sweep(NOW, 0, 4)) == 8
        assert await kept.do(lambda tx: tx.grants.sweep(NOW, 8, 4)) is None
        assert await kept.do(lambda tx: tx.grants.sweep(NOW, MOST, 4)) is None
        assert await kept.do(lambda tx: tx.grants.sweep(NOW, 0, 0)) is None

    async def _fill(self, kept: Kept[Tx]) -> None:
        """1, revoked long ago, to 4: two clients of one user, one of them also of another."""
        for id, user_id, client_id in ((1, "u1", "c1"), (2, "u1", "c1"), (3, "u1", "c2"), (4, "u2", "c1")):
            each = grant(id, user_id=user_id, client_id=client_id, revoked_at=1 if id == 1 else None)
            await kept.do(lambda tx, each=each: tx.grants.add(each))

    async def _revoked(self, kept: Kept[Tx]) -> set[int]:
        return {each.id for each in await kept.do(lambda tx: tx.grants.page(0, 99)) if each.revoked_at is not None}
