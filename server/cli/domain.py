"""`tenantry domain …`."""

import re
from typing import Annotated

import typer

from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.failing import REFUSED, fail
from server.cli.issuer import Etag, named
from server.cli.noun import Noun
from server.cli.output import Format, members, show, show_all, show_deleted, show_items
from server.cli.readable import own_id, printable
from server.cli.server import Server
from server.cli.words import Issuer

app = Noun()
COLUMNS = ("id", "host", "state", "verify_time", "last_error")
TTL = 300
"""Seconds, in the record to paste: short, for it is asked for again soon."""

_PORT = re.compile(r":[0-9]+$")

Id = Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain's id, such as login-example-com; or its host.")]


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
    """Claim a further host for an issuer.

    Its owner is to say so in the DNS: the record is printed.
    """
    from protos.admin.v1.domain_service_pb2 import CreateDomainRequest, Domain

    asked = CreateDomainRequest(parent=named(issuer), domain_id=domain_id, domain=Domain(host=host))
    made = server.call(asked)
    show(made, server.output)
    if server.output is Format.TABLE and made.state == Domain.STATE_PENDING:
        print(f"\nPut this into the DNS, then say: tenantry domain verify {issuer} {own_id(made.name)}\n")
        print(f'{printable(made.challenge_name)}. {TTL} IN TXT "{printable(made.challenge_value)}"')


@app.command()
@remote
def get(server: Server, issuer: Issuer, domain: Id) -> None:
    """Show a domain."""
    from protos.admin.v1.domain_service_pb2 import GetDomainRequest

    show(server.call(GetDomainRequest(name=_name(issuer, domain))), server.output)


@app.command("list")
@remote
def list_domains(server: Server, issuer: Issuer) -> None:
    """List the domains of an issuer.

    With their ids where one is not simply the host.
    """
    from protos.admin.v1.domain_service_pb2 import ListDomainsRequest

    found = server.pages(ListDomainsRequest(parent=named(issuer)), "domains")
    if server.output is not Format.TABLE:
        show_all(found, COLUMNS, server.output)
        return
    items = [members(domain) for domain in found]
    plain = all(own_id(item["name"]) == item["host"].replace(".", "-") for item in items)
    show_items(items, COLUMNS[1:] if plain else COLUMNS, server.output)


@app.command()
@remote
def verify(server: Server, issuer: Issuer, domain: Id) -> None:
    """Ask the DNS whether the issuer may have the host.

    If so, it serves there from then on; else this fails.
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
    """Say which issuers answer at a host; 1 if none does."""
    from protos.admin.v1.domain_service_pb2 import ResolveHostRequest

    routes = server.call(ResolveHostRequest(host=host)).routes
    if not routes:
        port = "" if _PORT.search(host) else "; say the port too if it is not the usual one, such as localhost:8080"
        fail(REFUSED, f"nobody answers at {host}{port}")
    show_all(routes, ("issuer", "path", "domain"), server.output)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, domain: Id, *, etag: Etag = "", yes: Yes = False) -> None:
    """Give a host up; anybody may claim it."""
    from protos.admin.v1.domain_service_pb2 import DeleteDomainRequest

    name = _name(issuer, domain)
    confirm("the id of the domain", own_id(name), yes=yes)
    show_deleted(server.call(DeleteDomainRequest(name=name, etag=etag)), server.output, name)


def _name(issuer: str, domain: str) -> str:
    """Of a domain that is said by its id, or by its host if it has the id that comes from that."""
    return f"{named(issuer)}/domains/{domain.replace('.', '-')}"
