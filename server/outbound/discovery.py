"""What an OpenID provider says of itself: its metadata and its keys, fetched when needed and kept for a while.

OpenID Connect Discovery §3, §4.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from server.outbound.calls import Calls
from tenants.oauth import uri
from tenants.oauth.id_token import ALGORITHMS, Unproven, usable_keys
from tenants.records import IdentityProvider

T = TypeVar("T")
LIFETIME = 3_600
COOL_DOWN = 30
"""Seconds between two looks for a key that we do not know."""
MAX_KEPT = 2_000
"""Documents of all tenants together; of each only what is used."""
MAX_OF_TENANT = 40
_ENTRA = re.compile(r"https://login\.microsoftonline\.com/(\{tenantid\}|[0-9a-f-]{36})/v2\.0")


_USED = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "id_token_signing_alg_values_supported",
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
        self._clock = clock
        self._loopback = loopback
        self._kept: OrderedDict[tuple[str, str], tuple[int, object]] = OrderedDict()
        self._under_way: dict[tuple[str, str], asyncio.Future[object]] = {}

    async def metadata(self, calls: Calls, provider: IdentityProvider) -> Metadata:
        """Raises Unreachable or Unproven. What the operator configured goes before what was discovered."""
        url = f"{provider.issuer_uri.rstrip('/')}/.well-known/openid-configuration"
        said = await self._kept_or(calls, url, LIFETIME, _members)
        issuer = said.get("issuer")
        template = provider.kind == "entra" and isinstance(issuer, str) and _ENTRA.fullmatch(issuer) is not None
        if not isinstance(issuer, str) or (issuer != provider.issuer_uri and not template):
            raise Unproven("discovery names another issuer than the configured one")
        supported = said.get("id_token_signing_alg_values_supported")
        listed = cast("list[object]", supported) if isinstance(supported, list) else ["RS256"]
        user_uri = provider.user_uri or said.get("userinfo_endpoint")
        return Metadata(
            issuer=issuer,
            authorization_uri=self._endpoint(provider.authorization_uri or said.get("authorization_endpoint")),
            token_uri=self._endpoint(provider.token_uri or said.get("token_endpoint")),
            user_uri=None if user_uri is None else self._endpoint(user_uri),
            jwks_uri=self._endpoint(provider.jwks_uri or said.get("jwks_uri")),
            algorithms=tuple(algorithm for algorithm in ALGORITHMS if algorithm in listed),
            sends_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        )

    async def keys(self, calls: Calls, jwks_uri: str, *, fresh: bool = False) -> Sequence[Mapping[str, str]]:
        """The keys that may prove anything; `fresh` looks again, though only once in COOL_DOWN seconds."""
        return await self._kept_or(calls, jwks_uri, COOL_DOWN if fresh else LIFETIME, usable_keys)

    async def _kept_or(self, calls: Calls, url: str, lifetime: int, read: Callable[[Mapping[str, Any]], T]) -> T:
        """What was read there at most `lifetime` seconds ago. What could not be had is asked for again next time."""
        place, now = (calls.tenant, url), self._clock()
        at, kept = self._kept.get(place, (0, None))
        if kept is not None and 0 <= now - at < lifetime:
            self._kept.move_to_end(place)
            return cast("T", kept)
        under_way = self._under_way.get(place)
        if under_way is None:
            under_way = self._under_way[place] = asyncio.ensure_future(self._look(calls, url, read))
            under_way.add_done_callback(partial(self._over, place))
        return cast("T", await asyncio.shield(under_way))  # whoever leaves takes it from nobody else

    def _over(self, place: tuple[str, str], look: asyncio.Future[object]) -> None:
        del self._under_way[place]
        if not look.cancelled():
            look.exception()  # it may be that nobody waits any more to be told

    async def _look(self, calls: Calls, url: str, read: Callable[[Mapping[str, Any]], object]) -> object:
        """Ask once for all who want to know."""
        found = read(await calls.document(url))
        place = calls.tenant, url
        self._kept[place] = self._clock(), found
        self._kept.move_to_end(place)
        self._make_room(calls.tenant)
        return found

    def _make_room(self, tenant: str) -> None:
        """A tenant with many documents loses its own oldest ones; only then do all lose."""
        own = [place for place in self._kept if place[0] == tenant]
        for place in own[: max(len(own) - MAX_OF_TENANT, 0)]:
            del self._kept[place]
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def _endpoint(self, text: object) -> str:
        parts = uri.parse(text) if isinstance(text, str) else None
        if (
            parts is None
            or not (parts.scheme == "https" or (parts.scheme == "http" and parts.loopback and self._loopback))
            or parts.user is not None
            or parts.fragment is not None
        ):
            raise Unproven("the provider names an endpoint that is not an https URI")
        return parts.text


def _members(said: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: said[name] for name in _USED if name in said}
