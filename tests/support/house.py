"""A whole front of the house on a real socket, in the test's own event loop: registry, SQLite, listener, pages.

It is put together from the parts that server/wiring.py uses, without the admin side, and its clock is the test's.
"""

import asyncio
import io
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from server.listener import Listener, bind
from server.outbound.client_keys import KeysOfClients
from server.outbound.courier import Courier
from server.outbound.documents import Documents
from server.outbound.errands import Errands
from server.outbound.examine import Examiner
from server.outbound.fetcher import Fetcher, usual_trust
from server.outbound.logout_calls import LogoutCalls
from server.outbound.provider_keys import KeysOfProviders
from server.outbound.providers.dev import DevProvider
from server.outbound.rechecks import Rechecks
from server.outbound.upstream import Upstream
from server.outbound.workload_keys import KeysOfWorkloads
from server.settings import Address, DevUser
from server.system import DataDirectory, entropy
from server.telemetry import ActorObserver, Log, Metrics
from server.web.app import Front
from server.web.browser import browser_side
from server.web.supply import World
from storage_sqlite.stores import RegistryStores, TenantStores
from tenants.actor import Limits
from tenants.acts.operate import NewClient, add_client
from tenants.acts.resources import NewResource, Settings, add_resource
from tenants.records import Client, Policy, Resource
from tenants.registry import IssuerChange, NewIssuer, Registry, Tenant
from tenants.residence import Residence

EPOCH = 1_800_000_000
USERS = (DevUser("u@example.com", "correct horse", "U"), DevUser("v@example.com", "battery staple", "V"))
Form = Mapping[str, str] | Iterable[tuple[str, str]] | bytes
TRUST = usual_trust()
"""Read once: it takes longer than all else of a house."""


@dataclass
class FakeClock:
    now: int = EPOCH

    def __call__(self) -> int:
        return self.now


