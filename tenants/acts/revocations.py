"""Which access tokens were ended before their time: for resource servers, which check JWTs without asking us.

They ask again and again, from where the last answer ended. What is told is final: only instants that are over.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tenants.acts.client import asking
from tenants.oauth import resource
from tenants.oauth.refusal import Refusal
from tenants.oauth.requests import RevocationsRequest
from tenants.records import Grant
from tenants.turn import Turn

LIMIT = 1_000
"""Grants that one answer looks at."""


def revocations(turn: Turn, request: RevocationsRequest) -> dict[str, Any]:
    """Tokens for the resources that the client speaks for, by SHA-256: of the `jti`, or of an opaque token itself.

    Refusal `access_denied` for a client that speaks for none.
    """
    client = asking(turn, request.credentials)
    if not client.resources:
        raise Refusal("access_denied", "this client speaks for no resource")
    found = turn.tx.grants.ended(request.since, turn.now, LIMIT)
    at, grant_id = (found[-1][0], found[-1][1].id) if found else request.since
    ended = {grant.id: grant for _, grant in found}
    over = ended | _fallen_with(turn, ended)
    mine = [grant for grant in over.values() if any(resource.same((own,), grant.resource) for own in client.resources)]
    return {
        "tokens": [token for grant in mine for token in _ended(grant, turn.now)],
        "next": f"{at}.{grant_id}",
        "more": len(found) == LIMIT,
    }


def _fallen_with(turn: Turn, ended: Mapping[int, Grant]) -> dict[int, Grant]:
    """The grants of tokens that were exchanged for ones of these (RFC 8693): nobody wrote of them that they ended."""
    over = {grant.id: grant for grant in ended.values() if grant.revoked_at is not None}
    users = dict.fromkeys(grant.user_id for grant in over.values() if grant.user_id is not None)
    exchanged = [grant for user in users for grant in turn.tx.grants.of_user(user) if grant.parent_id is not None]
    fallen: dict[int, Grant] = {}
    while following := {each.id: each for each in exchanged if each.parent_id in over and each.id not in over}:
        fallen |= following
        over |= following
    return {each.id: replace(each, revoked_at=turn.now) for each in fallen.values()}


def _ended(grant: Grant, now: int) -> list[dict[str, Any]]:
    """Those that still look as if they counted."""
    over = grant.ended if grant.revoked_at is None else (*grant.access, *grant.ended)
    return [{"sha256": _text(token.digest), "exp": token.expires_at} for token in over if token.expires_at > now]


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
