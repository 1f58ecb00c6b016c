"""Proof Key for Code Exchange."""

import pytest

from tenants.oauth import pkce
from tests.support.made import CHALLENGE, VERIFIER
from tests.support.refused import refused
from tests.support.requirement import requirement


@requirement("rfc7636:s256")
def test_the_example_of_the_rfc_is_proven() -> None:  # RFC 7636 Appendix B, whose strings VERIFIER and CHALLENGE are
    assert pkce.challenge_of(VERIFIER) == CHALLENGE
    assert pkce.check_challenge(CHALLENGE, "S256") == CHALLENGE
    assert pkce.proves(VERIFIER, CHALLENGE)


@pytest.mark.parametrize("verifier", ["a" * 43, "Z" * 128, "-._~" * 11])
def test_a_verifier_of_any_allowed_length_and_character_proves_its_challenge(verifier: str) -> None:
    assert pkce.proves(verifier, pkce.challenge_of(verifier))


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        pytest.param(None, None, id="PK-01"),
        pytest.param(None, "S256", id="PK-01 with a method"),
        pytest.param(CHALLENGE, None, id="PK-02"),
        pytest.param(CHALLENGE, "plain", id="PK-03 plain"),
        pytest.param(CHALLENGE, "s256", id="PK-03 s256"),
        pytest.param(CHALLENGE, "S512", id="PK-03 S512"),
        pytest.param(CHALLENGE, "S256 ", id="PK-03 space"),
        pytest.param("a", "S256", id="PK-04 short"),
        pytest.param(CHALLENGE[:42], "S256", id="PK-04 42"),
        pytest.param(CHALLENGE + "a", "S256", id="PK-04 44"),
        pytest.param("a" * 129, "S256", id="PK-04 129"),
        pytest.param(CHALLENGE + "=", "S256", id="PK-04 padding"),
        pytest.param(CHALLENGE[:42] + "=", "S256", id="PK-04 ="),
        pytest.param(CHALLENGE[:42] + "+", "S256", id="PK-04 +"),
        pytest.param(CHALLENGE[:42] + "/", "S256", id="PK-04 /"),
        pytest.param(CHALLENGE[:42] + ".", "S256", id="PK-04 ."),
        pytest.param(CHALLENGE[:42] + "\0", "S256", id="PK-04 NUL"),
        pytest.param(CHALLENGE[:42] + "é", "S256", id="PK-04 not ASCII"),
        pytest.param(CHALLENGE + "\n", "S256", id="PK-04 newline"),
    ],
)
@requirement("rfc7636:s256-only")
def test_a_request_without_a_well_formed_s256_challenge_is_refused(challenge: str | None, method: str | None) -> None:
    with refused("invalid_request"):
        pkce.check_challenge(challenge, method)


@pytest.mark.parametrize(
    "verifier",
    [
        pytest.param(None, id="PK-05"),
        pytest.param("", id="PK-06"),
        pytest.param(CHALLENGE, id="PK-07"),
        pytest.param(VERIFIER[:-1] + "l", id="PK-11"),
        pytest.param(VERIFIER + "\n", id="PK-12"),
        pytest.param(VERIFIER + "=", id="padding"),
        pytest.param(VERIFIER.lower(), id="small letters"),
    ],
)
@requirement("rfc7636:verifier-must-prove")
def test_a_missing_or_wrong_verifier_proves_nothing(verifier: str | None) -> None:
    assert not pkce.proves(verifier, CHALLENGE)


@pytest.mark.parametrize(
    "verifier",
    [
        pytest.param("a" * 42, id="PK-10 42"),
        pytest.param("a" * 129, id="PK-10 129"),
        pytest.param("a" * 42 + " ", id="PK-10 space"),
        pytest.param("a" * 42 + "\0", id="PK-10 NUL"),
        pytest.param("a" * 43 + "\n", id="PK-10 newline"),
        pytest.param("a" * 42 + "+", id="PK-10 +"),
    ],
)
def test_a_malformed_verifier_proves_nothing_even_where_its_hash_fits(verifier: str) -> None:
    assert not pkce.proves(verifier, pkce.challenge_of(verifier))


def test_a_verifier_that_is_not_ascii_proves_nothing() -> None:
    assert not pkce.proves("é" * 43, CHALLENGE)
