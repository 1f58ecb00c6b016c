"""Issuer A with an identity provider that a test can make lie, and what happens between them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx

from tenants.acts.provider_kinds import default_claims, default_scopes
from tenants.records import IdentityProvider, Organization, User
from tenants.turn import Turn
from tests.flow.town import Town
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, authorize, changed, returned
from tests.support.openid_provider import CLIENT_ID, SECRET, OpenIdProvider, openid_provider


class Abroad:
    """Issuer A signs its users in at `corp`, a provider of this test's own."""

    def __init__(self, town: Town, corp: OpenIdProvider) -> None:
        self.town = town
        self.corp = corp
        self.browser = Browser(town.house)

    async def configure(self, host: str = "a", provider_id: str = "corp", **changes: Any) -> None:
        record = IdentityProvider(
            id=provider_id,
            kind="oidc",
            display_name="Corp",
            issuer_uri=self.corp.uri,
            client_id=CLIENT_ID,
            scopes=default_scopes("oidc"),
            claims=default_claims("oidc"),
            created_at=0,
            updated_at=0,
        )

        def act(turn: Turn, _: None) -> None:
            sealed = turn.keyring.seal("provider secret", SECRET.encode(), provider_id.encode())
            turn.tx.identity_providers.remove(provider_id)
            turn.tx.identity_providers.add(replace(record, **{"sealed_secret": sealed} | changes))

        await self.town.house.registry.tenant(host).actor.run(act, None)

    async def depart(self, browser: Browser | None = None, provider_id: str = "corp") -> str:
        """The URI at the provider that the browser is sent to."""
        answer = await self.try_to_depart(browser, provider_id)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def try_to_depart(self, browser: Browser | None = None, provider_id: str = "corp") -> httpx.Response:
        browser = browser or self.browser
        page = await browser.get(authorize(changed(AZ, prompt="login")))
        return await browser.submit(page, provider=provider_id)

    async def come_back(self, browser: Browser | None = None, **changes: str | None) -> httpx.Response:
        browser = browser or self.browser
        return await browser.get(self.corp.sign_in(await self.depart(browser), **changes))

    async def code(self) -> str:
        page = await self.browser.follow(await self.come_back())
        if page.status_code == 200:
            assert form_of(page)[0] == "/consent"
            page = await self.browser.allow(page)
        return returned(page)["code"]

    async def organization(self, organization_id: str, domain: str) -> None:
        made = Organization(id=organization_id, name="O", domains=(domain,), created_at=0, updated_at=0)

        def act(turn: Turn, _: None) -> None:
            turn.tx.organizations.remove(organization_id)
            turn.tx.organizations.add(made)

        await self.town.house.registry.tenant("a").actor.run(act, None)

    async def remove(self, provider_id: str) -> None:
        def act(turn: Turn, _: None) -> bool:
            return turn.tx.identity_providers.remove(provider_id)

        assert await self.town.house.registry.tenant("a").actor.run(act, None)

    async def forget(self) -> None:
        """Whoever came, and all providers."""

        def act(turn: Turn, _: None) -> None:
            for user in turn.tx.users.page("", 100):
                if not is_of_dev(user):
                    turn.tx.users.remove(user.id)
            for provider in turn.tx.identity_providers.all():
                turn.tx.identity_providers.remove(provider.id)

        for issuer_id in ("a", "b"):
            await self.town.house.registry.tenant(issuer_id).actor.run(act, None)

    async def users(self) -> list[User]:
        def act(turn: Turn, _: None) -> list[User]:
            return [user for user in turn.tx.users.page("", 100) if not is_of_dev(user)]

        return await self.town.house.registry.tenant("a").actor.run(act, None)


def is_of_dev(user: User) -> bool:
    return any(identity.provider == "dev" for identity in user.identities)


@asynccontextmanager
async def somewhere_abroad(town: Town) -> AsyncGenerator[Abroad]:
    """A provider of its own; nobody has come from it yet."""
    async with openid_provider(OpenIdProvider(now=town.clock)) as corp:
        there = Abroad(town, corp)
        await there.configure()
        yield there
        await there.forget()
