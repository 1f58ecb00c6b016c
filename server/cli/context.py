"""`tenantry context …`."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from server.cli import contexts
from server.cli.connection import check_address
from server.cli.contexts import BadContexts, Context, Contexts
from server.cli.failing import USED_WRONGLY, fail
from server.cli.noun import Noun
from server.cli.output import Format, Output, show_items

app = Noun()
COLUMNS = ("name", "current", "address", "token_file")


Name = Annotated[str, typer.Argument(metavar="CONTEXT", help="The context's name.", autocompletion=contexts.names)]


def _file(option: str, help: str) -> typer.models.OptionInfo:
    return typer.Option(option, metavar="FILE", show_default=False, help=help)


@app.command()
def add(
    name: Name,
    address: Annotated[
        str, typer.Option("--address", metavar="HOST:PORT", help="Where the admin API is; unix:PATH is a socket.")
    ],
    token_file: Annotated[
        Path | None, _file("--token-file", "A file with the admin token; what is in it is not kept here.")
    ] = None,
    ca: Annotated[Path | None, _file("--ca", "Whose certificate the server must have, for TLS.")] = None,
    cert: Annotated[Path | None, _file("--cert", "A certificate to show it.")] = None,
    key: Annotated[Path | None, _file("--key", "The key of that certificate.")] = None,
) -> None:
    """Know a server by a name, or know it anew. The first one is the one in use."""
    check_address(address)
    if (cert is None) != (key is None):
        fail(USED_WRONGLY, "--cert and --key go together; give both, or none")
    given = {"token_file": token_file, "ca": ca, "cert": cert, "key": key}
    known = {option: str(path.absolute()) for option, path in given.items() if path is not None}
    _change(lambda all_contexts: all_contexts.with_one(name, Context(address, **known)))


@app.command("list")
def list_contexts(output: Output = Format.TABLE) -> None:
    """List the servers that are known by a name."""
    known = _read()
    items = [
        {"name": name, "current": name == known.current}
        | {key: value for key, value in dataclasses.asdict(context).items() if value is not None}
        for name, context in known.named.items()
    ]
    show_items(items, COLUMNS, output)


@app.command()
def use(name: Name) -> None:
    """Call this server from now on, where nothing else is said."""
    _change(lambda all_contexts: all_contexts.using(name))


@app.command()
def remove(name: Name) -> None:
    """Forget the name. The files that it told of stay."""
    _change(lambda all_contexts: all_contexts.without(name))


def _read() -> Contexts:
    try:
        return contexts.read()
    except BadContexts as bad:
        fail(USED_WRONGLY, str(bad))


def _change(change: Callable[[Contexts], Contexts]) -> None:
    try:
        contexts.write(change(contexts.read()))
    except BadContexts as bad:
        fail(USED_WRONGLY, str(bad))
