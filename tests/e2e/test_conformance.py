"""The MCP project's own conformance suite for authorization servers, against the issuers of one process."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from tests.e2e.person import Person
from tests.e2e.place import Places
from tests.support import node
from tests.support.process import RunningTenantry, free_port, running

pytestmark = pytest.mark.e2e

SCENARIOS = {"authorization-server-metadata-endpoint": 2, "authorization-code-grant": 1}
"""And how many of the checks of each are counted: of the metadata, the endpoint and client ID metadata documents."""


@pytest.fixture(scope="module")
def conformance() -> list[str]:
    try:
        return node.installed().command("conformance")
    except node.NotToBeHad as reason:
        pytest.skip(f"the conformance suite cannot be had: {reason}")


@pytest.mark.timeout(360)
@pytest.mark.parametrize("name", ["a", "b", "below"])
async def test_an_issuer_passes_the_conformance_suite(
    conformance: list[str], tenantry: RunningTenantry, places: Places, tmp_path: Path, name: str
) -> None:
    place = places.named(name)
    client = tenantry.create_client(
        place.issuer,
        "",
        display_name="Conformance suite",
        redirect_uris=["http://127.0.0.1/callback"],
        token_endpoint_auth_method="none",
    )
    port = free_port()
    options = ["--url", place.issuer, "--client-id", client.client_id, "--resource", place.resource, "-p", str(port)]
    command = [*conformance, "authorization", *options, "--verbose", "-o", str(tmp_path)]
    with running(command, cwd=tmp_path) as suite:
        line = await asyncio.to_thread(suite.wait_for, lambda line: f"{place.issuer}/authorize?" in line)
        found = re.search(r"http://\S+/authorize\?\S+", line)
        assert found is not None
        callback = await Person().open(found[0])
        assert callback.copy_with(query=None) == f"http://127.0.0.1:{port}/callback"
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            await http.get(callback)
        code = await asyncio.to_thread(suite.ended, 60)
    assert code == 0, str(suite)
    for scenario, checks in SCENARIOS.items():
        assert f"{scenario}: {checks} passed, 0 failed" in str(suite)
