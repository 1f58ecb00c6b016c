"""`tenantry grant …`."""

from typing import Annotated, Any

import typer

from server.cli.confirm import Yes, agree, confirm
from server.cli.connection import remote
from server.cli.failing import USED_WRONGLY, fail
from server.cli.issuer import named
from server.cli.noun import Noun
from server.cli.operation import show_operation, waited_for
from server.cli.output import Format, show, show_all
from server.cli.server import Server
from server.cli.words import Issuer, Reason, filter_option

app = Noun()
COLUMNS = ("id", "user", "client", "resource", "scopes", "state", "create_time")

Grant = Annotated[str, typer.Argument(metavar="GRANT", help="The last part of its name.")]
Filter = Annotated[str, filter_option("Which, such as: client = app AND state = active")]
User = Annotated[str, typer.Option("--user", metavar="USER", show_default=False, help="What this user allowed.")]
Client = Annotated[str, typer.Option("--client", metavar="CLIENT", show_default=False, help="What this client has.")]
Provider = Annotated[
    str, typer.Option("--provider", metavar="PROVIDER", show_default=False, help="Given after a sign-in there.")
]
Resource = Annotated[
    str, typer.Option("--resource", metavar="URI", show_default=False, help="Whose tokens are for this resource.")
]


@app.command("list")
@remote
def list_grants(
    server: Server,
    issuer: Issuer,
    user: User = "",
    client: Client = "",
    provider: Provider = "",
    resource: Resource = "",
    filter: Filter = "",
) -> None:
    """List what users allowed clients.

    And what clients have in their own name.
    """
    from protos.admin.v1.grant_service_pb2 import ListGrantsRequest

    wanted = _filter(filter, user=user, client=client, provider=provider, resource=resource)
    found = server.pages(ListGrantsRequest(parent=named(issuer), filter=wanted), "grants")
    show_all(found, COLUMNS, server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, grant: Grant) -> None:
    """Show a grant."""
    from protos.admin.v1.grant_service_pb2 import GetGrantRequest

    show(server.call(GetGrantRequest(name=_named(issuer, grant))), server.output)


@app.command()
@remote
def revoke(
    server: Server,
    issuer: Issuer,
    grant: Grant,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """End a grant with all its tokens.

    The user is asked before the client gets another.
    """
    from protos.admin.v1.grant_service_pb2 import RevokeGrantRequest

    agree("End this grant with all its tokens", yes=yes)
    show(server.call(RevokeGrantRequest(name=_named(issuer, grant), reason=reason)), server.output)


@app.command()
@remote
def revoke_many(
    server: Server,
    issuer: Issuer,
    user: User = "",
    client: Client = "",
    provider: Provider = "",
    resource: Resource = "",
    filter: Filter = "",
    every: Annotated[bool, typer.Option("--all", help="Every grant of the issuer.")] = False,
    reason: Reason = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count how many there are.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Whether to wait until all have ended.")] = True,
    yes: Yes = False,
) -> None:
    """End all grants of which all holds that is given.

    They end in small steps, so that the issuer goes on serving.
    """
    from protos.admin.v1.grant_service_pb2 import RevokeGrantsRequest

    wanted = _filter(filter, user=user, client=client, provider=provider, resource=resource)
    if bool(wanted) == every:
        fail(USED_WRONGLY, "say which grants are to end, or --all; see tenantry grant revoke-many --help")
    confirm("the id of the issuer whose grants are to end", named(issuer).removeprefix("issuers/"), yes=yes or dry_run)
    request = RevokeGrantsRequest(
        parent=named(issuer), filter=wanted, force=every, validate_only=dry_run, reason=reason
    )
    operation = server.call(request)
    if wait:
        operation = waited_for(server, operation)
    if wait and server.output is Format.TABLE:
        print(_how_many(operation, "would end" if dry_run else "ended"))
    else:
        show_operation(server, operation)


def _how_many(operation: Any, what: str) -> str:
    from protos.admin.v1.grant_service_pb2 import RevokeGrantsResponse

    told = RevokeGrantsResponse()
    operation.response.Unpack(told)
    return f"{told.revoked_count} grant{'' if told.revoked_count == 1 else 's'} {what}"


def _named(issuer: str, grant: str) -> str:
    return f"{named(issuer)}/grants/{grant.rpartition('/')[2]}"


def _filter(more: str, **fields: str) -> str:
    quoted = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in fields.items() if value}
    return " AND ".join([*(f'{name} = "{value}"' for name, value in quoted.items()), *([more] if more else [])])
