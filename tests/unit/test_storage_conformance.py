"""Both storages that we ship keep what the port promises."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from storage_sqlite.stores import RegistryStores, TenantStores
from tenants.memory.stores import MemoryRegistryStores, MemoryStores
from tenants.store import RegistryTx, Stores, Tx
from tests.support.storage import samples
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


@pytest.mark.parametrize(
    "whole",
    [
        samples.ISSUER,
        samples.CLIENT,
        samples.USER,
        samples.PROVIDER,
        samples.RESOURCE,
        samples.WORKLOAD_ISSUER,
        samples.ORGANIZATION,
        samples.GRANT,
        samples.DEVICE_REQUEST,
        samples.MESSAGE,
        samples.SESSION,
        samples.KEPT_TOKEN,
        samples.KEY,
        samples.LISTING,
        samples.EVENT,
        samples.ANSWER,
        samples.ADMIN_TOKEN,
        samples.DOMAIN,
        samples.OPERATION,
    ],
    ids=lambda whole: type(whole).__name__,
)
def test_what_is_kept_to_be_found_again_has_no_field_that_a_storage_could_forget(whole: Any) -> None:
    defaults = {field.name: _default(field) for field in fields(whole)}
    assert [name for name, default in defaults.items() if getattr(whole, name) == default] == []


def _default(field: Any) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()