@dataclass
class RunningHouse:
    data_dir: Path
    clock: FakeClock
    provider: DevProvider | None
    limits: Limits | None
    places: int
    post: Callable[[], Fetcher]
    to_clients: Callable[[], Fetcher]
    trusted_proxies: tuple[IPv4Network, ...] = ()
    certificate_header: str | None = None
    metrics: Metrics = field(default_factory=Metrics)
    stream: io.StringIO = field(default_factory=io.StringIO)

    async def open(self) -> None:
        self._directory = DataDirectory(self.data_dir)
        self.log = Log(self.stream, self.metrics.dropped_lines)
        self.residence = Residence(self.clock, places=self.places, batches=4, idle_after=70)
        observer = ActorObserver(self.metrics, self.log, lambda actor: self.registry.issuer_of(actor))
        self._fetcher = Fetcher(loopback=True, tls=TRUST)
        upstream = Upstream(self._fetcher, self.clock)
        self._post = self.post()
        self.courier = Courier(self._post, self.clock)
        told = (self.courier, Rechecks(self._fetcher, upstream.discovery), LogoutCalls(self._post))
        self.errands = Errands(told, observer)
        self.registry = Registry(
            RegistryStores(self.data_dir),
            TenantStores(self.data_dir / "tenants"),
            self.residence,
            self._directory.master_key(None),
            entropy,
            limits=self.limits,
            observer=observer,
            errands=self.errands,
            sees_certificates=self.certificate_header is not None,
        )
        numbers = itertools.count(1)
        self.examiner = Examiner(self._fetcher, upstream.discovery)
        pages = browser_side(self.provider, upstream, entropy)
        self._for_keys, self._for_known, self._for_documents = (self.to_clients() for _ in range(3))
        self.world = World(
            KeysOfClients(self._for_keys, self.clock),
            Documents(self._for_known, self._for_documents, self.clock),
            KeysOfProviders(self._fetcher, upstream.discovery),
            KeysOfWorkloads(self._fetcher, upstream.discovery, self.clock),
        )
        front = Front(
            self.registry,
            pages,
            self.world,
            self,
            lambda: f"test-{next(numbers):x}",
            self.trusted_proxies,
            None if self.certificate_header is None else self.certificate_header.lower().encode("ascii"),
        )
        self._listener = Listener(front, bind(Address("127.0.0.1", 0)), drain=2)
        await self.registry.start()
        await self._listener.start()
        self.port = self._listener.port
        self._http: dict[str, httpx.AsyncClient] = {}

    async def close(self) -> None:
        for http in self._http.values():
            await http.aclose()
        await self._listener.stop()
        await self.errands.close()
        await self._post.close()
        await self._for_keys.close()
        await self._for_known.close()
        await self._for_documents.close()
        await self._fetcher.close()
        await self.registry.stop()
        self.log.close()
        self._directory.release()

    async def restart(self) -> None:
        """Stop and start as a new process would: nothing but the files goes over."""
        await self.close()
        await self.open()

    async def ring(self) -> None:
        """What the house does for itself now, until nothing is left to do."""
        async with asyncio.timeout(20):
            while await self.registry.ring():
                pass
            while errands := [task for task in asyncio.all_tasks() if task.get_name().startswith("errands of")]:
                await asyncio.wait(errands)

    def answered(self, route: str, status: int, seconds: float, log: dict[str, Any]) -> None:
        """Each request, written down as server/wiring.py has it written down."""
        self.metrics.answered(route, status, seconds, log.get("limit"))
        self.log.line("request", at=self.clock(), route=route, status=status, ms=round(seconds * 1000, 2), **log)

    def logged(self) -> str:
        """Every line so far."""
        self.log.close()
        self.log = Log(self.stream, self.metrics.dropped_lines)
        return self.stream.getvalue()

    async def issuer(self, issuer_id: str, uri: str, policy: Policy | None = None) -> Tenant:
        await self.registry.create(NewIssuer(id=issuer_id, uri=uri, display_name=issuer_id, policy=policy or Policy()))
        return self.registry.tenant(issuer_id)

    async def set_policy(self, issuer_id: str, policy: Policy) -> None:
        await self.registry.change(IssuerChange(id=issuer_id, policy=lambda _: policy))

    async def client(
        self,
        issuer_id: str,
        client_id: str,
        resources: tuple[str, ...] = (),
        target_resources: tuple[str, ...] = (),
        **metadata: Any,
    ) -> tuple[Client, str | None]:
        """A client made by the operator, and its secret."""
        new = NewClient(
            client_id=client_id,
            metadata=metadata,
            resources=resources,
            target_resources=target_resources,
        )
        return await self.registry.tenant(issuer_id).actor.run(add_client, new)

    async def resource(self, issuer_id: str, resource_id: str, uri: str, **settings: Any) -> Resource:
        """A resource that the operator registers."""
        new = NewResource(id=resource_id, uri=uri, settings=Settings(**settings))
        return await self.registry.tenant(issuer_id).actor.run(add_resource, new)

    async def ask(
        self,
        method: str,
        target: str,
        *,
        host: str = "a.test",
        form: Form | None = None,
        json: Any = None,
        content: bytes = b"",
        basic: tuple[str, str] | None = None,
        headers: Iterable[tuple[str, str]] = (),
        peer: str = "127.0.0.1",
    ) -> httpx.Response:
        """One request, its target sent byte for byte. Whatever is asked, the answer keeps what all answers promise."""
        lines = [("Host", host), *headers]
        if form is not None:
            content = form if isinstance(form, bytes) else urlencode(list(pairs(form))).encode("ascii")
            lines.append(("Content-Type", "application/x-www-form-urlencoded"))
        http = self._http.get(peer) or self._http.setdefault(peer, self._calling_from(peer))
        request = http.build_request(
            method,
            "/",
            headers=lines,
            json=json,
            content=None if json is not None else content,
            extensions={"target": target.encode("utf-8")},
        )
        auth = None if basic is None else httpx.BasicAuth(*basic)
        answer = await http.send(request, auth=auth)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers
        assert "Traceback" not in answer.text
        return answer

    def _calling_from(self, peer: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            transport=httpx.AsyncHTTPTransport(local_address=peer),
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=20,
        )


def pairs(form: Mapping[str, str] | Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return form.items() if isinstance(form, Mapping) else form


@asynccontextmanager
async def running_house(
    data_dir: Path,
    *,
    clock: FakeClock | None = None,
    provider: DevProvider | None = DevProvider(USERS),  # noqa: B008  frozen
    limits: Limits | None = None,
    places: int = 100,
    post: Callable[[], Fetcher] = partial(Fetcher, loopback=True, tls=TRUST),  # noqa: B008  makes nothing yet
    to_clients: Callable[[], Fetcher] = partial(Fetcher, loopback=True, tls=TRUST),  # noqa: B008
    trusted_proxies: tuple[IPv4Network, ...] = (),
    certificate_header: str | None = None,
) -> AsyncGenerator[RunningHouse]:
    """A house that serves until the block ends. `post` makes the fetcher that calls webhooks, and `to_clients` the one
    that asks for what clients show of themselves."""
    house = RunningHouse(
        data_dir,
        clock or FakeClock(),
        provider,
        limits,
        places,
        post,
        to_clients,
        trusted_proxies,
        certificate_header,
    )
    await house.open()
    try:
        yield house
    finally:
        await house.close()
