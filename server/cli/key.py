"""`tenantry key …`."""

from typing import Annotated

import typer

from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.file import text_in
from server.cli.issuer import named
from server.cli.noun import Noun
from server.cli.output import Format, show, show_all
from server.cli.server import Server
from server.cli.words import Issuer, Reason

app = Noun()
COLUMNS = ("kid", "state", "activate_time", "expire_time")

Kid = Annotated[str, typer.Argument(metavar="KID", help="The key's id, by which tokens name it.")]


@app.command()
@remote
def create(
    server: Server,
    issuer: Issuer,
    private_jwk: Annotated[
        str | None,
        typer.Option(
            "--private-jwk-file",
            metavar="FILE",
            show_default="a new key",
            help="A file with a private JWK to import, or - for the standard input.",
        ),
    ] = None,
) -> None:
    """Publish a key that will sign next.

    It takes the place of the next one that there is.
    """
    from protos.admin.v1.key_service_pb2 import CreateSigningKeyRequest, SigningKey

    given = SigningKey(private_jwk="" if private_jwk is None else text_in(private_jwk, "the private JWK"))
    show(server.call(CreateSigningKeyRequest(parent=named(issuer), signing_key=given)), server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, kid: Kid) -> None:
    """Show a key."""
    from protos.admin.v1.key_service_pb2 import GetSigningKeyRequest

    show(server.call(GetSigningKeyRequest(name=f"{named(issuer)}/signingKeys/{kid}")), server.output)


@app.command("list")
@remote
def list_keys(server: Server, issuer: Issuer) -> None:
    """List the keys that are published, the oldest first."""
    from protos.admin.v1.key_service_pb2 import ListSigningKeysRequest

    show_all(server.pages(ListSigningKeysRequest(parent=named(issuer)), "signing_keys"), COLUMNS, server.output)


@app.command()
@remote
def roll(server: Server, issuer: Issuer) -> None:
    """Let the next key sign from now on.

    What the former one signed stays good until it expires.
    """
    from protos.admin.v1.key_service_pb2 import RollSigningKeysRequest

    show(server.call(RollSigningKeysRequest(parent=named(issuer))), server.output)


@app.command()
@remote
def revoke(
    server: Server,
    issuer: Issuer,
    kid: Kid,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Withdraw a key that somebody else may have.

    At once: what it signed counts no more, and the next key signs if it was the current one.
    """
    from protos.admin.v1.key_service_pb2 import RevokeSigningKeyRequest

    confirm("the id of the key", kid, yes=yes)
    request = RevokeSigningKeyRequest(name=f"{named(issuer)}/signingKeys/{kid}", reason=reason)
    signs = server.call(request)
    if server.output is Format.TABLE:
        print(f"revoked {kid}; {signs.kid} signs now")
    else:
        show(signs, server.output)
