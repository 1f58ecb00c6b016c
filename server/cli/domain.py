"""`tenantry domain …`."""

from typing import Annotated

import typer

from server.cli.connection import remote
from server.cli.failing import REFUSED, fail
from server.cli.issuer import Etag, named
from server.cli.output import show, show_all, show_deleted
from server.cli.server import Server
from server.cli.words import Issuer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
COLUMNS = ("name", "host", "state", "verify_time", "last_error")

Id = Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain's id, such as login-example-com.")]


@app.command()
@remote
def create(
    server: Server,
    issuer: Issuer,
    host: Annotated[str, typer.Argument(metavar="HOST", help="A name such as login.example.com.")],
    domain_id: Annotated[
        str,
        typer.Option("--domain-id", metavar="ID", show_default="the host, with - for each dot", help="Its id."),
    ] = "",
) -> None:
    """Claim a further host for an issuer; the answer says what its owner is to say in the DNS."""
    from protos.admin.v1.domain_service_pb2 import CreateDomainRequest, Domain

    asked = CreateDomainRequest(parent=named(issuer), domain_id=domain_id, domain=Domain(host=host))
    show(server.call(asked), server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, domain: Id) -> None:
    """Show a domain."""
    from protos.admin.v1.domain_service_pb2 import GetDomainRequest

    show(server.call(GetDomainRequest(name=_name(issuer, domain))), server.output)


@app.command("list")
@remote
def list_domains(server: Server, issuer: Issuer) -> None:
    """List the domains of an issuer."""
    from protos.admin.v1.domain_service_pb2 import ListDomainsRequest

    show_all(server.pages(ListDomainsRequest(parent=named(issuer)), "domains"), COLUMNS, server.output)


@app.command()
@remote
def verify(server: Server, issuer: Issuer, domain: Id) -> None:
    """Ask the DNS whether the issuer may have the host, which works from then on.

    Fails while the DNS does not say so.
    """
    from protos.admin.v1.domain_service_pb2 import Domain, VerifyDomainRequest

    found = server.call(VerifyDomainRequest(name=_name(issuer, domain)))
    if found.state != Domain.STATE_ACTIVE:
        fail(REFUSED, f"{found.host} is not verified: {found.last_error}")
    show(found, server.output)


@app.command()
@remote
def resolve(
    server: Server,
    host: Annotated[str, typer.Argument(metavar="HOST", help="As in a URL, with the port if it is not the usual one.")],
) -> None:
    """Say which issuers answer at a host."""
    from protos.admin.v1.domain_service_pb2 import ResolveHostRequest

    show_all(server.call(ResolveHostRequest(host=host)).routes, ("issuer", "path", "domain"), server.output)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, domain: Id, *, etag: Etag = "") -> None:
    """Give a host up; anybody may claim it."""
    from protos.admin.v1.domain_service_pb2 import DeleteDomainRequest

    name = _name(issuer, domain)
    show_deleted(server.call(DeleteDomainRequest(name=name, etag=etag)), server.output, name)


def _name(issuer: str, domain: str) -> str:
    return f"{named(issuer)}/domains/{domain}"
