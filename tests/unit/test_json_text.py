"""JSON from strangers: one meaning, bounded depth, real text."""

import json
from typing import Any

import pytest

from tenants.oauth import json_text
from tenants.oauth.json_text import MAX_DEPTH, NotJson
from tests.support.requirement import requirement


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b' {"a": [1, -2.5, true, false, null, "x"]} ', {"a": [1, -2.5, True, False, None, "x"]}),
        ('"é😀"'.encode(), "é😀"),
        (b'"\\ud83d\\ude00\\u0000"', "😀\0"),
        (b'{"a":{"a":1},"b":{"a":1}}', {"a": {"a": 1}, "b": {"a": 1}}),
        (b'"]]]]]]]]]]]]]]]]]]]][[[[[[[[[[[[[[[[[[[["', "]" * 20 + "[" * 20),
        (b"1e-400", 0.0),
    ],
)
def test_json_is_read(raw: bytes, value: Any) -> None:
    assert json_text.parse(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"{} {}", id="two values"),
        pytest.param(b"{'a':1}", id="wrong quotes"),
        pytest.param(b'{"a":1,}', id="trailing comma"),
        pytest.param(b"a=1&b=2", id="HX-16 a form"),
        pytest.param(b"NaN", id="HX-10 NaN"),
        pytest.param(b'{"a":[Infinity]}', id="HX-10 Infinity"),
        pytest.param(b"-Infinity", id="HX-10 -Infinity"),
        pytest.param(b"1e999", id="HX-10 1e999"),
        pytest.param(b"[-1e999]", id="HX-10 -1e999"),
        pytest.param(b'{"a":1,"a":1}', id="HX-10 member twice"),
        pytest.param(b'{"a":1,"\\u0061":2}', id="HX-10 member twice, escaped"),
        pytest.param(b'{"x":[{"a":1,"a":2}]}', id="HX-10 member twice, below"),
        pytest.param(b'"\\ud800"', id="HX-10 lone surrogate"),
        pytest.param(b'["x\\udfff"]', id="HX-10 lone surrogate in a list"),
        pytest.param(b'{"\\ud800":1}', id="HX-10 lone surrogate in a name"),
        pytest.param(b'{"a":{"b":"\\ude00\\ud83d"}}', id="HX-10 pair in the wrong order"),
        pytest.param(b"1" * 5_000, id="HX-11 5,000 digits"),
        pytest.param(b"\xef\xbb\xbf{}", id="HX-11 BOM"),
        pytest.param("{}".encode("utf-16"), id="UTF-16"),
        pytest.param(b'"\xff"', id="not UTF-8"),
        pytest.param(b'"\xed\xa0\x80"', id="half a surrogate pair in UTF-8"),
        pytest.param(b"[" * 30_000, id="HX-09 30,000 open"),
        pytest.param(b"[" * 30_000 + b"]" * 30_000, id="HX-09 30,000 deep"),
        pytest.param(b'{"a":' * 30_000 + b"1" + b"}" * 30_000, id="HX-09 objects"),
        pytest.param(b'["]",' * 900 + b"1" + b"]" * 900, id="HX-09 brackets in strings hide the depth"),
        pytest.param(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), id="one level too deep"),
        pytest.param(b'{"a":' * MAX_DEPTH + b"{}" + b"}" * MAX_DEPTH, id="one object too deep"),
    ],
)
@requirement("house:json-is-read-strictly")
def test_json_with_no_or_with_two_meanings_is_refused(raw: bytes) -> None:
    with pytest.raises(NotJson):
        json_text.parse(raw)


def test_json_as_deep_as_is_allowed_is_read() -> None:
    deep = b'[{"a":' * (MAX_DEPTH // 2) + b"1" + b"}]" * (MAX_DEPTH // 2)
    assert json_text.parse(deep) == json.loads(deep)


def test_what_is_written_is_short_and_says_the_same() -> None:
    value = {"a": ["é", 1, None], "b": {"c": "\u2028"}}
    assert json_text.write(value) == '{"a":["é",1,null],"b":{"c":"\u2028"}}'.encode()
    assert json_text.parse(json_text.write(value)) == value
