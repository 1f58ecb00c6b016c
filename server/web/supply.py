"""Acts that lack something of the world outside: the door fetches it, and they are given their turn again."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from server.web.caller import Caller, caller
from tenants.acts.client import use_up
from tenants.acts.document import learn
from tenants.acts.publish import Published
from tenants.oauth import client_document
from tenants.oauth.client_auth import ClientKeys, Credentials, KeysNeeded
from tenants.oauth.client_document import DocumentNeeded, Fetched
from tenants.oauth.identity_assertion import ProviderKeys, ProviderKeysNeeded
from tenants.oauth.refusal import Refusal
from tenants.problems import Problem, Unfetched
from tenants.records import IdentityProvider, Listing
from tenants.tenant import Tenant
from tenants.turn import Turn

Q = TypeVar("Q")
R = TypeVar("R")
ROUNDS = 6
"""In the first of which an act may lack something: its client's document, its keys and an identity provider's, and
fresher ones."""

_NOT_OVER = ("invalid_client", "use_dpop_nonce")
"""Nothing was proven; or the same is to be sent again, with one thing more (RFC 9449 §8)."""


class Keys(Protocol):
    async def at(self, tenant: str, uri: str, *, fresh: bool) -> ClientKeys:
        """Those that a client shows there, asked for on behalf of one tenant. Raises Unfetched."""
        ...


class Documents(Protocol):
    async def at(self, tenant: str, url: str, *, known: bool) -> Fetched:
        """The one that a client's id leads to, asked for on behalf of one tenant. Raises Unfetched."""
        ...


class KeysOfProviders(Protocol):
    async def of(self, tenant: str, provider: IdentityProvider, *, fresh: bool) -> ProviderKeys:
        """Those that the provider shows, asked for on behalf of one tenant. Raises Unfetched."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Where what acts lack is fetched from."""

    keys: Keys
    documents: Documents
    provider_keys: KeysOfProviders


@dataclass(frozen=True, slots=True)
class Supplied:
    """A tenant whose acts are given what they lack."""

    tenant: Tenant
    world: World
    address: str
    """Of whoever asks."""

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
        keys: ClientKeys | None = None
        provider_keys: ProviderKeys | None = None
        older_document = False
        uid = self.tenant.listing.uid
        for _ in range(ROUNDS):
            try:
                return await self.tenant.run(_given(act, keys, provider_keys, older_document), request)
            except KeysNeeded as needed:
                keys = await self.world.keys.at(uid, needed.uri, fresh=needed.fresh)
            except ProviderKeysNeeded as needed:
                provider_keys = await self.world.provider_keys.of(uid, needed.provider, fresh=needed.fresh)
            except DocumentNeeded as needed:
                older_document = not await self._learned(needed)
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
            reply = await self.run(act, request)
        except Refusal as refused:
            asking.was_refused(shown, refused)
            if shown is not None and shown.assertion is not None and refused.code not in _NOT_OVER:
                with suppress(Refusal, Problem):
                    await self.run(use_up, shown)
            raise
        asking.was_answered(shown, with_tokens=gives_tokens)
        return reply

    async def _learned(self, needed: DocumentNeeded) -> bool:
        """Read the document; False where it cannot be had and an older copy will do. Raises Refusal."""
        try:
            fetched = await self.world.documents.at(self.tenant.listing.uid, needed.url, known=needed.known)
        except Unfetched as error:
            if needed.or_older:
                return False
            raise client_document.unread(str(error)) from None
        await self.tenant.run(learn, fetched)
        return True

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


def _given(
    act: Callable[[Turn, Q], R | Refusal],
    keys: ClientKeys | None,
    provider_keys: ProviderKeys | None,
    older_document: bool,
) -> Callable[[Turn, Q], R | Refusal]:
    if keys is None and provider_keys is None and not older_document:
        return act
    found: dict[str, Any] = {
        "client_keys": keys,
        "provider_keys": provider_keys,
        "older_document": older_document,
    }
    return lambda turn, request: act(replace(turn, **found), request)
