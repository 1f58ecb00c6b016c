"""Two issuers, whose users sign in at OpenID providers that others wrote: who is whose, new keys, and errors."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from google.protobuf.duration_pb2 import Duration

from protos.admin.v1 import identity_provider_service_pb2 as pb
from protos.admin.v1.identity_provider_service_pb2 import (
    CreateIdentityProviderRequest,
    IdentityProvider,
    UpdateIdentityProviderRequest,
)
from tenants.turn import Turn
from tests.e2e.openid_provider import CLIENT_ID, SECRET, Guest, openid_provider
from tests.e2e.place import CALLBACK, TWIN, Place
from tests.e2e.visit import Visit
from tests.support.admin import Desk, admin_desk
from tests.support.clients import claims
from tests.support.house import FakeClock

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(360)]

R = TypeVar("R")
RESOURCE = "http://localhost:1/mcp"
COOL_DOWN = 31
"""Seconds after which the house looks again for a key that it does not know."""


@dataclass
class Issuers:
    """Issuers `a` and `b`; the provider of each is `corp`. Time is real until it is turned forward."""

    desk: Desk
    providers: dict[str, ExitStack] = field(default_factory=dict[str, ExitStack])
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    guests: list[Guest] = field(default_factory=list[Guest])

    def uri(self, issuer: str) -> str:
        return f"http://{ {'a': 'localhost', 'b': '127.0.0.1'}[issuer] }:{self.desk.house.port}"

    @property
    def clock(self) -> FakeClock:
        return self.desk.house.clock

    async def open(self, issuer: str, algorithm: str, *, told: bool) -> None:
        await self.desk.issuer(issuer, self.uri(issuer), debug=True)
        members: dict[str, Any] = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        await self.desk.client(issuer, TWIN, **members)
        config = IdentityProvider.OidcConfig(issuer_uri=self.start(issuer, algorithm, told=told))
        given = IdentityProvider(
            display_name=f"Corp of {issuer}", client_id=CLIENT_ID, client_secret=SECRET, oidc=config
        )
        request = CreateIdentityProviderRequest(
            parent=f"issuers/{issuer}", identity_provider_id="corp", identity_provider=given
        )
        made = await self.desk.ask(request)
        assert made.redirect_uri == f"{self.uri(issuer)}/callback/corp"

    def start(self, issuer: str, algorithm: str = "RS256", *, told: bool = False, port: int = 0, key: str = "") -> str:
        """A provider for `issuer`, with new keys. Returns its address."""
        self.providers[issuer] = ExitStack()
        provider = openid_provider(f"{self.uri(issuer)}/callback/corp", algorithm, told=told, port=port, key=key)
        self.addresses[issuer] = self.providers[issuer].enter_context(provider)
        return self.addresses[issuer]

    async def restart(self, issuer: str, key: str = "") -> None:
        """With new keys. `key` is how it knows us from now on, instead of by a secret."""
        self.providers[issuer].close()
        address = self.addresses[issuer]
        assert self.start(issuer, port=urlsplit(address).port or 0, key=key) == address

    async def change(self, issuer: str, *mask: str, **members: Any) -> IdentityProvider:
        given = IdentityProvider(name=f"issuers/{issuer}/identityProviders/corp", **members)
        request = UpdateIdentityProviderRequest(identity_provider=given)
        request.update_mask.paths.extend(mask)
        return await self.desk.ask(request)

    async def tried(self, issuer: str) -> dict[str, str]:
        """The checks that the provider does not pass, and the state of each."""
        request = pb.TestIdentityProviderRequest(name=f"issuers/{issuer}/identityProviders/corp")
        state_of = pb.TestIdentityProviderResponse.Check.State.Name
        states = {check.name: state_of(check.state) for check in (await self.desk.ask(request)).checks}
        return {name: state for name, state in states.items() if state != "STATE_PASSED"}

    def visit(self, issuer: str, **guest: Any) -> Visit:
        """With a browser of its own."""
        self.guests.append(Guest(**guest))
        return Visit(Place(self.uri(issuer), RESOURCE), self.guests[-1])

    async def disable(self, issuer: str, email: str) -> None:
        def act(turn: Turn) -> None:
            [user] = [user for user in turn.tx.users.page("", 100) if user.email == email]
            assert user.email_verified
            turn.tx.users.change(replace(user, disabled_at=turn.now))

        await self._run(issuer, act)

    async def emails(self, issuer: str) -> list[str | None]:
        def act(turn: Turn) -> list[str | None]:
            return [user.email for user in turn.tx.users.page("", 100)]

        return await self._run(issuer, act)

    async def _run(self, issuer: str, act: Callable[[Turn], R]) -> R:
        def alone(turn: Turn, _: None) -> R:
            return act(turn)

        return await self.desk.house.registry.tenant(issuer).actor.run(alone, None)


@pytest.fixture
async def issuers(tmp_path: Path) -> AsyncGenerator[Issuers]:
    async with admin_desk(tmp_path, clock=FakeClock(int(time.time()))) as desk:
        there = Issuers(desk)
        try:
            await there.open("a", "RS256", told=False)
            await there.open("b", "ES256", told=True)
            yield there
        finally:
            for guest in there.guests:
                await guest.http.aclose()
            for provider in there.providers.values():
                provider.close()


async def test_users_of_one_provider_are_nobody_at_the_issuer_of_the_other(issuers: Issuers) -> None:
    """A person of the same name is at each provider: two users, whose tokens and sessions hold at one issuer each."""
    home, abroad = issuers.visit("a"), issuers.visit("b")
    tokens, others = await home.tokens(), await abroad.tokens()
    assert home.person.pages[0] == f"{issuers.desk.house.port} login"
    assert [page.split()[1] for page in home.person.pages] == ["login", "interaction", "consent"]
    assert await issuers.emails("a") == await issuers.emails("b") == ["ada@corp.test"]
    assert claims(tokens["access_token"])["sub"] != claims(others["access_token"])["sub"]

    for here, there, given in ((home, abroad, tokens), (abroad, home, others)):
        assert await here.counts(given["access_token"])
        assert not await there.counts(given["access_token"])
        refused = await there.refresh(given["refresh_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        told = claims(given["id_token"])
        assert (told["iss"], told["aud"]) == (here.place.issuer, TWIN)
        assert "corp" not in str(told)
    code = (await home.person.told(home.authorize_url()))["code"]
    assert (await abroad.redeem(code)).json()["error"] == "invalid_grant"
    assert (await home.redeem(code)).status_code == 200


async def test_a_user_who_is_disabled_is_refused_at_once_and_nobody_else_is(issuers: Issuers) -> None:
    ada, bo, abroad = issuers.visit("a"), issuers.visit("a", name="bo"), issuers.visit("b")
    tokens, of_bo, of_abroad = await ada.tokens(), await bo.tokens(), await abroad.tokens()
    refreshed = (await ada.refresh(tokens["refresh_token"])).json()
    assert await ada.counts(refreshed["access_token"])

    await issuers.disable("a", "ada@corp.test")
    refused = await ada.refresh(refreshed["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert not await ada.counts(refreshed["access_token"])
    for again in (ada, issuers.visit("a")):
        told = await again.person.told(again.authorize_url())
        assert (told["error"], told["state"]) == ("access_denied", "s")
        assert "code" not in told
    for other, given in ((bo, of_bo), (abroad, of_abroad)):
        assert await other.counts(given["access_token"])
        assert (await other.refresh(given["refresh_token"])).status_code == 200
        assert "code" in await other.person.told(other.authorize_url())


async def test_a_provider_that_comes_back_with_new_keys_is_believed_again_soon(issuers: Issuers) -> None:
    await issuers.visit("a").tokens()
    await issuers.restart("a")
    early = issuers.visit("a")
    assert (await early.person.told(early.authorize_url()))["error"] == "server_error"
    await issuers.visit("b").tokens()

    issuers.clock.now += COOL_DOWN
    late = issuers.visit("a")
    assert await late.counts((await late.tokens())["access_token"])
    assert await issuers.emails("a") == ["ada@corp.test"], "the same user as before"


async def test_a_user_who_will_not_sign_in_there_is_told_to_the_client_in_our_words(issuers: Issuers) -> None:
    visit = issuers.visit("a", willing=False)
    told = await visit.person.told(visit.authorize_url())
    assert told == {
        "error": "access_denied",
        "error_description": "the user did not sign in",
        "state": "s",
        "iss": visit.place.issuer,
    }
    assert await issuers.emails("a") == []


async def test_a_provider_that_does_not_know_our_secret_is_told_to_the_client_in_our_words(issuers: Issuers) -> None:
    await issuers.visit("a").tokens()
    await issuers.change("a", "client_secret", client_secret="another")
    visit = issuers.visit("a", name="bo")
    told = await visit.person.told(visit.authorize_url())
    assert told == {
        "error": "server_error",
        "error_description": "the sign-in failed",
        "state": "s",
        "iss": visit.place.issuer,
    }
    assert "invalid_client" in issuers.desk.logged(), "the operator, who debugs, can find out why"
    assert await issuers.emails("a") == ["ada@corp.test"], "bo did not come in"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "EdDSA"])
async def test_a_provider_knows_us_by_the_key_that_it_is_given_and_by_no_other(
    issuers: Issuers, algorithm: str
) -> None:
    members = {"token_endpoint_auth_method": "private_key_jwt", "client_assertion_algorithm": algorithm}
    changed = await issuers.change("a", **members)
    await issuers.restart("a", changed.public_jwk)
    visit = issuers.visit("a")
    assert await visit.counts((await visit.tokens())["access_token"])
    assert await issuers.emails("a") == ["ada@corp.test"]

    await issuers.change("a", "client_secret")
    late = issuers.visit("a", name="bo")
    assert (await late.person.told(late.authorize_url()))["error"] == "server_error"
    assert "invalid_client" in issuers.desk.logged()
    assert await issuers.emails("a") == ["ada@corp.test"]


async def test_a_provider_may_fetch_our_key_from_the_issuer(issuers: Issuers) -> None:
    changed = await issuers.change("a", token_endpoint_auth_method="private_key_jwt")
    await issuers.restart("a", changed.client_jwks_uri)
    await issuers.change("a", "client_secret")  # whichever key it is when it is needed
    visit = issuers.visit("a")
    assert await visit.counts((await visit.tokens())["access_token"])


async def test_a_client_that_asks_for_a_new_sign_in_has_it_asked_for_at_the_provider(issuers: Issuers) -> None:
    visit = issuers.visit("a")
    await visit.tokens()
    visit.person.pages.clear()
    assert "code" in await visit.person.told(visit.authorize_url(prompt="login"))
    assert "interaction" in " ".join(visit.person.pages), "the provider still knew the browser, and asked all the same"


async def test_a_user_stays_while_the_provider_says_so_and_no_longer(issuers: Issuers) -> None:
    """The provider takes each refresh token once, and ends all that it gave to a user whose former one comes back."""
    offline = ["openid", "profile", "email", "offline_access"]
    await issuers.change("a", "scopes", "recheck_interval", scopes=offline, recheck_interval=Duration(seconds=300))
    visits = {name: issuers.visit("a", name=name) for name in ("ada", "bo", "cy")}
    tokens = {name: await visit.tokens() for name, visit in visits.items()}
    assert [page.split()[1] for page in issuers.guests[0].pages] == ["login", "interaction", "interaction", "consent"]

    async def who_stands_after_a_while() -> list[str]:
        issuers.clock.now += 300
        await issuers.desk.house.ring()
        standing: list[str] = []
        for name, visit in visits.items():
            refreshed = await visit.refresh(tokens[name]["refresh_token"])
            assert await visit.counts(tokens[name]["access_token"]) == (refreshed.status_code == 200)
            if refreshed.status_code == 200:
                tokens[name] = refreshed.json()
                standing.append(name)
        return standing

    async def does(deed: str) -> None:
        """An administrator of the provider."""
        assert (await issuers.guests[0].http.post(f"{issuers.addresses['a']}/{deed}")).status_code == 204

    for _ in range(4):
        assert await who_stands_after_a_while() == ["ada", "bo", "cy"]
    await does("gone/ada")
    assert await who_stands_after_a_while() == ["bo", "cy"]
    await does("revoked/bo")
    for _ in range(2):
        assert await who_stands_after_a_while() == ["cy"]
    for name, error in {"ada": "login_required", "bo": "login_required", "cy": "consent_required"}.items():
        told = await visits[name].person.told(visits[name].authorize_url(prompt="none"))
        assert told["error"] == error, "whether the session counts"

    issuers.providers["a"].close()  # it is down
    for _ in range(2):
        assert await who_stands_after_a_while() == ["cy"]


async def test_a_provider_is_tried_out_before_anybody_signs_in(issuers: Issuers) -> None:
    for issuer in ("a", "b"):
        assert await issuers.tried(issuer) == {}
    await issuers.change("a", client_secret="another")
    assert await issuers.tried("a") == {"client": "STATE_FAILED"}
    issuers.providers["b"].close()
    with openid_provider("http://127.0.0.1:1/callback/corp", port=urlsplit(issuers.addresses["b"]).port or 0):
        assert await issuers.tried("b") == {"redirect_uri": "STATE_FAILED"}
    assert (await issuers.tried("b"))["discovery"] == "STATE_FAILED"
