"""What is on its way into the world."""

from dataclasses import dataclass
from typing import Literal

MessageKind = Literal["webhook", "logout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """On its way to the issuer's webhook, or to a client that asked to be told that a session has ended (OpenID Connect
    Back-Channel Logout).
    """

    id: str
    kind: MessageKind
    body: str
    """JSON for the webhook; of a logout, the `sid` of the session."""
    client_id: str = ""
    """Whom a logout is told to."""
    user_id: str = ""
    """Whose session it was."""
    created_at: int
    due_at: int
    attempts: int = 0
    """How often it was tried in vain."""
