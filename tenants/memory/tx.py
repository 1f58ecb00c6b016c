"""What a tenant and the registry keep, and the open transactions over it."""

from dataclasses import dataclass, field
from typing import Any

from tenants.memory.admin_tokens import MemoryAdminTokens
from tenants.memory.answers import MemoryAnswers
from tenants.memory.clients import MemoryClients
from tenants.memory.consents import MemoryConsents
from tenants.memory.device_requests import MemoryDeviceRequests
from tenants.memory.domains import MemoryDomains
from tenants.memory.events import MemoryEvents
from tenants.memory.grants import MemoryGrants
from tenants.memory.identity_providers import MemoryIdentityProviders
from tenants.memory.issuer import MemoryIssuer
from tenants.memory.kept_tokens import MemoryKeptTokens
from tenants.memory.listings import MemoryListings
from tenants.memory.operations import MemoryOperations
from tenants.memory.organizations import MemoryOrganizations
from tenants.memory.outbox import MemoryOutbox
from tenants.memory.registration_tokens import MemoryRegistrationTokens
from tenants.memory.resources import MemoryResources
from tenants.memory.sessions import MemorySessions
from tenants.memory.signing_keys import MemorySigningKeys
from tenants.memory.table import Journal, Rows, Table
from tenants.memory.tickets import MemoryTickets
from tenants.memory.users import MemoryUsers
from tenants.memory.workload_issuers import MemoryWorkloadIssuers
from tenants.records import (
    AdminToken,
    Answer,
    Client,
    Consent,
    DeviceRequest,
    Domain,
    Event,
    Grant,
    IdentityProvider,
    Issuer,
    KeptToken,
    Listing,
    Message,
    Operation,
    Organization,
    RegistrationToken,
    Resource,
    Session,
    SigningKey,
    User,
    WorkloadIssuer,
)


@dataclass(frozen=True, slots=True)
class TenantRows:
    issuer: Rows[int, Issuer] = field(default_factory=Rows[int, Issuer])
    clients: Rows[str, Client] = field(default_factory=Rows[str, Client])
    registration_tokens: Rows[str, RegistrationToken] = field(default_factory=Rows[str, RegistrationToken])
    users: Rows[str, User] = field(default_factory=Rows[str, User])
    identity_providers: Rows[str, IdentityProvider] = field(default_factory=Rows[str, IdentityProvider])
    resources: Rows[str, Resource] = field(default_factory=Rows[str, Resource])
    workload_issuers: Rows[str, WorkloadIssuer] = field(default_factory=Rows[str, WorkloadIssuer])
    organizations: Rows[str, Organization] = field(default_factory=Rows[str, Organization])
    sessions: Rows[bytes, Session] = field(default_factory=Rows[bytes, Session])
    consents: Rows[tuple[str, ...], Consent] = field(default_factory=Rows[Any, Consent])
    tickets: Rows[bytes, int] = field(default_factory=Rows[bytes, int])
    grants: Rows[int, Grant] = field(default_factory=Rows[int, Grant])
    device_requests: Rows[int, DeviceRequest] = field(default_factory=Rows[int, DeviceRequest])
    outbox: Rows[str, Message] = field(default_factory=Rows[str, Message])
    kept_tokens: Rows[tuple[str, ...], KeptToken] = field(default_factory=Rows[Any, KeptToken])
    signing_keys: Rows[int, SigningKey] = field(default_factory=Rows[int, SigningKey])
    events: Rows[int, Event] = field(default_factory=Rows[int, Event])
    answers: Rows[bytes, Answer] = field(default_factory=Rows[bytes, Answer])


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
        self.workload_issuers = MemoryWorkloadIssuers(Table(rows.workload_issuers, journal))
        self.organizations = MemoryOrganizations(Table(rows.organizations, journal))
        self.sessions = MemorySessions(Table(rows.sessions, journal))
        self.consents = MemoryConsents(Table(rows.consents, journal))
        self.tickets = MemoryTickets(Table(rows.tickets, journal))
        self.grants = MemoryGrants(grants)
        self.device_requests = MemoryDeviceRequests(Table(rows.device_requests, journal))
        self.outbox = MemoryOutbox(Table(rows.outbox, journal))
        self.kept_tokens = MemoryKeptTokens(Table(rows.kept_tokens, journal))
        self.signing_keys = MemorySigningKeys(Table(rows.signing_keys, journal))
        self.events = MemoryEvents(Table(rows.events, journal))
        self.answers = MemoryAnswers(Table(rows.answers, journal))


@dataclass(frozen=True, slots=True)
class RegistryRows:
    listings: Rows[str, Listing] = field(default_factory=Rows[str, Listing])
    domains: Rows[tuple[str, ...], Domain] = field(default_factory=Rows[Any, Domain])
    admin_tokens: Rows[str, AdminToken] = field(default_factory=Rows[str, AdminToken])
    events: Rows[int, Event] = field(default_factory=Rows[int, Event])
    answers: Rows[bytes, Answer] = field(default_factory=Rows[bytes, Answer])
    operations: Rows[str, Operation] = field(default_factory=Rows[str, Operation])


class MemoryRegistryTx:
    """Implements tenants.store.RegistryTx."""

    def __init__(self, rows: RegistryRows, journal: Journal) -> None:
        self.listings = MemoryListings(Table(rows.listings, journal))
        self.domains = MemoryDomains(Table(rows.domains, journal))
        self.admin_tokens = MemoryAdminTokens(Table(rows.admin_tokens, journal))
        self.events = MemoryEvents(Table(rows.events, journal))
        self.answers = MemoryAnswers(Table(rows.answers, journal))
        self.operations = MemoryOperations(Table(rows.operations, journal))
