"""Answers that are kept for requests that come again."""

from typing import Any

import pytest

from tenants.problems import AlreadyThere
from tests.support.storage.kept import Kept, StoreConformance
from tests.support.storage.samples import ANSWER, NOW, answer, digest


class AnswerConformance(StoreConformance[Any]):
    async def test_an_answer_is_found_as_it_was_added(self, kept: Kept[Any]) -> None:
        for each in (ANSWER, answer("a")):
            await kept.do(lambda tx, each=each: tx.answers.add(each))
        await kept.reopen()
        for each in (ANSWER, answer("a")):
            assert await kept.do(lambda tx, each=each: tx.answers.find(each.key)) == each
        assert await kept.do(lambda tx: tx.answers.find(digest("b"))) is None

    async def test_there_is_one_answer_to_a_key(self, kept: Kept[Any]) -> None:
        await kept.do(lambda tx: tx.answers.add(answer("a")))
        with pytest.raises(AlreadyThere):
            await kept.do(lambda tx: tx.answers.add(answer("a", sealed=b"other")))
        assert await kept.do(lambda tx: tx.answers.find(digest("a"))) == answer("a")

    async def test_answers_are_swept_when_they_expired_a_few_at_a_time(self, kept: Kept[Any]) -> None:
        for n in range(4):
            await kept.do(lambda tx, n=n: tx.answers.add(answer(str(n), expires_at=NOW + n)))
        assert [await kept.do(lambda tx: tx.answers.sweep(NOW + 2, 2)) for _ in range(3)] == [2, 1, 0]
        assert await kept.do(lambda tx: tx.answers.find(digest("3"))) == answer("3", expires_at=NOW + 3)
