"""A crash in the middle of making an issuer: at the next start it is finished or undone, and its name can be had."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from storage_sqlite.stores import RegistryStores
from tenants.problems import NoSuchIssuer
from tenants.store import RegistryTx
from tests.fault.test_mailbox import read, write
from tests.support.tenant import a_house

UID = "0b81f7cc-2b3f-4b0e-9a54-1d5f0f6a1c11"


async def as_it_was_before_it_opened(directory: Path, issuer_id: str) -> None:
    """The list says that the issuer is still being built, as it does until its file has its name."""
    store = await RegistryStores(directory).open("registry")

    def rewrite(tx: RegistryTx) -> None:
        listing = tx.listings.find(issuer_id)
        assert listing is not None
        changed = {"state": "building", "uid": listing.uid}
        connection = tx.listings._connection  # pyright: ignore  no verb goes back to `building`
        connection.execute("UPDATE listings SET state = :state WHERE uid = :uid", changed)

    await store.perform([rewrite])
    await store.close()


def contents(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


async def test_an_issuer_whose_file_was_finished_is_served_at_the_next_start(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        await t.run(write, "x")
    await as_it_was_before_it_opened(tmp_path, "acme")
    async with a_house(tmp_path, seed="later") as house:
        t = house.find("acme")
        assert t.tenant.listing.state == "active"
        found = house.registry.at("acme.example")
        assert found is not None
        assert found.root is t.tenant
        assert await t.run(read, None) == ["x"]
        client = await t.client()
        assert await t.tokens(client)


@pytest.mark.parametrize("left", ["nothing", "half a file"])
async def test_an_issuer_whose_file_was_not_finished_is_undone_and_can_be_made_again(tmp_path: Path, left: str) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
    t.path.rename(t.path.with_name(f"{t.path.name}.new"))
    unfinished = t.path.with_name(f"{t.path.name}.new")
    if left == "nothing":
        unfinished.unlink()
    await as_it_was_before_it_opened(tmp_path, "acme")
    async with a_house(tmp_path, seed="later") as house:
        with pytest.raises(NoSuchIssuer):
            house.find("acme")
        assert house.registry.at("acme.example") is None
        assert list((tmp_path / "tenants").glob("*/*")) == [], "what was half made takes no room for ever"
        again = await house.create("acme")
        assert await again.tokens(await again.client())
    async with a_house(tmp_path) as house:
        assert house.find("acme").tenant.listing.state == "active"


async def test_a_start_after_a_clean_end_changes_nothing(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        await t.run(write, "x")
    before = contents(tmp_path)
    async with a_house(tmp_path) as house:
        assert house.registry.page("", 10, with_deleted=True) == [house.find("acme").tenant.listing]
    assert contents(tmp_path) == before


STEPS = range(0, 40, 3)
"""After how many steps of the loop the caller leaves."""


async def left_after(steps: int, call: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.create_task(call)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_creation_that_its_caller_leaves_is_done_or_undone_and_never_half(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        for steps in STEPS:
            await left_after(steps, house.create(f"i{steps}"))
    async with a_house(tmp_path, seed="later") as house:
        states = [listing.state for listing in house.registry.page("", 100, with_deleted=True)]
        assert set(states) == {"active"}
        for steps in STEPS:
            try:
                t = house.find(f"i{steps}")
            except NoSuchIssuer:
                t = await house.create(f"i{steps}")
            assert await t.tokens(await t.client())


async def test_a_change_that_its_caller_leaves_is_followed_or_not_made(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        t = await house.create("acme")
        for steps in STEPS:
            await left_after(steps, house.registry.disable("acme"))
            await house.registry.enable("acme")
            [kept] = house.registry.page("", 10, with_deleted=True)
            assert kept == t.tenant.listing
            assert kept.state == "active"
