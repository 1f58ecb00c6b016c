"""Both storages that we ship keep what the port promises."""

from pathlib import Path

import pytest

from storage_sqlite.stores import RegistryStores, TenantStores
from tenants.memory.stores import MemoryRegistryStores, MemoryStores
from tenants.store import RegistryTx, Stores, Tx
from tests.support.storage_conformance import RegistryStoreConformance, TenantStoreConformance


class TestTenantsInMemory(TenantStoreConformance):
    @pytest.fixture
    def stores(self) -> Stores[Tx]:
        return MemoryStores()


class TestTheRegistryInMemory(RegistryStoreConformance):
    @pytest.fixture
    def stores(self) -> Stores[RegistryTx]:
        return MemoryRegistryStores()


class TestTenantsInSqlite(TenantStoreConformance):
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Stores[Tx]:
        return TenantStores(tmp_path / "tenants")


class TestTheRegistryInSqlite(RegistryStoreConformance):
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Stores[RegistryTx]:
        return RegistryStores(tmp_path / "registry")
