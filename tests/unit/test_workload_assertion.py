"""Tokens of workloads: what must stand in one, and which rules its workload meets."""

from dataclasses import replace
from typing import Any

import pytest

from tenants.oauth.client_assertion import Use
from tenants.oauth.foreign_jwt import LEEWAY, UnknownKey, Unproven
from tenants.oauth.workload_assertion import (
    LIFETIME,
    MAX_CLAIM,
    MAX_ID,
    MAX_LENGTH,
    WorkloadKeys,
    is_met,
    judge,
    keys_in,
    matches,
    prove,
    read,
    rule_for,
)
from tenants.records import ClaimMatch, WorkloadIssuer, WorkloadRule
from tests.support.requirement import requirement
from tests.support.signer import Signer

NOW = 2_000
TOKEN = "https://a.test/token"
KEY = Signer("ES256")
PLATFORM = WorkloadIssuer(id="p", issuer_uri="spiffe://cluster.test", created_at=0, updated_at=0)


def told(**changes: Any) -> dict[str, Any]:
    whole = {"iss": PLATFORM.issuer_uri, "sub": "w", "aud": TOKEN, "jti": "j1", "iat": NOW, "exp": NOW + 300, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def judged(issuer: WorkloadIssuer = PLATFORM, now: int = NOW, **changes: Any) -> Use | None:
    return judge(read(KEY.token(told(**changes))), issuer, TOKEN, now)


@pytest.mark.parametrize("typ", ["JWT", "jwt", "JOSE", "application/jwt"])
def test_a_workloads_token_may_say_its_kind_or_nothing(typ: str) -> None:
    assert read(KEY.token(told(), typ=typ)).issuer == PLATFORM.issuer_uri
    assert read(KEY.signed(b'{"alg":"ES256"}', b'{"iss":"x"}')).issuer == "x"  # Kubernetes says nothing


@requirement("mcp:words-of-users-and-of-workloads-are-told-apart")
@pytest.mark.parametrize(
    "typ", ["oauth-id-jag+jwt", "at+jwt", "client-authentication+jwt", "dpop+jwt", "logout+jwt", "wit+jwt", ""]
)
def test_what_says_that_it_is_something_else_is_none(typ: str) -> None:
    with pytest.raises(Unproven):
        read(KEY.token(told(), typ=typ))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="JW-11 empty"),
        pytest.param("a.b.c.d.e", id="JW-11 JWE"),
        pytest.param(KEY.token(told(), alg="none"), id="JW-01"),
        pytest.param(KEY.token(told(), alg="HS256"), id="JW-02"),
        pytest.param(KEY.token(told(), crit=["x"]), id="JW-06"),
        pytest.param(KEY.token(b'{"iss":"a","iss":"b"}'), id="JW-13"),
        pytest.param(KEY.token(told(iss=None)), id="no issuer"),
        pytest.param(KEY.token(told(iss=["x"])), id="JW-10 list"),
        pytest.param(KEY.token(told(more="x" * MAX_LENGTH)), id="too long"),
    ],
)
def test_what_cannot_be_read_as_one_is_none(text: str) -> None:
    with pytest.raises(Unproven):
        read(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None},
        {"aud": "https://a.test"},
        {"aud": f"{TOKEN}/"},
        {"aud": [TOKEN, "https://b.test/token"]},
        {"aud": [TOKEN, TOKEN]},
        {"aud": []},
        {"aud": {"0": TOKEN}},
        {"sub": None},
        {"sub": ""},
        {"sub": ["w"]},
        {"sub": 7},
        {"sub": "w" * (MAX_CLAIM + 1)},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * (MAX_ID + 1)},
        {"exp": None},
        {"exp": "9999"},
        {"exp": True},
        {"exp": NOW - LEEWAY},
        {"exp": NOW + LIFETIME + LEEWAY + 1},
        {"exp": 10**400},
        {"iat": None},
        {"iat": "1"},
        {"iat": NOW + LEEWAY + 1, "exp": NOW + 300},
        {"iat": -(10**9)},
        {"nbf": NOW + LEEWAY + 1},
    ],
)
@requirement("mcp:a-workloads-token-is-for-this-issuer-now")
def test_a_token_that_is_not_what_it_must_be_counts_for_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(Unproven):
        judged(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [TOKEN]},
        {"sub": "w" * MAX_CLAIM},
        {"jti": "j" * MAX_ID},
        {"exp": NOW - LEEWAY + 1},
        {"exp": NOW + LIFETIME + LEEWAY},
        {"exp": NOW + 0.5},
        {"iat": NOW + LEEWAY},
        {"nbf": NOW + LEEWAY},
    ],
)
def test_a_token_that_is_what_it_must_be_is_remembered_until_long_after_its_end(changes: dict[str, Any]) -> None:
    use = judged(**changes)
    assert use is not None
    assert use.expires_at >= told(**changes)["exp"] + LEEWAY


