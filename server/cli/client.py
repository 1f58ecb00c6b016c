"""`tenantry client …`."""

from typing import Annotated, Any

import typer

from server.cli.connection import DEFAULT_ADDRESS, MAX_SECONDS, Address, DataDir, Token, connect
from server.cli.output import Format, Output, show

app = typer.Typer(no_args_is_help=True)
COLUMNS = ("client_id", "display_name", "origin", "token_endpoint_auth_method", "last_use_time")

Issuer = Annotated[str, typer.Option("--issuer", help="The issuer's id.")]
Id = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")]


@app.command()
def create(
    issuer: Issuer,
    redirect_uri: Annotated[list[str], typer.Option("--redirect-uri", help="May be repeated.")],
    client_id: Annotated[str, typer.Option("--client-id", help="Chosen by you; else one is made up.")] = "",
    display_name: Annotated[str, typer.Option("--display-name", help="What users see.")] = "",
    auth_method: Annotated[
        str, typer.Option("--auth-method", help="none, client_secret_basic or client_secret_post.")
    ] = "none",
    scope: Annotated[str, typer.Option("--scope", help="What it may ask for, with spaces between.")] = "",
    resource: Annotated[
        list[str] | None, typer.Option("--resource", help="A resource that it speaks for; may be repeated.")
    ] = None,
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a client. Its secret is printed this once."""
    from protos.admin.v1 import client_service_pb2 as pb

    given = pb.Client(
        display_name=display_name,
        redirect_uris=redirect_uri,
        token_endpoint_auth_method=auth_method,
        scope=scope,
        resources=resource or (),
    )
    request = pb.CreateClientRequest(parent=f"issuers/{issuer}", client_id=client_id, client=given)
    show([_call("CreateClient", request, address, token, data_dir)], COLUMNS, output, many=False)


@app.command()
def get(
    client: Id,
    issuer: Issuer,
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Show a client."""
    from protos.admin.v1 import client_service_pb2 as pb

    request = pb.GetClientRequest(name=f"issuers/{issuer}/clients/{client}")
    show([_call("GetClient", request, address, token, data_dir)], COLUMNS, output, many=False)


@app.command("list")
def list_clients(
    issuer: Issuer,
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """List the clients of an issuer."""
    from protos.admin.v1 import client_service_pb2 as pb

    found: list[Any] = []
    page = ""
    while True:
        request = pb.ListClientsRequest(parent=f"issuers/{issuer}", page_size=1_000, page_token=page)
        answer = _call("ListClients", request, address, token, data_dir)
        found.extend(answer.clients)
        page = answer.next_page_token
        if not page:
            break
    show(found, COLUMNS, output, many=True)


@app.command()
def delete(
    client: Id, issuer: Issuer, address: Address = DEFAULT_ADDRESS, token: Token = None, data_dir: DataDir = None
) -> None:
    """Delete a client, and end all that it was granted."""
    from protos.admin.v1 import client_service_pb2 as pb

    _call("DeleteClient", pb.DeleteClientRequest(name=f"issuers/{issuer}/clients/{client}"), address, token, data_dir)
    print(f"deleted issuers/{issuer}/clients/{client}")


@app.command("rotate-secret")
def rotate_secret(
    client: Id,
    issuer: Issuer,
    overlap: Annotated[
        int, typer.Option("--overlap", min=0, max=MAX_SECONDS, help="Seconds that the former secret still counts.")
    ] = 0,
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Make a new secret. It is printed this once."""
    if output is Format.NAME:
        raise typer.BadParameter("would not show the secret", param_hint="-o name")
    from google.protobuf.duration_pb2 import Duration

    from protos.admin.v1 import client_service_pb2 as pb

    request = pb.RotateClientSecretRequest(name=f"issuers/{issuer}/clients/{client}", overlap=Duration(seconds=overlap))
    show([_call("RotateClientSecret", request, address, token, data_dir)], COLUMNS, output, many=False)


def _call(method: str, request: Any, address: str, token: str | None, data_dir: Any) -> Any:
    from protos.admin.v1.client_service_pb2_grpc import ClientServiceStub

    return connect(address, token, data_dir).call(ClientServiceStub, method, request)
