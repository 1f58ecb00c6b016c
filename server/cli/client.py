"""`tenantry client …`."""

from enum import StrEnum
from typing import Annotated, Any, cast
from urllib.parse import quote

import typer

from server.cli.certificate_name import KINDS, NAME_FIELDS, certificate_name
from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.duration import duration
from server.cli.failing import USED_WRONGLY, fail
from server.cli.file import text_in
from server.cli.given import mask_of, said_of
from server.cli.issuer import Etag, named
from server.cli.noun import Noun
from server.cli.options import one_of, several, switch, with_options, word
from server.cli.output import show, show_all, show_deleted
from server.cli.server import Server
from server.cli.words import AssertionAlgorithm, Issuer, filter_option

app = Noun()
COLUMNS = ("client_id", "display_name", "origin", "state", "last_use_time")

Id = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")]


class GrantType(StrEnum):
    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"
    CLIENT_CREDENTIALS = "client_credentials"
    TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
    JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class AuthMethod(StrEnum):
    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"


class ApplicationType(StrEnum):
    WEB = "web"
    NATIVE = "native"


OPTIONS: dict[str, tuple[Any, Any]] = {
    "redirect_uris": several("--redirect-uri", "URI", "Where users may return to."),
    "display_name": word("--display-name", "NAME", "What users see."),
    "token_endpoint_auth_method": one_of(AuthMethod, "--auth-method", "How it says who it is.", "none"),
    "grant_types": several(
        "--grant-type",
        "|".join(GrantType),
        "By what it may get tokens.",
        "authorization_code refresh_token; none with --resource and no --redirect-uri",
        GrantType,
    ),
    "scope": several("--scope", "SCOPE", "A scope that it may ask for."),
    "application_type": one_of(ApplicationType, "--application-type", "Native ones run on their user's own device."),
    "resources": several("--resource", "URI", "A resource that it speaks for, to introspect its tokens."),
    "target_resources": several("--target-resource", "URI", "token-exchange: what it may exchange tokens for."),
    "jwks": word(
        "--jwks-file",
        "FILE",
        "private_key_jwt, self_signed_tls_client_auth: a file with its public keys (a JWK Set), or -.",
    ),
    "jwks_uri": word("--jwks-uri", "URI", "Or where they lie."),
    "token_endpoint_auth_signing_alg": one_of(
        AssertionAlgorithm, "--assertion-algorithm", "private_key_jwt: what alone may sign its assertions.", "any"
    ),
    "dpop_bound_access_tokens": switch(
        "--dpop-bound/--no-dpop-bound", "Tokens only for proof that it holds a key (DPoP)."
    ),
    "tls_client_auth": (
        Annotated[
            dict[str, str] | None,
            typer.Option(
                "--certificate-name",
                parser=certificate_name,
                metavar="KIND=NAME",
                help=f"tls_client_auth: the name in its certificate; KIND is {', '.join(KINDS)}.",
            ),
        ],
        None,
    ),
    "tls_client_certificate_bound_access_tokens": switch(
        "--certificate-bound/--no-certificate-bound", "Tokens only for the certificate that it shows (mutual TLS)."
    ),
    "require_pushed_authorization_requests": switch(
        "--par-required/--no-par-required", "Authorization by pushed requests only (PAR)."
    ),
    "post_logout_redirect_uris": several(
        "--post-logout-redirect-uri", "URI", "Where users may return to after signing out."
    ),
    "backchannel_logout_uri": word("--backchannel-logout-uri", "URI", "Called when a user's session ends."),
    "userinfo_signed_response_alg": word(
        "--userinfo-algorithm", "ALGORITHM", "Userinfo as a JWT; only what the issuer itself signs with."
    ),
}


class Given:
    """What was said of a client. An empty word or an only empty item says that there is none."""

    def __init__(self, **given: Any) -> None:
        from protos.admin.v1.client_service_pb2 import Client

        said = said_of(given)
        named = said.pop("tls_client_auth", None)
        if named is not None:
            said |= dict.fromkeys(NAME_FIELDS, "") | named
        self.paths = list(said)
        """What is said, as an update mask."""
        for name, value in said.items():
            if isinstance(value, list):
                said[name] = [item for item in cast("list[str]", value) if item]
        if "scope" in said:
            said["scope"] = " ".join(said["scope"])
        if said.get("jwks"):
            said["jwks"] = text_in(said["jwks"], "the JWK Set")
        self.message = Client(**said)


