"""The open transaction of a file: its nouns, made once a connection."""

import sqlite3

from storage_sqlite.clients import Clients
from storage_sqlite.consents import Consents
from storage_sqlite.deliveries import Deliveries
from storage_sqlite.device_requests import DeviceRequests
from storage_sqlite.events import Events
from storage_sqlite.grants import Grants
from storage_sqlite.identity_providers import IdentityProviders
from storage_sqlite.issuer import IssuerRow
from storage_sqlite.kept_tokens import KeptTokens
from storage_sqlite.listings import Listings
from storage_sqlite.logout_notices import LogoutNotices
from storage_sqlite.organizations import Organizations
from storage_sqlite.registration_tokens import RegistrationTokens
from storage_sqlite.resources import Resources
from storage_sqlite.sessions import Sessions
from storage_sqlite.signing_keys import SigningKeys
from storage_sqlite.tickets import Tickets
from storage_sqlite.users import Users


class SqliteTx:
    """Implements tenants.store.Tx."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.issuer = IssuerRow(connection)
        self.clients = Clients(connection)
        self.registration_tokens = RegistrationTokens(connection)
        self.users = Users(connection)
        self.identity_providers = IdentityProviders(connection)
        self.resources = Resources(connection)
        self.organizations = Organizations(connection)
        self.sessions = Sessions(connection)
        self.consents = Consents(connection)
        self.tickets = Tickets(connection)
        self.grants = Grants(connection)
        self.device_requests = DeviceRequests(connection)
        self.deliveries = Deliveries(connection)
        self.logout_notices = LogoutNotices(connection)
        self.kept_tokens = KeptTokens(connection)
        self.signing_keys = SigningKeys(connection)
        self.events = Events(connection)

    def forget(self) -> None:
        self.issuer.forget()
        self.clients.forget()
        self.users.forget()
        self.identity_providers.forget()
        self.resources.forget()
        self.signing_keys.forget()


class SqliteRegistryTx:
    """Implements tenants.store.RegistryTx."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.listings = Listings(connection)

    def forget(self) -> None:
        """Nothing is remembered."""
