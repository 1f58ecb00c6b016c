"""`tenantry workload-issuer …`."""

import shlex
from typing import Annotated, Any

import typer

from server.cli.confirm import Yes, confirm
from server.cli.connection import remote
from server.cli.failing import USED_WRONGLY, fail
from server.cli.file import text_in
from server.cli.given import mask_of, said_of
from server.cli.issuer import Etag, named
from server.cli.noun import Noun
from server.cli.options import several, switch, with_options, word
from server.cli.output import show, show_all, show_deleted
from server.cli.server import Server
from server.cli.words import Issuer

app = Noun()
COLUMNS = ("id", "issuer_uri", "display_name", "disabled")

Id = Annotated[str, typer.Argument(metavar="WORKLOAD_ISSUER", help="The workload issuer's id, such as github.")]

OPTIONS: dict[str, tuple[Any, Any]] = {
    "display_name": word("--display-name", "NAME", "For people."),
    "jwks_uri": word("--jwks-uri", "URI", "Where its keys lie.", "by discovery"),
    "jwks": word("--jwks-file", "FILE", "Or a file with its keys (a JWK Set), or -; an empty word takes them away."),
    "algorithms": several("--algorithm", "ALG", "What may sign its tokens, such as RS256.", "any"),
    "audience": word("--audience", "AUD", "For whom its tokens must be.", "the token endpoint"),
    "reusable": switch("--reusable/--single-use", "Whether one of its tokens may be shown more than once."),
    "rules": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--rule",
                metavar="RULE",
                show_default=False,
                help="CLIENT CLAIM=PATTERN …, such as 'deploy sub=repo:acme/app:ref:refs/heads/*'. scope=SCOPE and "
                "resource=URI in it say all that may be had. May be repeated: the first that is met counts.",
            ),
        ],
        None,
    ),
    "disabled": switch("--disable/--enable", "Whether its word counts."),
}


class Given:
    """What was said of a workload issuer. An empty word or an only empty item says that there is none."""

    def __init__(self, **given: Any) -> None:
        from protos.admin.v1.workload_issuer_service_pb2 import WorkloadIssuer

        said = said_of(given)
        self.paths = list(said)
        """What is said, as an update mask."""
        if said.get("jwks"):
            said["jwks"] = text_in(said["jwks"], "the JWK Set")
        for name in ("algorithms", "rules"):
            if name in said:
                said[name] = [text for text in said[name] if text]
        said["rules"] = [_rule(text) for text in said.get("rules", [])]
        self.message = WorkloadIssuer(**said)


with_workload_issuer = with_options(OPTIONS, Given)
"""Marks a command that takes what there is to say of a workload issuer."""


@app.command()
@remote
@with_workload_issuer
def create(
    given: Given,
    server: Server,
    issuer: Issuer,
    workload_issuer: Id,
    issuer_uri: Annotated[
        str,
        typer.Option(
            "--issuer-uri",
            metavar="URI",
            help="The iss of its tokens, such as https://token.actions.githubusercontent.com",
        ),
    ],
) -> None:
    """Trust a platform to say which workload has a token of its. Without a rule nobody gets anything."""
    from protos.admin.v1.workload_issuer_service_pb2 import CreateWorkloadIssuerRequest

    given.message.issuer_uri = issuer_uri
    request = CreateWorkloadIssuerRequest(
        parent=named(issuer), workload_issuer_id=workload_issuer, workload_issuer=given.message
    )
    show(server.call(request), server.output)


@app.command()
@remote
def get(server: Server, issuer: Issuer, workload_issuer: Id) -> None:
    """Show a workload issuer."""
    from protos.admin.v1.workload_issuer_service_pb2 import GetWorkloadIssuerRequest

    show(server.call(GetWorkloadIssuerRequest(name=_named(issuer, workload_issuer))), server.output)


@app.command("list")
@remote
def list_workload_issuers(server: Server, issuer: Issuer) -> None:
    """List the workload issuers of an issuer."""
    from protos.admin.v1.workload_issuer_service_pb2 import ListWorkloadIssuersRequest

    found = server.pages(ListWorkloadIssuersRequest(parent=named(issuer)), "workload_issuers")
    show_all(found, COLUMNS, server.output)


@app.command()
@remote
@with_workload_issuer
def update(given: Given, server: Server, issuer: Issuer, workload_issuer: Id, etag: Etag = "") -> None:
    """Change what is given; all else stays. The rules that are given replace all that there are."""
    from protos.admin.v1.workload_issuer_service_pb2 import UpdateWorkloadIssuerRequest

    mask = mask_of(given.paths, "workload-issuer")
    given.message.name, given.message.etag = _named(issuer, workload_issuer), etag
    request = UpdateWorkloadIssuerRequest(workload_issuer=given.message, update_mask=mask)
    show(server.call(request), server.output)


@app.command()
@remote
def delete(server: Server, issuer: Issuer, workload_issuer: Id, etag: Etag = "", yes: Yes = False) -> None:
    """Trust a platform no more. Tokens that its workloads have count until they end."""
    from protos.admin.v1.workload_issuer_service_pb2 import DeleteWorkloadIssuerRequest

    name = _named(issuer, workload_issuer)
    confirm("the id of the workload issuer", workload_issuer, yes=yes)
    nothing = server.call(DeleteWorkloadIssuerRequest(name=name, etag=etag))
    show_deleted(nothing, server.output, name)


def _named(issuer: str, workload_issuer: str) -> str:
    return f"{named(issuer)}/workloadIssuers/{workload_issuer}"


def _rule(text: str) -> Any:
    """A client, and behind spaces what must be so. Quotes hold a word with spaces together, as in a shell."""
    from protos.admin.v1.workload_issuer_service_pb2 import WorkloadIssuer

    try:
        client_id, *conditions = shlex.split(text)
    except ValueError:
        fail(USED_WRONGLY, f"--rule {text!r} is no rule; say CLIENT CLAIM=PATTERN, with every quote closed")
    rule = WorkloadIssuer.Rule(client_id=client_id)
    for condition in conditions:
        name, equals, value = condition.partition("=")
        if not equals or not name or "=" in client_id:
            fail(USED_WRONGLY, f"--rule {text!r} is no rule; say CLIENT CLAIM=PATTERN …")
        if name == "scope":
            rule.scopes.append(value)
        elif name == "resource":
            rule.resources.append(value)
        elif name in rule.claims:
            fail(USED_WRONGLY, f"--rule {text!r} speaks of {name} twice")
        else:
            rule.claims[name] = value
    if not rule.claims:
        fail(USED_WRONGLY, f"--rule {text!r} lets everybody in; say CLIENT CLAIM=PATTERN …")
    return rule
