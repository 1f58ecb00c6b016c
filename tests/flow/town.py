"""The town of the security catalogue: issuers A and B in one house, with the clients and the user it speaks of."""

from dataclasses import dataclass, replace
from typing import Any

import httpx

from tenants.acts.maintain import Maintenance, maintain
from tenants.records import Policy
from tenants.turn import Turn
from tests.support.browser import Browser
from tests.support.clients import CONFIDENTIAL, PUBLIC, RESOURCE, RF, TK, Pairs, changed
from tests.support.house import FakeClock, RunningHouse

POLICY = Policy(
    scopes=("mcp", "admin", "openid", "profile", "email", "offline_access"),
    private_redirect_schemes=("com.example.app",),
    debug=True,
)
FOR_BOTH_GRANTS = {"grant_types": ["authorization_code", "refresh_token"]}


@dataclass
class Town:
    """`P` is public, `K` confidential (Basic), `L` confidential (post); `R` speaks for the resource; user U is here."""

    house: RunningHouse
    user: Browser
    secrets: dict[str, str]

    @property
    def clock(self) -> FakeClock:
        return self.house.clock

    async def ask(self, method: str, target: str, **more: Any) -> httpx.Response:
        return await self.house.ask(method, target, **more)

    async def token(self, form: Pairs | bytes, **more: Any) -> httpx.Response:
        return await self.house.ask("POST", "/token", form=form, **more)

    async def tokens(self, parameters: Pairs | None = None, **more: Any) -> dict[str, Any]:
        """What P gets for a new grant of U."""
        code = await (self.user.code() if parameters is None else self.user.code(parameters))
        answer = await self.token(changed(TK, code=code), **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refresh(self, token: str, **changes: str | None) -> httpx.Response:
        return await self.token(changed(RF, refresh_token=token, **changes))

    async def introspect(self, token: str, **more: Any) -> dict[str, Any]:
        """What P, whose token it is, is told of it."""
        answer = await self.house.ask("POST", "/introspect", form={"token": token, "client_id": "P"}, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def basic(self, client_id: str) -> tuple[str, str]:
        return client_id, self.secrets[client_id]


async def settle(house: RunningHouse) -> Town:
    await house.issuer("a", "https://a.test", POLICY)
    await house.issuer("b", "https://b.test", POLICY)
    for issuer in ("a", "b"):
        await house.resource(issuer, "mcp", RESOURCE)
        await house.resource(issuer, "other", "https://mcp.test/other")
    town = Town(house, Browser(house), {})
    await house.client("a", "P", **PUBLIC)
    await house.client("b", "P", **PUBLIC)
    for client_id, resources, more in (
        ("K", (), {"token_endpoint_auth_method": "client_secret_basic"}),
        ("L", (), {"token_endpoint_auth_method": "client_secret_post"}),
        ("R", (RESOURCE,), {"token_endpoint_auth_method": "client_secret_basic"}),
    ):
        _, secret = await house.client("a", client_id, resources, **CONFIDENTIAL, **more)
        assert secret is not None
        town.secrets[client_id] = secret
    await town.user.code()
    return town


async def sweep(town: Town) -> None:
    """What counts no more is forgotten in the store of issuer A, as when its alarm rings."""
    await town.house.registry.tenant("a").actor.run(maintain, Maintenance())


async def disable_client(house: RunningHouse, client_id: str) -> None:
    """As the operator would, in the store of issuer A."""

    def act(turn: Turn, _: None) -> None:
        client = turn.tx.clients.find(client_id)
        assert client is not None
        turn.tx.clients.change(replace(client, disabled_at=turn.now))

    await house.registry.tenant("a").actor.run(act, None)


async def disable_user(house: RunningHouse, email: str) -> None:
    def act(turn: Turn, _: None) -> None:
        user = turn.tx.users.find_identity("dev", email)
        assert user is not None
        turn.tx.users.change(replace(user, disabled_at=turn.now))

    await house.registry.tenant("a").actor.run(act, None)
