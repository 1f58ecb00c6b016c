"""Identity assertions (ID-JAG): an identity provider's word that a client may act for one of its users.

draft-ietf-oauth-identity-assertion-authz-grant-04 §3.1, §4.4.1; MCP, Enterprise-Managed Authorization §5.1, §7.4, §7.6.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, cast

from tenants.oauth import foreign_jwt
from tenants.oauth.client_assertion import Use
from tenants.oauth.foreign_jwt import ALGORITHMS, LEEWAY, ForeignJwt, Unproven
from tenants.records import IdentityProvider

MAX_LENGTH = 8_192
LIFETIME = 3_600
"""Seconds that one may live. Those of today live for 300."""
MAX_ID = 255
MAX_RESOURCES = 10


@dataclass(frozen=True, slots=True)
class IdentityAssertion:
    """Read, and not believed."""

    jwt: ForeignJwt
    issuer: str
    """Whose word it is, if it is true."""


@dataclass(frozen=True, slots=True)
class Word:
    """What it says, for the client and the issuer that it is for."""

    use: Use
    resources: tuple[str, ...]
    scope: str | None
    at: int
    """When the user signed in, or else when it was made."""


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """The keys that an identity provider shows now."""

    provider: IdentityProvider
    """As it was when they were asked for."""
    keys: Sequence[Mapping[str, str]]
    fresh: bool
    """Whether no newer ones can be had now."""


class ProviderKeysNeeded(Exception):
    """The keys of a provider must be fetched before its word can be believed, and looked for anew if `fresh`."""

    def __init__(self, provider: IdentityProvider, *, fresh: bool) -> None:
        super().__init__(provider.id)
        self.provider = provider
        self.fresh = fresh


def read(text: str) -> IdentityAssertion:
    """What was sent as `assertion`. Raises Unproven."""
    jwt = foreign_jwt.read(text, kinds=("oauth-id-jag+jwt",), max_length=MAX_LENGTH)
    issuer = jwt.claims.get("iss")
    if not isinstance(issuer, str):
        raise Unproven("the assertion does not say whose it is")
    return IdentityAssertion(jwt, issuer)


def judge(assertion: IdentityAssertion, client_id: str, issuer_uri: str, now: int) -> Word:
    """What it says, if it says all that it must, once it is proven. Raises Unproven."""
    said = assertion.jwt.claims
    if said.get("aud") not in (issuer_uri, [issuer_uri]):
        raise Unproven("the assertion is not for this issuer alone")
    if said.get("client_id") != client_id:
        raise Unproven("the assertion is another client's")
    foreign_jwt.judge_times(said, now)
    if said.get("iat") is None or said["exp"] > now + LIFETIME + LEEWAY:
        raise Unproven(f"the assertion does not say when it was made, or is good for more than {LIFETIME} seconds")
    id, scope, at = said.get("jti"), said.get("scope"), said.get("auth_time")
    if not isinstance(id, str) or not 0 < len(id) <= MAX_ID:
        raise Unproven("the assertion has no id")
    if not isinstance(scope, str | None):
        raise Unproven("the scope of the assertion is no text")
    name = f"identity assertion\0{assertion.issuer}\0{id}".encode()
    return Word(
        use=Use(hashlib.sha256(name).digest(), ceil(said["exp"]) + LEEWAY),
        resources=_resources(said.get("resource")),
        scope=scope,
        at=min(at if isinstance(at, int) and not isinstance(at, bool) else int(said["iat"]), now),
    )


def prove(assertion: IdentityAssertion, known: ProviderKeys) -> None:
    """Return if the provider has signed it. Raises UnknownKey where fresher keys may help, else Unproven."""
    foreign_jwt.prove(assertion.jwt, known.keys, known.provider.token_algorithms or ALGORITHMS)


def _resources(said: Any) -> tuple[str, ...]:
    if said is None:
        return ()
    named = cast("list[object]", said) if isinstance(said, list) else [said]
    texts = tuple(text for text in named if isinstance(text, str))
    if not 0 < len(texts) == len(named) <= MAX_RESOURCES:
        raise Unproven("the resource of the assertion is no text, nor a list of a few")
    return texts