def test_which_token_is_the_same_one_again_is_told_by_its_issuer_and_its_id() -> None:
    assert judged() == judged(sub="other", more="claims")
    assert judged() != judged(jti="j2")
    other = replace(PLATFORM, issuer_uri="https://other.test")
    assert judged() != judge(read(KEY.token(told(iss="https://other.test"))), other, TOKEN, NOW)


def test_one_that_may_come_again_needs_no_id() -> None:
    again = replace(PLATFORM, reusable=True)
    assert judged(again, jti=None) is None
    assert judged(again) is None
    with pytest.raises(Unproven):
        judged(again, exp=NOW + LIFETIME + LEEWAY + 1)


def test_the_operator_may_say_for_whom_the_tokens_are() -> None:
    other = replace(PLATFORM, audience="api://tenantry")
    assert judged(other, aud="api://tenantry")
    assert judged(other, aud=["api://tenantry"])
    for audience in (TOKEN, ["api://tenantry", TOKEN]):
        with pytest.raises(Unproven):
            judged(other, aud=audience)


def test_only_keys_of_the_issuer_prove_anything_and_only_by_algorithms_that_are_expected() -> None:
    assertion, keys = read(KEY.token(told())), WorkloadKeys(PLATFORM, [KEY.public], fresh=False)
    prove(assertion, keys)
    prove(assertion, replace(keys, issuer=replace(PLATFORM, algorithms=("RS256", "ES256"))))
    with pytest.raises(Unproven):
        prove(assertion, replace(keys, issuer=replace(PLATFORM, algorithms=("RS256",))))
    with pytest.raises(UnknownKey):
        prove(assertion, replace(keys, keys=[Signer("ES256").public]))
    for header in ({"jwk": Signer("ES256").public}, {"jku": "https://evil.test"}, {"kid": "../../dev/null"}):
        stranger = read(Signer("ES256").token(told(), **header))
        with pytest.raises(Unproven):
            prove(stranger, keys)  # JW-04, JW-05


def test_keys_that_the_operator_gave_are_never_fetched() -> None:
    assert keys_in(PLATFORM) is None
    given = replace(PLATFORM, jwks={"keys": [KEY.public, {"kty": "oct", "k": "x"}]})
    known = keys_in(given)
    assert known is not None
    assert known.fresh
    assert [key["kid"] for key in known.keys] == [KEY.kid]
    none = keys_in(replace(PLATFORM, jwks={"keys": []}))
    assert none is not None
    assert list(none.keys) == []


MAIN = "repo:acme/app:ref:refs/heads/main"


