"""The one place that knows all parts: starts them in order, stops them in reverse."""

import asyncio
import contextlib
import hashlib
import itertools
import os
import signal
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from grpc import ServerCredentials

from server import housekeeping
from server.admin.credentials import Credentials
from server.admin.server_info import About
from server.admin.service import AdminServer
from server.admin.tls import TlsFiles, server_credentials
from server.listener import Listener, bind, refuse_taken
from server.management.app import Management
from server.outbound.challenges import Challenges
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
from server.settings import Address, Settings, SocketFile
from server.system import DataDirectory, Unusable, clock, entropy
from server.telemetry import ActorObserver, Log, Metrics
from server.web.app import Front
from server.web.browser import browser_side
from server.web.supply import World
from storage_sqlite.stores import RegistryStores, TenantStores
from tenants.admin_tokens import AdminTokens
from tenants.problems import Problem
from tenants.registry import Registry
from tenants.residence import Residence

BATCHES_PER_CORE = 2


@dataclass(frozen=True, slots=True)
class House:
    """A running Tenantry."""

    registry: Registry
    residence: Residence
    admin_token: str
    http: str
    grpc: str
    management: str


@dataclass(frozen=True, slots=True)
class _Account:
    """Each HTTP request, counted and written down."""

    metrics: Metrics
    log: Log
    lines: bool

    def answered(self, route: str, status: int, seconds: float, log: dict[str, Any]) -> None:
        self.metrics.answered(route, status, seconds, log.get("limit"))
        if self.lines:
            self.log.line("request", at=clock(), route=route, status=status, ms=round(seconds * 1000, 2), **log)


