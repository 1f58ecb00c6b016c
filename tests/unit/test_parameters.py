"""Form and query parameters: one reading only, or none."""

from collections.abc import Callable

import pytest

from tenants.oauth.parameters import MAX_PARAMETERS, Parameters, parse
from tests.support.refused import refused
from tests.support.requirement import requirement

READERS = [pytest.param(reader, id=reader.__name__) for reader in (Parameters.one, Parameters.opaque, Parameters.raw)]
Reader = Callable[[Parameters, str], str | None]


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        pytest.param(b"", {}, id="nothing"),
        pytest.param(b"a=1&b=2", {"a": ["1"], "b": ["2"]}, id="two"),
        pytest.param(b"a=1&a=2", {"a": ["1", "2"]}, id="repeated, kept for all()"),
        pytest.param(b"a=x+y%20z%2B", {"a": ["x y z+"]}, id="plus is space"),
        pytest.param(b"a=b=c", {"a": ["b=c"]}, id="the first = divides"),
        pytest.param(b"a", {"a": [""]}, id="no value"),
        pytest.param(b"&a=1&&b=2&", {"a": ["1"], "b": ["2"]}, id="empty pairs"),
        pytest.param(b"a=%C3%A9%E2%82%AC", {"a": ["é€"]}, id="UTF-8"),
        pytest.param("a=é".encode(), {"a": ["é"]}, id="raw UTF-8"),
        pytest.param(b"%61=%31", {"a": ["1"]}, id="escaped name"),
        pytest.param(b"a=1;b=2", {"a": ["1;b=2"]}, id="HX-19 ; does not separate"),
        pytest.param(b'{"grant_type":"refresh_token"}', {'{"grant_type":"refresh_token"}': [""]}, id="HX-16 JSON"),
    ],
)
def test_a_form_is_read_in_one_way(raw: bytes, values: dict[str, list[str]]) -> None:
    assert parse(raw).values == values


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"a=\xff", id="HX-12 raw byte"),
        pytest.param("a=é".encode("latin-1"), id="HX-12 Latin-1"),
        pytest.param("a=1".encode("utf-16"), id="HX-15 UTF-16"),
        pytest.param(b"\xff=1", id="HX-12 in a name"),
        pytest.param(b"a=%ff", id="HX-13 no UTF-8"),
        pytest.param(b"a=%c0%af", id="HX-13 overlong"),
        pytest.param(b"a=%ed%a0%80", id="HX-13 half a surrogate pair"),
        pytest.param(b"a=%zz", id="HX-13 no hex"),
        pytest.param(b"a=%", id="HX-13 nothing behind %"),
        pytest.param(b"a=%4", id="HX-13 one digit"),
        pytest.param(b"a=%&b=41", id="HX-13 an escape over the border of a pair"),
        pytest.param(b"unknown=%zz&a=1", id="HX-13 in a parameter nobody asks for"),
        pytest.param(b"&".join(b"a%d=1" % n for n in range(9_000)), id="HX-18"),
        pytest.param(b"a=1&" * MAX_PARAMETERS + b"a=1", id="HX-18 one too many"),
    ],
)
@requirement("house:forms-are-read-strictly")
def test_a_form_that_two_parsers_could_read_in_two_ways_is_refused(raw: bytes) -> None:
    with refused("invalid_request"):
        parse(raw)


def test_as_many_parameters_as_are_allowed_are_read() -> None:
    assert len(parse(b"&".join(b"a%d=1" % n for n in range(MAX_PARAMETERS))).values) == MAX_PARAMETERS


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("raw", [b"a=1&a=2", b"a=1&a=1", b"a=1&a=", b"a=&a=1", b"a=&a=", b"a=1&%61=2"])
@requirement("oauth2.1:no-repeated-parameter")
def test_a_parameter_that_stands_twice_is_refused_and_none_of_them_is_picked(raw: bytes, read: Reader) -> None:
    with refused("invalid_request"):
        read(parse(raw), "a")


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("raw", [b"", b"b=1", b"a", b"a=", b"a=&b=1"])
@requirement("oauth2.1:a-parameter-without-value-is-absent")
def test_a_parameter_without_a_value_counts_as_absent(raw: bytes, read: Reader) -> None:
    assert read(parse(raw), "a") is None


@pytest.mark.parametrize("raw", [b"", b"a", b"a="])
def test_a_required_parameter_must_be_there(raw: bytes) -> None:
    with refused("invalid_request"):
        parse(raw).required("a")
    assert parse(b"a=1").required("a") == "1"


@pytest.mark.parametrize("code", [*range(0x20), 0x7F])
@requirement("house:no-control-character-in-a-parameter")
def test_a_control_character_is_refused(code: int) -> None:  # HX-14
    form = parse(b"a=x%%%02xy" % code)
    with refused("invalid_request"):
        form.one("a")
    with refused("invalid_request"):
        form.required("a")


def test_what_is_only_handed_back_may_hold_anything_but_nul() -> None:
    assert parse(b"state=%0d%0aSet-Cookie:x%7f%E2%80%A8").opaque("state") == "\r\nSet-Cookie:x\x7f\u2028"
    with refused("invalid_request"):
        parse(b"state=a%00b").opaque("state")


def test_what_its_own_rule_judges_is_read_as_it_is() -> None:
    assert parse(b"code=a%00b%0A").raw("code") == "a\0b\n"


def test_every_value_of_a_parameter_that_may_be_repeated_is_there_but_the_empty_ones() -> None:
    assert parse(b"resource=1&resource=&resource=2").all("resource") == ["1", "2"]
    assert parse(b"a=1").all("resource") == []
