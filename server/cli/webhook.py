"""`tenantry webhook …`."""

from typing import Annotated, Any

import typer

from server.cli.confirm import Yes, agree
from server.cli.connection import remote
from server.cli.duration import duration
from server.cli.failing import REFUSED, fail
from server.cli.issuer import Etag, named
from server.cli.noun import Noun
from server.cli.output import Format, show
from server.cli.server import Server
from server.cli.words import Issuer

app = Noun()


@app.command()
@remote
def get(server: Server, issuer: Issuer) -> None:
    """Show the webhook, and what waits.

    Its secret is not shown.
    """
    from protos.admin.v1.webhook_service_pb2 import GetWebhookRequest

    show(server.call(GetWebhookRequest(name=_named(issuer))), server.output)


@app.command("set")
@remote
def set_uri(
    server: Server,
    issuer: Issuer,
    uri: Annotated[str, typer.Argument(metavar="URI", help="Where messages go, such as https://app.example.com/hook.")],
    etag: Etag = "",
) -> None:
    """Say where messages go. The secret of a new webhook is printed this once."""
    show(_updated(server, issuer, uri, etag), server.output)


@app.command()
@remote
def remove(server: Server, issuer: Issuer, etag: Etag = "", yes: Yes = False) -> None:
    """Tell nobody any more. The messages that wait are dropped."""
    agree("Remove the webhook, with its secret and the messages that wait", yes=yes)
    left = _updated(server, issuer, "", etag)
    if server.output is Format.TABLE:
        print(f"removed {left.name}")
    else:
        show(left, server.output)


@app.command("rotate-secret")
@remote
def rotate_secret(
    server: Server,
    issuer: Issuer,
    overlap: Annotated[
        int | None,
        typer.Option(
            "--overlap", parser=duration, metavar="DURATION", help="How long messages are signed with the former too."
        ),
    ] = None,
) -> None:
    """Make a new secret. It is printed this once."""
    from google.protobuf.duration_pb2 import Duration

    from protos.admin.v1.webhook_service_pb2 import RotateWebhookSecretRequest

    request = RotateWebhookSecretRequest(name=_named(issuer), overlap=Duration(seconds=overlap or 0))
    show(server.call(request), server.output)


@app.command()
@remote
def test(server: Server, issuer: Issuer) -> None:
    """Send a message now, and say what came of it."""
    from protos.admin.v1.webhook_service_pb2 import TestWebhookRequest

    name = _named(issuer)
    receipt = server.call(TestWebhookRequest(name=name))
    if receipt.failure:
        fail(REFUSED, f"the message was not received: {receipt.failure}")
    show(receipt, server.output, name=name)


def _updated(server: Server, issuer: str, uri: str, etag: str) -> Any:
    from google.protobuf.field_mask_pb2 import FieldMask

    from protos.admin.v1.webhook_service_pb2 import UpdateWebhookRequest, Webhook

    given = Webhook(name=_named(issuer), uri=uri, etag=etag)
    return server.call(UpdateWebhookRequest(webhook=given, update_mask=FieldMask(paths=["uri"])))


def _named(issuer: str) -> str:
    return f"{named(issuer)}/webhook"
