"""The server as a command speaks to it: one call at a time, and errors in one line."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from server.cli.failing import REFUSED, UNREACHABLE, fail
from server.cli.output import Format

if TYPE_CHECKING:
    from google.protobuf.message import Message

DEADLINE = 30.0
LARGEST_PAGE = 1_000
ALIVE_MS = 30_000
"""So often somebody must have been heard of on the other side of a stream."""


@dataclass(frozen=True, slots=True)
class Tls:
    """In PEM: who makes the server's certificate (None: anybody whom gRPC knows), and what to show it."""

    ca: bytes | None
    cert: bytes | None
    key: bytes | None


class NotDone(Exception):
    """A call that was not answered as it should be: the exit code, why in one line, and gRPC's name for it."""

    def __init__(self, code: int, line: str, status: str) -> None:
        super().__init__(line)
        self.code, self.line, self.status = code, line, status


@dataclass(frozen=True)
class Server:
    """The server that a command speaks to, and how what it says is to be printed."""

    address: str
    token: str | None
    tls: Tls | None
    output: Format
    options: Mapping[str, str]
    """Those of the command, by the names of their parameters, which are those of fields where they can be."""

    def call(self, request: Any) -> Any:
        """The answer to one call, of the method that takes such a request. Without one, the command ends."""
        try:
            return self.ask(request)
        except NotDone as not_done:
            fail(not_done.code, not_done.line)

    def ask(self, request: Any, timeout: float = DEADLINE) -> Any:
        """The same, from any thread, all over one connection. Raises NotDone."""
        import grpc

        path, read = _method_of(request)
        call = self._kept_channel.unary_unary(path, request_serializer=_bytes_of, response_deserializer=read)
        try:
            return call(request, timeout=timeout, metadata=self._metadata())
        except grpc.RpcError as error:
            raise self._not_done(error) from None

    def stream(self, request: Any, *, heard: bool = False) -> Iterator[Any]:
        """The messages of a stream, until the connection breaks or the server stops. The command ends where the server
        refuses, or cannot be reached and was never `heard` before.
        """
        import grpc

        path, read = _method_of(request)
        with self._channel(("grpc.keepalive_time_ms", ALIVE_MS)) as channel:
            call = channel.unary_stream(path, request_serializer=_bytes_of, response_deserializer=read)
            try:
                for message in call(request, metadata=self._metadata()):
                    heard = True
                    yield message
            except grpc.RpcError as error:
                code: Any = getattr(error, "code", lambda: None)()
                if not heard or code is not grpc.StatusCode.UNAVAILABLE:
                    not_done = self._not_done(error)
                    fail(not_done.code, not_done.line)

    def pages(self, request: Any, field: str) -> Iterator[Any]:
        """All that a list holds, in `field` of its pages."""
        try:
            yield from self.ask_pages(request, field)
        except NotDone as not_done:
            fail(not_done.code, not_done.line)

    def ask_pages(self, request: Any, field: str) -> Iterator[Any]:
        """The same, from any thread. Raises NotDone."""
        request.page_size = LARGEST_PAGE
        while True:
            page = self.ask(request)
            yield from getattr(page, field)
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    @cached_property
    def _kept_channel(self) -> Any:
        return self._channel()

    def _channel(self, *more: tuple[str, int]) -> Any:
        import grpc

        options = [("grpc.enable_http_proxy", 0), *more]  # a web proxy that the environment names is not for this
        if self.tls is None:
            return grpc.insecure_channel(self.address, options=options)
        shown = grpc.ssl_channel_credentials(self.tls.ca, self.tls.key, self.tls.cert)
        return grpc.secure_channel(self.address, shown, options=options)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return () if self.token is None else (("authorization", f"Bearer {self.token}"),)

    def _not_done(self, error: Any) -> NotDone:
        import grpc

        code = error.code()
        answered = any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata() or ())
        if not answered and code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            line = f"cannot reach the server at {self.address}; is it running, and is --address right?"
            return NotDone(UNREACHABLE, line, code.name)
        if code is grpc.StatusCode.UNAUTHENTICATED and self.token is not None:
            line = "the server does not accept this admin token; give its own with --token-file or --data-dir"
            return NotDone(REFUSED, line, code.name)
        words = str(error.details())
        for field in _fields_in(error):
            words = words.replace(field, self.typed(field), 1)
        return NotDone(REFUSED, f"{words} ({code.name})", code.name)

    def typed(self, field: str) -> str:
        """The option that a field of a message is given with, or the field where none is known."""
        _, *within = re.sub(r"\[[^]]*\]", "", f".{field}" if "." not in field else field).split(".")
        for name in reversed(within):
            option = f"--{name.replace('_', '-')}"
            for known in (self.options.get(name), option, option.removesuffix("s")):
                if known is not None and known in self.options.values():
                    return known
        return field


def _fields_in(error: Any) -> list[str]:
    """The fields of the request that the server will not have (google.rpc.BadRequest)."""
    from google.rpc import error_details_pb2, status_pb2  # pyright: ignore[reportMissingTypeStubs]

    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                wrong = error_details_pb2.BadRequest()
                if detail.Unpack(wrong):
                    return [str(each.field) for each in wrong.field_violations]
    return []


def _method_of(request: Any) -> tuple[str, Callable[[bytes], Any]]:
    """The path of the method that takes such a request, and what reads its answer."""
    from google.protobuf.message_factory import GetMessageClass

    [method] = [
        method
        for service in request.DESCRIPTOR.file.services_by_name.values()
        for method in service.methods
        if method.input_type.full_name == request.DESCRIPTOR.full_name
    ]
    return f"/{method.containing_service.full_name}/{method.name}", GetMessageClass(method.output_type).FromString


def _bytes_of(message: "Message") -> bytes:
    return message.SerializeToString()
