"""What is made of a pushed form: the authorization request in it, whole, and nothing else."""

from urllib.parse import parse_qsl

import pytest

from tenants.oauth.parameters import parse
from tenants.oauth.pushed import MAX_QUERY, PREFIX, is_request_uri, query_of
from tests.support.refused import refused


def test_a_request_keeps_what_it_says_and_loses_how_its_client_proved_itself() -> None:
    form = "client_id=c&client_secret=s&client_assertion=a&client_assertion_type=t&state=a%2Bb+%C3%A9%0A%26&scope=x"
    query = query_of(parse(form.encode()), None)
    assert dict(parse_qsl(query.decode())) == {"client_id": "c", "state": "a+b é\n&", "scope": "x"}


def test_what_stands_twice_stands_twice_still() -> None:
    query = query_of(parse(b"resource=a&state=1&resource=b&state=2&x="), None)
    assert parse(query).values == {"resource": ["a", "b"], "state": ["1", "2"], "x": [""]}


def test_the_key_that_was_proven_is_part_of_it() -> None:
    for form in (b"state=1", b"state=1&dpop_jkt=k", b"state=1&dpop_jkt="):
        assert parse(query_of(parse(form), "k")).values == {"state": ["1"], "dpop_jkt": ["k"]}
    for form in (b"dpop_jkt=other", b"dpop_jkt=k&dpop_jkt=k"):
        with refused("invalid_request"):
            query_of(parse(form), "k")
    assert parse(query_of(parse(b"dpop_jkt=other"), None)).values == {"dpop_jkt": ["other"]}


def test_it_is_a_request_and_no_reference_and_of_a_bounded_length() -> None:
    assert query_of(parse(b"request_uri="), None) == b"request_uri="
    for form in (b"request_uri=x", b"request_uri=x&request_uri=y", b"a=" + b"b" * (MAX_QUERY - 1)):
        with refused("invalid_request"):
            query_of(parse(form), None)
    assert len(query_of(parse(b"a=" + b"b" * (MAX_QUERY - 2)), None)) == MAX_QUERY


@pytest.mark.parametrize(
    ("text", "ours"),
    [(PREFIX, True), (f"{PREFIX}x", True), (None, False), ("https://a.test/r", False), (PREFIX.upper(), False)],
)
def test_a_request_uri_of_ours_is_known_by_its_beginning(text: str | None, ours: bool) -> None:
    assert is_request_uri(text) is ours
