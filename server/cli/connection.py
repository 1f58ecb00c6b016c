"""How a client command reaches the server: address, token, one call at a time, and errors in one line."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, NoReturn, TypeVar

import typer

from server.cli import contexts
from server.cli.contexts import BadContexts
from server.cli.output import Format, Output, printable

if TYPE_CHECKING:
    from google.protobuf.message import Message

REFUSED, USED_WRONGLY, UNREACHABLE = 1, 2, 3
DEADLINE = 30.0
DEFAULT_ADDRESS = "127.0.0.1:9090"
DATA_DIRECTORIES = (Path("var"), Path("var/dev"))
LARGEST_PAGE = 1_000
ALIVE_MS = 30_000
"""So often somebody must have been heard of on the other side of a stream."""
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}|unix:[^\0]+")
_NEAR = re.compile(r"unix:|127\.[0-9.]+:|\[::1\]:|localhost:")
"""Addresses that nobody else can listen in at."""

T = TypeVar("T")

_OPTIONS: dict[str, tuple[Any, Any]] = {
    "context": (typer.Context, inspect.Parameter.empty),
    "of_server": (
        Annotated[
            str | None,
            typer.Option(
                "--context",
                metavar="CONTEXT",
                envvar="TENANTRY_CONTEXT",
                show_default="the one in use, if no server is given",
                help="A server that tenantry context knows.",
                autocompletion=contexts.names,
            ),
        ],
        None,
    ),
    "address": (
        Annotated[
            str,
            typer.Option(
                "--address",
                metavar="HOST:PORT",
                envvar="TENANTRY_ADDRESS",
                help="Where the admin API is; unix:PATH is a socket.",
            ),
        ],
        DEFAULT_ADDRESS,
    ),
    "token": (
        Annotated[
            str | None,
            typer.Option(
                "--token",
                metavar="TOKEN",
                envvar="TENANTRY_TOKEN",
                show_default=False,
                help="The admin token. Others on this machine can read it in the list of processes; prefer a file.",
            ),
        ],
        None,
    ),
    "token_file": (
        Annotated[
            Path | None,
            typer.Option(
                "--token-file",
                metavar="FILE",
                envvar="TENANTRY_TOKEN_FILE",
                show_default=False,
                help="A file with the admin token.",
            ),
        ],
        None,
    ),
    "data_dir": (
        Annotated[
            Path | None,
            typer.Option(
                "--data-dir",
                metavar="DIR",
                envvar="TENANTRY_DATA_DIR",
                show_default=False,
                help="The data directory of a server on this machine, whose admin.token is used.",
            ),
        ],
        None,
    ),
    "ca": (
        Annotated[
            Path | None,
            typer.Option(
                "--ca",
                metavar="FILE",
                envvar="TENANTRY_CA",
                show_default=False,
                help="Whose certificate the server must have. The connection is by TLS then.",
            ),
        ],
        None,
    ),
    "cert": (
        Annotated[
            Path | None,
            typer.Option(
                "--cert", metavar="FILE", envvar="TENANTRY_CERT", show_default=False, help="A certificate to show it."
            ),
        ],
        None,
    ),
    "tls_key": (
        Annotated[
            Path | None,
            typer.Option(
                "--key", metavar="FILE", envvar="TENANTRY_KEY", show_default=False, help="The key of that certificate."
            ),
        ],
        None,
    ),
    "output": (Output, Format.TABLE),
}


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


def with_options(
    options: Mapping[str, tuple[Any, Any]], gather: Callable[..., T]
) -> Callable[[Callable[Concatenate[T, ...], None]], Callable[..., None]]:
    """Adds options to a command; what `gather` makes of them becomes its first argument."""

    def decorate(command: Callable[Concatenate[T, ...], None]) -> Callable[..., None]:
        @wraps(command)
        def run(*gathered: Any, **given: Any) -> None:
            first = gather(**{name: given.pop(name) for name in options})
            command(first, *gathered, **given)

        own = list(inspect.signature(command).parameters.values())[1:]
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
            for name, (annotation, default) in options.items()
        ]
        own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        # this is what Typer reads a command's arguments and options from
        vars(run)["__signature__"] = inspect.Signature([*own, *added])
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
        return run

    return decorate


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a server is, and what opens it."""

    address: str
    token: str | None = None
    token_file: Path | None = None
    data_dir: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    tls_key: Path | None = None


