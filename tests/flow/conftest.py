"""One town for each file of tests."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.flow.at_provider import Abroad, somewhere_abroad
from tests.flow.town import Town, settle
from tests.support.house import running_house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Town]:
    async with running_house(tmp_path_factory.mktemp("house")) as house:
        yield await settle(house)


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(tmp_path: Path) -> AsyncGenerator[Town]:
    """A town of its own, for a test that disables, restarts or turns the clock far."""
    async with running_house(tmp_path) as house:
        yield await settle(house)


@pytest_asyncio.fixture(loop_scope="module")
async def abroad(town: Town) -> AsyncGenerator[Abroad]:
    async with somewhere_abroad(town) as there:
        yield there