@pytest.mark.parametrize(
    ("said", "pattern", "met"),
    [
        (MAIN, MAIN, True),
        (MAIN, MAIN.upper(), False),
        (MAIN + "x", MAIN, False),
        (MAIN[:-1], MAIN, False),
        (MAIN + "\n", MAIN, False),
        (MAIN, "repo:acme/app:ref:refs/heads/*", True),
        (MAIN, "repo:acme/*:ref:refs/heads/main", True),
        (MAIN, "repo:*/app:ref:refs/heads/main", True),
        (MAIN, "repo:*:ref:refs/heads/main", False),
        (MAIN, "repo:**:ref:refs/heads/main", True),
        (MAIN, "repo:acme/app:*", False),
        (MAIN, "repo:acme/app:**", True),
        (MAIN, "repo:acme/*", False),
        (MAIN, "*", False),
        (MAIN, "**", True),
        ("repo:acme/app-evil:ref:refs/heads/main", "repo:acme/app:**", False),
        ("repo:acme:ref:refs/heads/main", "repo:acme/*:ref:refs/heads/main", False),
        ("repo:acme/:ref:refs/heads/main", "repo:acme/*:ref:refs/heads/main", False),
        ("repo:acme/app:ref:", "repo:acme/app:ref:**", False),
        ("repo:acme/app:ref:refs/heads/a/b", "repo:acme/app:ref:refs/heads/*", False),
        ("repo:acme/app:ref:refs/heads/a/b", "repo:acme/app:ref:refs/heads/**", True),
        ("repo:acme/x:ref:y/app:ref:z", "repo:acme/*:ref:z", False),
        ("system:serviceaccount:mcp:agent", "system:serviceaccount:mcp:*", True),
        ("system:serviceaccount:mcp-evil:agent", "system:serviceaccount:mcp:*", False),
        ("abXcd", "a*X*d", True),
        ("aXc", "a*X*c", False),
        ("aXbXc", "a*X*c", False),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
        ("a[b]", "a[b]", True),
        ("ab", "a?", False),
        ("line\nbreak", "line**", True),
        ("", "*", False),
        ("", "**", False),
        ("", "", True),
        (None, "**", False),
        (7, "7", False),
        (True, "True", False),
        (["x"], "x", False),
        ([], "**", False),
        ({"x": "y"}, "**", False),
        ("x" * MAX_CLAIM, "**", True),
        ("x" * (MAX_CLAIM + 1), "**", False),
    ],
)
@requirement("mcp:workloads-get-what-a-rule-says")
def test_what_a_claim_matches(said: object, pattern: str, met: bool) -> None:
    assert matches(said, pattern) is met


def rule(client_id: str = "deploy", **claims: str) -> WorkloadRule:
    matched = tuple(ClaimMatch(claim=claim, pattern=pattern) for claim, pattern in claims.items())
    return WorkloadRule(client_id=client_id, claims=matched)


def test_every_claim_of_a_rule_must_be_there_and_match() -> None:
    both = rule(sub="repo:acme/app:*", environment="production")
    assert is_met(both, {"sub": "repo:acme/app:x", "environment": "production", "other": 1})
    assert not is_met(both, {"sub": "repo:acme/app:x"})
    assert not is_met(both, {"sub": "repo:acme/app:x", "environment": ["production"]})
    assert not is_met(both, {"sub": "repo:acme/other:x", "environment": "production"})
    assert not is_met(rule(), {"sub": "x"})
    assert not is_met(rule(missing="**"), {"sub": "x"})


def test_the_first_rule_that_is_met_counts_and_a_named_client_must_be_the_rules() -> None:
    rules = (rule("first", sub="w"), rule("second", sub="*"), rule("third", sub="other"))
    workload = read(KEY.token(told()))
    assert rule_for(workload, rules, None).client_id == "first"
    assert rule_for(workload, rules, "second").client_id == "second"
    for named in ("third", "unknown", ""):
        with pytest.raises(Unproven):
            rule_for(workload, rules, named)
    with pytest.raises(Unproven):
        rule_for(workload, (), None)


def test_no_pattern_is_slow() -> None:
    assert not matches("a" * MAX_CLAIM, "**a" * 600 + "b")
