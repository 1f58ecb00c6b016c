"""A tenant to test: the real acts, actor and SQLite file, at an instant and with the chance that the test gives.

async with a_tenant(tmp_path) as t:
    client = await t.client()
    tokens = await t.redeem(client, await t.code(client))
"""

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import shake_256
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from server.system import MasterKey
from storage_sqlite.stores import RegistryStores, TenantStores
from tenants.actor import AfterCommit, Limits, Observer
from tenants.acts.authorize import Arrival, AskConsent, AskSignIn, Redirect, authorize
from tenants.acts.introspect import introspect
from tenants.acts.issue import Tokens
from tenants.acts.maintain import Maintained, Maintenance, maintain
from tenants.acts.operate import NewClient, add_client, change_policy
from tenants.acts.register import Newcomer, register
from tenants.acts.resources import (
    NewResource,
    ResourceChange,
    ResourceRemoval,
    Settings,
    add_resource,
    change_resource,
    remove_resource,
)
from tenants.acts.revoke import revoke
from tenants.acts.token import exchange
from tenants.alarms import Errands
from tenants.new_issuer import NewIssuer
from tenants.oauth.claims import Profile
from tenants.oauth.client_auth import Credentials
from tenants.oauth.dpop import Proof
from tenants.oauth.pkce import challenge_of
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import (
    ClientCredentialsRequest,
    CodeRequest,
    IntrospectionRequest,
    RefreshRequest,
    RevocationRequest,
)
from tenants.records import AuthMethod, Event, Grant, Origin, Policy, Resource
from tenants.registry import Registry
from tenants.residence import Residence
from tenants.tenant import Tenant
from tenants.turn import Turn, asked_by

Q = TypeVar("Q")
R = TypeVar("R")

START = 1_800_000_000
CALLBACK = "https://client.example/callback"
VERIFIER = "a-code-verifier-that-is-long-enough-to-be-one-43"
BROWSER = "b" * 32
OPERATOR = Origin("op")
ALICE = Profile(provider="dev", subject="alice", email="alice@example.com", email_verified=True, name="Alice")


