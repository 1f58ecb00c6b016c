"""`tenantry context …`."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli import contexts
from server.cli.confirm import Yes, agree
from server.cli.connection import check_address, check_pair
from server.cli.contexts import BadContexts, Context, Contexts
from server.cli.failing import USED_WRONGLY, complain, fail
from server.cli.noun import Noun
from server.cli.output import Format, Output, show_item, show_items

app = Noun()
COLUMNS = ("name", "current", "address", "token_file")


Name = Annotated[str, typer.Argument(metavar="CONTEXT", help="The context's name.", autocompletion=contexts.names)]


def _file(option: str, help: str) -> typer.models.OptionInfo:
    return typer.Option(option, metavar="FILE", exists=True, dir_okay=False, show_default=False, help=help)


@app.command()
def add(
    name: Name,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST:PORT",
            show_default="as it was",
            help="Where the admin API is; unix:PATH is a socket.",
        ),
    ] = None,
    token_file: Annotated[
        Path | None, _file("--token-file", "A file with the admin token; what is in it is not kept here.")
    ] = None,
    ca: Annotated[Path | None, _file("--ca", "Whose certificate the server must have, for TLS.")] = None,
    cert: Annotated[Path | None, _file("--cert", "A certificate to show it.")] = None,
    key: Annotated[Path | None, _file("--key", "The key of that certificate.")] = None,
) -> None:
    """Know a server by a name, or change what is known.

    The first one is the one in use. What is not given stays as it was; but of a server that is elsewhere now, all is
    forgotten that is not given anew, and what that is is said: the token of one server is not for another.
    """
    if address is not None:
        check_address(address)
    check_pair(cert, key)
    given = {"token_file": token_file, "ca": ca, "cert": cert, "key": key}
    files = {option: str(path.absolute()) for option, path in given.items() if path is not None}
    before = _read().named.get(name)
    if address is None and before is None:
        fail(USED_WRONGLY, "--address says where a new one is; see tenantry context add --help")
    if before is not None and address in (None, before.address):
        _change(lambda known: known.with_one(name, dataclasses.replace(before, **files)))
        return
    _change(lambda known: known.with_one(name, Context(address or "", **files)))
    forgotten = [option for option in given if option not in files and getattr(before, option, None) is not None]
    if forgotten:
        words = ", ".join(f"--{option.replace('_', '-')}" for option in forgotten)
        complain(f"{name} is at {address} now, and without what it had before: {words}")


@app.command("list")
def list_contexts(output: Output = Format.TABLE) -> None:
    """List the servers that are known by a name."""
    show_items(_items(_read()), COLUMNS, output)


@app.command()
def use(name: Name) -> None:
    """Call this server from now on, where nothing else is said."""
    _change(lambda all_contexts: all_contexts.using(name))


@app.command()
def show(
    name: Annotated[
        str | None,
        typer.Argument(metavar="CONTEXT", show_default="the one in use", help="Which.", autocompletion=contexts.names),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what is known of a server."""
    known = _read()
    name = name or known.current
    if name is None:
        fail(USED_WRONGLY, "none is in use; name one, see tenantry context list")
    try:
        known.get(name)
    except BadContexts as bad:
        fail(USED_WRONGLY, str(bad))
    [item] = [item for item in _items(known) if item["name"] == name]
    show_item(item, output)


@app.command("remove", hidden=True)
@app.command()
def delete(name: Name, yes: Yes = False) -> None:
    """Forget the name; the files that it told of stay."""
    if name in _read().named:
        agree(f"Forget where {name} is", yes=yes)
    _change(lambda all_contexts: all_contexts.without(name))


def _items(known: Contexts) -> list[dict[str, Any]]:
    return [
        {"name": name, "current": name == known.current}
        | {key: value for key, value in dataclasses.asdict(context).items() if value is not None}
        for name, context in known.named.items()
    ]


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
