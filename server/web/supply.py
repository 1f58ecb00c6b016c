"""Acts that lack something of the world outside: the door fetches it, and they are given their turn again."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from server.web.caller import Caller, caller
from server.web.peer import counted
from tenants.acts.client import is_proven, use_up
from tenants.acts.document import learn
from tenants.acts.publish import Published
from tenants.oauth import client_document
from tenants.oauth.client_auth import ClientKeys, Credentials, KeysNeeded
from tenants.oauth.client_document import DocumentNeeded, Fetched
from tenants.oauth.identity_assertion import ProviderKeys, ProviderKeysNeeded
from tenants.oauth.refusal import Refusal
from tenants.oauth.workload_assertion import WorkloadKeys, WorkloadKeysNeeded
from tenants.problems import Problem, Unfetched
from tenants.records import SYSTEM, IdentityProvider, Listing, Origin, WorkloadIssuer
from tenants.tenant import Tenant
from tenants.turn import Turn, asked_by

Q = TypeVar("Q")
R = TypeVar("R")
ROUNDS = 6
"""In the first of which an act may lack something: its client's document, its keys and an identity provider's, and
fresher ones."""

_NOT_OVER = ("invalid_client", "use_dpop_nonce")
"""Nothing was proven; or the same is to be sent again, with one thing more (RFC 9449 §8)."""


class Keys(Protocol):
    async def at(self, tenant: str, uri: str, *, fresh: bool, address: str) -> ClientKeys:
        """Those that a client shows there, asked for on behalf of one tenant by somebody at an address. Raises
        Unfetched."""
        ...


class Documents(Protocol):
    async def at(self, tenant: str, url: str, *, known: bool, address: str) -> Fetched:
        """The one that a client's id leads to, asked for on behalf of one tenant by somebody at an address. Raises
        Unfetched."""
        ...


class KeysOfProviders(Protocol):
    async def of(self, tenant: str, provider: IdentityProvider, *, fresh: bool) -> ProviderKeys:
        """Those that the provider shows, asked for on behalf of one tenant. Raises Unfetched."""
        ...


class KeysOfWorkloads(Protocol):
    async def of(self, tenant: str, issuer: WorkloadIssuer, *, fresh: bool) -> WorkloadKeys:
        """Those that the issuer of a workload's token shows, asked for on behalf of one tenant. Raises Unfetched."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Where what acts lack is fetched from."""

    keys: Keys
    documents: Documents
    provider_keys: KeysOfProviders
    workload_keys: KeysOfWorkloads


@dataclass(frozen=True, slots=True)
class Supplied:
    """A tenant whose acts are given what they lack."""

    tenant: Tenant
    world: World
    address: str
    """Of whoever asks."""
    request_id: str
    """What the log calls the request."""

    @property
    def uri(self) -> str:
        return self.tenant.uri

    @property
    def listing(self) -> Listing:
        return self.tenant.listing

    async def published(self) -> Published:
        return await self.tenant.published()

    async def run(self, act: Callable[[Turn, Q], R | Refusal], request: Q) -> R:
        """As Tenant.run. An act that lacks something has written nothing.

        Raises Unfetched if keys cannot be had, and Refusal if there is no document that says who the client is.
        """
        found: dict[str, Any] = {}
        uid, origin = self.tenant.listing.uid, self._origin()
        for _ in range(ROUNDS):
            try:
                return await self.tenant.run(asked_by(origin, _given(act, found)), request)
            except KeysNeeded as needed:
                address = counted(self.address)
                keys = await self.world.keys.at(uid, needed.uri, fresh=needed.fresh, address=address)
                found["client_keys"] = keys
            except ProviderKeysNeeded as needed:
                keys = await self.world.provider_keys.of(uid, needed.provider, fresh=needed.fresh)
                found["provider_keys"] = keys
            except WorkloadKeysNeeded as needed:
                keys = await self.world.workload_keys.of(uid, needed.issuer, fresh=needed.fresh)
                found["workload_keys"] = keys
            except DocumentNeeded as needed:
                found["older_document"] = not await self._learned(needed)
        raise Unfetched("what the client shows of itself is at another place each time")

    async def run_for(
        self,
        shown: Credentials | None,
        act: Callable[[Turn, Q], R | Refusal],
        request: Q,
        *,
        gives_tokens: bool = False,
    ) -> R:
        """The same on behalf of a client, as often as its limits allow (TooMany). Its assertion counts once, whatever
        becomes of the request: an act that raises has undone its spending, so it is spent in a turn of its own.
        """
        asking = await self.caller()
        asking.ask(shown)
        try:
            reply, proven = await self.run(_telling_of(shown, act), request)
        except Refusal as refused:
            asking.was_refused(shown, refused)
            if shown is not None and shown.assertion is not None and refused.code not in _NOT_OVER:
                with suppress(Refusal, Problem):
                    await self.run(use_up, shown)
            raise
        asking.was_answered(shown, proven=proven, with_tokens=gives_tokens)
        return reply

    async def _learned(self, needed: DocumentNeeded) -> bool:
        """Read the document; False where it cannot be had and an older copy will do. Raises Refusal."""
        uid, address = self.tenant.listing.uid, counted(self.address)
        try:
            fetched = await self.world.documents.at(uid, needed.url, known=needed.known, address=address)
        except Unfetched as error:
            if needed.or_older:
                return False
            raise client_document.unread(str(error)) from None
        await self.tenant.run(asked_by(self._origin(), learn), fetched)
        return True

    def _origin(self) -> Origin:
        """For the trail. Who it is, acts find out for themselves."""
        return Origin(SYSTEM.actor, self.address, self.request_id)

    async def run_with_token(self, act: Callable[[Turn, Q], R | Refusal], request: Q) -> R:
        """The same for whoever shows a token that must be good for it: else `invalid_token`, which is limited too."""
        asking = await self.caller()
        asking.ask(None)
        try:
            return await self.run(act, request)
        except Refusal as refused:
            if refused.code == "invalid_token":
                asking.fail()
            raise

    async def caller(self) -> Caller:
        return await caller(self.tenant, self.address)


def _given(act: Callable[[Turn, Q], R | Refusal], found: Mapping[str, Any]) -> Callable[[Turn, Q], R | Refusal]:
    return (lambda turn, request: act(replace(turn, **found), request)) if found else act


def _telling_of(
    shown: Credentials | None, act: Callable[[Turn, Q], R | Refusal]
) -> Callable[[Turn, Q], tuple[R, bool] | Refusal]:
    """The same act, which tells besides whether whoever asked has proved who they are, by more than a name."""

    def telling(turn: Turn, request: Q) -> tuple[R, bool] | Refusal:
        reply = act(turn, request)
        if isinstance(reply, Refusal):
            return reply
        return reply, shown is not None and is_proven(turn, shown)

    return telling
