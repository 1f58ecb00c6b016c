"""Filters of lists: what they mean, and what they are not."""

from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.admin import filter
from tenants.problems import Invalid


@dataclass(frozen=True)
class Thing:
    name: str | None = "a.b"
    count: int = 3
    at: int = 1_800_000_000
    open: bool = True
    state: str = "active"
    tags: tuple[str, ...] = ("x", "y z")


FIELDS: dict[str, filter.Field[Thing]] = {
    "name": filter.text(lambda thing: thing.name),
    "count": filter.number(lambda thing: thing.count),
    "at": filter.time(lambda thing: thing.at),
    "open": filter.flag(lambda thing: thing.open),
    "state": filter.choice(lambda thing: thing.state, ("active", "ended")),
    "tags": filter.several(lambda thing: thing.tags),
}


def holds(text: str, thing: Thing | None = None) -> bool:
    return filter.parse(text, FIELDS)(thing or Thing())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        'name = "a.b"',
        "name=a.b",
        'name = "a.*"',
        "name = *",
        'name != "a"',
        'name != "b*"',
        "count = 3 AND count != 4 AND count < 4 AND count <= 3 AND count > -1 AND count >= 3",
        'at = "2027-01-15T08:00:00Z"',
        'at >= "2027-01-15T10:00:00+02:00" AND at < "2027-01-15T08:00:01Z"',
        "open = true",
        "open != false",
        'state = active AND state != "ended"',
        'tags : x AND tags:"y z"',
        ' \t name = "a.b"\n AND\tcount = 3 ',
    ],
)
def test_a_filter_holds_of_what_it_describes(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        'name = "a"',
        'name = "A.B"',
        "name = b*",
        "name != a*",
        "count > 3",
        "count < 3",
        'at > "2027-01-15T08:00:00Z"',
        "open = false",
        "state = ended",
        "tags : y",
        "name = a.b AND count = 4",
    ],
)
def test_a_filter_does_not_hold_of_anything_else(text: str) -> None:
    assert not holds(text)


def test_what_is_absent_is_like_nothing_and_unlike_everything() -> None:
    assert not holds('name = "*"', Thing(name=None))
    assert holds('name != "a"', Thing(name=None))


def test_quotes_and_backslashes_stand_in_a_text_behind_a_backslash() -> None:
    assert holds(r'name = "a \"b\" \\ AND"', Thing(name=r"a " + r'"b" \ AND'))


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("kind = a", "expected one of name, count, at, open, state, tags", 1),
        ("name a", "expected = or != behind name", 6),
        ("name < a", "expected = or != behind name", 6),
        ("tags = a", "expected : behind tags", 6),
        ("name = ", 'expected a word, or a text in "quotes"', 8),
        ('name = "a', 'expected a word, or a text in "quotes"', 8),
        (r'name = "a\n"', 'expected a word, or a text in "quotes"', 8),
        ("name = a OR name = b", "expected AND", 10),
        ("name = a and name = b", "expected AND", 10),
        ("name = a ANDY = b", "expected AND", 10),
        ("name = a name = b", "expected AND", 10),
        ("name = a AND", "expected one of", 13),
        ("AND name = a", "expected one of", 1),
        ("NOT name = a", "expected one of", 1),
        ("(name = a)", "expected one of", 1),
        ("-name = a", "expected one of", 1),
        ("a", "expected one of", 1),
        ("count = x", "count must be a whole number", 9),
        ("count = 1_0", "count must be a whole number", 9),
        ('count = "１"', "count must be a whole number", 9),
        (f"count = {'9' * 19}", "count must be a whole number", 9),
        ("at > 2027", "at must be a time such as", 6),
        ('at > "2027-02-30T00:00:00Z"', "at must be a time that there is", 6),
        ('at > "2027-01-15T08:00:00"', "at must be a time such as", 6),
        ("open = yes", "open must be true or false", 8),
        ("state = gone", "state must be one of active, ended", 9),
        (" AND ".join(["count = 3"] * 21), "at most 20 conditions can be joined", None),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(text: str, words: str, place: int | None) -> None:
    with pytest.raises(Invalid) as raised:
        filter.parse(text, FIELDS)
    assert raised.value.field == "filter"
    assert raised.value.description.startswith(words)
    assert place is None or raised.value.description.endswith(f", at character {place}")


def test_the_least_that_a_field_may_be_is_known() -> None:
    for text, least in (("", None), ("count < 4", None), ("count > 4", 5), ("count >= 4 AND count = 7", 7)):
        assert filter.parse(text, FIELDS).least("count") == least


@given(st.text(max_size=60) | st.text('nameAND =!<>:"*\\ acount31', max_size=60))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    with suppress(Invalid):
        filter.parse(text, FIELDS)(Thing())


@given(st.text(max_size=20))
def test_any_text_can_be_asked_for(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert holds(f'tags : "{quoted}"', Thing(tags=(text,)))
