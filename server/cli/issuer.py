"""`tenantry issuer …`."""

from typing import Annotated, Any

import typer

from server.cli.connection import DEFAULT_ADDRESS, MAX_SECONDS, Address, DataDir, Token, connect
from server.cli.output import Format, Output, show

app = typer.Typer(no_args_is_help=True)
COLUMNS = ("name", "issuer_uri", "state", "display_name", "create_time")

Id = Annotated[str, typer.Argument(metavar="ISSUER", help="The issuer's id, such as acme.")]
DisplayName = Annotated[str | None, typer.Option("--display-name", help="A name for people.")]
Scope = Annotated[list[str] | None, typer.Option("--scope", help="A scope to offer; may be repeated.")]
Resource = Annotated[
    list[str] | None, typer.Option("--resource", help="A resource that tokens may be asked for; may be repeated.")
]
TokenFormat = Annotated[str | None, typer.Option("--token-format", help="jwt or opaque.")]
Algorithm = Annotated[str | None, typer.Option("--signing-algorithm", help="ES256, EdDSA or RS256.")]
AccessTtl = Annotated[int | None, typer.Option("--access-token-ttl", min=0, max=MAX_SECONDS, help="Seconds.")]
RefreshTtl = Annotated[
    int | None,
    typer.Option("--refresh-token-ttl", min=0, max=MAX_SECONDS, help="Seconds; 0 issues no refresh tokens."),
]
Registration = Annotated[
    bool | None,
    typer.Option("--dynamic-registration/--no-dynamic-registration", help="Whether clients may register themselves."),
]
Etag = Annotated[str, typer.Option("--etag", help="Only if it is still this version.")]


