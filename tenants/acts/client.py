"""Which client is asking, proven."""

from tenants.oauth.client_auth import Credentials, authenticate
from tenants.records import DAY, Client
from tenants.turn import Turn


def asking(turn: Turn, shown: Credentials) -> Client:
    """The client that `shown` proves, or Refusal `invalid_client`. Its use is noted once a day: it is not swept."""
    client = authenticate(turn.tx.clients.find(shown.client_id), shown, turn.now)
    if turn.now - client.last_used_at > DAY:
        turn.tx.clients.used(client.id, turn.now)
    return client