@asynccontextmanager
async def house(settings: Settings) -> AsyncGenerator[House]:
    """Everything, running until the block ends. Raises Unusable, with nothing half-made, if it cannot start."""
    async with AsyncExitStack() as parts:
        sockets: dict[str, socket.socket] = {}
        for name in ("http", "grpc", "management"):
            address = getattr(settings, name)
            if isinstance(address, SocketFile):
                refuse_taken(address)
                continue
            listening = bind(address)
            parts.callback(listening.close)
            sockets[name] = listening
        directory = DataDirectory(settings.data_dir)
        parts.callback(directory.release)
        master_key = directory.master_key(settings.master_key)
        admin_token = directory.admin_token(settings.admin_token)

        metrics = Metrics()
        log = Log(dropped=metrics.dropped_lines)
        parts.callback(log.close)
        residence = Residence(
            clock,
            places=settings.max_open_tenants,
            batches=BATCHES_PER_CORE * (os.cpu_count() or 1),
            idle_after=settings.idle_after,
        )

        trust = usual_trust()

        def calling() -> Fetcher:
            """With places of its own: calls of one kind wait for none of another."""
            fetcher = Fetcher(loopback=settings.dev, tls=trust, ports=settings.outbound_ports)
            parts.push_async_callback(fetcher.close)
            return fetcher

        fetcher = calling()
        observer = ActorObserver(metrics, log, lambda actor: registry.issuer_of(actor))
        upstream = Upstream(fetcher, clock)
        courier = Courier(calling(), clock)
        errands = Errands((courier, Rechecks(fetcher, upstream.discovery), LogoutCalls(calling())), observer)
        registry = Registry(
            RegistryStores(settings.data_dir),
            TenantStores(settings.data_dir / "tenants"),
            residence,
            master_key,
            entropy,
            observer=observer,
            errands=errands,
            sees_certificates=settings.client_certificate_header is not None,
        )
        try:
            await registry.start()
        except Problem as problem:
            raise Unusable(f"the list of issuers in {settings.data_dir} {problem}") from None
        parts.push_async_callback(registry.stop)
        tokens = AdminTokens(registry.perform, clock)
        await tokens.start()
        parts.push_async_callback(tokens.close)
        parts.push_async_callback(errands.close)
        keeper = asyncio.create_task(housekeeping.keep(registry, residence, log), name="housekeeping")
        parts.push_async_callback(_end, keeper)

        desk = _dev_provider(settings) if settings.dev else None
        account, request_id = _Account(metrics, log, settings.log_requests), _request_ids()
        pages = browser_side(desk, upstream, entropy)
        world = World(
            KeysOfClients(calling(), clock),
            Documents(calling(), calling(), clock),
            KeysOfProviders(calling(), upstream.discovery),
            KeysOfWorkloads(calling(), upstream.discovery, clock),
        )
        header = settings.client_certificate_header
        front = Front(
            registry,
            pages,
            world,
            account,
            request_id,
            settings.trusted_proxies,
            None if header is None else header.lower().encode("ascii"),
            settings.dev,
        )
        management = Management(metrics.registry)
        web = Listener(front, sockets["http"], drain=settings.drain)
        told = Listener(management, sockets["management"], drain=1)
        by_socket = isinstance(settings.grpc, SocketFile)
        at = settings.grpc
        if isinstance(at, Address):
            at = Address(at.host, sockets["grpc"].getsockname()[1])
            sockets["grpc"].close()
        admin = AdminServer(
            registry,
            tokens=tokens,
            credentials=Credentials(
                hashlib.sha256(admin_token.encode("utf-8")).digest(),
                tokens,
                clock,
                certified=settings.grpc_callers,
                by_socket=by_socket,
            ),
            about=About(version("tenantry"), _capabilities(settings), settings.max_open_tenants, clock()),
            page_key=hashlib.sha256(b"page tokens\0" + admin_token.encode("utf-8")).digest(),
            log=log,
            request_id=request_id,
            clock=clock,
            examiner=Examiner(fetcher, upstream.discovery),
            courier=courier,
            documents=world.documents,
            challenges=Challenges(settings.dns_resolver),
            dev=settings.dev,
        )
        await told.start()
        parts.push_async_callback(told.stop)
        try:
            await admin.start(str(at), _tls(settings, log))
        except OSError as error:  # somebody took the address between our bind and theirs
            raise Unusable(f"cannot listen on {settings.grpc}: {error}") from None
        parts.push_async_callback(admin.stop, settings.drain)
        await web.start()
        parts.push_async_callback(web.stop)

        def stopping() -> None:
            management.ready = False

        management.ready = True
        parts.callback(stopping)
        yield House(
            registry,
            residence,
            admin_token,
            f"{settings.http.host}:{web.port}",
            str(at),
            f"{settings.management.host}:{told.port}",
        )


async def run(settings: Settings, greet: Callable[[House], Any]) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends at once."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def stop() -> None:
        if asked.is_set():
            os._exit(1)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    async with house(settings) as running:
        greeting = greet(running)
        if greeting is not None:
            await greeting
        await asked.wait()


def _dev_provider(settings: Settings) -> DevProvider:
    return DevProvider(settings.dev_users, settings.allow_any_credentials, settings.auto_sign_in, settings.auto_consent)


def _tls(settings: Settings, log: Log) -> ServerCredentials | None:
    """Raises Unusable if the files are not there, or of no use."""
    if settings.grpc_certificate is None or settings.grpc_key is None:
        return None
    files = TlsFiles(settings.grpc_certificate, settings.grpc_key, settings.grpc_client_ca)
    return server_credentials(files, lambda why: log.line("admin.tls_not_renewed", error=why))


def _capabilities(settings: Settings) -> tuple[str, ...]:
    offered = {
        "development": settings.dev,
        "client-certificates": settings.client_certificate_header is not None,
        "caller-certificates": settings.grpc_client_ca is not None,
    }
    return tuple(name for name, so in offered.items() if so)


def _request_ids() -> Callable[[], str]:
    """Ids that are unique, not secret: a random part for this process, and a number."""
    process, numbers = entropy(5).hex(), itertools.count(1)
    return lambda: f"{process}-{next(numbers):x}"


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
