"""A whole front of the house on a real socket, in the test's own event loop: registry, SQLite, listener, pages.

It is put together from the parts that server/wiring.py uses, without the admin side, and its clock is the test's.
"""

import io
import itertools
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from server.listener import Listener, bind
from server.outbound.errands import Errands
from server.outbound.fetcher import Fetcher
from server.outbound.providers.dev import DevProvider
from server.outbound.upstream import Upstream
from server.settings import Address, DevUser
from server.system import DataDirectory, entropy
from server.telemetry import ActorObserver, Log, Metrics
from server.web.app import Front
from server.web.browser import browser_side
from storage_sqlite.stores import RegistryStores, TenantStores
from tenants.actor import Limits
from tenants.acts.operate import NewClient, add_client
from tenants.records import Client, Policy
from tenants.registry import IssuerChange, NewIssuer, Registry, Tenant
from tenants.residence import Residence

EPOCH = 1_800_000_000
USERS = (DevUser("u@example.com", "correct horse", "U"), DevUser("v@example.com", "battery staple", "V"))
Form = Mapping[str, str] | Iterable[tuple[str, str]] | bytes


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
    metrics: Metrics = field(default_factory=Metrics)
    stream: io.StringIO = field(default_factory=io.StringIO)

    async def open(self) -> None:
        self._directory = DataDirectory(self.data_dir)
        self.log = Log(self.stream, self.metrics.dropped_lines)
        self.residence = Residence(self.clock, places=self.places, batches=4, idle_after=70)
        observer = ActorObserver(self.metrics, self.log)
        self._fetcher = Fetcher(loopback=True)
        self.errands = Errands((), observer)
        self.registry = Registry(
            RegistryStores(self.data_dir),
            TenantStores(self.data_dir / "tenants"),
            self.residence,
            self._directory.master_key(None),
            entropy,
            limits=self.limits,
            observer=observer,
            errands=self.errands,
        )
        numbers = itertools.count(1)
        pages = browser_side(self.provider, Upstream(self._fetcher, self.clock), entropy)
        front = Front(self.registry, pages, self, lambda: f"test-{next(numbers):x}")
        self._listener = Listener(front, bind(Address("127.0.0.1", 0)), drain=2)
        await self.registry.start()
        await self._listener.start()
        self.port = self._listener.port
        nothing_kept = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", trust_env=False, cookies=nothing_kept, timeout=20
        )

    async def close(self) -> None:
        await self._http.aclose()
        await self._listener.stop()
        await self.errands.close()
        await self._fetcher.close()
        await self.registry.stop()
        self.log.close()
        self._directory.release()

    async def restart(self) -> None:
        """Stop and start as a new process would: nothing but the files goes over."""
        await self.close()
        await self.open()

    def answered(self, route: str, status: int, seconds: float, log: dict[str, Any]) -> None:
        """Each request, written down as server/wiring.py has it written down."""
        self.metrics.answered(route, status, seconds)
        self.log.line("request", at=self.clock(), route=route, status=status, ms=round(seconds * 1000, 2), **log)

    def logged(self) -> str:
        """Every line so far."""
        self.log.close()
        self.log = Log(self.stream, self.metrics.dropped_lines)
        return self.stream.getvalue()

    async def issuer(self, issuer_id: str, uri: str, policy: Policy | None = None) -> Tenant:
        await self.registry.create(
            NewIssuer(id=issuer_id, uri=uri, display_name=issuer_id, policy=policy or Policy(), actor="test")
        )
        return self.registry.tenant(issuer_id)

    async def set_policy(self, issuer_id: str, policy: Policy) -> None:
        await self.registry.change(IssuerChange(id=issuer_id, actor="test", policy=lambda _: policy))

    async def client(
        self, issuer_id: str, client_id: str, resources: tuple[str, ...] = (), **metadata: Any
    ) -> tuple[Client, str | None]:
        """A client made by the operator, and its secret."""
        new = NewClient(client_id=client_id, metadata=metadata, resources=resources, actor="test")
        return await self.registry.tenant(issuer_id).actor.run(add_client, new)

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
    ) -> httpx.Response:
        """One request, its target sent byte for byte. Whatever is asked, the answer keeps what all answers promise."""
        lines = [("Host", host), *headers]
        if form is not None:
            content = form if isinstance(form, bytes) else urlencode(list(pairs(form))).encode("ascii")
            lines.append(("Content-Type", "application/x-www-form-urlencoded"))
        request = self._http.build_request(
            method,
            "/",
            headers=lines,
            json=json,
            content=None if json is not None else content,
            extensions={"target": target.encode("utf-8")},
        )
        auth = None if basic is None else httpx.BasicAuth(*basic)
        answer = await self._http.send(request, auth=auth)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers
        assert "Traceback" not in answer.text
        return answer


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
) -> AsyncGenerator[RunningHouse]:
    """A house that serves until the block ends."""
    house = RunningHouse(data_dir, clock or FakeClock(), provider, limits, places)
    await house.open()
    try:
        yield house
    finally:
        await house.close()
