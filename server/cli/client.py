"""`tenantry client …`."""

from enum import StrEnum
from typing import Annotated

import typer

from server.cli.connection import Server, remote
from server.cli.duration import duration
from server.cli.issuer import named
from server.cli.output import Format, show, show_all

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
COLUMNS = ("client_id", "display_name", "origin", "token_endpoint_auth_method", "last_use_time")

Issuer = Annotated[str, typer.Argument(metavar="ISSUER", help="The issuer's id, such as acme.")]
Id = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")]


class AuthMethod(StrEnum):
    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"


class GrantType(StrEnum):
    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"


class ApplicationType(StrEnum):
    WEB = "web"
    NATIVE = "native"


@app.command()
@remote
def create(
    server: Server,
    issuer: Issuer,
    redirect_uri: Annotated[
        list[str], typer.Option("--redirect-uri", metavar="URI", help="Where users may return to. May be repeated.")
    ],
    client_id: Annotated[
        str, typer.Option("--client-id", show_default=False, help="An id that you choose; else one is made up.")
    ] = "",
    display_name: Annotated[str, typer.Option("--display-name", show_default=False, help="What users see.")] = "",
    auth_method: Annotated[AuthMethod, typer.Option("--auth-method", help="How it says who it is.")] = AuthMethod.NONE,
    grant_type: Annotated[
        list[GrantType] | None,
        typer.Option("--grant-type", metavar="|".join(GrantType), help="Both if not given. May be repeated."),
    ] = None,
    scope: Annotated[
        str, typer.Option("--scope", show_default=False, help="What it may ask for, with spaces between.")
    ] = "",
    application_type: Annotated[
        ApplicationType | None,
        typer.Option("--application-type", help="Native ones run on their user's own device."),
    ] = None,
    resource: Annotated[
        list[str] | None,
        typer.Option(
            "--resource",
            metavar="URI",
            help="A resource that it speaks for, to introspect its tokens. May be repeated.",
        ),
    ] = None,
) -> None:
    """Create a client. Its secret, if it has one, is printed this once."""
    from protos.admin.v1.client_service_pb2 import Client, CreateClientRequest

    given = Client(
        display_name=display_name,
        redirect_uris=redirect_uri,
        grant_types=grant_type or (),
        token_endpoint_auth_method=auth_method,
        scope=scope,
        application_type=application_type or "",
        resources=resource or (),
    )
    show(server.call(CreateClientRequest(parent=named(issuer), client_id=client_id, client=given)), server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, client: Id) -> None:
    """Show a client."""
    from protos.admin.v1.client_service_pb2 import GetClientRequest

    show(server.call(GetClientRequest(name=_named(issuer, client))), server.output)


@app.command("list")
@remote
def list_clients(server: Server, issuer: Issuer) -> None:
    """List the clients of an issuer."""
    from protos.admin.v1.client_service_pb2 import ListClientsRequest

    show_all(server.pages(ListClientsRequest(parent=named(issuer)), "clients"), COLUMNS, server.output)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, client: Id) -> None:
    """Delete a client, and end all that it was granted."""
    from protos.admin.v1.client_service_pb2 import DeleteClientRequest

    name = _named(issuer, client)
    nothing = server.call(DeleteClientRequest(name=name))
    if server.output is Format.TABLE:
        print(f"deleted {name}")
    else:
        show(nothing, server.output, name=name)


@app.command("rotate-secret")
@remote
def rotate_secret(
    server: Server,
    issuer: Issuer,
    client: Id,
    overlap: Annotated[
        int | None,
        typer.Option("--overlap", parser=duration, metavar="DURATION", help="How long the former still counts."),
    ] = None,
) -> None:
    """Make a new secret. It is printed this once."""
    from google.protobuf.duration_pb2 import Duration

    from protos.admin.v1.client_service_pb2 import RotateClientSecretRequest

    name = _named(issuer, client)
    request = RotateClientSecretRequest(name=name, overlap=Duration(seconds=overlap or 0))
    show(server.call(request), server.output, name=name)


def _named(issuer: str, client: str) -> str:
    return f"{named(issuer)}/clients/{client}"
