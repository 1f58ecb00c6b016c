"""What an OpenID provider says of itself: its metadata and its keys.

OpenID Connect Discovery §3, §4.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from server.outbound.calls import Calls
from server.outbound.kept import Kept
from tenants.acts.providers import MAX_PROVIDERS
from tenants.acts.workload_issuers import MAX_ISSUERS
from tenants.oauth import uri
from tenants.oauth.foreign_jwt import ALGORITHMS, Unproven, usable_keys
from tenants.records import IdentityProvider, WorkloadIssuer

_ENTRA = re.compile(r"https://login\.microsoftonline\.com/(\{tenantid\}|[0-9a-f-]{36})/v2\.0")
_ALGORITHMS = "id_token_signing_alg_values_supported"
_USED = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "authorization_response_iss_parameter_supported",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    issuer: str
    """`{tenantid}` in it stands for the directory that a token names."""
    authorization_uri: str
    token_uri: str
    user_uri: str | None
    jwks_uri: str
    algorithms: tuple[str, ...]
    sends_issuer: bool
    """Whether it promises `iss` at the callback (RFC 9207 §3)."""

    def is_issuer(self, said: str) -> bool:
        if "{tenantid}" in self.issuer:
            return _ENTRA.fullmatch(said) is not None
        return said == self.issuer


class Discovery:
    def __init__(self, clock: Callable[[], int], *, loopback: bool) -> None:
        """`loopback` lets providers on this machine speak http: for development."""
        self._loopback = loopback
        self._kept = Kept(clock, 2 * (MAX_PROVIDERS + MAX_ISSUERS))  # metadata and keys of each

    async def metadata(self, calls: Calls, provider: IdentityProvider, *, fresh: bool = False) -> Metadata:
        """Raises Unreachable or Unproven. `fresh` looks again, though only once in COOL_DOWN seconds."""
        if provider.jwks_uri:
            return _configured(provider)
        said = await self._kept.get(calls, metadata_uri(provider), _members, fresh=fresh)
        try:
            return self._believed(provider, said)
        except Unproven:
            if fresh:
                raise
            return await self.metadata(calls, provider, fresh=True)  # it may be right by now

    def _believed(self, provider: IdentityProvider, said: Mapping[str, Any]) -> Metadata:
        """Raises Unproven."""
        user_uri = said.get("userinfo_endpoint")
        return Metadata(
            issuer=issuer_in(said, provider),
            authorization_uri=self.endpoint(said.get("authorization_endpoint")),
            token_uri=self.endpoint(said.get("token_endpoint")),
            user_uri=None if user_uri is None else self.endpoint(user_uri),
            jwks_uri=self.endpoint(said.get("jwks_uri")),
            algorithms=provider.token_algorithms or algorithms_in(said),
            sends_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        )

    async def jwks_uri(self, calls: Calls, issuer: WorkloadIssuer, *, fresh: bool = False) -> str:
        """Where the keys of a workload issuer lie: there is no more to know of it. Raises Unreachable or Unproven."""
        if issuer.jwks_uri:
            return issuer.jwks_uri
        said = await self._kept.get(calls, _metadata_at(issuer.issuer_uri), _members, fresh=fresh)
        if said.get("issuer") == issuer.issuer_uri:
            return self.endpoint(said.get("jwks_uri"))
        if fresh:
            raise Unproven("discovery names another issuer than the configured one")
        return await self.jwks_uri(calls, issuer, fresh=True)  # it may be right by now

    async def keys(self, calls: Calls, jwks_uri: str, *, fresh: bool = False) -> Sequence[Mapping[str, str]]:
        """The keys that may prove anything; `fresh` looks again, though only once in COOL_DOWN seconds."""
        return await self._kept.get(calls, jwks_uri, usable_keys, fresh=fresh)

    def keep(self, tenant: str, provider: IdentityProvider, said: Mapping[str, Any]) -> None:
        """Metadata that somebody else fetched a moment ago."""
        self._kept.keep((tenant, metadata_uri(provider), _members), _members(said))

    def keep_keys(self, tenant: str, jwks_uri: str, keys: Sequence[Mapping[str, str]]) -> None:
        self._kept.keep((tenant, jwks_uri, usable_keys), keys)

    def endpoint(self, text: object) -> str:
        """The address of one. Raises Unproven unless it may be called."""
        parts = uri.parse(text) if isinstance(text, str) else None
        if (
            parts is None
            or not (parts.scheme == "https" or (parts.scheme == "http" and parts.loopback and self._loopback))
            or parts.user is not None
            or parts.fragment is not None
        ):
            raise Unproven("the provider names an endpoint that is not an https URI")
        return parts.text


def metadata_uri(provider: IdentityProvider) -> str:
    return _metadata_at(provider.issuer_uri)


def _metadata_at(issuer_uri: str) -> str:
    """OpenID Connect Discovery §4."""
    return f"{issuer_uri.rstrip('/')}/.well-known/openid-configuration"


def issuer_in(said: Mapping[str, Any], provider: IdentityProvider) -> str:
    """Whose metadata it is. Raises Unproven unless it is the provider's."""
    issuer = said.get("issuer")
    template = provider.kind == "entra" and isinstance(issuer, str) and _ENTRA.fullmatch(issuer) is not None
    if not isinstance(issuer, str) or (issuer != provider.issuer_uri and not template):
        raise Unproven("discovery names another issuer than the configured one")
    return issuer


def algorithms_in(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that may sign its ID tokens."""
    supported = said.get(_ALGORITHMS)
    listed = cast("list[object]", supported) if isinstance(supported, list) else ["RS256"]
    return tuple(algorithm for algorithm in ALGORITHMS if algorithm in listed)


def _configured(provider: IdentityProvider) -> Metadata:
    """What the operator says of a provider that is not to be asked. It promises nothing."""
    return Metadata(
        issuer=provider.issuer_uri,
        authorization_uri=provider.authorization_uri,
        token_uri=provider.token_uri,
        user_uri=provider.user_uri or None,
        jwks_uri=provider.jwks_uri,
        algorithms=provider.token_algorithms or ("RS256",),  # OpenID Connect Core §3.1.3.7
        sends_issuer=False,
    )


def _members(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is used of it. A list of what nobody asked for could take twenty times the memory of its text; where a text
    is wanted, anything else is as wrong as an empty one.
    """
    used = {name: said[name] for name in _USED if name in said}
    kept = {name: value if isinstance(value, str | bool | None) else "" for name, value in used.items()}
    return {**kept, _ALGORITHMS: list(algorithms_in(said))}
