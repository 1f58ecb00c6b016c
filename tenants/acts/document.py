"""Clients that are known by the document that their id leads to: when it must be read, and what is kept of it."""

from dataclasses import replace

from tenants.acts.another import ask_again
from tenants.acts.register import as_kept
from tenants.oauth import approval, client_document
from tenants.oauth.client_document import DocumentNeeded, Fetched
from tenants.records import DAY, Client, ClientDocument
from tenants.turn import Turn

OUTAGE = DAY
"""Seconds for which the keys of a document that cannot be read again still count."""
MAX_UNUSED = 1_000
"""Clients known by documents that nobody has allowed anything. Beyond these the longest unused are forgotten: whoever
has many web pages could else fill the file."""


def at_the_door(turn: Turn, client_id: str, *, fresh: bool) -> Client | None:
    """The client of this id. DocumentNeeded where it may be known by a document that was not read yet, or, if `fresh`,
    that counts no more: an older copy than its client allows says nothing of where answers may go (MCP 2026-07-28).

    A client that was registered is known by that, whatever its id looks like.
    """
    client = turn.tx.clients.find(client_id)
    registered = client is not None and client.document is None
    if registered or (client is None and not client_document.looks_like_one(client_id)):
        return client
    client_document.check_id(client_id, turn.issuer)
    if client is None or (fresh and _has_expired(client, turn.now)):
        raise DocumentNeeded(client_id, known=client is not None)
    return client


def check_keys(turn: Turn, client: Client) -> None:
    """DocumentNeeded where a client proves itself by keys that its document may have taken back since it was read.

    Of a document that cannot be had, the copy does for a day: an outage of its host ends no grant, and keeps no stolen
    key good for ever. Then, a Refusal.
    """
    if not _has_expired(client, turn.now) or client.document is None:
        return
    if not turn.older_document:
        raise DocumentNeeded(client.id, known=True, or_older=True)
    if turn.now - client.document.expires_at >= OUTAGE:
        raise client_document.unread("it could not be read for a day")


def _has_expired(client: Client, now: int) -> bool:
    return client.document is not None and client.document.expires_at <= now


def learn(turn: Turn, fetched: Fetched) -> None:
    """Keep what a document says of its client. Raises Refusal, upon which nothing is kept of it.

    Where the client says something else now of who it is or where answers go, its users are asked again.
    """
    issuer = turn.issuer
    former = turn.tx.clients.find(fetched.url)
    if former is not None and (former.document is None or former.document.fetched_at >= fetched.at):
        return
    client_document.check_id(fetched.url, issuer)
    said = client_document.read(fetched, issuer, turn.tx.resources.all())
    document = ClientDocument(
        fetched_at=fetched.at,
        expires_at=fetched.at + client_document.lifetime(fetched.headers, fetched.at),
        digest=client_document.digest(said),
    )
    client = Client(
        id=fetched.url,
        origin="document",
        **as_kept(said),
        document=document,
        approval=approval.of_newcomer(issuer.policy),
        created_at=turn.now,
        last_used_at=turn.now,
    )
    if former is None:
        turn.tx.clients.add(client)
        turn.tx.consents.remove_of_client(client.id)  # nobody knows whether it is the one that was forgotten
        turn.tx.clients.keep_documents(MAX_UNUSED)
        return
    another = former.document is not None and former.document.digest != document.digest
    client = replace(
        client,
        created_at=former.created_at,
        disabled_at=former.disabled_at,
        scope_limit=former.scope_limit,
        approval=approval.of_newcomer(issuer.policy, former.approval) if another else former.approval,
    )
    turn.tx.clients.change(client)
    if another:
        _say_again(turn, former, client)


def _say_again(turn: Turn, former: Client, client: Client) -> None:
    changed, ended = ask_again(turn, former, client)
    waits = client.approval == "pending" and former.approval != "pending"
    if waits or (ended and changed != ["name"]):
        turn.remember("client.document_changed", client.id, client.id, changed=changed, consents_ended=ended)
