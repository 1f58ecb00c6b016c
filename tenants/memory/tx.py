"""What a tenant and the registry keep, and the open transactions over it."""

from dataclasses import dataclass, field
from typing import Any

from tenants.memory.clients import MemoryClients
from tenants.memory.consents import MemoryConsents
from tenants.memory.deliveries import MemoryDeliveries
from tenants.memory.device_requests import MemoryDeviceRequests
from tenants.memory.events import MemoryEvents
from tenants.memory.grants import MemoryGrants
from tenants.memory.identity_providers import MemoryIdentityProviders
from tenants.memory.issuer import MemoryIssuer
from tenants.memory.kept_tokens import MemoryKeptTokens
from tenants.memory.listings import MemoryListings
from tenants.memory.logout_notices import MemoryLogoutNotices
from tenants.memory.organizations import MemoryOrganizations
from tenants.memory.registration_tokens import MemoryRegistrationTokens
from tenants.memory.resources import MemoryResources
from tenants.memory.sessions import MemorySessions
from tenants.memory.signing_keys import MemorySigningKeys
from tenants.memory.table import Journal, Rows, Table
from tenants.memory.tickets import MemoryTickets
from tenants.memory.users import MemoryUsers
from tenants.records import (
    Client,
    Consent,
    Delivery,
    DeviceRequest,
    Event,
    Grant,
    IdentityProvider,
    Issuer,
    KeptToken,
    Listing,
    LogoutNotice,
    Organization,
    RegistrationToken,
    Resource,
    Session,
    SigningKey,
    User,
)


@dataclass(frozen=True, slots=True)
class TenantRows:
    issuer: Rows[int, Issuer] = field(default_factory=Rows[int, Issuer])
    clients: Rows[str, Client] = field(default_factory=Rows[str, Client])
    registration_tokens: Rows[str, RegistrationToken] = field(default_factory=Rows[str, RegistrationToken])
    users: Rows[str, User] = field(default_factory=Rows[str, User])
    identity_providers: Rows[str, IdentityProvider] = field(default_factory=Rows[str, IdentityProvider])
    resources: Rows[str, Resource] = field(default_factory=Rows[str, Resource])
    organizations: Rows[str, Organization] = field(default_factory=Rows[str, Organization])
    sessions: Rows[bytes, Session] = field(default_factory=Rows[bytes, Session])
    consents: Rows[tuple[str, ...], Consent] = field(default_factory=Rows[Any, Consent])
    tickets: Rows[bytes, int] = field(default_factory=Rows[bytes, int])
    grants: Rows[int, Grant] = field(default_factory=Rows[int, Grant])
    device_requests: Rows[int, DeviceRequest] = field(default_factory=Rows[int, DeviceRequest])
    deliveries: Rows[str, Delivery] = field(default_factory=Rows[str, Delivery])
    logout_notices: Rows[str, LogoutNotice] = field(default_factory=Rows[str, LogoutNotice])
    kept_tokens: Rows[tuple[str, ...], KeptToken] = field(default_factory=Rows[Any, KeptToken])
    signing_keys: Rows[int, SigningKey] = field(default_factory=Rows[int, SigningKey])
    events: Rows[int, Event] = field(default_factory=Rows[int, Event])


class MemoryTx:
    """Implements tenants.store.Tx."""

    def __init__(self, rows: TenantRows, journal: Journal) -> None:
        grants = Table(rows.grants, journal)
        self.issuer = MemoryIssuer(Table(rows.issuer, journal))
        self.clients = MemoryClients(Table(rows.clients, journal), grants)
        self.registration_tokens = MemoryRegistrationTokens(Table(rows.registration_tokens, journal))
        self.users = MemoryUsers(Table(rows.users, journal))
        self.identity_providers = MemoryIdentityProviders(Table(rows.identity_providers, journal))
        self.resources = MemoryResources(Table(rows.resources, journal))
        self.organizations = MemoryOrganizations(Table(rows.organizations, journal))
        self.sessions = MemorySessions(Table(rows.sessions, journal))
        self.consents = MemoryConsents(Table(rows.consents, journal))
        self.tickets = MemoryTickets(Table(rows.tickets, journal))
        self.grants = MemoryGrants(grants)
        self.device_requests = MemoryDeviceRequests(Table(rows.device_requests, journal))
        self.deliveries = MemoryDeliveries(Table(rows.deliveries, journal))
        self.logout_notices = MemoryLogoutNotices(Table(rows.logout_notices, journal))
        self.kept_tokens = MemoryKeptTokens(Table(rows.kept_tokens, journal))
        self.signing_keys = MemorySigningKeys(Table(rows.signing_keys, journal))
        self.events = MemoryEvents(Table(rows.events, journal))


@dataclass(frozen=True, slots=True)
class RegistryRows:
    listings: Rows[str, Listing] = field(default_factory=Rows[str, Listing])


class MemoryRegistryTx:
    """Implements tenants.store.RegistryTx."""

    def __init__(self, rows: RegistryRows, journal: Journal) -> None:
        self.listings = MemoryListings(Table(rows.listings, journal))
