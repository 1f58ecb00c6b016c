"""The open transaction of a file: its nouns, made once a connection."""

import sqlite3

from storage_sqlite.admin_tokens import AdminTokens
from storage_sqlite.answers import Answers
from storage_sqlite.clients import Clients
from storage_sqlite.consents import Consents
from storage_sqlite.device_requests import DeviceRequests
from storage_sqlite.domains import Domains
from storage_sqlite.events import Events
from storage_sqlite.grants import Grants
from storage_sqlite.identity_providers import identity_providers
from storage_sqlite.issuer import IssuerRow
from storage_sqlite.kept_tokens import KeptTokens
from storage_sqlite.listings import Listings
from storage_sqlite.operations import Operations
from storage_sqlite.organizations import Organizations
from storage_sqlite.outbox import Outbox
from storage_sqlite.registration_tokens import RegistrationTokens
from storage_sqlite.resources import resources
from storage_sqlite.sessions import Sessions
from storage_sqlite.signing_keys import SigningKeys
from storage_sqlite.tickets import Tickets
from storage_sqlite.users import Users
from storage_sqlite.workload_issuers import workload_issuers


class SqliteTx:
    """Implements tenants.store.Tx."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.issuer = IssuerRow(connection)
        self.clients = Clients(connection)
        self.registration_tokens = RegistrationTokens(connection)
        self.users = Users(connection)
        self.identity_providers = identity_providers(connection)
        self.resources = resources(connection)
        self.workload_issuers = workload_issuers(connection)
        self.organizations = Organizations(connection)
        self.sessions = Sessions(connection)
        self.consents = Consents(connection)
        self.tickets = Tickets(connection)
        self.grants = Grants(connection)
        self.device_requests = DeviceRequests(connection)
        self.outbox = Outbox(connection)
        self.kept_tokens = KeptTokens(connection)
        self.signing_keys = SigningKeys(connection)
        self.events = Events(connection)
        self.answers = Answers(connection)

    def forget(self) -> None:
        self.issuer.forget()
        self.clients.forget()
        self.users.forget()
        self.identity_providers.forget()
        self.resources.forget()
        self.workload_issuers.forget()
        self.signing_keys.forget()


class SqliteRegistryTx:
    """Implements tenants.store.RegistryTx."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.listings = Listings(connection)
        self.domains = Domains(connection)
        self.admin_tokens = AdminTokens(connection)
        self.events = Events(connection)
        self.answers = Answers(connection)
        self.operations = Operations(connection)

    def forget(self) -> None:
        """Nothing is remembered."""
