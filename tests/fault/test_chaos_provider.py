"""A provider that misbehaves harms nobody: who came by way of it is told, and all others are served meanwhile."""

import asyncio
import os
import tracemalloc
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.flow.at_provider import Abroad
from tests.flow.town import POLICY, Town, settle
from tests.support.abroad import Server
from tests.support.browser import Browser
from tests.support.chaos import BEHAVIOURS, CALLS, Behaviour, chaos_provider, late
from tests.support.clients import AZ, PUBLIC, TK, authorize, changed, is_page, returned
from tests.support.house import running_house
from tests.support.openid_provider import OpenIdProvider, openid_provider

STEPS = (*((call, "return") for call in CALLS), ("discovery", "departure"))
"""When the house asks for something: discovery too on the way back, where the operator named the endpoint to go to."""
ISSUERS = ("a", "c")
"""Those whose providers misbehave: so many that none has more of them than calls at once."""
BOUND = 24_000_000
"""Bytes: far below what one of these providers alone would say."""
END = 30
"""Seconds after which what has not ended will not."""


class Sufferer(Abroad):
    """A user of an issuer, and the provider that misbehaves to them."""

    def __init__(
        self, town: Town, corp: OpenIdProvider, host: str, behaviour: Behaviour, step: tuple[str, str]
    ) -> None:
        super().__init__(town, corp)
        self.browser = Browser(town.house, host=f"{host}.test")
        self.behaviour, self.step = behaviour, step
        self.provider_id = f"{behaviour.__name__.replace('_', '-')}-{'-'.join(step)}"

    async def signs_in(self) -> None:
        """Ends with a clear word: a session, or to the client an error of ours, or a page."""
        answer = await self.try_to_depart(provider_id=self.provider_id)
        if self.step[1] == "departure" and self.behaviour is not late:
            is_page(answer, 503)
            assert "Corp cannot be reached" in answer.text
            return
        assert answer.status_code == 303, answer.text
        answer = await self.browser.get(self.corp.sign_in(answer.headers["location"]))
        if self.behaviour is late:
            assert answer.headers["location"].startswith(f"https://{self.browser.host}/authorize?"), answer.text
        else:
            told = returned(answer)
            assert (told["error"], told["state"]) == ("server_error", "s1")


async def sufferers(parts: AsyncExitStack, town: Town, round_of: int) -> list[tuple[Sufferer, Server]]:
    """One for each behaviour. In as many rounds as there are steps, each behaviour meets each of them."""
    found: list[tuple[Sufferer, Server]] = []
    for number, behaviour in enumerate(BEHAVIOURS):
        step = STEPS[(number + round_of) % len(STEPS)]
        corp = OpenIdProvider(now=town.clock, says={"email": None}, algorithm="ES256")  # whose keys are soon made
        server = await parts.enter_async_context(chaos_provider(corp, behaviour, CALLS[step[0]]))
        one = Sufferer(town, corp, ISSUERS[number % len(ISSUERS)], behaviour, step)
        named = {"authorization_uri": f"{corp.uri}/authorize"} if step[1] == "return" else {}
        await one.configure(ISSUERS[number % len(ISSUERS)], one.provider_id, **named)
        found.append((one, server))
    return found


async def whole_sign_in(town: Town, neighbour: Abroad) -> None:
    """At issuer B, by way of a provider that is well: from the first page to the tokens."""
    browser = Browser(town.house, host="b.test")
    page = await browser.get(authorize(AZ))
    location = (await browser.submit(page, provider="corp")).headers["location"]
    answer = await browser.follow(await browser.get(neighbour.corp.sign_in(location)))
    if answer.status_code == 200:  # consent is asked for once
        answer = await browser.allow(answer)
    answer = await town.token(changed(TK, code=returned(answer)["code"]), host="b.test")
    assert answer.status_code == 200, answer.text


async def refreshes(town: Town) -> None:
    """At the token endpoint of issuer A, whose providers misbehave."""
    tokens = await town.tokens()
    answer: httpx.Response = await town.refresh(tokens["refresh_token"])
    assert answer.status_code == 200, answer.text


def sockets() -> int:
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except FileNotFoundError:
            continue  # the one that reads this folder
    return found


async def harms_nobody(tmp_path: Path, round_of: int) -> None:
    open_before = sockets()
    async with AsyncExitStack() as parts:
        house = await parts.enter_async_context(running_house(tmp_path / f"house-{round_of}"))
        town = await settle(house)
        await house.issuer("c", "https://c.test", POLICY)
        await house.client("c", "P", **PUBLIC)
        well = await parts.enter_async_context(openid_provider(OpenIdProvider(now=town.clock)))
        neighbour = Abroad(town, well)
        await neighbour.configure("b")
        await whole_sign_in(town, neighbour)
        suffering = await sufferers(parts, town, round_of)
        tasks_before = asyncio.all_tasks()
        tracemalloc.start()
        try:
            async with asyncio.timeout(END):
                async with asyncio.TaskGroup() as group:
                    under_way = [group.create_task(one.signs_in()) for one, _ in suffering]
                    served = 0
                    while not all(task.done() for task in under_way):
                        await whole_sign_in(town, neighbour)
                        await refreshes(town)
                        served += 1
                assert served > 1, "they had to wait for those who suffered"
                for _, server in suffering:
                    await server.reached(lambda server: server.open == 0)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < BOUND
        assert all(server.connections for _, server in suffering)
        left = asyncio.all_tasks() - tasks_before
        if left:
            await asyncio.wait(left, timeout=END)
        assert not [task for task in left if not task.done()]
        await whole_sign_in(town, neighbour)
    assert sockets() == open_before


async def test_a_provider_that_misbehaves_harms_nobody_else(tmp_path: Path) -> None:
    await harms_nobody(tmp_path, 0)


@pytest.mark.long
@pytest.mark.parametrize("round_of", range(1, len(STEPS)))
async def test_however_and_whenever_a_provider_misbehaves_it_harms_nobody_else(tmp_path: Path, round_of: int) -> None:
    await harms_nobody(tmp_path, round_of)