with_client = with_options(OPTIONS, Given)
"""Marks a command that takes what there is to say of a client."""


@app.command()
@remote
@with_client
def create(
    given: Given,
    server: Server,
    issuer: Issuer,
    client_id: Annotated[
        str,
        typer.Option(
            "--client-id", metavar="ID", show_default=False, help="An id that you choose; else one is made up."
        ),
    ] = "",
) -> None:
    """Create a client. Its secret, if it has one, is printed this once."""
    from protos.admin.v1.client_service_pb2 import CreateClientRequest

    if not {"redirect_uris", "grant_types", "resources", "target_resources"} & set(given.paths):
        fail(USED_WRONGLY, "give --redirect-uri, where users return to; or --grant-type or --resource, if it has none")
    given.message.token_endpoint_auth_method = given.message.token_endpoint_auth_method or AuthMethod.NONE
    request = CreateClientRequest(parent=named(issuer), client_id=client_id, client=given.message)
    show(server.call(request), server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, client: Id) -> None:
    """Show a client."""
    from protos.admin.v1.client_service_pb2 import GetClientRequest

    show(server.call(GetClientRequest(name=_named(issuer, client))), server.output)


@app.command("list")
@remote
def list_clients(
    server: Server,
    issuer: Issuer,
    filter: Annotated[
        str, filter_option('Which clients, such as: state = STATE_PENDING AND display_name = "Acme*"')
    ] = "",
) -> None:
    """List the clients of an issuer."""
    from protos.admin.v1.client_service_pb2 import ListClientsRequest

    request = ListClientsRequest(parent=named(issuer), filter=filter)
    show_all(server.pages(request, "clients"), COLUMNS, server.output)


@app.command()
@remote
@with_client
def update(
    given: Given,
    server: Server,
    issuer: Issuer,
    client: Id,
    scope_limit: Annotated[
        list[str] | None,
        typer.Option(
            "--scope-limit",
            metavar="SCOPE",
            show_default=False,
            help="A scope that one that came by itself may have at most. May be repeated.",
        ),
    ] = None,
    etag: Etag = "",
) -> None:
    """Change what is given; all else stays.

    An option that may be repeated replaces its whole list; an empty value ('') empties it. Of a client that came by
    itself only --scope-limit can be changed. The defaults that are shown are those of a new client.
    """
    from protos.admin.v1.client_service_pb2 import UpdateClientRequest

    mask = mask_of(given.paths if scope_limit is None else [*given.paths, "scope_limit"], "client")
    given.message.name, given.message.etag = _named(issuer, client), etag
    given.message.scope_limit = " ".join(scope_limit or ())
    show(server.call(UpdateClientRequest(client=given.message, update_mask=mask)), server.output)


@app.command()
@remote
def disable(server: Server, issuer: Issuer, client: Id, etag: Etag = "") -> None:
    """Shut a client out until it is enabled again."""
    from protos.admin.v1.client_service_pb2 import DisableClientRequest

    show(server.call(DisableClientRequest(name=_named(issuer, client), etag=etag)), server.output)


@app.command()
@remote
def enable(server: Server, issuer: Issuer, client: Id, etag: Etag = "") -> None:
    """Let a disabled client in again."""
    from protos.admin.v1.client_service_pb2 import EnableClientRequest

    show(server.call(EnableClientRequest(name=_named(issuer, client), etag=etag)), server.output)


@app.command()
@remote
def approve(server: Server, issuer: Issuer, client: Id, etag: Etag = "") -> None:
    """Let a client in that came by itself and waits."""
    from protos.admin.v1.client_service_pb2 import ApproveClientRequest

    show(server.call(ApproveClientRequest(name=_named(issuer, client), etag=etag)), server.output)


@app.command()
@remote
def refresh(server: Server, issuer: Issuer, client: Id, etag: Etag = "") -> None:
    """Read the metadata document of a client now."""
    from protos.admin.v1.client_service_pb2 import RefreshClientDocumentRequest

    show(server.call(RefreshClientDocumentRequest(name=_named(issuer, client), etag=etag)), server.output)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, client: Id, etag: Etag = "", yes: Yes = False) -> None:
    """Delete a client, and end all that it was granted."""
    from protos.admin.v1.client_service_pb2 import DeleteClientRequest

    name = _named(issuer, client)
    confirm("the id of the client", client, yes=yes)
    nothing = server.call(DeleteClientRequest(name=name, etag=etag))
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
