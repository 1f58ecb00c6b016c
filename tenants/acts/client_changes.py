"""What the operator changes of a client that they made, or decides about any. What a client that came by itself says of
itself is its own to change; how much it may have of that is not."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tenants import etags, trail
from tenants.acts.another import ask_again
from tenants.acts.document import learn
from tenants.acts.operate import NewClient, checked_client, end_client, get_client
from tenants.acts.register import as_kept, secrets_for
from tenants.acts.walk import Walk, Walked, walk
from tenants.oauth import scope
from tenants.oauth.client_document import Fetched
from tenants.oauth.refusal import Refusal
from tenants.problems import Invalid
from tenants.records import Client
from tenants.turn import Turn


@dataclass(frozen=True, slots=True)
class ScopeLimit:
    """Of a client that came by itself."""

    text: str
    """Scopes with spaces between. Empty: no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    id: str
    etag: str = ""
    """Empty: whichever version it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChange:
    client: Named
    change: Callable[[Client], NewClient | ScopeLimit]
    """What is to be said of it, given as it is: all of it where the operator made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    client: Named
    fetched: Fetched


def etag(client: Client) -> str:
    """An opaque validator of what is shown of a client, but for what its own use changes: when it was last used, when
    its document was read, and what it looks after its registration with."""
    document = None if client.document is None else replace(client.document, fetched_at=0, expires_at=0)
    lasting = replace(
        client, last_used_at=0, document=document, registration_digest=None, next_registration_digest=None
    )
    return etags.of(lasting)


def list_clients(turn: Turn, asked: Walk[str, Client]) -> Walked[str, Client]:
    return walk(turn.tx.clients.page, lambda client: client.id, asked)


def change_client(turn: Turn, asked: ClientChange) -> tuple[Client, str | None]:
    """As it is now, and its secret, if it has one now and had none before: shown this once.

    Where it says something else of who it is or where answers go, its users are asked again. Raises NoSuchThing,
    EtagMismatch or Invalid.
    """
    former = _at(turn, asked.client)
    said, secret = asked.change(former), None
    if isinstance(said, ScopeLimit):
        client = replace(former, scope_limit=_checked_limit(turn, said.text))
    else:
        metadata = checked_client(turn, said)
        secrets, secret = secrets_for(turn, metadata.auth_method, former)
        client = replace(
            former,
            **as_kept(metadata),
            secrets=secrets,
            resources=said.resources,
            target_resources=said.target_resources,
        )
    if client == former:
        return former, None
    turn.tx.clients.change(client)
    _, ended = ask_again(turn, former, client)
    told = trail.difference(former, client)
    turn.remember("client.changed", turn.origin.actor, client.id, consents_ended=ended, **told)
    return client, secret


def disable_client(turn: Turn, named: Named) -> Client:
    """It gets nothing any more, and what it has counts for nothing until it is enabled. Raises NoSuchThing or
    EtagMismatch."""
    former = _at(turn, named)
    if former.disabled_at is not None:
        return former
    return _decided(turn, "client.disabled", former, replace(former, disabled_at=turn.now))


def enable_client(turn: Turn, named: Named) -> Client:
    """What it had counts again, unless it has ended since. Raises NoSuchThing or EtagMismatch."""
    former = _at(turn, named)
    if former.disabled_at is None:
        return former
    return _decided(turn, "client.enabled", former, replace(former, disabled_at=None))


def approve_client(turn: Turn, named: Named) -> Client:
    """One that waits may go on; any other stays as it is. Raises NoSuchThing or EtagMismatch."""
    former = _at(turn, named)
    if former.approval != "pending":
        return former
    return _decided(turn, "client.approved", former, replace(former, approval="approved"))


def client_of_document(turn: Turn, named: Named) -> Client:
    """Raises NoSuchThing, EtagMismatch, or Invalid for one that is known otherwise."""
    client = _at(turn, named)
    if client.document is None:
        raise Invalid("name", "must be a client that is known by a document")
    return client


def reread(turn: Turn, asked: Reread) -> Client:
    """The client as the document says that was just read. Raises what client_of_document does, and Refusal where the
    document says nothing that can be used."""
    former = client_of_document(turn, asked.client)
    learn(turn, asked.fetched)
    client = get_client(turn, former.id)
    turn.remember("client.document_read", turn.origin.actor, client.id, **trail.difference(former, client))
    return client


def remove_client(turn: Turn, named: Named) -> None:
    """It goes, and with it every grant and consent that it has. Raises NoSuchThing or EtagMismatch."""
    end_client(turn, _at(turn, named).id, turn.origin.actor)


def _decided(turn: Turn, event: str, former: Client, client: Client) -> Client:
    turn.tx.clients.change(client)
    turn.remember(event, turn.origin.actor, client.id, **trail.difference(former, client))
    return client


def _at(turn: Turn, named: Named) -> Client:
    client = get_client(turn, named.id)
    etags.expect(named.etag, etag(client))
    return client


def _checked_limit(turn: Turn, text: str) -> tuple[str, ...] | None:
    try:
        scopes = scope.parse(text)
    except Refusal as refusal:
        raise Invalid("scope_limit", refusal.description) from None
    own = {each.name for resource in turn.tx.resources.all() for each in resource.scopes}
    unknown = set(scopes) - {*turn.issuer.policy.scopes, *own, scope.OFFLINE_ACCESS}
    if unknown:
        raise Invalid("scope_limit", f"{min(unknown)} is a scope of neither this issuer nor one of its resources")
    return scopes or None
