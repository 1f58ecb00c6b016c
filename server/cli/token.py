"""`tenantry token …`."""

from enum import StrEnum
from typing import Annotated

import typer

from server.cli import completion
from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.duration import duration
from server.cli.issuer import named
from server.cli.noun import Noun
from server.cli.output import show, show_all, show_deleted
from server.cli.readable import own_id
from server.cli.server import Server

app = Noun()
COLUMNS = ("id", "role", "issuers", "display_name", "expire_time", "last_use_time")

Token = Annotated[str, typer.Argument(metavar="TOKEN", help="The last part of its name, not the token itself.")]


class Role(StrEnum):
    VIEWER = "viewer"
    ISSUER_ADMIN = "issuer-admin"
    OPERATOR = "operator"
    OWNER = "owner"


@app.command()
@remote
def create(
    server: Server,
    admin_token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The last part of its name; one is made if none is given.")
    ] = "",
    *,
    role: Annotated[Role, typer.Option("--role", help="What it may do.")],
    issuers: Annotated[
        list[str] | None,
        typer.Option(
            "--issuer",
            metavar="ISSUER",
            show_default=False,
            help="Only there; may be repeated.",
            autocompletion=completion.issuers,
        ),
    ] = None,
    display_name: Annotated[
        str, typer.Option("--display-name", metavar="NAME", show_default=False, help="Whose it is, or what for.")
    ] = "",
    ttl: Annotated[
        int | None,
        typer.Option(
            "--expires-in", parser=duration, metavar="DURATION", show_default="90d", help="How long it counts."
        ),
    ] = None,
) -> None:
    """Make a token that may call the admin API.

    It is printed this once.
    """
    from google.protobuf.duration_pb2 import Duration

    from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest

    given = AdminToken(
        role=f"ROLE_{role.name}",  # type: ignore[arg-type]  its stub knows numbers only
        issuers=[named(issuer) for issuer in issuers or ()],
        display_name=display_name,
    )
    if ttl is not None:
        given.ttl.CopyFrom(Duration(seconds=ttl))
    show(server.call(CreateAdminTokenRequest(admin_token_id=admin_token, admin_token=given)), server.output)


@app.command()
@remote
def get(server: Server, admin_token: Token) -> None:
    """Show a token: what it may do, and when it was last used."""
    from protos.admin.v1.admin_token_service_pb2 import GetAdminTokenRequest

    show(server.call(GetAdminTokenRequest(name=_name(admin_token))), server.output)


@app.command("list")
@remote
def list_tokens(server: Server) -> None:
    """List the tokens that may call the admin API."""
    from protos.admin.v1.admin_token_service_pb2 import ListAdminTokensRequest

    show_all(server.pages(ListAdminTokensRequest(), "admin_tokens"), COLUMNS, server.output)


@app.command()
@remote
def delete(server: Server, admin_token: Token, yes: Yes = False) -> None:
    """Revoke a token; it opens nothing from now on."""
    from protos.admin.v1.admin_token_service_pb2 import DeleteAdminTokenRequest

    name = _name(admin_token)
    confirm("the last part of its name", own_id(name), yes=yes)
    show_deleted(server.call(DeleteAdminTokenRequest(name=name)), server.output, name)


def _name(token: str) -> str:
    return f"adminTokens/{token.removeprefix('adminTokens/')}"
