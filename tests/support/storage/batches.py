"""What holds of every batch, whatever is kept: order, undoing, breaking off, and what is told of it."""

from functools import partial
from typing import Generic, NoReturn, TypeVar

import pytest

from tenants.oauth.refusal import Refusal
from tenants.problems import AlreadyThere, Broken, NewerSchema, Unknown
from tenants.store import Done, Undone
from tests.support.storage.kept import Kept, StoreConformance

X = TypeVar("X")


class Unexpected(Exception):
    """What no store has heard of."""


def fail(error: Exception) -> NoReturn:
    raise error


class BatchConformance(StoreConformance[X], Generic[X]):
    def write(self, tx: X, name: str) -> None:
        """Write something under `name` that `names` shows; AlreadyThere the second time."""
        raise NotImplementedError

    def names(self, tx: X) -> list[str]:
        """All names that were written and kept, in order."""
        raise NotImplementedError

    def write_and_fail(self, tx: X, name: str, error: Exception) -> NoReturn:
        self.write(tx, name)
        raise error

    async def test_works_run_in_order_and_each_has_its_outcome(self, kept: Kept[X]) -> None:
        ran: list[int] = []

        def run(n: int, tx: X) -> int:
            ran.append(n)
            return n

        commit = await kept.batch(*(partial(run, n) for n in range(50)))
        assert ran == list(range(50))
        assert list(commit.outcomes) == [Done(n) for n in range(50)]

    async def test_what_a_work_returns_is_told_as_it_is(self, kept: Kept[X]) -> None:
        value = object()
        [outcome] = (await kept.batch(lambda tx: value)).outcomes
        assert isinstance(outcome, Done)
        assert outcome.value is value

    async def test_a_work_reads_what_it_wrote(self, kept: Kept[X]) -> None:
        def work(tx: X) -> list[str]:
            self.write(tx, "a")
            return self.names(tx)

        assert await kept.do(work) == ["a"]

    async def test_a_work_reads_what_earlier_works_of_its_batch_wrote(self, kept: Kept[X]) -> None:
        commit = await kept.batch(
            lambda tx: self.write(tx, "a"), self.names, lambda tx: self.write(tx, "b"), self.names
        )
        assert list(commit.outcomes) == [Done(None), Done(["a"]), Done(None), Done(["a", "b"])]

    @pytest.mark.parametrize("error", [Unexpected("x"), Refusal("invalid_grant"), AlreadyThere("x"), KeyError("x")])
    async def test_a_work_that_raises_is_undone_alone(self, kept: Kept[X], error: Exception) -> None:
        commit = await kept.batch(
            lambda tx: self.write(tx, "before"),
            lambda tx: self.write_and_fail(tx, "undone", error),
            self.names,
            lambda tx: self.write(tx, "after"),
        )
        first, second, third, fourth = commit.outcomes
        assert isinstance(second, Undone)
        assert second.error is error
        assert [first, third, fourth] == [Done(None), Done(["before"]), Done(None)]
        assert commit.wrote
        assert await kept.do(self.names) == ["after", "before"]
        await kept.reopen()
        assert await kept.do(self.names) == ["after", "before"]

    async def test_what_was_undone_can_be_written_again(self, kept: Kept[X]) -> None:
        await kept.batch(lambda tx: self.write_and_fail(tx, "a", Unexpected()), lambda tx: self.write(tx, "a"))
        assert await kept.do(self.names) == ["a"]

    async def test_a_refusal_that_is_returned_keeps_what_was_written(self, kept: Kept[X]) -> None:
        refusal = Refusal("invalid_grant")

        def work(tx: X) -> Refusal:
            self.write(tx, "a")
            return refusal

        assert await kept.do(work) is refusal
        assert await kept.do(self.names) == ["a"]

    async def test_a_refused_second_is_undone_by_raising_and_may_be_caught(self, kept: Kept[X]) -> None:
        def twice(tx: X) -> str:
            self.write(tx, "b")
            try:
                self.write(tx, "a")
            except AlreadyThere:
                return "caught"
            return "written"

        await kept.do(lambda tx: self.write(tx, "a"))
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: self.write(tx, "a"))
        assert await kept.do(twice) == "caught"
        assert await kept.do(self.names) == ["a", "b"]

    @pytest.mark.parametrize("error", [Broken("x"), Unknown("x"), NewerSchema("x")])
    async def test_a_work_that_raises_broken_ends_the_batch_and_nothing_of_it_is_kept(
        self, kept: Kept[X], error: Broken
    ) -> None:
        ran: list[str] = []
        await kept.do(lambda tx: self.write(tx, "earlier"))
        with pytest.raises(Broken) as raised:
            await kept.batch(
                lambda tx: self.write(tx, "first"),
                lambda tx: self.write_and_fail(tx, "second", error),
                lambda tx: ran.append("third"),
            )
        assert raised.value is error
        assert ran == []
        await kept.reopen()
        assert await kept.do(self.names) == ["earlier"]

    async def test_an_empty_batch_has_no_outcome_and_writes_nothing(self, kept: Kept[X]) -> None:
        commit = await kept.batch()
        assert list(commit.outcomes) == []
        assert not commit.wrote

    async def test_a_batch_that_only_reads_writes_nothing(self, kept: Kept[X]) -> None:
        await kept.do(lambda tx: self.write(tx, "a"))
        commit = await kept.batch(self.names, self.names, lambda tx: None)
        assert not commit.wrote

    async def test_a_batch_in_which_one_work_wrote_wrote(self, kept: Kept[X]) -> None:
        commit = await kept.batch(self.names, lambda tx: self.write(tx, "a"), lambda tx: fail(Unexpected()))
        assert commit.wrote

    async def test_what_was_committed_is_there_when_the_store_is_opened_again(self, kept: Kept[X]) -> None:
        for name in ("a", "b", "c"):
            await kept.do(lambda tx, name=name: self.write(tx, name))
            await kept.reopen()
        assert await kept.do(self.names) == ["a", "b", "c"]

    async def test_a_store_may_be_closed_twice(self, kept: Kept[X]) -> None:
        await kept.store.close()
        await kept.store.close()
