"""What proves to an identity provider that we are its client: a secret that it gave us, or a key that we made for it.

Both are kept sealed. A secret leaves the tenant only to be shown at the provider; of a key, only what it signs does.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from tenants.acts.provider_kinds import assertion_algorithms, assertion_audience, default_auth_method
from tenants.acts.provider_settings import is_visible
from tenants.oauth import json_text, jwt, own_assertion
from tenants.problems import Broken, Invalid
from tenants.records import AssertionAlgorithm, IdentityProvider, ProviderKind, UpstreamAuthMethod
from tenants.turn import Turn

MAX_SECRET = 4_096
_METHODS: tuple[UpstreamAuthMethod, ...] = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    provider_id: str
    kind: ProviderKind
    method: str
    """Empty: the default of the kind."""
    algorithm: str
    """Of assertions. Empty: the default of the kind."""
    secret: str | None
    """None: as it was. Empty: none, or for `private_key_jwt` another key."""


@dataclass(frozen=True, slots=True)
class Proof:
    """As it stands in the provider's record."""

    method: UpstreamAuthMethod
    sealed: bytes | None = None
    public_jwk: Mapping[str, str] | None = None


def algorithm_of(provider: IdentityProvider | None) -> str:
    """What our assertions are signed with. Empty: there are none."""
    return "" if provider is None or provider.public_jwk is None else provider.public_jwk["alg"]


def keep(turn: Turn, wanted: Wanted, former: IdentityProvider | None, *, moved: bool) -> Proof:
    """What is to be kept. Where the provider `moved`, nothing that another address knows. Raises Invalid."""
    method = _method(wanted.method or default_auth_method(wanted.kind))
    if method == "private_key_jwt":
        return _key(turn, wanted, None if moved else former)
    if wanted.algorithm and wanted.algorithm != algorithm_of(former):
        raise Invalid("client_assertion_algorithm", f"is for the method private_key_jwt, not for {method}")
    if method == "none":
        if wanted.secret:
            raise Invalid("client_secret", "is not sent with the method none")
        return Proof(method)
    kept = None if former is None or former.auth_method == "private_key_jwt" else former.sealed_secret
    if wanted.secret is None and kept is not None:
        if moved:
            raise Invalid("client_secret", "must be given again where the provider's address changes")
        return Proof(method, kept)
    if kept is not None and wanted.secret is not None and _is(turn, wanted.provider_id, kept, wanted.secret):
        return Proof(method, kept)  # given again, as by files that are applied time and again: nothing changes
    return Proof(method, _sealed(turn, wanted, method))


def shown(turn: Turn, provider: IdentityProvider) -> str | None:
    """What to send along to the token endpoint: the secret, a new assertion, or None with the method `none`."""
    if provider.sealed_secret is None:
        return None
    if provider.public_jwk is not None:
        return _assertion(turn, provider, provider.public_jwk)
    secret = _unsealed(turn, provider.id, provider.sealed_secret)
    if secret is None:
        raise Broken(f"the secret of identity provider {provider.id} cannot be unsealed")
    return secret


def key_set(turn: Turn, provider_id: str) -> bytes:
    """The JWK Set by which one provider knows us, empty if it does not by any. Never all: each knows only its own."""
    provider = turn.tx.identity_providers.find(provider_id)
    keys = [] if provider is None or provider.public_jwk is None else [dict(provider.public_jwk)]
    return json_text.write({"keys": keys})


def _method(text: str) -> UpstreamAuthMethod:
    for method in _METHODS:
        if text == method:
            return method
    raise Invalid("token_endpoint_auth_method", f"must be one of {', '.join(_METHODS)}")


def _is(turn: Turn, provider_id: str, sealed: bytes, secret: str) -> bool:
    kept = _unsealed(turn, provider_id, sealed)
    return kept is not None and hmac.compare_digest(kept.encode("utf-8"), secret.encode("utf-8"))


def _unsealed(turn: Turn, provider_id: str, sealed: bytes) -> str | None:
    """None if that cannot be done."""
    plain = turn.keyring.unseal("provider secret", sealed, provider_id.encode("ascii"))
    return None if plain is None else plain.decode("utf-8")


def _sealed(turn: Turn, wanted: Wanted, method: UpstreamAuthMethod) -> bytes:
    if not wanted.secret:
        raise Invalid("client_secret", f"is needed for the method {method}")
    if len(wanted.secret) > MAX_SECRET or not is_visible(wanted.secret):
        raise Invalid("client_secret", f"must be at most {MAX_SECRET} characters of printable ASCII")
    return turn.keyring.seal("provider secret", wanted.secret.encode("ascii"), wanted.provider_id.encode("ascii"))


def _key(turn: Turn, wanted: Wanted, former: IdentityProvider | None) -> Proof:
    """The former key, or a new one: each provider knows us by a key that no other one knows."""
    algorithm = _algorithm(wanted)
    if wanted.secret:
        raise Invalid("client_secret", "is not sent with the method private_key_jwt: register public_jwk instead")
    if former is not None and algorithm == algorithm_of(former) and wanted.secret is None:
        return Proof("private_key_jwt", former.sealed_secret, former.public_jwk)
    private = jwt.new_key(algorithm)
    sealed = turn.keyring.seal_provider_key(wanted.provider_id, private)
    return Proof("private_key_jwt", sealed, jwt.public_jwk(private, algorithm))


def _algorithm(wanted: Wanted) -> AssertionAlgorithm:
    usable = assertion_algorithms(wanted.kind)
    if wanted.kind == "entra":
        raise Invalid(
            "token_endpoint_auth_method", "cannot be private_key_jwt: entra takes keys with a certificate only"
        )
    if not usable:
        raise Invalid("token_endpoint_auth_method", f"cannot be private_key_jwt: {wanted.kind} takes no assertions")
    for algorithm in usable:
        if wanted.algorithm in ("", algorithm):
            return algorithm
    raise Invalid("client_assertion_algorithm", f"must be one of {', '.join(usable)}")


def _assertion(turn: Turn, provider: IdentityProvider, public_jwk: Mapping[str, str]) -> str:
    return own_assertion.write(
        turn.keyring.provider_key(provider),
        # Auth0 gives the keys that are registered there names of its own
        kid=None if provider.kind == "auth0" else public_jwk["kid"],
        algorithm=cast("AssertionAlgorithm", public_jwk["alg"]),
        client_id=provider.client_id,
        audience=assertion_audience(provider),
        id=turn.entropy(own_assertion.ID_BYTES).hex(),
        now=turn.now,
    )
