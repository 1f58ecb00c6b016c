"""`tenantry operation …`: what takes long, and the bar that other commands show while they wait for it."""

import sys
from typing import Annotated, Any

import typer

from server.cli import completion
from server.cli.confirm import Yes, agree
from server.cli.connection import remote
from server.cli.failing import REFUSED, USED_WRONGLY, complain, fail
from server.cli.issuer import named
from server.cli.noun import Noun
from server.cli.output import Format, members, show, show_all, show_deleted, show_items
from server.cli.readable import own_id
from server.cli.server import Server
from server.cli.words import OrName, filter_option

app = Noun()
COLUMNS = ("verb", "done", "progress_percent", "create_time", "end_time")
STEP = 2
"""Seconds that one call waits, so that the bar moves."""

Id = Annotated[
    str, typer.Argument(metavar="OPERATION", show_default=False, help="The operation's id, such as 006b49d200….")
]


@app.command("list")
@remote
def list_operations(
    server: Server,
    issuer: Annotated[
        str,
        typer.Argument(
            metavar="ISSUER",
            show_default=False,
            help="Whose; none: those of all issuers.",
            autocompletion=completion.issuers,
        ),
    ] = "",
    filter: Annotated[str, filter_option("Which, such as: done = false")] = "",
) -> None:
    """List what takes or took long, the oldest first.

    What has ended is kept for 30 days.
    """
    from google.longrunning.operations_proto_pb2 import ListOperationsRequest

    parent = named(issuer) if issuer else "issuers/-"
    found = server.pages(ListOperationsRequest(name=parent, filter=filter), "operations")
    _known()
    if server.output is Format.TABLE:
        items = [{"name": each.name, "done": each.done, **_metadata(each)} for each in found]
        show_items(items, ("id" if issuer else "name", *COLUMNS), server.output)
    else:
        show_all(found, COLUMNS, server.output)


@app.command()
@remote
def get(server: Server, issuer: OrName, operation: Id = "") -> None:
    """Show how far an operation is, or what came of it."""
    from google.longrunning.operations_proto_pb2 import GetOperationRequest

    show_operation(server, server.call(GetOperationRequest(name=_named(issuer, operation))))


@app.command()
@remote
def wait(server: Server, issuer: OrName, operation: Id = "") -> None:
    """Wait for the end of an operation; 1 if it failed."""
    from google.longrunning.operations_proto_pb2 import GetOperationRequest

    show_operation(server, waited_for(server, server.call(GetOperationRequest(name=_named(issuer, operation)))))


@app.command()
@remote
def cancel(server: Server, issuer: OrName, operation: Id = "") -> None:
    """Let an operation end before its time.

    What it has done by then stays done.
    """
    from google.longrunning.operations_proto_pb2 import CancelOperationRequest, GetOperationRequest

    name = _named(issuer, operation)
    there = server.call(GetOperationRequest(name=name))
    if there.done:
        complain(f"{there.name} has ended before; nothing was cancelled")
    else:
        server.call(CancelOperationRequest(name=name))
        there = server.call(GetOperationRequest(name=name))
    show_operation(server, there)


@app.command()
@remote
def delete(server: Server, issuer: OrName, operation: Id = "", yes: Yes = False) -> None:
    """Forget an operation that has ended."""
    from google.longrunning.operations_proto_pb2 import DeleteOperationRequest

    name = _named(issuer, operation)
    agree("Forget this operation", yes=yes)
    show_deleted(server.call(DeleteOperationRequest(name=name)), server.output, name)


def _named(issuer: str, operation: str) -> str:
    if not operation and "/" not in issuer:
        fail(USED_WRONGLY, "say ISSUER OPERATION, or the whole name of the operation")
    return f"{named(issuer)}/operations/{own_id(operation)}" if operation else issuer


def waited_for(server: Server, operation: Any) -> Any:
    """The operation once it has ended, with a bar meanwhile where somebody looks. The command ends if it failed."""
    from google.longrunning.operations_proto_pb2 import WaitOperationRequest
    from google.protobuf.duration_pb2 import Duration
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        bar = bars.add_task(_metadata(operation).get("verb", ""), total=100)
        while not operation.done:
            operation = server.call(WaitOperationRequest(name=operation.name, timeout=Duration(seconds=STEP)))
            bars.update(bar, completed=_metadata(operation).get("progress_percent", 0))
    if operation.HasField("error"):
        fail(REFUSED, f"{operation.name} has ended: {operation.error.message}")
    return operation


def show_operation(server: Server, operation: Any) -> None:
    """For people without the types by which programs know what is in it."""
    _known()
    if server.output is not Format.TABLE:
        show(operation, server.output)
        return
    ended = {"failed": operation.error.message} if operation.HasField("error") else _result(operation)
    show(_unpacked(operation), server.output, name=operation.name, done=operation.done, **ended)


def _known() -> None:
    """What operations hold can be printed once its protos are loaded: their messages register themselves."""
    from importlib import import_module

    for name in ("operation_metadata", "grant_service"):
        import_module(f"protos.admin.v1.{name}_pb2")


def _metadata(operation: Any) -> dict[str, Any]:
    return members(_unpacked(operation))


def _unpacked(operation: Any) -> Any:
    from protos.admin.v1.operation_metadata_pb2 import OperationMetadata

    metadata = OperationMetadata()
    operation.metadata.Unpack(metadata)
    return metadata


def _result(operation: Any) -> dict[str, Any]:
    """What came of it, so far as anything did, without its type; none is 0 too."""
    from google.protobuf.json_format import MessageToDict

    if not operation.HasField("response"):
        return {}
    told: dict[str, Any] = MessageToDict(
        operation.response, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return {name: value for name, value in told.items() if name != "@type"}