def _server(context: typer.Context, of_server: str | None, output: Format, **given: Any) -> Server:
    """With the token that was given, or the one in the file, or in the data directory; or none, where the address or a
    certificate says who calls."""
    reach = _in_context(context, of_server, given)
    check_address(reach.address)
    if (reach.cert is None) != (reach.tls_key is None):
        fail(USED_WRONGLY, "--cert and --key go together; give both, or none")
    tls = None
    if reach.ca is not None or reach.cert is not None:
        tls = Tls(file_bytes(reach.ca), file_bytes(reach.cert), file_bytes(reach.tls_key))
    known = reach.cert is not None or reach.address.startswith("unix:")
    token = reach.token
    if token is None and not (known and reach.token_file is None and reach.data_dir is None):
        token = _token_in(reach.token_file, reach.data_dir)
    if token is not None:
        _check_token(token, reach.address, tls)
    options = {each.name or "": each.opts[0] for each in context.command.params if each.opts[0].startswith("--")}
    return Server(reach.address, token, tls, output, options)


def _in_context(context: typer.Context, name: str | None, given: dict[str, Any]) -> Reach:
    """The context that is named; else the one in use, but not where anything says which server is meant, lest the token
    of one goes to another. What is given as an option comes first in any case."""
    sources = {option: getattr(context.get_parameter_source(option), "name", "") for option in given}
    try:
        known = contexts.read() if name is not None or set(sources.values()) <= {"DEFAULT"} else None
        name = name if known is None else name or known.current
        found = None if known is None or name is None else known.get(name)
    except BadContexts as bad:
        fail(USED_WRONGLY, str(bad))
    if found is None:
        return Reach(**given)
    typed = {option: value for option, value in given.items() if sources[option] == "COMMANDLINE"}
    kept = {"token_file": found.token_file, "ca": found.ca, "cert": found.cert, "tls_key": found.key}
    if {"token", "data_dir"} & typed.keys():
        del kept["token_file"]
    files = {option: Path(path) for option, path in kept.items() if path is not None}
    reach: dict[str, Any] = {"address": found.address, **files, **typed}
    return Reach(**reach)


def reached(context: typer.Context) -> Server:
    """The same for a command whose words are not all typed yet."""
    given = {option: context.params.get(option) for option in _OPTIONS if option not in ("context", "output")}
    given["address"] = given["address"] or DEFAULT_ADDRESS
    return _server(context, output=Format.TABLE, **given)


def check_address(address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        fail(USED_WRONGLY, f"{address!r} is no address; use HOST:PORT, such as {DEFAULT_ADDRESS}, or unix:PATH")


def is_near(address: str) -> bool:
    """Whether what is sent there stays on this machine, so that a token may go without TLS."""
    return _NEAR.match(address) is not None


def _check_token(token: str, address: str, tls: Tls | None) -> None:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        fail(USED_WRONGLY, "the admin token is empty, or has characters that a token cannot have")
    if tls is None and not is_near(address):
        fail(USED_WRONGLY, f"the admin token would go to {address} in the clear; give --ca, for TLS")


def file_bytes(file: Path | None) -> bytes | None:
    try:
        return None if file is None else file.read_bytes()
    except OSError as error:
        fail(USED_WRONGLY, f"{file} cannot be read: {error.strerror}")


def _token_files(folders: Sequence[Path]) -> list[Path]:
    return [folder / "admin.token" for folder in folders]


def _token_in(token_file: Path | None, data_dir: Path | None) -> str:
    if token_file is not None:
        places = [token_file]
    else:
        places = _token_files(DATA_DIRECTORIES if data_dir is None else (data_dir,))
    try:
        found = next((place for place in places if place.exists()), None)
        if found is not None:
            return found.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        fail(USED_WRONGLY, f"the admin token cannot be read: {error}")
    looked = " or ".join(map(str, places))
    return fail(USED_WRONGLY, f"no admin token: there is no {looked}; use --data-dir, --token-file or TENANTRY_TOKEN")


def reaching(address: str, token_file: Path) -> list[str]:
    """The options without which a command in this directory would not reach the server at `address`."""
    usual = next((place for place in _token_files(DATA_DIRECTORIES) if place.exists()), None)
    options = [] if address == DEFAULT_ADDRESS else ["--address", address]
    return options if token_file == usual else [*options, "--token-file", str(token_file)]


remote = with_options(_OPTIONS, _server)
"""Marks a command that calls the server."""


def fail(code: int, line: str) -> NoReturn:
    complain(line)
    raise typer.Exit(code)


def complain(line: str) -> None:
    """One line, whatever it quotes, and nothing in it that a terminal obeys."""
    print(f"tenantry: {printable(' '.join(line.split()))}", file=sys.stderr)
