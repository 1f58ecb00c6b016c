"""The server as a command speaks to it: one call at a time, and errors in one line."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from server.cli.failing import REFUSED, UNREACHABLE, fail
from server.cli.output import Format
from server.cli.readable import own_id
from server.cli.tls_trouble import Tls, trouble

if TYPE_CHECKING:
    from google.protobuf.message import Message

DEADLINE = 30.0
LARGEST_PAGE = 1_000
ALIVE_MS = 30_000
"""So often somebody must have been heard of on the other side of a stream."""
_NAME_FORM = re.compile(r"must be [A-Za-z]+/\{")


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
    """Those of the command, and its arguments, by the names of their parameters, which are those of fields where they
    can be."""

    def call(self, request: Any) -> Any:
        """The answer to one call, of the method that takes such a request. Without one, the command ends."""
        try:
            return self.ask(request)
        except NotDone as not_done:
            fail(not_done.code, not_done.line)

    def ask(self, request: Any, timeout: float = DEADLINE) -> Any:
        """The same, from any thread, all over one connection. Raises NotDone."""
        grpc = _grpc()
        path, read = _method_of(request)
        call = self._kept_channel.unary_unary(path, request_serializer=_bytes_of, response_deserializer=read)
        try:
            return call(request, timeout=timeout, metadata=self._metadata())
        except grpc.RpcError as error:
            raise self._not_done(error, request) from None

    def stream(self, request: Any, *, heard: bool = False) -> Iterator[Any]:
        """The messages of a stream, until the connection breaks or the server stops. The command ends where the server
        refuses, or cannot be reached and was never `heard` before.
        """
        grpc = _grpc()
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
                    not_done = self._not_done(error, request)
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
        grpc = _grpc()
        options = [("grpc.enable_http_proxy", 0), *more]  # a web proxy that the environment names is not for this
        if self.tls is None:
            return grpc.insecure_channel(self.address, options=options)
        shown = grpc.ssl_channel_credentials(self.tls.ca, self.tls.key, self.tls.cert)
        return grpc.secure_channel(self.address, shown, options=options)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return () if self.token is None else (("authorization", f"Bearer {self.token}"),)

    def _not_done(self, error: Any, request: Any) -> NotDone:
        grpc = _grpc()
        code = error.code()
        answered = any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata() or ())
        if not answered and code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            why = trouble(self.address, self.tls) if code is grpc.StatusCode.UNAVAILABLE else ""
            line = f"no connection to the server at {self.address}: {why}"
            if not why:
                line = f"cannot reach the server at {self.address}; check that it runs, and that --address is right"
            return NotDone(UNREACHABLE, line, code.name)
        if code is grpc.StatusCode.UNAUTHENTICATED and self.token is not None:
            line = "the server does not accept this admin token; give its own with --token-file or --data-dir"
            return NotDone(REFUSED, line, code.name)
        words = str(error.details())
        for field, why in _wrong_in(error):
            told = self._told(field, why, request)
            words = words.replace(
                *((f"{field}: {why}", told) if f"{field}: {why}" in words else (field, self.typed(field))), 1
            )
        return NotDone(REFUSED, f"{words} ({code.name})", code.name)

    def _told(self, field: str, why: str, request: Any) -> str:
        """What is wrong with a field, in the words of the command: a name that cannot be is an argument of it."""
        arguments = [word for word in self.options.values() if not word.startswith("-")]
        if not arguments or not _NAME_FORM.match(why):
            return f"{self.typed(field)}: {why}"
        for part in field.split("."):
            request = getattr(request, part, "")
        return f"{arguments[-1]}: {own_id(str(request))!r} cannot be an id"

    def typed(self, field: str) -> str:
        """The option or argument that a field of a message is given with, or the field where none is known."""
        _, *within = re.sub(r"\[[^]]*\]", "", f".{field}" if "." not in field else field).split(".")
        for name in reversed(within):
            of_id = name.removesuffix("_id")
            also = (of_id, of_id.rpartition("_")[2]) if of_id != name else ()
            for known in (*(self.options.get(each) for each in (name, *also)), *_as_option(name)):
                if known is not None and known in self.options.values():
                    return known
        return field


def _as_option(name: str) -> tuple[str, str]:
    option = f"--{name.replace('_', '-')}"
    return option, option.removesuffix("s")


def _grpc() -> Any:
    """Loaded only once it is needed, and silent: what goes wrong is said in our own words."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import grpc

    return grpc


def _wrong_in(error: Any) -> list[tuple[str, str]]:
    """The fields of the request that the server will not have, and why (google.rpc.BadRequest)."""
    from google.rpc import error_details_pb2, status_pb2  # pyright: ignore[reportMissingTypeStubs]

    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                wrong = error_details_pb2.BadRequest()
                if detail.Unpack(wrong):
                    return [(each.field, each.description) for each in wrong.field_violations]
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
