"""How a client command reaches the server: address, token, one channel, and errors in one line."""

# gRPC ships without complete types
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false, reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

REFUSED, USED_WRONGLY, UNREACHABLE = 1, 2, 3
DEADLINE = 30.0
DATA_DIRECTORIES = (Path("var"), Path("var/dev"))

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
        with grpc.insecure_channel(self.address) as channel:
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
    if token is not None:
        return Connection(address, token)
    named = os.environ.get("TENANTRY_TOKEN_FILE")
    places = (
        [Path(named)]
        if named
        else [folder / "admin.token" for folder in ([data_dir] if data_dir else DATA_DIRECTORIES)]
    )
    for place in places:
        with suppress(OSError, UnicodeDecodeError):
            return Connection(address, place.read_text("ascii").strip())
    return fail(
        USED_WRONGLY,
        f"no admin token: set TENANTRY_TOKEN_FILE, or --data-dir (looked at {', '.join(map(str, places))})",
    )


def fail(code: int, line: str) -> NoReturn:
    print(f"tenantry: {line}", file=sys.stderr)
    raise typer.Exit(code)