class FakeClock:
    """It stands still until the test moves it."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: int) -> None:
        self.now += seconds


class SeededEntropy:
    """The same bytes for the same seed, in the same order."""

    def __init__(self, seed: str = "a test") -> None:
        self._seed = seed
        self._drawn = 0

    def __call__(self, count: int, /) -> bytes:
        self._drawn += 1
        return shake_256(f"{self._seed} {self._drawn}".encode()).digest(count)


@dataclass(frozen=True)
class Registered:
    """A client, and how it proves itself."""

    id: str
    method: AuthMethod = "none"
    secret: str | None = None

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.id, self.method, self.secret)


class ATenant:
    """One issuer of a house, and what its clients and its users do."""

    def __init__(self, tenant: Tenant, path: Path, clock: FakeClock) -> None:
        self.tenant = tenant
        self.path = path
        self.clock = clock

    async def run(self, act: Callable[[Turn, Q], R | Refusal], request: Q) -> R:
        return await self.tenant.run(asked_by(OPERATOR, act), request)

    async def policy(self, change: Callable[[Policy], Policy]) -> Policy:
        """Change the policy as an operator would."""
        return await self.run(lambda turn, _: change_policy(turn, change(turn.issuer.policy)), None)

    async def resource(self, resource_id: str, uri: str, **settings: Any) -> Resource:
        """Register a resource as an operator would."""
        new = NewResource(id=resource_id, uri=uri, settings=Settings(**settings))
        return await self.run(add_resource, new)

    async def change_resource(self, resource_id: str, **changes: Any) -> Resource:
        def change(settings: Settings) -> Settings:
            return replace(settings, **changes)

        return await self.run(change_resource, ResourceChange(id=resource_id, change=change, etag=""))

    async def remove_resource(self, resource_id: str) -> None:
        await self.run(remove_resource, ResourceRemoval(id=resource_id, etag=""))

    async def client(self, **metadata: Any) -> Registered:
        """A client that registers itself: public, unless `metadata` says otherwise."""
        members = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", **metadata}
        answer = await self.run(register, Newcomer(members))
        return Registered(answer["client_id"], answer["token_endpoint_auth_method"], answer.get("client_secret"))

    async def operators_client(
        self, client_id: str, resources: tuple[str, ...] = (), targets: tuple[str, ...] = (), **metadata: Any
    ) -> Registered:
        """A client that the operator makes: with a secret, unless `metadata` says otherwise."""
        new = NewClient(client_id=client_id, metadata=metadata, resources=resources, target_resources=targets)
        client, secret = await self.run(add_client, new)
        return Registered(client.id, client.auth_method, secret)

    def arrival(self, client: Registered, *, session: str | None = None, **changes: str | None) -> Arrival:
        """A browser that the client sent to /authorize. A parameter that is changed to None is left out."""
        asked = {
            "response_type": "code",
            "client_id": client.id,
            "redirect_uri": CALLBACK,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            "state": "s",
            **changes,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return Arrival(query=query.encode("ascii"), browser=BROWSER, session=session)

    async def authorize(
        self, client: Registered, *, session: str | None = None, **changes: str | None
    ) -> Redirect | AskSignIn | AskConsent:
        return await self.run(authorize, self.arrival(client, session=session, **changes))

    async def code(self, client: Registered, user: Profile = ALICE, **changes: str | None) -> str:
        """A code, for a user who is signed in and allows it."""
        asked = self.arrival(client, **changes)
        arrival = Arrival(query=asked.query, browser=BROWSER, automatic_user=user, automatic_consent=True)
        answer = await self.run(authorize, arrival)
        assert isinstance(answer, Redirect)
        return parameters(answer.uri)["code"]

    async def redeem(
        self,
        client: Registered,
        code: str,
        *,
        verifier: str | None = VERIFIER,
        redirect_uri: str | None = CALLBACK,
        resources: tuple[str, ...] = (),
        proof: Proof | None = None,
    ) -> Tokens:
        asked = CodeRequest(client.credentials, code, verifier, redirect_uri, resources, proof)
        return await self.run(exchange, asked)

    async def refresh(
        self,
        client: Registered,
        token: str | None,
        *,
        scope: str | None = None,
        resources: tuple[str, ...] = (),
        proof: Proof | None = None,
    ) -> Tokens:
        assert token is not None
        return await self.run(exchange, RefreshRequest(client.credentials, token, scope, resources, proof))

    async def tokens_for_itself(
        self,
        client: Registered,
        *,
        scope: str | None = None,
        resources: tuple[str, ...] = (),
        proof: Proof | None = None,
    ) -> Tokens:
        return await self.run(exchange, ClientCredentialsRequest(client.credentials, scope, resources, proof))

    async def tokens(self, client: Registered, **changes: str | None) -> Tokens:
        return await self.redeem(client, await self.code(client, **changes))

    async def revoke(self, client: Registered, token: str | None) -> None:
        assert token is not None
        await self.run(revoke, RevocationRequest(client.credentials, token))

    async def introspect(self, client: Registered, token: str) -> dict[str, Any]:
        return await self.run(introspect, IntrospectionRequest(client.credentials, token))

    async def counts(self, client: Registered, token: str) -> bool:
        """Whether an access token is still good for anything."""
        return (await self.introspect(client, token))["active"]

    async def grants(self) -> list[Grant]:
        return await self.run(lambda turn, _: list(turn.tx.grants.page(0, 1_000)), None)

    async def maintain(self) -> Maintained:
        done = await self.run(maintain, Maintenance())
        while done.more is not None:
            done = await self.run(maintain, done.more)
        return done

    async def events(self) -> list[Event]:
        return await self.run(lambda turn, _: list(turn.tx.events.page(0, 1_000)), None)

    async def event_types(self) -> list[str]:
        return [event.type for event in await self.events()]

    async def sleep(self) -> None:
        assert await self.tenant.actor.sleep()

    async def dump(self) -> list[str]:
        """All that the file holds. The tenant is put to sleep for it: nobody else may open a file that is open."""
        await self.sleep()
        return dump_of(self.path)


def dump_of(path: Path) -> list[str]:
    """All that a closed file holds, as SQL."""
    assert not path.with_name(f"{path.name}-wal").exists(), "not closed cleanly: a part of it is elsewhere"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


class AHouse:
    """A registry and its tenants, in one folder."""

    def __init__(self, directory: Path, clock: FakeClock, registry: Registry, residence: Residence) -> None:
        self.directory = directory
        self.clock = clock
        self.registry = registry
        self.residence = residence

    async def create(self, name: str, policy: Policy | None = None) -> ATenant:
        new = NewIssuer(id=name, uri=f"https://{name}.example", display_name=name, policy=policy or Policy())
        await self.registry.create(new)
        return self.find(name)

    def find(self, name: str) -> ATenant:
        tenant = self.registry.tenant(name)
        return ATenant(tenant, TenantStores(self.directory / "tenants").path(tenant.listing.uid), self.clock)


@asynccontextmanager
async def a_house(
    directory: Path,
    *,
    clock: FakeClock | None = None,
    seed: str = "a house",
    places: int = 16,
    batches: int = 4,
    limits: Limits | None = None,
    observer: Observer | None = None,
    after_commit: AfterCommit | None = None,
    errands: Errands | None = None,
) -> AsyncGenerator[AHouse]:
    """The house that stands in `directory`, or a new one, running until the block ends."""
    clock = clock or FakeClock()
    residence = Residence(clock, places=places, batches=batches, idle_after=60)
    registry = Registry(
        RegistryStores(directory),
        TenantStores(directory / "tenants"),
        residence,
        MasterKey(bytes(32)),
        SeededEntropy(seed),
        limits=limits,
        observer=observer,
        after_commit=after_commit,
        errands=errands,
    )
    await registry.start()
    try:
        yield AHouse(directory, clock, registry, residence)
    finally:
        await registry.stop()


@asynccontextmanager
async def a_tenant(directory: Path, policy: Policy | None = None, **house: Any) -> AsyncGenerator[ATenant]:
    """One new tenant, in a house of its own."""
    async with a_house(directory, **house) as running:
        yield await running.create("acme", policy)


def parameters(uri: str) -> dict[str, str]:
    """The query parameters of a redirect, each of which stands there once."""
    found = parse_qs(urlsplit(uri).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}


async def refusal_of(asked: Awaitable[object], code: str) -> Refusal:
    """The refusal that `asked` ends with, which must bear this code."""
    with pytest.raises(Refusal) as raised:
        await asked
    assert raised.value.code == code, raised.value
    return raised.value
