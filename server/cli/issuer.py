"""`tenantry issuer …`."""

from typing import Annotated, Any

import typer

from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.failing import USED_WRONGLY, fail
from server.cli.given import mask_of
from server.cli.noun import Noun
from server.cli.output import show, show_all
from server.cli.policy import Given, with_policy
from server.cli.server import Server
from server.cli.words import ID, ID_FORM, Issuer, filter_option

app = Noun()
COLUMNS = ("id", "issuer_uri", "state", "display_name", "create_time")

DisplayName = Annotated[
    str | None,
    typer.Option("--display-name", metavar="NAME", help="A name for people, in lists and on the issuer's own page."),
]
Etag = Annotated[
    str, typer.Option("--etag", metavar="ETAG", help="Only if it is still this version.", show_default=False)
]

_EMPTY = {
    "policy": {
        "private_redirect_schemes": "none",
        "allowed_origins": "none",
        "first_party_origins": "none",
        "client_document_hosts": "none",
        "client_certificate_authorities": "none",
        "software_statement_issuers": "none",
    }
}


def named(issuer: str) -> str:
    """The name of an issuer, given by its id or its name. Raises BadParameter if it can be neither."""
    issuer_id = issuer.removeprefix("issuers/")
    if not ID.fullmatch(issuer_id):
        raise typer.BadParameter(ID_FORM, param_hint="'ISSUER'")
    return f"issuers/{issuer_id}"


@app.command()
@remote
@with_policy
def create(
    given: Given,
    server: Server,
    issuer: Issuer,
    issuer_uri: Annotated[
        str,
        typer.Option(
            "--uri", metavar="URI", help="What clients see, such as https://auth.example.com, or with a path."
        ),
    ],
    display_name: DisplayName = None,
) -> None:
    """Create an issuer; it serves at once."""
    from protos.admin.v1.issuer_service_pb2 import CreateIssuerRequest, Issuer

    if given.emptied:
        option = server.typed(given.emptied[0])
        fail(USED_WRONGLY, f"{option} of a new issuer cannot be empty; use tenantry issuer update for that")
    whole = Issuer(issuer_uri=issuer_uri, display_name=display_name or "", policy=given.policy)
    request = CreateIssuerRequest(issuer_id=named(issuer).removeprefix("issuers/"), issuer=whole)
    show(server.call(request), server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer) -> None:
    """Show an issuer with its policy."""
    from protos.admin.v1.issuer_service_pb2 import GetIssuerRequest

    _show(server.call(GetIssuerRequest(name=named(issuer))), server)


@app.command("list")
@remote
def list_issuers(
    server: Server,
    show_deleted: Annotated[bool, typer.Option("--show-deleted", help="The deleted ones too.")] = False,
    filter: Annotated[str, filter_option("Which, such as: state = STATE_DISABLED")] = "",
) -> None:
    """List all issuers."""
    from protos.admin.v1.issuer_service_pb2 import ListIssuersRequest

    found = server.pages(ListIssuersRequest(show_deleted=show_deleted, filter=filter), "issuers")
    show_all(found, COLUMNS, server.output)


@app.command()
@remote
@with_policy
def update(given: Given, server: Server, issuer: Issuer, display_name: DisplayName = None, etag: Etag = "") -> None:
    """Change what is given; all else stays.

    An option that may be repeated replaces its whole list; an empty value ('') empties it. The defaults that are shown
    are those of a new issuer.
    """
    from protos.admin.v1.issuer_service_pb2 import Issuer, UpdateIssuerRequest

    mask = mask_of(given.paths if display_name is None else [*given.paths, "display_name"], "issuer")
    whole = Issuer(name=named(issuer), display_name=display_name or "", policy=given.policy, etag=etag)
    _show(server.call(UpdateIssuerRequest(issuer=whole, update_mask=mask)), server)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, etag: Etag = "", yes: Yes = False) -> None:
    """Stop serving an issuer, and purge it in 30 days.

    Its id has to be typed, unless --yes is given.
    """
    from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest

    confirm("the id of the issuer", named(issuer).removeprefix("issuers/"), yes=yes)
    _show(server.call(DeleteIssuerRequest(name=named(issuer), etag=etag)), server)


@app.command()
@remote
def undelete(server: Server, issuer: Issuer) -> None:
    """Bring a deleted issuer back."""
    from protos.admin.v1.issuer_service_pb2 import UndeleteIssuerRequest

    _show(server.call(UndeleteIssuerRequest(name=named(issuer))), server)


@app.command()
@remote
def enable(server: Server, issuer: Issuer, etag: Etag = "") -> None:
    """Serve a disabled issuer again."""
    from protos.admin.v1.issuer_service_pb2 import EnableIssuerRequest

    _show(server.call(EnableIssuerRequest(name=named(issuer), etag=etag)), server)


@app.command()
@remote
def disable(server: Server, issuer: Issuer, etag: Etag = "") -> None:
    """Stop serving an issuer; its metadata and keys stay up."""
    from protos.admin.v1.issuer_service_pb2 import DisableIssuerRequest

    _show(server.call(DisableIssuerRequest(name=named(issuer), etag=etag)), server)


def _show(issuer: Any, server: Server) -> None:
    show(issuer, server.output, empty=_EMPTY)
