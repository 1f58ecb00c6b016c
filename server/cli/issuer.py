"""`tenantry issuer …`."""

from typing import Annotated, Any

import typer

from server.cli.connection import USED_WRONGLY, Server, fail, remote
from server.cli.output import show, show_all
from server.cli.policy import with_policy

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
COLUMNS = ("name", "issuer_uri", "state", "display_name", "create_time")

Id = Annotated[str, typer.Argument(metavar="ISSUER", help="The issuer's id, such as acme.")]
DisplayName = Annotated[str | None, typer.Option("--display-name", help="A name for people.")]
Etag = Annotated[str, typer.Option("--etag", help="Only if it is still this version.", show_default=False)]


def named(issuer: str) -> str:
    """The name of an issuer, given by its id or its name."""
    return issuer if issuer.startswith("issuers/") else f"issuers/{issuer}"


@app.command()
@remote
@with_policy
def create(
    policy: Any,
    server: Server,
    issuer: Id,
    uri: Annotated[str, typer.Option("--uri", help="What clients see, such as https://auth.example.com.")],
    display_name: DisplayName = None,
) -> None:
    """Create an issuer; it serves at once."""
    from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, Issuer

    given = Issuer(issuer_uri=uri, display_name=display_name or "", policy=policy)
    request = CreateIssuerRequest(issuer_id=issuer.removeprefix("issuers/"), issuer=given)
    show(server.call(request), server.output)


@app.command()
@remote
def get(server: Server, issuer: Id) -> None:
    """Show an issuer with its policy."""
    from protos.admin.v1.issuer_service_pb2 import GetIssuerRequest

    show(server.call(GetIssuerRequest(name=named(issuer))), server.output)


@app.command("list")
@remote
def list_issuers(
    server: Server, show_deleted: Annotated[bool, typer.Option("--show-deleted", help="The deleted ones too.")] = False
) -> None:
    """List all issuers."""
    from protos.admin.v1.issuer_service_pb2 import ListIssuersRequest

    show_all(server.pages(ListIssuersRequest(show_deleted=show_deleted), "issuers"), COLUMNS, server.output)


@app.command()
@remote
@with_policy
def update(policy: Any, server: Server, issuer: Id, display_name: DisplayName = None, etag: Etag = "") -> None:
    """Change what is given; all else stays."""
    from google.protobuf.field_mask_pb2 import FieldMask

    from protos.admin.v1.issuer_service_pb2 import Issuer, UpdateIssuerRequest

    paths = [f"policy.{field.name}" for field, _ in policy.ListFields()]
    if display_name is not None:
        paths.append("display_name")
    if not paths:
        fail(USED_WRONGLY, "nothing to change: give at least one option; see tenantry issuer update --help")
    given = Issuer(name=named(issuer), display_name=display_name or "", policy=policy, etag=etag)
    show(server.call(UpdateIssuerRequest(issuer=given, update_mask=FieldMask(paths=paths))), server.output)


@app.command()
@remote
def delete(server: Server, issuer: Id, etag: Etag = "") -> None:
    """Stop serving an issuer, and purge it in 30 days."""
    from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest

    show(server.call(DeleteIssuerRequest(name=named(issuer), etag=etag)), server.output)


@app.command()
@remote
def undelete(server: Server, issuer: Id) -> None:
    """Bring a deleted issuer back."""
    from protos.admin.v1.issuer_service_pb2 import UndeleteIssuerRequest

    show(server.call(UndeleteIssuerRequest(name=named(issuer))), server.output)


@app.command()
@remote
def enable(server: Server, issuer: Id, etag: Etag = "") -> None:
    """Serve a disabled issuer again."""
    from protos.admin.v1.issuer_service_pb2 import EnableIssuerRequest

    show(server.call(EnableIssuerRequest(name=named(issuer), etag=etag)), server.output)


@app.command()
@remote
def disable(server: Server, issuer: Id, etag: Etag = "") -> None:
    """Stop serving an issuer; its metadata and keys stay up."""
    from protos.admin.v1.issuer_service_pb2 import DisableIssuerRequest

    show(server.call(DisableIssuerRequest(name=named(issuer), etag=etag)), server.output)
