"""`tenantry registration-token …`."""

from typing import Annotated

import typer

from server.cli.confirm import Yes, agree
from server.cli.connection import remote
from server.cli.duration import duration
from server.cli.issuer import named
from server.cli.noun import Noun
from server.cli.output import show, show_all, show_deleted
from server.cli.server import Server
from server.cli.words import Issuer

app = Noun()
COLUMNS = ("id", "note", "uses_left", "expire_time")


@app.command()
@remote
def create(
    server: Server,
    issuer: Issuer,
    note: Annotated[str, typer.Option("--note", show_default=False, help="Whose it is, or what for.")] = "",
    ttl: Annotated[
        int | None,
        typer.Option(
            "--expires-in", parser=duration, metavar="DURATION", show_default="7d", help="How long it counts."
        ),
    ] = None,
    uses: Annotated[int, typer.Option("--uses", min=0, help="How many clients it may register; 0 is any number.")] = 1,
) -> None:
    """Create a token that registers clients.

    It is for an issuer that asks for one (--registration token), and is printed this once.
    """
    from google.protobuf.duration_pb2 import Duration

    from protos.admin.v1.registration_token_service_pb2 import CreateRegistrationTokenRequest, RegistrationToken

    given = RegistrationToken(note=note, uses=uses)
    if ttl is not None:
        given.ttl.CopyFrom(Duration(seconds=ttl))
    request = CreateRegistrationTokenRequest(parent=named(issuer), registration_token=given)
    show(server.call(request), server.output)


@app.command("list")
@remote
def list_tokens(server: Server, issuer: Issuer) -> None:
    """List the tokens that register clients."""
    from protos.admin.v1.registration_token_service_pb2 import ListRegistrationTokensRequest

    found = server.pages(ListRegistrationTokensRequest(parent=named(issuer)), "registration_tokens")
    show_all(found, COLUMNS, server.output)


@app.command()
@remote
def delete(
    server: Server,
    issuer: Issuer,
    registration_token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The last part of its name, not the token itself.")
    ],
    yes: Yes = False,
) -> None:
    """Delete a token; the clients that it registered stay."""
    from protos.admin.v1.registration_token_service_pb2 import DeleteRegistrationTokenRequest

    name = f"{named(issuer)}/registrationTokens/{registration_token}"
    agree("Delete this token", yes=yes)
    nothing = server.call(DeleteRegistrationTokenRequest(name=name))
    show_deleted(nothing, server.output, name)
