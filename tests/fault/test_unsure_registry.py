"""The registry's store does not know whether it kept a change: what is in memory is what the file holds after all."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio

from protos.admin.v1.admin_token_service_pb2 import AdminToken, CreateAdminTokenRequest, DeleteAdminTokenRequest
from protos.admin.v1.domain_service_pb2 import CreateDomainRequest, DeleteDomainRequest, Domain
from protos.admin.v1.issuer_service_pb2 import DisableIssuerRequest, EnableIssuerRequest, Issuer
from protos.admin.v1.server_service_pb2 import GetServerInfoRequest
from storage_sqlite.stores import RegistryStores
from tenants.listings import every
from tenants.problems import Unknown
from tenants.store import Commit, RegistryTx, Store
from tests.support.admin import Desk, admin_desk, refused

UNSURE: list[str] = []
"""Something, where the next commit is kept and not known to be."""


@dataclass
class UnsureStore:
    store: Store[RegistryTx]

    async def perform(self, works: Sequence[Callable[[RegistryTx], object]]) -> Commit:
        commit = await self.store.perform(works)
        if commit.wrote and UNSURE:
            raise Unknown(UNSURE.pop())
        return commit

    async def close(self) -> None:
        await self.store.close()


class UnsureStores(RegistryStores):
    async def open(self, uid: str) -> Any:
        return UnsureStore(await super().open(uid))


@pytest_asyncio.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Desk]:
    monkeypatch.setattr("tests.support.house.RegistryStores", UnsureStores)
    async with admin_desk(tmp_path) as desk:
        await desk.issuer("a")
        yield desk


async def unsure(desk: Desk, request: Any) -> None:
    await desk.house.registry.perform(every, None)  # that a token was used is written by now
    UNSURE.append("the disk says nothing")
    await refused(desk.ask(request), grpc.StatusCode.UNAVAILABLE, "OUTCOME_UNKNOWN")
    assert not UNSURE


async def test_a_token_that_is_gone_opens_nothing(desk: Desk) -> None:
    made = await desk.ask(CreateAdminTokenRequest(admin_token=AdminToken(role=AdminToken.ROLE_OWNER)))
    await desk.ask(GetServerInfoRequest(), token=made.token)
    await unsure(desk, DeleteAdminTokenRequest(name=made.name))
    shown = desk.ask(GetServerInfoRequest(), token=made.token)
    await refused(shown, grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")


async def test_an_issuer_that_is_disabled_is_so_and_can_be_enabled(desk: Desk) -> None:
    await unsure(desk, DisableIssuerRequest(name="issuers/a"))
    assert desk.house.registry.tenant("a").listing.state == "disabled"
    assert (await desk.ask(EnableIssuerRequest(name="issuers/a"))).state == Issuer.STATE_ACTIVE


async def test_nobody_is_found_at_a_host_that_was_given_away(desk: Desk) -> None:
    domain = await desk.ask(CreateDomainRequest(parent="issuers/a", domain=Domain(host="here.localhost")))
    assert desk.house.registry.at("here.localhost") is not None
    await unsure(desk, DeleteDomainRequest(name=domain.name))
    assert desk.house.registry.at("here.localhost") is None
