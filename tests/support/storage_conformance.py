"""The suite that proves a storage: every sentence of the port (tenants/store), tried on the real thing.

Subclass both classes, and give each a `stores` fixture: an empty cupboard of yours.

    class TestTenantsInMyStorage(TenantStoreConformance):
        @pytest.fixture
        def stores(self, tmp_path: Path) -> Stores[Tx]:
            return MyTenantStores(tmp_path)
"""

from typing import ClassVar

from tenants.store import RegistryTx, Tx
from tests.support.storage import samples
from tests.support.storage.admin_tokens import AdminTokenConformance
from tests.support.storage.answers import AnswerConformance
from tests.support.storage.clients import ClientConformance
from tests.support.storage.consents import ConsentConformance
from tests.support.storage.cupboard import CupboardConformance
from tests.support.storage.device_requests import DeviceRequestConformance
from tests.support.storage.domains import DomainConformance
from tests.support.storage.events import EventConformance
from tests.support.storage.everything import WholeConformance
from tests.support.storage.grants import GrantConformance
from tests.support.storage.identity_providers import IdentityProviderConformance
from tests.support.storage.issuer import IssuerConformance
from tests.support.storage.kept_tokens import KeptTokenConformance
from tests.support.storage.listings import ListingConformance
from tests.support.storage.operations import OperationConformance
from tests.support.storage.organizations import OrganizationConformance
from tests.support.storage.outbox import OutboxConformance
from tests.support.storage.registration_tokens import RegistrationTokenConformance
from tests.support.storage.resources import ResourceConformance
from tests.support.storage.sessions import SessionConformance
from tests.support.storage.signing_keys import SigningKeyConformance
from tests.support.storage.tickets import TicketConformance
from tests.support.storage.users import UserConformance
from tests.support.storage.workload_issuers import WorkloadIssuerConformance

__all__ = ["RegistryStoreConformance", "TenantStoreConformance"]


def found(tx: Tx) -> None:
    tx.issuer.found(samples.ISSUER)


class TenantStoreConformance(
    CupboardConformance[Tx],
    IssuerConformance,
    ClientConformance,
    RegistrationTokenConformance,
    UserConformance,
    IdentityProviderConformance,
    ResourceConformance,
    WorkloadIssuerConformance,
    OrganizationConformance,
    SessionConformance,
    ConsentConformance,
    TicketConformance,
    GrantConformance,
    DeviceRequestConformance,
    OutboxConformance,
    KeptTokenConformance,
    SigningKeyConformance,
    EventConformance,
    AnswerConformance,
    WholeConformance,
):
    """Proves a `Stores[Tx]`."""

    uids: ClassVar = (
        "0b81f7cc-2b3f-4b0e-9a54-1d5f0f6a1c11",
        "0bffffff-ffff-4fff-bfff-ffffffffffff",
        "f2a9c0de-0000-4000-8000-000000000000",
    )
    founding: ClassVar = (found,)

    def write(self, tx: Tx, name: str) -> None:
        tx.clients.add(samples.client(name))

    def names(self, tx: Tx) -> list[str]:
        return [client.id for client in tx.clients.page("", 1_000)]


class RegistryStoreConformance(
    CupboardConformance[RegistryTx],
    ListingConformance,
    DomainConformance,
    AdminTokenConformance,
    OperationConformance,
    EventConformance,
    AnswerConformance,
):
    """Proves a `Stores[RegistryTx]`."""

    uids: ClassVar = ("registry", "second", "third")

    def write(self, tx: RegistryTx, name: str) -> None:
        tx.listings.add(samples.listing(name))

    def names(self, tx: RegistryTx) -> list[str]:
        return [listing.id for listing in tx.listings.all()]
