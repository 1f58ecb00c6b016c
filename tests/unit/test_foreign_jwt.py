"""JWTs that others signed: read with one meaning or not at all, and believed of nobody but the owner of a key."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tenants.oauth import foreign_jwt
from tenants.oauth.foreign_jwt import (
    ALGORITHMS,
    LEEWAY,
    MAX_LENGTH,
    MAX_TRIED,
    UnknownAlgorithm,
    UnknownKey,
    Unproven,
    can_prove,
    judge_times,
    usable_keys,
)
from tests.support.requirement import requirement
from tests.support.signer import ALGORITHMS_OF_SIGNERS, Signer, b64

Keys = Sequence[Mapping[str, Any]]
NOW = 2_000
CLAIMS: dict[str, Any] = {"iss": "x", "exp": NOW + 60, "name": "é😀"}
KINDS = ("jwt", "x+jwt")
SIGNERS = {algorithm: Signer(algorithm) for algorithm in ALGORITHMS_OF_SIGNERS}
ES256, RS256 = SIGNERS["ES256"], SIGNERS["RS256"]


def believed(
    token: str, keys: Sequence[Mapping[str, Any]], algorithms: Sequence[str] = ALGORITHMS
) -> Mapping[str, Any]:
    read = foreign_jwt.read(token, kinds=KINDS)
    foreign_jwt.prove(read, keys, algorithms)
    return read.claims


@pytest.mark.parametrize("algorithm", ALGORITHMS_OF_SIGNERS)
def test_what_the_owner_of_a_known_key_signed_is_believed(algorithm: str) -> None:
    signer = SIGNERS[algorithm]
    assert believed(signer.token(CLAIMS), [signer.public]) == CLAIMS
    assert believed(signer.token(CLAIMS, kid=None), [ES256.public, signer.public]) == CLAIMS
    assert can_prove(signer.public, algorithm)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="JW-11 empty"),
        pytest.param("a.b", id="JW-11 two"),
        pytest.param("a.b.c.d", id="JW-11 four"),
        pytest.param("a.b.c.d.e", id="JW-11 JWE"),
        pytest.param("e30.e30.", id="JW-01 no signature"),
        pytest.param(ES256.token(CLAIMS) + "=", id="JW-12 padding"),
        pytest.param(ES256.token(CLAIMS) + "\n", id="JW-12 newline"),
        pytest.param(" " + ES256.token(CLAIMS), id="JW-12 space"),
        pytest.param(ES256.token(CLAIMS).replace(".", ".é", 1), id="not ASCII"),
        pytest.param("a" * (MAX_LENGTH - 3) + ".e30.AA", id="JW-11 too long"),
        pytest.param(ES256.token(b"[]"), id="claims as a list"),
        pytest.param(ES256.token(b"{"), id="claims cut off"),
        pytest.param(ES256.token(b'{"a":1,"a":2}'), id="JW-13 a claim twice"),
        pytest.param(ES256.token(b'{"exp":NaN}'), id="JW-08 NaN"),
        pytest.param(ES256.token(b'{"exp":1e400}'), id="JW-08 infinite"),
        pytest.param(ES256.token(CLAIMS, header=b"[]"), id="header as a list"),
        pytest.param(ES256.token(b"[" * 2_500 + b"]" * 2_500), id="HX-09 claims too deep"),
        pytest.param(
            ES256.token(CLAIMS, header=b'{"alg":"ES256","x":' + b"[" * 2_500 + b"]" * 2_500 + b"}"),
            id="HX-09 header too deep",
        ),
        pytest.param(ES256.token(CLAIMS, header=b'{"alg":"ES256","alg":"none"}'), id="JW-13 a header twice"),
        pytest.param(ES256.token(CLAIMS, header=b'{"typ":"JWT"}'), id="no algorithm"),
        *(
            pytest.param(ES256.token(CLAIMS, alg=alg), id=f"JW-01 JW-02 {alg}")
            for alg in ("none", "None", "", "HS256", "es256", "RSA-OAEP", None, ["ES256"])
        ),
        *(pytest.param(ES256.token(CLAIMS, crit=crit), id=f"JW-06 {crit}") for crit in (["x"], [], "x", ["b64"])),
        *(
            pytest.param(ES256.token(CLAIMS, typ=typ), id=f"JW-07 {typ}")
            for typ in ("at+jwt", "logout+jwt", "dpop+jwt", "", None, 1, ["JWT"])
        ),
        *(pytest.param(ES256.token(CLAIMS, kid=kid), id=f"JW-04 {kid}") for kid in (1, ["x"], {}, True)),
    ],
)
@requirement("rfc8725:a-foreign-token-has-one-meaning")
def test_what_has_another_meaning_or_none_is_not_read(token: str) -> None:
    with pytest.raises(Unproven):
        foreign_jwt.read(token, kinds=KINDS)


@pytest.mark.parametrize("typ", ["JWT", "jwt", "x+jwt", "X+JWT", "application/x+jwt"])
def test_a_token_says_of_which_kind_it_is(typ: str) -> None:
    assert foreign_jwt.read(ES256.token(CLAIMS, typ=typ), kinds=KINDS).claims == CLAIMS
    assert foreign_jwt.read(ES256.signed(b'{"alg":"ES256"}', b"{}"), kinds=KINDS).claims == {}
    with pytest.raises(Unproven):
        foreign_jwt.read(ES256.signed(b'{"alg":"ES256"}', b"{}"), kinds=("x+jwt",))


def test_what_is_not_known_in_a_header_is_ignored() -> None:
    """RFC 7515 §4. Whatever it says of a key, only keys that are known already are looked at (JW-05)."""
    foreign = Signer("ES256")
    more = {"jku": "https://evil.test/jwks", "jwk": foreign.public, "x5u": "https://evil.test/", "pi.atm": 2}
    more["x5c"] = ["A" * 5_000]
    assert believed(ES256.token(CLAIMS, **more), [ES256.public]) == CLAIMS
    with pytest.raises(UnknownKey):
        believed(foreign.token(CLAIMS, **more), [ES256.public])


def test_an_algorithm_that_is_not_expected_may_be_a_new_one() -> None:
    with pytest.raises(UnknownAlgorithm):
        believed(ES256.token(CLAIMS), [ES256.public], ["RS256", "PS256"])


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([], id="no key"),
        pytest.param([RS256.public], id="a key of another kind"),
        pytest.param([ES256.public | {"kid": "another"}], id="a key of another name"),
        pytest.param([ES256.public | {"use": "enc"}], id="a key for encryption"),
        pytest.param([ES256.public | {"alg": "ES384"}], id="JW-03 a key for another algorithm"),
    ],
)
def test_a_key_that_we_do_not_know_may_be_a_new_one(keys: Keys) -> None:
    with pytest.raises(UnknownKey):
        believed(ES256.token(CLAIMS), keys)


def test_who_names_a_key_that_is_another_ones_proves_nothing() -> None:
    forged = Signer("ES256").token(CLAIMS, kid=ES256.kid)
    for keys in ([ES256.public], [{**ES256.public, "crv": "P-521"}], [{"kty": "EC", "kid": ES256.kid}]):
        with pytest.raises(Unproven) as met:
            believed(forged, keys)
        assert type(met.value) is Unproven


def test_who_names_no_key_may_have_a_new_one_and_only_a_few_are_tried() -> None:
    strangers = [Signer("ES256").public for _ in range(MAX_TRIED)]
    token = ES256.token(CLAIMS, kid=None)
    for keys in (strangers, [*strangers, ES256.public]):
        with pytest.raises(UnknownKey):
            believed(token, keys)
    assert believed(token, [*strangers[1:], ES256.public]) == CLAIMS
    assert believed(ES256.token(CLAIMS), [*strangers, ES256.public]) == CLAIMS


def test_a_token_that_was_bent_proves_nothing() -> None:
    head, claims, signature = ES256.token(CLAIMS).split(".")
    bent = b64(json.dumps({**CLAIMS, "iss": "y"}).encode())
    for token in (f"{head}.{bent}.{signature}", f"{head}.{claims}.{signature[:-8]}AAAAAAAA", f"{head}.{claims}.AA"):
        with pytest.raises(Unproven):
            believed(token, [ES256.public])


def test_only_public_members_of_keys_of_a_good_size_are_kept() -> None:
    private = Signer("RS256").key.as_dict(private=True)
    small = Signer("RS256", bits=1_024).public
    odd: list[Any] = [1, None, [], {"kty": "oct", "k": "AA"}, {"kty": ["RSA"]}, RS256.public | {"e": "A" * 7}]
    keys = usable_keys({"keys": [*odd, small, private, ES256.public | {"x5c": ["x"], "x5u": "https://evil.test/"}]})
    assert keys == ({"kty": "RSA", "n": private["n"], "e": private["e"]}, ES256.public)
    assert usable_keys({}) == usable_keys({"keys": {}}) == ()
    assert len(usable_keys({"keys": [ES256.public] * 1_000})) == foreign_jwt.MAX_KEYS


@pytest.mark.parametrize(
    ("jwk", "algorithm"),
    [
        ({"kty": "EC"}, "ES256"),
        (SIGNERS["ES384"].public, "ES256"),
        (RS256.public, "PS256"),
        (ES256.public | {"use": "enc"}, "ES256"),
        (ES256.public | {"x": "AA"}, "ES256"),
        (SIGNERS["EdDSA"].public, "ES256"),
    ],
)
def test_a_key_that_cannot_prove_is_told_beforehand(jwk: dict[str, Any], algorithm: str) -> None:
    assert not can_prove(jwk, algorithm)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({}, id="JW-08 no end"),
        pytest.param({"exp": None}, id="JW-08 null"),
        pytest.param({"exp": NOW - LEEWAY}, id="JW-08 over"),
        pytest.param({"exp": -1}, id="JW-08 negative"),
        pytest.param({"exp": True}, id="JW-08 true"),
        pytest.param({"exp": "4000000000"}, id="JW-08 text"),
        pytest.param({"exp": [NOW + 9]}, id="JW-08 list"),
        pytest.param({"exp": NOW + 9, "nbf": NOW + LEEWAY + 1}, id="JW-08 nbf"),
        pytest.param({"exp": NOW + 9, "iat": NOW + LEEWAY + 1}, id="JW-08 iat"),
        pytest.param({"exp": NOW + 9, "iat": "1"}, id="JW-08 iat as text"),
        pytest.param({"exp": NOW + 9, "nbf": False}, id="JW-08 nbf false"),
        pytest.param({"exp": 10**400, "iat": NOW - 0.5}, id="JW-08 no clock goes so far"),
        pytest.param({"exp": NOW + 9, "iat": -(10**400)}, id="JW-08 nor so far back"),
    ],
)
def test_what_does_not_count_now_is_not_believed(claims: dict[str, Any]) -> None:
    with pytest.raises(Unproven):
        judge_times(claims, NOW)


def test_clocks_may_differ_a_little() -> None:
    judge_times({"exp": NOW - LEEWAY + 1}, NOW)
    judge_times({"exp": NOW + 0.5, "iat": NOW + LEEWAY, "nbf": NOW + LEEWAY}, NOW)
    judge_times({"exp": NOW + 1, "iat": None, "nbf": None}, NOW)
