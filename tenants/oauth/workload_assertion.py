"""Tokens of workloads: what a platform says of a program that runs on it, shown as an assertion in place of a secret.

RFC 7523 §3; MCP, Workload Identity Federation (draft), JWT Requirements, Trust Relationships.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from tenants.oauth import foreign_jwt
from tenants.oauth.client_assertion import Use
from tenants.oauth.foreign_jwt import ALGORITHMS, LEEWAY, ForeignJwt, Unproven, usable_keys
from tenants.records import WorkloadIssuer, WorkloadRule

MAX_LENGTH = 8_192
LIFETIME = 3_600
"""Seconds between its beginning and its end: what Kubernetes and the clouds give unless they are asked for more. What
lives for a day is a password that somebody else may have found."""
MAX_ID = 255
MAX_CLAIM = 2_048
"""Characters of a claim that is compared: SPIFFE IDs may be so long."""
JUDGED = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
"""Claims that are judged in any case. No rule speaks of them."""
ANY, ANY_WITHIN = "**", "*"
_WILDCARD = re.compile(r"(\*+)")


@dataclass(frozen=True, slots=True)
class WorkloadAssertion:
    """Read, and not believed."""

    jwt: ForeignJwt
    issuer: str
    """Whose word it is, if it is true."""


@dataclass(frozen=True, slots=True)
class WorkloadKeys:
    """The keys that a workload issuer shows now."""

    issuer: WorkloadIssuer
    """As it was when they were asked for."""
    keys: Sequence[Mapping[str, Any]]
    fresh: bool
    """Whether no newer ones can be had now."""


class WorkloadKeysNeeded(Exception):
    """The keys of a workload issuer must be fetched before its word can be believed, and looked for anew if `fresh`."""

    def __init__(self, issuer: WorkloadIssuer, *, fresh: bool) -> None:
        super().__init__(issuer.id)
        self.issuer = issuer
        self.fresh = fresh


def read(text: str) -> WorkloadAssertion:
    """What was sent as `assertion`. Raises Unproven, for an identity assertion and an access token too: these say in
    `typ` what they are."""
    jwt = foreign_jwt.read(text, kinds=("jwt", "jose"), max_length=MAX_LENGTH)
    issuer = jwt.claims.get("iss")
    if not isinstance(issuer, str):
        raise Unproven("the token does not say whose it is")
    return WorkloadAssertion(jwt, issuer)


def judge(assertion: WorkloadAssertion, issuer: WorkloadIssuer, token_endpoint: str, now: int) -> Use | None:
    """What to remember of one that says all that it must, once it is proven. None: it may be shown again.

    Raises Unproven.
    """
    said, audience = assertion.jwt.claims, issuer.audience or token_endpoint
    if said.get("aud") not in (audience, [audience]):
        raise Unproven("the token is not for this issuer alone")
    foreign_jwt.judge_times(said, now)
    if said.get("iat") is None or said["exp"] - said["iat"] > LIFETIME + LEEWAY:
        raise Unproven(f"the token does not say when it was made, or is good for more than {LIFETIME} seconds")
    subject, id = said.get("sub"), said.get("jti")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_CLAIM:
        raise Unproven("the token does not say which workload it is of")
    if issuer.reusable:
        return None
    if not isinstance(id, str) or not 0 < len(id) <= MAX_ID:
        raise Unproven("the token has no id, and so could be shown again")
    name = f"workload assertion\0{assertion.issuer}\0{id}".encode()
    return Use(hashlib.sha256(name).digest(), ceil(said["exp"]) + LEEWAY)


def keys_in(issuer: WorkloadIssuer) -> WorkloadKeys | None:
    """Those that the operator gave, where there is nothing to fetch."""
    return None if issuer.jwks is None else WorkloadKeys(issuer, usable_keys(issuer.jwks), fresh=True)


def prove(assertion: WorkloadAssertion, known: WorkloadKeys) -> None:
    """Return if its issuer has signed it. Raises UnknownKey where fresher keys may help, else Unproven."""
    foreign_jwt.prove(assertion.jwt, known.keys, known.issuer.algorithms or ALGORITHMS)


def rule_for(assertion: WorkloadAssertion, rules: Sequence[WorkloadRule], client_id: str | None) -> WorkloadRule:
    """The first that its workload meets, and of this client if it named one. Raises Unproven.

    Only for what is proven: anybody can write claims.
    """
    for rule in rules:
        if client_id in (None, rule.client_id) and is_met(rule, assertion.jwt.claims):
            return rule
    raise Unproven("no rule lets this workload in")


def is_met(rule: WorkloadRule, claims: Mapping[str, Any]) -> bool:
    """Whether every claim of the rule is there and matches. One of no claims is met by nobody."""
    return bool(rule.claims) and all(matches(claims.get(each.claim), each.pattern) for each in rule.claims)


def matches(said: object, pattern: str) -> bool:
    """Whether a claim is such a text. What is no text (a number, a list, an object) is like none, nor is a long one."""
    if not isinstance(said, str) or len(said) > MAX_CLAIM:
        return False
    ends = {0}
    for part in _WILDCARD.split(pattern):
        if part in (ANY, ANY_WITHIN):
            ends = _reached(said, ends, stopping="" if part == ANY else "/:")
        else:
            ends = {end + len(part) for end in ends if said.startswith(part, end)}
    return len(said) in ends


def _reached(text: str, starts: set[int], *, stopping: str) -> set[int]:
    """Where a wildcard can end that begins at one of `starts`: behind one or more characters, none of them `stopping`.

    In one walk, however many there are: no pattern makes it slow.
    """
    ends: set[int] = set()
    for at, character in enumerate(text):
        if (at in starts or at in ends) and character not in stopping:
            ends.add(at + 1)
    return ends
