"""The code that a user reads from a device and types into a browser."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.oauth import user_code


@given(st.binary(min_size=16, max_size=16))
def test_a_code_is_read_as_it_is_shown_in_any_case_and_with_any_dashes(chance: bytes) -> None:
    code = user_code.make(chance)
    shown = user_code.shown(code)
    assert len(shown) == 9
    assert shown[4] == "-"
    for typed in (code, shown, shown.lower(), f" {code[:3]} {code[3:]}--"):
        assert user_code.read(typed) == code


@given(st.text(max_size=12))
def test_only_such_letters_are_a_code(typed: str) -> None:
    letters = user_code.read(typed)
    assert letters is None or (len(letters) == 8 and set(letters) <= set(user_code.LETTERS))


def test_what_is_no_code() -> None:
    for typed in ("", "BCDFGHJ", "BCDFGHJKL", "BCDF-GHJA", "BCDF_GHJK", "BCDF\nGHJK", "ＢCDFGHJK", "BCDFGHJ1"):
        assert user_code.read(typed) is None


def test_every_letter_comes_at_every_place() -> None:
    codes = [user_code.make(number.to_bytes(16, "big")) for number in range(20)]
    assert {code[0] for code in codes} == set(user_code.LETTERS)
    top = [user_code.make((20**7 * number).to_bytes(16, "big")) for number in range(20)]
    assert {code[7] for code in top} == set(user_code.LETTERS)
    assert len(user_code.LETTERS) ** user_code.LENGTH == 25_600_000_000
