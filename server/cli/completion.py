"""What a shell may complete with what the server has: within a second, or not at all, and without a word."""

import io
from contextlib import redirect_stderr

import typer

from server.cli.connection import reached
from server.cli.server import NotDone

WITHIN = 1.0
"""Seconds that somebody who pressed Tab waits at most."""
MOST = 1_000


def issuers(context: typer.Context, incomplete: str) -> list[str]:
    """The ids that begin so."""
    from protos.admin.v1.issuer_service_pb2 import ListIssuersRequest

    try:
        with redirect_stderr(io.StringIO()):
            page = reached(context).ask(ListIssuersRequest(page_size=MOST), timeout=WITHIN)
    except (NotDone, typer.Exit):
        return []
    ids = (issuer.name.removeprefix("issuers/") for issuer in page.issuers)
    return [own_id for own_id in ids if own_id.startswith(incomplete)]
