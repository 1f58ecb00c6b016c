"""The list of requirements and the suite agree, both ways."""

import re

import pytest

from tests.requirements import REQUIREMENTS
from tests.support.requirement import PROOFS, Proofs, requirement

_ID = re.compile(r"[a-z0-9][a-z0-9.-]*:[a-z0-9]+(-[a-z0-9]+)*")


def test_every_requirement_has_a_readable_id_a_sentence_and_a_source() -> None:
    for id, (sentence, source) in REQUIREMENTS.items():
        assert _ID.fullmatch(id), id
        assert sentence[0].isupper(), id
        assert sentence.endswith("."), id
        assert source, id


def test_every_requirement_that_a_test_names_is_in_the_list(request: pytest.FixtureRequest) -> None:
    assert request.config.stash[PROOFS].unknown(REQUIREMENTS) == {}


def test_every_requirement_in_the_list_is_proven_by_a_test(request: pytest.FixtureRequest) -> None:
    proofs = request.config.stash[PROOFS]
    if proofs.absent:
        pytest.skip(f"only a part of the suite was collected, without {', '.join(proofs.absent)}")
    assert proofs.unproven(REQUIREMENTS) == []


def test_a_name_that_is_not_in_the_list_and_one_that_nobody_proves_are_both_found() -> None:
    proofs = Proofs({"a:proven": ["test_a"], "a:unlisted": ["test_b"]}, ())
    assert proofs.unknown(["a:proven", "a:unproven"]) == {"a:unlisted": ["test_b"]}
    assert proofs.unproven(["a:proven", "a:unproven"]) == ["a:unproven"]


@pytest.mark.parametrize("ids", [(), ("rfc7636:no-such-rule",)])
def test_a_test_cannot_name_a_requirement_that_is_not_in_the_list(ids: tuple[str, ...]) -> None:
    with pytest.raises(LookupError):
        requirement(*ids)
