"""What a tenant keeps. Values only: every record is frozen, and a change makes a new one.

Times are whole seconds since 1970-01-01 UTC. A `digest` is the SHA-256 of a secret that is kept nowhere.
"""

from tenants.records.clients import (
    Approval,
    AssertionAlgorithm,
    AuthMethod,
    CertificateName,
    CertificateNameKind,
    Client,
    ClientDocument,
    ClientOrigin,
    ClientSecret,
    RegistrationToken,
)
from tenants.records.events import ACTORS, SYSTEM, Answer, Event, Origin
from tenants.records.grants import DeviceRequest, Grant, LiveToken
from tenants.records.issuers import Issuer, Webhook
from tenants.records.keys import KeyState, SigningKey
from tenants.records.outbox import Message, MessageKind
from tenants.records.policy import (
    DAY,
    ClientDocuments,
    Policy,
    RateLimit,
    Registration,
    SigningAlgorithm,
    StatementIssuer,
    TokenFormat,
)
from tenants.records.providers import AccessRule, ClaimMapping, IdentityProvider, ProviderKind, UpstreamAuthMethod
from tenants.records.registry import AdminToken, Domain, Listing, ListingState, Operation, Role
from tenants.records.resources import Resource, ResourceScope
from tenants.records.users import Consent, Identity, KeptToken, Organization, Session, User, UserField
from tenants.records.workloads import ClaimMatch, WorkloadIssuer, WorkloadRule

__all__ = [
    "ACTORS",
    "DAY",
    "SYSTEM",
    "AccessRule",
    "AdminToken",
    "Answer",
    "Approval",
    "AssertionAlgorithm",
    "AuthMethod",
    "CertificateName",
    "CertificateNameKind",
    "ClaimMapping",
    "ClaimMatch",
    "Client",
    "ClientDocument",
    "ClientDocuments",
    "ClientOrigin",
    "ClientSecret",
    "Consent",
    "DeviceRequest",
    "Domain",
    "Event",
    "Grant",
    "Identity",
    "IdentityProvider",
    "Issuer",
    "KeptToken",
    "KeyState",
    "Listing",
    "ListingState",
    "LiveToken",
    "Message",
    "MessageKind",
    "Operation",
    "Organization",
    "Origin",
    "Policy",
    "ProviderKind",
    "RateLimit",
    "Registration",
    "RegistrationToken",
    "Resource",
    "ResourceScope",
    "Role",
    "Session",
    "SigningAlgorithm",
    "SigningKey",
    "StatementIssuer",
    "TokenFormat",
    "UpstreamAuthMethod",
    "User",
    "UserField",
    "Webhook",
    "WorkloadIssuer",
    "WorkloadRule",
]
