"""Software statements (RFC 7591 §2.3): what somebody whom the operator trusts says of a client, in a JWT.

One statement is for all copies of a program, so it may be shown again and again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tenants.oauth import foreign_jwt, own_assertion
from tenants.oauth.client_auth import ClientKeys, fresher_keys, keys_of
from tenants.oauth.foreign_jwt import ForeignJwt, UnknownKey, Unproven
from tenants.oauth.refusal import Refusal
from tenants.records import StatementIssuer

MAX_LENGTH = 8_192
MEMBER = "software_statement"
_ABOUT_ITSELF = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})


@dataclass(frozen=True, slots=True)
class Statement:
    text: str
    issuer: str
    claims: Mapping[str, Any]
    """What it says of the client, in the member names of RFC 7591 §2."""


def believed(
    text: object, trusted: Sequence[StatementIssuer], keys: ClientKeys | None, *, issuer_uri: str, now: int
) -> Statement:
    """What the statement says, if one of the `trusted` has said it.

    Refusal `unapproved_software_statement` where it is of somebody else, else `invalid_software_statement`. KeysNeeded
    where `keys` are not enough.
    """
    if not trusted:
        code = "unapproved_software_statement" if isinstance(text, str) else "invalid_software_statement"
        raise Refusal(code, "this issuer believes no software statements; leave it out")
    if not isinstance(text, str):
        raise _invalid("software_statement must be a string")
    try:
        jwt = foreign_jwt.read(text, kinds=("jwt",), max_length=MAX_LENGTH)
        speaker = jwt.claims.get("iss")
        known = next((one for one in trusted if one.issuer == speaker), None)
        if known is None:
            raise Refusal("unapproved_software_statement", "this issuer does not know who made the software statement")
        _judge(jwt, issuer_uri, now)
        _prove(jwt, known, keys)
    except Unproven as unproven:
        raise _invalid("the software statement cannot be believed", str(unproven)) from None
    said = {name: value for name, value in jwt.claims.items() if name not in _ABOUT_ITSELF}
    return Statement(text, known.issuer, said)


def _judge(jwt: ForeignJwt, issuer_uri: str, now: int) -> None:
    """Raises Unproven. A statement needs no end; what it says of its times and of whom it is for must be true."""
    foreign_jwt.judge_times({"exp": now + 1, **jwt.claims}, now)
    audience: object = jwt.claims.get("aud", issuer_uri)
    named = cast("list[object]", audience) if isinstance(audience, list) else [audience]
    if issuer_uri not in named and f"{issuer_uri}/register" not in named:
        raise Unproven("the software statement is for another issuer")


def _prove(jwt: ForeignJwt, known: StatementIssuer, keys: ClientKeys | None) -> None:
    """Keys are asked for last: what is refused without them makes us call nobody."""
    if jwt.algorithm not in own_assertion.ALGORITHMS:
        raise Unproven("the software statement is signed in a way that is not expected")
    try:
        foreign_jwt.prove(jwt, keys_of(known, keys), own_assertion.ALGORITHMS)
    except UnknownKey as error:
        raise fresher_keys(known, keys) or error from None


def _invalid(what: str, detail: str = "") -> Refusal:
    return Refusal("invalid_software_statement", what, detail=detail)
