"""Patterns of claims: whatever they and the claims are, they match as the same pattern does in another's notation."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tenants.oauth.workload_assertion import matches

IN_OTHER_WORDS = {"**": ".+", "*": "[^/:]+"}
letters = st.text("ab/:\n", max_size=8)
patterns = st.lists(st.sampled_from(["*", "**", "a", "b", "/", ":", "\n"]), max_size=6).filter(
    lambda parts: not any("*" in one and "*" in other for one, other in pairwise(parts))
)


@given(letters, patterns)
def test_a_pattern_matches_as_a_regular_expression_would(said: str, parts: list[str]) -> None:
    same = re.compile("".join(IN_OTHER_WORDS.get(part, re.escape(part)) for part in parts), re.DOTALL)
    assert matches(said, "".join(parts)) is (same.fullmatch(said) is not None)


@given(letters)
def test_without_a_wildcard_it_is_the_text_itself(said: str) -> None:
    assert matches(said, said)
    assert not matches(said, said + "a")
    assert matches(said, "**") is bool(said)
