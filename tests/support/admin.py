"""The admin side of a running house, over real gRPC on loopback, and its operator."""

import hashlib
import itertools
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2 as details
from grpc_status import rpc_status

from protos.admin.v1.client_service_pb2 import Client, CreateClientRequest
from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, Issuer, IssuerPolicy
from server.admin import service
from server.admin.credentials import Credentials
from server.admin.limits import LONGEST_CALL
from server.admin.server_info import About
from server.admin.service import AdminServer
from server.admin.tls import TlsFiles, server_credentials
from server.outbound.challenges import Challenges
from server.settings import CertifiedCaller
from tenants.admin_tokens import AdminTokens
from tests.support.house import RunningHouse, running_house

TOKEN = "tnadmin_the-token-of-the-operator"
DOMAIN = "admin.tenantry.dev"
METHODS: tuple[MethodDescriptor, ...] = tuple(service.METHODS.values())
_METHOD_OF = {method.input_type.full_name: method for method in METHODS}


def path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


@dataclass
class Desk:
    """Where the operator stands: one channel to the admin server of a house."""

    house: RunningHouse
    server: AdminServer
    address: str
    channel: grpc.aio.Channel

    def ask(self, request: Message, *, token: str | None = TOKEN, timeout: float = 20) -> Awaitable[Any]:
        """One call: the method is the one that takes such a request."""
        return self.call(path(_METHOD_OF[request.DESCRIPTOR.full_name]), request, token=token, timeout=timeout)

    def call(
        self, method: str, request: Message | bytes, *, token: str | None = TOKEN, timeout: float = 20
    ) -> grpc.aio.UnaryUnaryCall[Any, Any]:
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        multicallable = self.channel.unary_unary(method, response_deserializer=_reader(method))
        return multicallable(raw, metadata=metadata, timeout=timeout)

    def stream(self, request: Message, *, token: str = TOKEN) -> grpc.aio.UnaryStreamCall[Any, Any]:
        """The same of a method that streams. Without a deadline: the caller ends it, or the test's own time does."""
        method = path(_METHOD_OF[request.DESCRIPTOR.full_name])
        multicallable = self.channel.unary_stream(method, response_deserializer=_reader(method))
        return multicallable(request.SerializeToString(), metadata=(("authorization", f"Bearer {token}"),))

    async def issuer(self, issuer_id: str, uri: str = "", **policy: Any) -> Issuer:
        given = Issuer(issuer_uri=uri or f"https://{issuer_id}.test", policy=IssuerPolicy(**policy))
        return await self.ask(CreateIssuerRequest(issuer_id=issuer_id, issuer=given))

    async def client(self, issuer_id: str, client_id: str = "", **members: Any) -> Client:
        given = Client(**{"redirect_uris": ["https://app.test/cb"], **members})
        request = CreateClientRequest(parent=f"issuers/{issuer_id}", client_id=client_id, client=given)
        return await self.ask(request)

    def logged(self) -> str:
        return self.house.logged()


def _reader(method: str) -> Any:
    for known in METHODS:
        if path(known) == method:
            return GetMessageClass(known.output_type).FromString
    return None


@asynccontextmanager
async def admin_desk(
    data_dir: Path,
    *,
    certified: Sequence[CertifiedCaller] = (),
    tls: TlsFiles | None = None,
    shown: grpc.ChannelCredentials | None = None,
    longest_call: float = LONGEST_CALL,
    resolver: tuple[str, int] | None = None,
    dev: bool = True,
    **given: Any,
) -> AsyncGenerator[Desk]:
    """A house with its admin side, until the block ends. What is `given` is for running_house.

    With `tls`, the desk's own channel shows what is `shown`. `resolver` is where the DNS is asked.
    """
    async with running_house(data_dir, **given) as house:
        numbers = itertools.count(1)
        tokens = AdminTokens(house.registry.perform, house.clock)
        await tokens.start()
        server = AdminServer(
            house.registry,
            tokens=tokens,
            about=About("1.2.3", ("development",), 50, house.clock()),
            credentials=Credentials(
                hashlib.sha256(TOKEN.encode("ascii")).digest(), tokens, house.clock, certified=certified
            ),
            page_key=b"k" * 32,
            log=_LogOf(house),
            request_id=lambda: f"call-{next(numbers):x}",
            clock=house.clock,
            examiner=house.examiner,
            courier=house.courier,
            documents=house.world.documents,
            challenges=Challenges(resolver),
            dev=dev,
            longest_call=longest_call,
        )
        served = None if tls is None else server_credentials(tls, lambda why: house.log.line("tls", error=why))
        address = f"127.0.0.1:{await server.start('127.0.0.1:0', served)}"
        try:
            async with channel_to(address, shown) as channel:
                yield Desk(house, server, address, channel)
        finally:
            await server.stop(5)
            await tokens.close()


def channel_to(address: str, shown: grpc.ChannelCredentials | None = None) -> grpc.aio.Channel:
    options = [("grpc.enable_http_proxy", 0)]
    if shown is None:
        return grpc.aio.insecure_channel(address, options=options)
    return grpc.aio.secure_channel(address, shown, options=options)


@dataclass(frozen=True)
class _LogOf:
    """The log of the house, also after the house has turned over a new leaf of it."""

    house: RunningHouse

    def line(self, event: str, /, **members: object) -> None:
        self.house.log.line(event, **members)


@dataclass(frozen=True)
class Refused:
    """What a caller is told who does not get what they asked for."""

    code: grpc.StatusCode
    message: str
    reason: str
    metadata: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict[str, str])
    resource: tuple[str, str] | None = None
    retry_seconds: int | None = None


def told(error: grpc.aio.AioRpcError) -> Refused:
    """Every error of ours says in the standard way what it is (AIP-193)."""
    status = rpc_status.from_call(error)
    assert status is not None, error
    assert status.message == error.details()
    by_kind: dict[str, Any] = {}
    for packed in status.details:
        for kind in (
            details.ErrorInfo,
            details.BadRequest,
            details.ResourceInfo,
            details.RetryInfo,
            details.PreconditionFailure,
        ):
            if packed.Is(kind.DESCRIPTOR):
                by_kind[kind.__name__] = kind.FromString(packed.value)
    assert len(by_kind) == len(status.details)
    info = by_kind["ErrorInfo"]
    assert info.domain == DOMAIN
    bad = by_kind.get("BadRequest", details.BadRequest())
    resource = by_kind.get("ResourceInfo")
    retry = by_kind.get("RetryInfo")
    return Refused(
        error.code(),
        status.message,
        info.reason,
        dict(info.metadata),
        {violation.field: violation.description for violation in bad.field_violations},
        None if resource is None else (resource.resource_type, resource.resource_name),
        None if retry is None else retry.retry_delay.seconds,
    )


async def refused(call: Awaitable[Any], code: grpc.StatusCode, reason: str, *fields: str) -> Refused:
    """The call must fail with `code` and `reason`, and name exactly `fields`."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    why = told(caught.value)
    assert (why.code, why.reason, sorted(why.fields)) == (code, reason, sorted(fields)), why
    assert why.metadata["request_id"].startswith("call-")
    return why


def files(directory: Path, pattern: str = "*") -> list[Path]:
    """All files below, wherever they lie."""
    return sorted(found for found in directory.rglob(pattern) if found.is_file())


def paths(message: Message) -> Sequence[str]:
    """The fields of a message that say something."""
    return [name.name for name, _ in message.ListFields()]
