"""`tenantry resource …`."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.duration import duration
from server.cli.failing import USED_WRONGLY, fail
from server.cli.given import mask_of, said_of
from server.cli.issuer import Etag, named
from server.cli.noun import Noun
from server.cli.options import one_of, several, switch, with_options, word
from server.cli.output import Format, show, show_all, show_deleted
from server.cli.server import Server
from server.cli.words import Issuer

app = Noun()
COLUMNS = ("id", "uri", "display_name", "disabled")

Id = Annotated[str, typer.Argument(metavar="RESOURCE", help="The resource's id, such as files.")]


class TokenFormat(StrEnum):
    JWT = "jwt"
    OPAQUE = "opaque"
    POLICY = "policy"


OPTIONS: dict[str, tuple[Any, Any]] = {
    "display_name": word("--display-name", "NAME", "What users see."),
    "scopes": several("--scope", "SCOPE", "A scope of its own, and behind a space what users read of it."),
    "implies": several(
        "--implies", "SCOPES", "One of the scopes, and behind spaces the narrower ones that it implies."
    ),
    "token_format": one_of(TokenFormat, "--token-format", "How its access tokens look."),
    "access_token_ttl": (
        Annotated[
            int | None,
            typer.Option(
                "--access-token-ttl",
                parser=duration,
                metavar="DURATION",
                show_default=False,
                help="How long its access tokens live; 0 is as the policy says.",
            ),
        ],
        None,
    ),
    "disabled": switch("--disable/--enable", "Whether it gets tokens."),
}


class Given:
    """What was said of a resource. An empty word or an only empty item says that there is none."""

    def __init__(self, **given: Any) -> None:
        from google.protobuf.duration_pb2 import Duration

        from protos.admin.v1.issuer_service_pb2 import IssuerPolicy
        from protos.admin.v1.resource_service_pb2 import Resource

        said = said_of(given)
        implies: list[str] = said.pop("implies", [])
        if implies and "scopes" not in said:
            fail(USED_WRONGLY, "--implies speaks of the scopes that are given with it: give --scope too")
        if "scopes" in said:
            said["scopes"] = _scopes(said["scopes"], implies)
        self.paths = list(said)
        """What is said, as an update mask."""
        if "access_token_ttl" in said:
            said["access_token_ttl"] = Duration(seconds=said["access_token_ttl"])
        if said.get("token_format") is TokenFormat.POLICY:
            del said["token_format"]
        elif "token_format" in said:
            said["token_format"] = IssuerPolicy.TokenFormat.Value(f"TOKEN_FORMAT_{said['token_format'].upper()}")
        self.message = Resource(**said)


with_resource = with_options(OPTIONS, Given)
"""Marks a command that takes what there is to say of a resource."""


@app.command()
@remote
@with_resource
def create(
    given: Given,
    server: Server,
    issuer: Issuer,
    resource: Id,
    uri: Annotated[
        str,
        typer.Option(
            "--uri", metavar="URI", help="What clients connect to, such as https://mcp.example.com/mcp: its audience."
        ),
    ],
) -> None:
    """Create a resource. From the first one on, tokens can be had for no other."""
    from protos.admin.v1.resource_service_pb2 import CreateResourceRequest

    given.message.uri = uri
    request = CreateResourceRequest(parent=named(issuer), resource_id=resource, resource=given.message)
    show(server.call(request), server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, resource: Id) -> None:
    """Show a resource."""
    from protos.admin.v1.resource_service_pb2 import GetResourceRequest

    show(server.call(GetResourceRequest(name=_named(issuer, resource))), server.output)


@app.command("list")
@remote
def list_resources(server: Server, issuer: Issuer) -> None:
    """List the resources of an issuer."""
    from protos.admin.v1.resource_service_pb2 import ListResourcesRequest

    found = server.pages(ListResourcesRequest(parent=named(issuer)), "resources")
    show_all(found, COLUMNS, server.output)


@app.command()
@remote
@with_resource
def update(given: Given, server: Server, issuer: Issuer, resource: Id, etag: Etag = "") -> None:
    """Change what is given; all else stays. The scopes that are given replace all that there are."""
    from protos.admin.v1.resource_service_pb2 import UpdateResourceRequest

    mask = mask_of(given.paths, "resource")
    given.message.name, given.message.etag = _named(issuer, resource), etag
    show(server.call(UpdateResourceRequest(resource=given.message, update_mask=mask)), server.output)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, resource: Id, etag: Etag = "", yes: Yes = False) -> None:
    """Delete a resource, and end all that was granted for it."""
    from protos.admin.v1.resource_service_pb2 import DeleteResourceRequest

    name = _named(issuer, resource)
    confirm("the id of the resource", resource, yes=yes)
    nothing = server.call(DeleteResourceRequest(name=name, etag=etag))
    show_deleted(nothing, server.output, name)


@app.command()
@remote
def metadata(server: Server, issuer: Issuer, resource: Id) -> None:
    """Print what the resource is to publish.

    And where, and what to answer who has no token.
    """
    from protos.admin.v1.resource_service_pb2 import GetResourceMetadataRequest

    told = server.call(GetResourceMetadataRequest(name=_named(issuer, resource)))
    if server.output is not Format.TABLE:
        show(told, server.output)
        return
    print(f"# Serve this at {told.served_at}")
    print(f"# as it is at {told.metadata_uri}")
    print(json.dumps(json.loads(told.document), indent=2))
    print("# Answer 401 to who has no token that you accept, with this header field")
    print(f"WWW-Authenticate: {told.www_authenticate}")


def _named(issuer: str, resource: str) -> str:
    return f"{named(issuer)}/resources/{resource}"


def _scopes(given: Sequence[str], implies: Sequence[str]) -> list[Any]:
    """The scopes, each said as its name and a description; and of some of them, the name and what that one implies."""
    from protos.admin.v1.resource_service_pb2 import Resource

    found: dict[str, Any] = {}
    for text in given:
        name, _, description = text.partition(" ")
        if name in found:
            fail(USED_WRONGLY, f"--scope {name} is given twice")
        if name:
            found[name] = Resource.Scope(name=name, description=description.strip())
    for text in implies:
        name, *narrower = text.split() or [""]
        if name not in found:
            fail(USED_WRONGLY, f"--implies says something of {name}, which is not given with --scope")
        found[name].implies.extend(narrower)
    return list(found.values())
