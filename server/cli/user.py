"""`tenantry user …`."""

from typing import Annotated, Any

import typer

from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.given import mask_of, said_of
from server.cli.issuer import Etag, named
from server.cli.noun import Noun
from server.cli.options import several, switch, with_options, word
from server.cli.output import show, show_all, show_deleted
from server.cli.readable import own_id
from server.cli.server import Server
from server.cli.words import Issuer, filter_option

app = Noun()
COLUMNS = ("id", "email", "display_name", "roles", "disabled", "last_sign_in_time")

Id = Annotated[str, typer.Argument(metavar="USER", help="The user's id, such as u_5c1f….")]


OPTIONS: dict[str, tuple[Any, Any]] = {
    "email": word("--email", "ADDRESS", "Their e-mail address."),
    "email_verified": switch("--email-verified/--email-unverified", "Whether somebody made sure that it is theirs."),
    "display_name": word("--display-name", "NAME", "Their name."),
    "organization": word("--organization", "ID", "The organization they belong to."),
    "roles": several("--role", "ROLE", "A role that they have."),
    "permissions": several("--permission", "PERMISSION", "A permission that they have."),
    "fixed_fields": several(
        "--fixed-field", "FIELD", "What stays when they sign in; all else is as their provider says."
    ),
}


class Given:
    """What was said of a user. An empty word or an only empty item says that there is none."""

    def __init__(self, **given: Any) -> None:
        from protos.admin.v1.user_service_pb2 import User

        said = said_of(given)
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
    filter: Annotated[str, filter_option('Which, such as: email = "eve@example.com"')] = "",
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
    from protos.admin.v1.user_service_pb2 import UpdateUserRequest

    mask = mask_of(given.paths, "user")
    given.message.name, given.message.etag = _named(issuer, user), etag
    show(server.call(UpdateUserRequest(user=given.message, update_mask=mask)), server.output)


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
