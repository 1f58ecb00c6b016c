"""What a tenant is: one issuer, and whom it tells of sign-ins."""

from dataclasses import dataclass, field

from tenants.records.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Who is told that users sign in: an address of the operator's, and the secret that proves that we call."""

    uri: str
    sealed_secret: bytes
    former_secret: bytes | None = None
    """Sealed. Messages are signed with it too until `former_ends_at`."""
    former_ends_at: int = 0
    failures: int = 0
    """How many calls in a row failed."""
    retry_at: int = 0
    """When it is called again after a failure."""
    last_failure: str = ""
    """Why the last call failed, in our own words."""
    created_at: int
    updated_at: int
    version: int = 1
    """One more with every change of the operator's; what an etag is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Whose file this is. `uri` is what clients see as `iss`; it never changes."""

    id: str
    uid: str
    uri: str
    policy: Policy = field(default_factory=Policy)
    sealed_data_key: bytes
    """The tenant's data key, wrapped by the operator's master key."""
    webhook: Webhook | None = None
