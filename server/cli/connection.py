"""How a command finds the server, and what opens it: by options, environment, context or data directory."""

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli import contexts
from server.cli.contexts import BadContexts
from server.cli.failing import USED_WRONGLY, fail
from server.cli.noun import CONNECTION
from server.cli.options import with_options
from server.cli.output import Format, Output
from server.cli.server import Server, Tls
from server.unreadable import why

DEFAULT_ADDRESS = "127.0.0.1:9090"
DATA_DIRECTORIES = (Path("var"), Path("var/dev"))
TOKEN = "admin.token"
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}|unix:[^\0]+")
_NEAR = re.compile(r"unix:|127\.[0-9.]+:|\[::1\]:|localhost:")
"""Addresses that nobody else can listen in at."""


def _option(name: str, metavar: str, help: str, show_default: bool | str = False, **how: Any) -> Any:
    return typer.Option(
        f"--{name}",
        metavar=metavar,
        envvar=f"TENANTRY_{name.upper().replace('-', '_')}",
        help=help,
        rich_help_panel=CONNECTION,
        show_default=show_default,
        **how,
    )


def _file(name: str, help: str) -> tuple[Any, None]:
    return Annotated[Path | None, _option(name, "FILE", help)], None


def _address(default: str, shown: str | bool) -> tuple[Any, str]:
    help = "Where the admin API is; unix:PATH is a socket."
    return Annotated[str, _option("address", "HOST:PORT", help, show_default=shown)], default


_REACH: dict[str, tuple[Any, Any]] = {
    "context": (typer.Context, inspect.Parameter.empty),
    "of_server": (
        Annotated[
            str | None,
            _option(
                "context",
                "CONTEXT",
                "A server that tenantry context knows.",
                show_default="the one in use, if no server is given",
                autocompletion=contexts.names,
            ),
        ],
        None,
    ),
    "address": _address(DEFAULT_ADDRESS, True),
    "token": (
        Annotated[
            str | None,
            _option(
                "token",
                "TOKEN",
                "The admin token. Others on this machine can read it in the list of processes; prefer a file.",
            ),
        ],
        None,
    ),
    "token_file": _file("token-file", "A file with the admin token."),
    "data_dir": (
        Annotated[
            Path | None,
            _option("data-dir", "DIR", "The data directory of a server on this machine, whose admin.token is used."),
        ],
        None,
    ),
    "ca": _file("ca", "Whose certificate the server must have. The connection is by TLS then."),
    "cert": _file("cert", "A certificate to show it."),
    "tls_key": _file("key", "The key of that certificate."),
}
_OPTIONS = {**_REACH, "output": (Output, Format.TABLE)}


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a server is, and what opens it. The address is empty where nothing says one."""

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
    check_pair(reach.cert, reach.tls_key)
    tls = tls_by(reach)
    known = reach.cert is not None or reach.address.startswith("unix:")
    token = reach.token
    if token is None and not (known and reach.token_file is None and reach.data_dir is None):
        token = _token_in(reach.token_file, reach.data_dir)
    if token is not None:
        _check_token(token, reach.address, tls)
    return Server(reach.address, token, tls, output, _words_of(context))


def _in_context(context: typer.Context, name: str | None, given: dict[str, Any]) -> Reach:
    """The context that is named; else the one in use, but not where anything says which server is meant, lest the token
    of one goes to another. What is given as an option comes first in any case."""
    asked = [option for option in _REACH if option not in ("context", "of_server")]
    sources = {option: getattr(context.get_parameter_source(option), "name", "DEFAULT") for option in asked}
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


def _said(context: typer.Context, of_server: str | None, **given: Any) -> Reach:
    """For a command that knows a server of its own, where nothing is said of one."""
    reach = _in_context(context, of_server, given)
    if reach.address:
        check_address(reach.address)
    check_pair(reach.cert, reach.tls_key)
    return reach


def _words_of(context: typer.Context) -> dict[str, str]:
    """The arguments and options of a command as they are typed, by the names of their parameters."""
    params: Any = context.command.params
    words = {each.name: each.metavar if each.param_type_name == "argument" else each.opts[0] for each in params}
    return {name: word for name, word in words.items() if word is not None and (word.isupper() or word[:2] == "--")}


def reached(context: typer.Context) -> Server:
    """The same for a command whose words are not all typed yet."""
    given = {option: context.params.get(option) for option in _OPTIONS if option not in ("context", "output")}
    given["address"] = given["address"] or DEFAULT_ADDRESS
    return _server(context, output=Format.TABLE, **given)


def check_address(address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        fail(USED_WRONGLY, f"{address!r} is no address; use HOST:PORT, such as {DEFAULT_ADDRESS}, or unix:PATH")


def check_pair(cert: Path | None, key: Path | None) -> None:
    if (cert is None) != (key is None):
        fail(USED_WRONGLY, "--cert and --key go together; give both, or none")


def tls_by(reach: Reach) -> Tls | None:
    if reach.ca is None and reach.cert is None:
        return None
    return Tls(_bytes_in(reach.ca), _bytes_in(reach.cert), _bytes_in(reach.tls_key))


def is_near(address: str) -> bool:
    """Whether what is sent there stays on this machine, so that a token may go without TLS."""
    return _NEAR.match(address) is not None


def _check_token(token: str, address: str, tls: Tls | None) -> None:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        fail(USED_WRONGLY, "the admin token is empty, or has characters that a token cannot have")
    if tls is None and not is_near(address):
        fail(USED_WRONGLY, f"the admin token would go to {address} in the clear; give --ca, for TLS")


def _bytes_in(file: Path | None) -> bytes | None:
    try:
        return None if file is None else file.read_bytes()
    except OSError as error:
        fail(USED_WRONGLY, f"{file} cannot be read: {why(error)}")


def usual_data_dir() -> Path | None:
    """Where a server of this machine left its token."""
    return next((folder for folder in DATA_DIRECTORIES if (folder / TOKEN).exists()), None)


def _token_in(token_file: Path | None, data_dir: Path | None) -> str:
    if token_file is not None:
        places = [token_file]
    else:
        places = [folder / TOKEN for folder in (DATA_DIRECTORIES if data_dir is None else (data_dir,))]
    for place in places:
        try:
            if place.exists():
                return place.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            fail(USED_WRONGLY, f"the admin token cannot be read from {place}: {why(error)}")
    looked = " or ".join(map(str, places))
    return fail(USED_WRONGLY, f"no admin token: there is no {looked}; use --data-dir, --token-file or TENANTRY_TOKEN")


def reaching(address: str, token_file: Path) -> list[str]:
    """The options without which a command in this directory would not reach the server at `address`."""
    usual = usual_data_dir()
    options = [] if address == DEFAULT_ADDRESS else ["--address", address]
    return options if usual is not None and token_file == usual / TOKEN else [*options, "--token-file", str(token_file)]


said = with_options(
    {**{n: o for n, o in _REACH.items() if n != "data_dir"}, "address": _address("", "as in the settings")}, _said
)
"""Marks a command that may be told of a server, as `remote`, and looks into a data directory of its own."""
remote = with_options(_OPTIONS, _server)
"""Marks a command that calls the server."""
