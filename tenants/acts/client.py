"""Which client it is, and which is asking, proven."""

from tenants.acts.document import check_keys
from tenants.oauth import approval, client_document, first_party
from tenants.oauth.client_auth import CERTIFICATE_METHODS, Credentials, authenticate, unauthentic
from tenants.records import DAY, Client
from tenants.turn import Turn


def known(turn: Turn, client_id: str) -> Client | None:
    """The client of this id. One is kept nowhere: what the operator's own apps are, where they have no client.

    One that is known by its document is as it was when that was last read, if such clients are still welcome.
    """
    if client_id == first_party.CLIENT_ID:
        return first_party.client(turn.issuer.policy, turn.now)
    client = turn.tx.clients.find(client_id)
    welcome = client is None or client.document is None or client_document.is_welcome(client_id, turn.issuer)
    return client if welcome else None


def asking(turn: Turn, shown: Credentials) -> Client:
    """The client that `shown` proves, or Refusal `invalid_client`; `unauthorized_client` if it waits for approval.
    KeysNeeded where the client's keys lie elsewhere and the turn was not given them, DocumentNeeded where they may have
    been taken back.

    Its use is noted once a day: it is not swept.
    """
    client = _proven(turn, shown)
    approval.check(client)
    if turn.now - client.last_used_at > DAY:
        turn.tx.clients.used(client.id, turn.now)
    return client


def is_proven(turn: Turn, shown: Credentials) -> bool:
    """Whether whoever was taken for this client has shown more than its name, which anybody may."""
    if shown.method != "none":
        return True
    client = None if shown.certificate is None else known(turn, shown.client_id)
    return client is not None and client.auth_method in CERTIFICATE_METHODS


def use_up(turn: Turn, shown: Credentials) -> None:
    """Spend the assertion of a request that was refused: nobody who has seen it fail may try it again."""
    _proven(turn, shown)


def _proven(turn: Turn, shown: Credentials) -> Client:
    """An assertion is spent with whatever else the turn writes."""
    found = known(turn, shown.client_id)
    if found is not None and shown.assertion is not None:
        check_keys(turn, found)
    client, use = authenticate(
        found,
        shown,
        turn.client_keys,
        issuer_uri=turn.issuer.uri,
        now=turn.now,
        authorities=turn.issuer.policy.client_certificate_authorities,
    )
    if use is not None and not turn.tx.tickets.spend(use.id, use.expires_at):
        raise unauthentic("assertion used twice")
    return client
