"""The keys that a client registers to be known by (RFC 7591 §2): public ones, that can prove something."""

from collections.abc import Mapping
from typing import Any, cast

from tenants.oauth import own_assertion
from tenants.oauth.foreign_jwt import can_prove, names_of, usable_keys
from tenants.oauth.metadata_members import outside, refused
from tenants.records import AssertionAlgorithm

MAX_KEYS = 20
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def keys(members: Mapping[str, Any], *, local: bool) -> dict[str, Any]:
    """`jwks`, `jwks_uri` or neither, as they were given. Raises Refusal."""
    jwks, jwks_uri = members.get("jwks"), outside(members, "jwks_uri", local=local)
    if jwks is not None and jwks_uri is not None:
        raise refused("jwks and jwks_uri exclude each other")
    if jwks_uri is not None:
        return {"jwks_uri": jwks_uri}
    if jwks is None:
        return {}
    listed = cast("dict[str, Any]", jwks).get("keys") if isinstance(jwks, dict) else None
    if not isinstance(listed, list) or not 0 < len(cast("list[Any]", listed)) <= MAX_KEYS:
        raise refused(f"jwks must be a JWK Set of 1 to {MAX_KEYS} keys")
    for key in cast("list[Any]", listed):
        if not isinstance(key, dict) or cast("dict[str, Any]", key).get("kty") not in ("RSA", "EC", "OKP"):
            raise refused("jwks may hold RSA, EC and OKP keys only")
        if _PRIVATE_MEMBERS & cast("dict[str, Any]", key).keys():
            raise refused("jwks must not hold private keys")
    return {"jwks": jwks}


def check_there(registered: Mapping[str, Any], method: str) -> None:
    """Refused unless `keys` found some, which this method needs."""
    if not registered:
        raise refused(f"{method} needs jwks or jwks_uri")


def assertion_algorithm(members: Mapping[str, Any], registered: Mapping[str, Any]) -> AssertionAlgorithm | None:
    """The only one that is to sign the client's assertions, if it says so. Refused without a key that could.

    `registered` is what `keys` found.
    """
    given = members.get("token_endpoint_auth_signing_alg")
    wanted: tuple[AssertionAlgorithm, ...] = tuple(
        algorithm for algorithm in own_assertion.ALGORITHMS if given is None or given in names_of(algorithm)
    )
    if not wanted:
        raise refused(f"token_endpoint_auth_signing_alg must be one of {', '.join(own_assertion.ALGORITHMS)}")
    check_there(registered, "private_key_jwt")
    usable = usable_keys(registered.get("jwks", {}))
    if "jwks" in registered and not any(can_prove(key, each) for key in usable for each in wanted):
        raise refused(f"jwks has no key that proves {' or '.join(wanted)}, with 2048 bits at least if it is RSA")
    return None if given is None else wanted[0]
