"""How a client command reaches the server: address, token, one call at a time, and errors in one line."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, NoReturn, TypeVar

import typer

from server.cli.output import Format, Output

if TYPE_CHECKING:
    from google.protobuf.message import Message

REFUSED, USED_WRONGLY, UNREACHABLE = 1, 2, 3
DEADLINE = 30.0
DEFAULT_ADDRESS = "127.0.0.1:9090"
DATA_DIRECTORIES = (Path("var"), Path("var/dev"))
LARGEST_PAGE = 1_000
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")

T = TypeVar("T")

_OPTIONS: dict[str, tuple[Any, Any]] = {
    "address": (
        Annotated[
            str,
            typer.Option("--address", metavar="HOST:PORT", envvar="TENANTRY_ADDRESS", help="Where the admin API is."),
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
    "output": (Output, Format.TABLE),
}


@dataclass(frozen=True, slots=True)
class Server:
    """The server that a command speaks to, and how what it says is to be printed."""

    address: str
    token: str
    output: Format

    def call(self, request: Any) -> Any:
        """The answer to one call, of the method that takes such a request. Without one, the command ends."""
        import grpc
        from google.protobuf.message_factory import GetMessageClass

        [method] = [
            method
            for service in request.DESCRIPTOR.file.services_by_name.values()
            for method in service.methods
            if method.input_type.full_name == request.DESCRIPTOR.full_name
        ]
        # a web proxy that the environment names is not for this
        with grpc.insecure_channel(self.address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            call = channel.unary_unary(
                f"/{method.containing_service.full_name}/{method.name}",
                request_serializer=_bytes_of,
                response_deserializer=GetMessageClass(method.output_type).FromString,
            )
            try:
                return call(request, timeout=DEADLINE, metadata=(("authorization", f"Bearer {self.token}"),))
            except grpc.RpcError as error:
                self._end(error)

    def pages(self, request: Any, field: str) -> Iterator[Any]:
        """All that a list holds, in `field` of its pages."""
        request.page_size = LARGEST_PAGE
        while True:
            page = self.call(request)
            yield from getattr(page, field)
            request.page_token = page.next_page_token
            if not request.page_token:
                return

    def _end(self, error: Any) -> NoReturn:
        import grpc

        code = error.code()
        answered = any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata() or ())
        if not answered and code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            fail(UNREACHABLE, f"cannot reach the server at {self.address}; is it running, and is --address right?")
        if code is grpc.StatusCode.UNAUTHENTICATED:
            fail(REFUSED, "the server does not accept this admin token; give its own with --token-file or --data-dir")
        fail(REFUSED, f"{error.details()} ({code.name})")


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


def _server(address: str, token: str | None, token_file: Path | None, data_dir: Path | None, output: Format) -> Server:
    """With the token that was given, or the one in the file, or in the data directory."""
    if not _ADDRESS.fullmatch(address):
        fail(USED_WRONGLY, f"{address!r} is no address; use HOST:PORT, such as {DEFAULT_ADDRESS}")
    if token is None:
        token = _token_in(token_file, data_dir)
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        fail(USED_WRONGLY, "the admin token is empty, or has characters that a token cannot have")
    return Server(address, token, output)


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
    """One line, whatever it quotes, and nothing in it that a terminal obeys."""
    shown = "".join(character for character in " ".join(line.split()) if character.isprintable())
    print(f"tenantry: {shown}", file=sys.stderr)
    raise typer.Exit(code)
