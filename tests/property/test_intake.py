"""What is read of an answer is counted in the same way, however it is cut into pieces."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.outbound.intake import MAX_HEAD, MAX_INTERIM, SLICE, Intake, TooMuch

CUTS = st.lists(st.integers(1, 2_000), max_size=30)
INTERIM, HEAD = b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 200 OK\r\n"


def is_taken(answer: bytes, cuts: list[int], body: int | None = None) -> bool:
    intake = Intake()
    if body is not None:
        intake.expect(body)
    at = [0, *sorted({cut for cut in cuts if cut < len(answer)}), len(answer)]
    try:
        for begin, end in pairwise(at):
            intake.took(answer[begin:end])
    except TooMuch:
        return False
    return True


@given(CUTS)
def test_interim_answers_are_counted_wherever_they_are_cut(cuts: list[int]) -> None:
    assert is_taken(INTERIM * MAX_INTERIM + HEAD, cuts)
    assert not is_taken(INTERIM * (MAX_INTERIM + 1) + HEAD, cuts)


@given(CUTS)
def test_a_head_has_an_end_and_what_a_body_says_is_its_own_affair(cuts: list[int]) -> None:
    assert is_taken(b"x" * (MAX_HEAD + SLICE), cuts)
    assert not is_taken(b"x" * (MAX_HEAD + SLICE + 1), cuts)
    body = INTERIM * 1_000
    assert is_taken(body, cuts, len(body))
    assert not is_taken(b"x" * (MAX_HEAD + 1), cuts, 0)