@app.command()
def create(
    issuer: Id,
    uri: Annotated[str, typer.Option("--uri", help="What clients see, such as https://auth.example.com.")],
    display_name: DisplayName = None,
    scope: Scope = None,
    resource: Resource = None,
    token_format: TokenFormat = None,
    signing_algorithm: Algorithm = None,
    access_token_ttl: AccessTtl = None,
    refresh_token_ttl: RefreshTtl = None,
    dynamic_registration: Registration = None,
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Create an issuer; it serves at once."""
    from protos.admin.v1 import issuer_service_pb2 as pb

    policy = _policy(
        scope, resource, token_format, signing_algorithm, access_token_ttl, refresh_token_ttl, dynamic_registration
    )
    given = pb.Issuer(issuer_uri=uri, display_name=display_name or "", policy=policy)
    _one("CreateIssuer", pb.CreateIssuerRequest(issuer_id=issuer, issuer=given), address, token, data_dir, output)


@app.command()
def get(
    issuer: Id,
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Show an issuer with its policy."""
    from protos.admin.v1 import issuer_service_pb2 as pb

    _one("GetIssuer", pb.GetIssuerRequest(name=f"issuers/{issuer}"), address, token, data_dir, output)


@app.command("list")
def list_issuers(
    show_deleted: Annotated[bool, typer.Option("--show-deleted", help="The deleted ones too.")] = False,
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """List all issuers."""
    from protos.admin.v1 import issuer_service_pb2 as pb
    from protos.admin.v1.issuer_service_pb2_grpc import IssuerServiceStub

    connection = connect(address, token, data_dir)
    found: list[Any] = []
    page = ""
    while True:
        request = pb.ListIssuersRequest(page_size=1_000, page_token=page, show_deleted=show_deleted)
        answer = connection.call(IssuerServiceStub, "ListIssuers", request)
        found.extend(answer.issuers)
        page = answer.next_page_token
        if not page:
            break
    show(found, COLUMNS, output, many=True)


@app.command()
def update(
    issuer: Id,
    display_name: DisplayName = None,
    scope: Scope = None,
    resource: Resource = None,
    token_format: TokenFormat = None,
    signing_algorithm: Algorithm = None,
    access_token_ttl: AccessTtl = None,
    refresh_token_ttl: RefreshTtl = None,
    dynamic_registration: Registration = None,
    etag: Etag = "",
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Change what is given; all else stays."""
    from google.protobuf.field_mask_pb2 import FieldMask

    from protos.admin.v1 import issuer_service_pb2 as pb

    policy = _policy(
        scope, resource, token_format, signing_algorithm, access_token_ttl, refresh_token_ttl, dynamic_registration
    )
    paths = [f"policy.{field.name}" for field, _ in policy.ListFields()]
    if refresh_token_ttl == 0 and "policy.refresh_token_ttl" not in paths:
        paths.append("policy.refresh_token_ttl")
    if display_name is not None:
        paths.append("display_name")
    given = pb.Issuer(name=f"issuers/{issuer}", display_name=display_name or "", policy=policy, etag=etag)
    request = pb.UpdateIssuerRequest(issuer=given, update_mask=FieldMask(paths=paths))
    _one("UpdateIssuer", request, address, token, data_dir, output)


@app.command()
def delete(
    issuer: Id,
    etag: Etag = "",
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Stop serving an issuer, and purge it in 30 days."""
    from protos.admin.v1 import issuer_service_pb2 as pb

    _one("DeleteIssuer", pb.DeleteIssuerRequest(name=f"issuers/{issuer}", etag=etag), address, token, data_dir, output)


@app.command()
def undelete(
    issuer: Id,
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Bring a deleted issuer back."""
    from protos.admin.v1 import issuer_service_pb2 as pb

    _one("UndeleteIssuer", pb.UndeleteIssuerRequest(name=f"issuers/{issuer}"), address, token, data_dir, output)


@app.command()
def enable(
    issuer: Id,
    etag: Etag = "",
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Serve a disabled issuer again."""
    from protos.admin.v1 import issuer_service_pb2 as pb

    _one("EnableIssuer", pb.EnableIssuerRequest(name=f"issuers/{issuer}", etag=etag), address, token, data_dir, output)


@app.command()
def disable(
    issuer: Id,
    etag: Etag = "",
    address: Address = DEFAULT_ADDRESS,
    token: Token = None,
    data_dir: DataDir = None,
    output: Output = Format.TABLE,
) -> None:
    """Stop serving an issuer; its metadata and keys stay up."""
    from protos.admin.v1 import issuer_service_pb2 as pb

    _one(
        "DisableIssuer", pb.DisableIssuerRequest(name=f"issuers/{issuer}", etag=etag), address, token, data_dir, output
    )


def _one(method: str, request: Any, address: str, token: str | None, data_dir: Any, output: Format) -> None:
    from protos.admin.v1.issuer_service_pb2_grpc import IssuerServiceStub

    answer = connect(address, token, data_dir).call(IssuerServiceStub, method, request)
    show([answer], COLUMNS, output, many=False)


def _policy(
    scopes: list[str] | None,
    resources: list[str] | None,
    token_format: str | None,
    signing_algorithm: str | None,
    access_token_ttl: int | None,
    refresh_token_ttl: int | None,
    dynamic_registration: bool | None,
) -> Any:
    from google.protobuf.duration_pb2 import Duration

    from protos.admin.v1 import issuer_service_pb2 as pb

    formats: dict[str | None, Any] = {
        None: None,
        "jwt": pb.IssuerPolicy.TOKEN_FORMAT_JWT,
        "opaque": pb.IssuerPolicy.TOKEN_FORMAT_OPAQUE,
    }
    if token_format not in formats:
        raise typer.BadParameter("must be jwt or opaque", param_hint="--token-format")
    return pb.IssuerPolicy(
        scopes=scopes or (),
        resources=resources or (),
        token_format=formats[token_format],
        signing_algorithm=signing_algorithm,
        access_token_ttl=None if access_token_ttl is None else Duration(seconds=access_token_ttl),
        refresh_token_ttl=None if refresh_token_ttl is None else Duration(seconds=refresh_token_ttl),
        dynamic_registration=dynamic_registration,
    )
