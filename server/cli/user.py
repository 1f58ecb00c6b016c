"""`tenantry user …`."""

from typing import Annotated, Any

import typer

from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.failing import USED_WRONGLY, fail
from server.cli.issuer import Etag, named
from server.cli.noun import Noun
from server.cli.options import with_options
from server.cli.output import show, show_all, show_deleted
from server.cli.readable import own_id
from server.cli.server import Server
from server.cli.words import Issuer

app = Noun()
COLUMNS = ("id", "email", "display_name", "roles", "disabled", "last_sign_in_time")

Id = Annotated[str, typer.Argument(metavar="USER", help="The user's id, such as u_5c1f….")]


def _several(name: str, what: str) -> tuple[Any, Any]:
    option = typer.Option(name, show_default=False, help=f"{what} May be repeated.")
    return Annotated[list[str] | None, option], None


OPTIONS: dict[str, tuple[Any, Any]] = {
    "email": (Annotated[str | None, typer.Option("--email", show_default=False, help="Their e-mail address.")], None),
    "email_verified": (
        Annotated[
            bool | None,
            typer.Option("--email-verified/--email-unverified", help="Whether somebody made sure that it is theirs."),
        ],
        None,
    ),
    "display_name": (
        Annotated[str | None, typer.Option("--display-name", metavar="NAME", show_default=False, help="Their name.")],
        None,
    ),
    "organization": (
        Annotated[
            str | None,
            typer.Option("--organization", metavar="ID", show_default=False, help="The organization they belong to."),
        ],
        None,
    ),
    "roles": _several("--role", "A role that they have."),
    "permissions": _several("--permission", "A permission that they have."),
    "fixed_fields": _several("--fixed-field", "What stays when they sign in; all else is as their provider says."),
}


class Given:
    """What was said of a user. An empty word or an only empty item says that there is none."""

    def __init__(self, **given: Any) -> None:
        from protos.admin.v1.user_service_pb2 import User

        said = {name: value for name, value in given.items() if value is not None and value != []}
        self.paths = list(said)
        """What is said, as an update mask."""
        more: dict[str, Any] = {name: value for name, value in said.items() if value != [""]}
        self.message = User(**more)


with_user = with_options(OPTIONS, Given)
"""Marks a command that takes what there is to say of a user."""


@app.command()
@remote
@with_user
def create(
    given: Given,
    server: Server,
    issuer: Issuer,
    identities: Annotated[
        list[str],
        typer.Option(
            "--identity",
            metavar="PROVIDER SUBJECT",
            show_default=False,
            help="An identity provider, and behind a space what it calls them. May be repeated.",
        ),
    ],
    user: Annotated[
        str, typer.Option("--id", metavar="ID", show_default="a new one", help="Their `sub` in tokens: u_ and more.")
    ] = "",
) -> None:
    """Make a user before they sign in.

    What is said of them stays when they do, whatever their provider says.
    """
    from protos.admin.v1.user_service_pb2 import CreateUserRequest, User

    for text in identities:
        provider, _, subject = text.partition(" ")
        given.message.identities.append(User.Identity(provider=provider, subject=subject))
    show(server.call(CreateUserRequest(parent=named(issuer), user_id=user, user=given.message)), server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, user: Id) -> None:
    """Show a user."""
    from protos.admin.v1.user_service_pb2 import GetUserRequest

    show(server.call(GetUserRequest(name=_named(issuer, user))), server.output)


@app.command("list")
@remote
def list_users(
    server: Server,
    issuer: Issuer,
    filter: Annotated[
        str,
        typer.Option(
            "--filter", metavar="FILTER", show_default=False, help='Which, such as: email = "eve@example.com"'
        ),
    ] = "",
) -> None:
    """List the users of an issuer."""
    from protos.admin.v1.user_service_pb2 import ListUsersRequest

    found = server.pages(ListUsersRequest(parent=named(issuer), filter=filter), "users")
    show_all(found, COLUMNS, server.output)


@app.command()
@remote
@with_user
def update(given: Given, server: Server, issuer: Issuer, user: Id, etag: Etag = "") -> None:
    """Change what is given; all else stays.

    What changes stays when they sign in, whatever their provider says.
    """
    from google.protobuf.field_mask_pb2 import FieldMask

    from protos.admin.v1.user_service_pb2 import UpdateUserRequest

    if not given.paths:
        fail(USED_WRONGLY, "nothing to change: give at least one option; see tenantry user update --help")
    given.message.name, given.message.etag = _named(issuer, user), etag
    request = UpdateUserRequest(user=given.message, update_mask=FieldMask(paths=given.paths))
    show(server.call(request), server.output)


@app.command()
@remote
def disable(server: Server, issuer: Issuer, user: Id, etag: Etag = "") -> None:
    """Keep a user out, and end all that they have here."""
    from protos.admin.v1.user_service_pb2 import DisableUserRequest

    show(server.call(DisableUserRequest(name=_named(issuer, user), etag=etag)), server.output)


@app.command()
@remote
def enable(server: Server, issuer: Issuer, user: Id, etag: Etag = "") -> None:
    """Let a user sign in again; what ended stays ended."""
    from protos.admin.v1.user_service_pb2 import EnableUserRequest

    show(server.call(EnableUserRequest(name=_named(issuer, user), etag=etag)), server.output)


@app.command()
@remote
def sign_out(server: Server, issuer: Issuer, user: Id) -> None:
    """End all sessions of a user."""
    from protos.admin.v1.user_service_pb2 import SignOutUserRequest

    name = _named(issuer, user)
    show(server.call(SignOutUserRequest(name=name)), server.output, name=name)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, user: Id, etag: Etag = "", yes: Yes = False) -> None:
    """Forget a user, and end all that they have here.

    Who comes again is somebody new: to keep somebody out, disable them.
    """
    from protos.admin.v1.user_service_pb2 import DeleteUserRequest

    name = _named(issuer, user)
    confirm("the id of the user", own_id(name), yes=yes)
    show_deleted(server.call(DeleteUserRequest(name=name, etag=etag)), server.output, name)


def _named(issuer: str, user: str) -> str:
    return f"{named(issuer)}/users/{user.rpartition('/')[2]}"
