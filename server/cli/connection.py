"""How a client command reaches the server: address, token, one channel, and errors in one line."""

# gRPC ships without complete types
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

REFUSED, USED_WRONGLY, UNREACHABLE = 1, 2, 3
DEADLINE = 30.0
MAX_SECONDS = 2**31 - 1
"""Of an option; the server knows what is sensible."""
DATA_DIRECTORIES = (Path("var"), Path("var/dev"))
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")
_TOKEN = re.compile(r"[!-~]+")

Address = Annotated[
    str, typer.Option("--address", envvar="TENANTRY_ADDRESS", help="HOST:PORT of the admin API.", show_default=True)
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", envvar="TENANTRY_TOKEN", help="The admin token; better in TENANTRY_TOKEN_FILE.", show_default=False
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="TENANTRY_DATA_DIR", help="Where to find admin.token.", show_default=False),
]
DEFAULT_ADDRESS = "127.0.0.1:9090"


@dataclass(frozen=True, slots=True)
class Connection:
    address: str
    token: str

    def call(self, stub: Callable[[Any], Any], method: str, request: Any) -> Any:
        """The answer of one call. Ends the command with one line on stderr if there is none."""
        import grpc

        metadata = (("authorization", f"Bearer {self.token}"),)
        # a proxy is for the web: it would be shown the token, and cannot reach a loopback address
        with grpc.insecure_channel(self.address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            try:
                return getattr(stub(channel), method)(request, timeout=DEADLINE, metadata=metadata)
            except grpc.RpcError as error:
                code, words = error.code(), error.details()
                if (
                    code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
                    and not error.trailing_metadata()
                ):
                    fail(
                        UNREACHABLE,
                        f"cannot reach the server at {self.address}; is it running, and is --address right?",
                    )
                if code is grpc.StatusCode.UNAUTHENTICATED:
                    fail(REFUSED, "the server does not accept this admin token; set TENANTRY_TOKEN_FILE or --data-dir")
                fail(REFUSED, f"{words} ({code.name})")


def connect(address: str, token: str | None, data_dir: Path | None) -> Connection:
    """With the token that was given, or the one in TENANTRY_TOKEN_FILE, or in the local data directory."""
    if not _ADDRESS.fullmatch(address):
        fail(USED_WRONGLY, f"the address must be HOST:PORT, such as {DEFAULT_ADDRESS}, not {address}")
    if token is not None:
        return _connection(address, token)
    named = os.environ.get("TENANTRY_TOKEN_FILE")
    places = (
        [Path(named)]
        if named
        else [folder / "admin.token" for folder in ([data_dir] if data_dir else DATA_DIRECTORIES)]
    )
    for place in places:
        with suppress(OSError, UnicodeDecodeError):
            return _connection(address, place.read_text("ascii").strip())
    return fail(
        USED_WRONGLY,
        f"no admin token: set TENANTRY_TOKEN_FILE, or --data-dir (looked at {', '.join(map(str, places))})",
    )


def _connection(address: str, token: str) -> Connection:
    if not _TOKEN.fullmatch(token):
        fail(USED_WRONGLY, "the admin token must be one word of printable ASCII")
    return Connection(address, token)


def fail(code: int, line: str) -> NoReturn:
    """One line whatever it quotes: what is not printable becomes a space."""
    shown = "".join(character if character.isprintable() else " " for character in line)
    print(f"tenantry: {shown}", file=sys.stderr)
    raise typer.Exit(code)
