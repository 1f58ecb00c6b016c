"""One user with two identity providers that vouch for the address: who they are, and what ends with one of them."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.operate import change_policy
from tenants.records import Identity
from tenants.turn import Turn
from tests.flow.at_provider import Abroad, somewhere_abroad
from tests.flow.town import Town
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, TK, authorize, changed, claims, returned, sent_back
from tests.support.openid_provider import OpenIdProvider, openid_provider

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Two:
    """Issuer A links by e-mail; `corp` and `other` both vouch, and know Eve by subjects of their own."""

    abroad: Abroad
    other: OpenIdProvider

    async def configure_other(self, disabled_at: int | None = None) -> None:
        there = {"provider_id": "other", "display_name": "Other", "issuer_uri": self.other.uri}
        await self.abroad.configure(**there, vouches_for_email=True, disabled_at=disabled_at)

    async def code(self, browser: Browser, provider_id: str) -> str:
        """A code, for whom the provider signs in with this browser; without consent where it is remembered."""
        provider = self.other if provider_id == "other" else self.abroad.corp
        back = provider.sign_in(await self.abroad.depart(browser, provider_id))
        page = await browser.follow(await browser.get(back))
        return returned(await browser.allow(page) if page.status_code == 200 else page)["code"]


@pytest_asyncio.fixture(loop_scope="module")
async def two(fresh: Town) -> AsyncGenerator[Two]:
    def link(turn: Turn, _: None) -> object:
        return change_policy(turn, replace(turn.issuer.policy, link_by_email=True))

    await fresh.house.registry.tenant("a").actor.run(link, None)
    async with somewhere_abroad(fresh) as abroad, openid_provider(OpenIdProvider(now=fresh.clock)) as other:
        await abroad.configure(vouches_for_email=True)
        other.user |= {"sub": "of-other", "email": "Eve@Corp.test"}
        made = Two(abroad, other)
        await made.configure_other()
        yield made


async def test_the_same_user_comes_from_both_and_what_ends_with_one_stays_of_the_other(two: Two) -> None:
    abroad, town = two.abroad, two.abroad.town
    browsers = {id: Browser(town.house) for id in ("corp", "other")}
    tokens: dict[str, dict[str, Any]] = {}
    for id, browser in browsers.items():
        answer = await town.token(changed(TK, code=await two.code(browser, id)))
        assert answer.status_code == 200, answer.text
        tokens[id] = answer.json()
    [user] = await abroad.users()
    assert user.identities == (Identity("corp", "248"), Identity("other", "of-other"))
    assert {claims(each["access_token"])["sub"] for each in tokens.values()} == {user.id}
    assert {(await browser.get(authorize(AZ))).status_code for browser in browsers.values()} == {302}

    await two.configure_other(disabled_at=1)
    assert (await browsers["corp"].get(authorize(AZ))).status_code == 302
    assert form_of(await browsers["other"].get(authorize(AZ)))[0] == "/login"
    active = {id: (await town.introspect(each["access_token"]))["active"] for id, each in tokens.items()}
    assert active == {"corp": True, "other": False}
    assert (await town.refresh(tokens["corp"]["refresh_token"])).status_code == 200
    assert (await town.refresh(tokens["other"]["refresh_token"])).json()["error"] == "invalid_grant"


async def test_an_address_that_the_second_provider_has_not_verified_makes_another_user(two: Two) -> None:
    two.other.user["email_verified"] = False
    browsers = {id: Browser(two.abroad.town.house) for id in ("corp", "other")}
    assert all([await two.code(browser, id) for id, browser in browsers.items()])
    assert sorted(len(user.identities) for user in await two.abroad.users()) == [1, 1]


async def test_a_disabled_user_is_refused_at_the_second_provider_too(two: Two) -> None:
    await two.code(Browser(two.abroad.town.house), "corp")

    def disable(turn: Turn, _: None) -> None:
        user = turn.tx.users.find_identity("corp", "248")
        assert user is not None
        turn.tx.users.change(replace(user, disabled_at=turn.now))

    await two.abroad.town.house.registry.tenant("a").actor.run(disable, None)
    browser = Browser(two.abroad.town.house)
    back = two.other.sign_in(await two.abroad.depart(browser, "other"))
    sent_back(await browser.get(back), "access_denied")
    assert len(await two.abroad.users()) == 1
