"""What the registry keeps, of issuers and of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tenants.records.events import Origin

ListingState = Literal["building", "active", "disabled", "deleted", "purged"]


Role = Literal["owner", "operator", "issuer-admin", "viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminToken:
    """Whoever has it may use the admin API."""

    id: str
    digest: bytes
    role: Role
    issuers: tuple[str, ...] = ()
    """The ids of those that it is good for. Empty: all, and what is of none."""
    display_name: str = ""
    created_at: int
    created_by: str
    expires_at: int
    last_used_at: int = 0
    """To the hour. 0: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that takes long, and that neither a restart loses nor does twice."""

    id: str
    verb: str
    """What is done."""
    issuer_id: str
    """The issuer that it is done to."""
    lock: str = ""
    """No two that are under way have the same. Empty: it is in nobody's way."""
    request: bytes
    """What was asked for, as the door wrote it down."""
    origin: Origin
    """Who asked for it."""
    progress: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Where it stands, so that it can go on from there."""
    percent: int = 0
    created_at: int
    updated_at: int
    cancelled_at: int | None = None
    """Since when it is to end before its time."""
    ended_at: int | None = None
    response: bytes | None = None
    error: bytes | None = None
    """What came of it, one of the two, as the door wrote it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A further host at which an issuer answers, once whoever has the host has said so in the DNS."""

    issuer_id: str
    id: str
    host: str
    challenge: str
    """What they are to say there."""
    created_at: int
    checked_at: int | None = None
    """When we last asked."""
    verified_at: int | None = None
    """None: it is claimed, and nobody is found there."""
    last_error: str = ""
    """Why it was not verified when we last asked."""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the registry knows of an issuer, whether its tenant is awake or not.

    A purged one stays for ever, as the promise that neither its id nor its URI is given to anybody else.
    """

    id: str
    uid: str
    uri: str
    state: ListingState
    display_name: str = ""
    created_at: int
    updated_at: int
    deleted_at: int | None = None
    purge_at: int | None = None
    was_disabled: bool = False
    """Whether a deleted one was disabled before, so that it comes back as it was."""
    version: int = 1
    """One more with every change; what an etag is made of."""
    alarm_at: int
    """When the tenant is to be woken to maintain itself."""
    alarm_attempts: int = 0
    """How often it has failed to since it last succeeded."""
