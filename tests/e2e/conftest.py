"""One Tenantry in a process of its own, with three issuers at two hosts, and an MCP server behind each."""

from collections.abc import Generator
from contextlib import ExitStack

import pytest

from tests.e2e.place import CALLBACK, KEEPER, TWIN, Place, Places
from tests.support import node
from tests.support.process import RunningTenantry, example_mcp_server, tenantry_dev


@pytest.fixture(scope="session")
def programs() -> node.NodePrograms:
    """Other people's, in Node."""
    try:
        return node.installed()
    except node.NotToBeHad as reason:
        pytest.skip(f"they cannot be had: {reason}")


@pytest.fixture(scope="session")
def tenantry(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningTenantry]:
    with tenantry_dev(tmp_path_factory.mktemp("tenantry")) as running:
        running.create_issuer("b", f"http://127.0.0.1:{running.port}")
        running.create_issuer("below", f"{running.demo}/realms/acme")
        yield running


@pytest.fixture(scope="session")
def places(tenantry: RunningTenantry) -> Generator[Places]:
    issuers = (tenantry.demo, f"http://127.0.0.1:{tenantry.port}", f"{tenantry.demo}/realms/acme")
    with ExitStack() as servers:
        yield Places(*(Place(issuer, servers.enter_context(example_mcp_server(issuer))) for issuer in issuers))


@pytest.fixture(scope="session")
def secrets(tenantry: RunningTenantry, places: Places) -> dict[str, str]:
    """The keeper's secret at each issuer."""
    kept: dict[str, str] = {}
    for place in (places.a, places.b):
        tenantry.create_client(
            place.issuer,
            TWIN,
            display_name="Twin",
            redirect_uris=[CALLBACK],
            token_endpoint_auth_method="none",
        )
        resources = [places.a.resource, places.b.resource]
        keeper = tenantry.create_client(
            place.issuer, KEEPER, display_name="Keeper", redirect_uris=[CALLBACK], resources=resources
        )
        kept[place.issuer] = keeper.client_secret
    return kept
