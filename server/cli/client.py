"""`tenantry client …`."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import quote

import typer

from server.cli.connection import Server, remote
from server.cli.duration import duration
from server.cli.file import text_in
from server.cli.issuer import named
from server.cli.output import show, show_all, show_deleted
from server.cli.words import AssertionAlgorithm, AuthMethod, Issuer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
COLUMNS = ("client_id", "display_name", "origin", "token_endpoint_auth_method", "last_use_time")

Id = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")]


class GrantType(StrEnum):
    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"
    CLIENT_CREDENTIALS = "client_credentials"
    TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
    JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class ApplicationType(StrEnum):
    WEB = "web"
    NATIVE = "native"


@app.command()
@remote
def create(
    server: Server,
    issuer: Issuer,
    redirect_uri: Annotated[
        list[str] | None,
        typer.Option("--redirect-uri", metavar="URI", help="Where users may return to. May be repeated."),
    ] = None,
    client_id: Annotated[
        str,
        typer.Option(
            "--client-id", metavar="ID", show_default=False, help="An id that you choose; else one is made up."
        ),
    ] = "",
    display_name: Annotated[
        str, typer.Option("--display-name", metavar="NAME", show_default=False, help="What users see.")
    ] = "",
    auth_method: Annotated[AuthMethod, typer.Option("--auth-method", help="How it says who it is.")] = AuthMethod.NONE,
    grant_type: Annotated[
        list[GrantType] | None,
        typer.Option(
            "--grant-type",
            metavar="|".join(GrantType),
            show_default="authorization_code refresh_token",
            help="By what it may get tokens. May be repeated.",
        ),
    ] = None,
    scope: Annotated[
        str,
        typer.Option("--scope", metavar="SCOPES", show_default=False, help="What it may ask for, with spaces between."),
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
    target_resource: Annotated[
        list[str] | None,
        typer.Option(
            "--target-resource", metavar="URI", help="token-exchange: what it may exchange tokens for. May be repeated."
        ),
    ] = None,
    jwks: Annotated[
        str | None,
        typer.Option(
            "--jwks-file",
            metavar="FILE",
            show_default=False,
            help="private_key_jwt: a file with its public keys (a JWK Set), or - for the standard input.",
        ),
    ] = None,
    jwks_uri: Annotated[
        str,
        typer.Option("--jwks-uri", metavar="URI", show_default=False, help="private_key_jwt: or where they lie."),
    ] = "",
    assertion_algorithm: Annotated[
        AssertionAlgorithm | None,
        typer.Option(
            "--assertion-algorithm", show_default="any", help="private_key_jwt: what alone may sign its assertions."
        ),
    ] = None,
    dpop_bound: Annotated[
        bool, typer.Option("--dpop-bound", help="Tokens only for proof that it holds a key (DPoP).")
    ] = False,
    par_required: Annotated[
        bool, typer.Option("--par-required", help="Authorization by pushed requests only (PAR).")
    ] = False,
    post_logout_redirect_uri: Annotated[
        list[str] | None,
        typer.Option(
            "--post-logout-redirect-uri",
            metavar="URI",
            help="Where users may return to after signing out. May be repeated.",
        ),
    ] = None,
    backchannel_logout_uri: Annotated[
        str,
        typer.Option(
            "--backchannel-logout-uri", metavar="URI", show_default=False, help="Called when a user's session ends."
        ),
    ] = "",
    backchannel_logout_session_required: Annotated[
        bool,
        typer.Option("--backchannel-logout-session-required", help="It must be told which session (it always is)."),
    ] = False,
    userinfo_algorithm: Annotated[
        str,
        typer.Option(
            "--userinfo-algorithm",
            metavar="ALGORITHM",
            show_default=False,
            help="Userinfo as a JWT; only what the issuer itself signs with.",
        ),
    ] = "",
) -> None:
    """Create a client. Its secret, if it has one, is printed this once."""
    from protos.admin.v1.client_service_pb2 import Client, CreateClientRequest

    given = Client(
        display_name=display_name,
        redirect_uris=redirect_uri or (),
        grant_types=grant_type or (),
        token_endpoint_auth_method=auth_method,
        scope=scope,
        application_type=application_type or "",
        resources=resource or (),
        target_resources=target_resource or (),
        jwks="" if jwks is None else text_in(jwks, "the JWK Set"),
        jwks_uri=jwks_uri,
        token_endpoint_auth_signing_alg=assertion_algorithm or "",
        dpop_bound_access_tokens=dpop_bound,
        require_pushed_authorization_requests=par_required,
        post_logout_redirect_uris=post_logout_redirect_uri or (),
        backchannel_logout_uri=backchannel_logout_uri,
        backchannel_logout_session_required=backchannel_logout_session_required,
        userinfo_signed_response_alg=userinfo_algorithm,
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
    show_deleted(nothing, server.output, name)


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
    return f"{named(issuer)}/clients/{quote(client, safe='')}"
