"""A client that says something else now of who it is or where answers go is another one to its users."""

from tenants.oauth.client_document import identity
from tenants.records import Client
from tenants.turn import Turn


def ask_again(turn: Turn, former: Client, client: Client) -> tuple[list[str], int]:
    """What it says otherwise, and how many consents have ended for that: nothing that was allowed to the client that it
    was counts for the client that it is. Its grants stay, since they are bound to what it proves.
    """
    before, now = identity(former), identity(client)
    changed = [name for name in now if now[name] != before[name]]
    return changed, turn.tx.consents.remove_of_client(client.id) if changed else 0
