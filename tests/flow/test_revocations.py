"""The revocation feed: a resource server that checks JWTs by itself knows within seconds which count no more."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import pytest

from tests.flow.test_token_exchange import THIRD, exchanged, with_servers
from tests.flow.town import Town
from tests.support.clients import AZ, CONFIDENTIAL, changed, claims, refused
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "https://mcp.test/other"


def named(token: str) -> str:
    """How the feed calls an access token."""
    text = claims(token)["jti"] if token.count(".") == 2 else token
    return urlsafe_b64encode(hashlib.sha256(text.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


class ResourceServer:
    """As one could be written in ten lines: asks, keeps what it is told, and forgets what has expired anyway."""

    def __init__(self, town: Town, client_id: str = "R") -> None:
        self.town, self.client_id = town, client_id
        self.since, self.etag, self.ended, self.unchanged = "", "", dict[str, int](), 0

    async def ask(self, **more: Any) -> httpx.Response:
        target = "/revocations" + (f"?since={self.since}" if self.since else "")
        known = [("If-None-Match", self.etag)] if self.etag else []
        return await self.town.ask("GET", target, basic=self.town.basic(self.client_id), headers=known, **more)

    async def poll(self) -> None:
        answer = await self.ask()
        if answer.status_code == 304:
            self.unchanged += 1
            return
        assert answer.status_code == 200, answer.text
        said, self.etag = answer.json(), answer.headers["etag"]
        self.ended |= {token["sha256"]: token["exp"] for token in said["tokens"]}
        self.since = said["next"]

    def takes(self, token: str) -> bool:
        return named(token) not in self.ended


async def give_back(town: Town, token: str) -> None:
    assert (await town.ask("POST", "/revoke", form={"token": token, "client_id": "P"})).status_code == 200


@requirement("house:ended-tokens-are-told-to-their-resource")
async def test_what_was_ended_is_known_a_second_later(fresh: Town) -> None:
    server = ResourceServer(fresh)
    whole, alone, untouched = [await fresh.tokens() for _ in range(3)]
    again = (await fresh.refresh(whole["refresh_token"])).json()
    await server.poll()
    assert server.ended == {}
    await give_back(fresh, again["refresh_token"])
    await give_back(fresh, alone["access_token"])
    fresh.clock.now += 1
    await server.poll()
    tokens = [each["access_token"] for each in (whole, again, alone, untouched)]
    assert [server.takes(token) for token in tokens] == [False, False, False, True]
    assert server.ended[named(alone["access_token"])] == claims(alone["access_token"])["exp"]


async def test_what_was_exchanged_for_what_was_ended_is_told_to_whom_it_is_for(fresh: Town) -> None:
    """Nothing is written to the grant of a token that was passed on when the one falls that it stands on."""
    await with_servers(fresh)
    servers = {client_id: ResourceServer(fresh, client_id) for client_id in ("S", "T", "Q")}
    _, secret = await fresh.house.client("a", "Q", (THIRD,), **CONFIDENTIAL)
    fresh.secrets["Q"] = secret or ""
    tokens, untouched = [await fresh.tokens(changed(AZ, scope="mcp offline_access")) for _ in range(2)]
    first = await exchanged(fresh, tokens["access_token"])
    second = await exchanged(fresh, first, "T", resource=THIRD)
    other = await exchanged(fresh, untouched["access_token"])
    await give_back(fresh, tokens["access_token"])
    fresh.clock.now += 1
    for server in servers.values():
        await server.poll()
    assert [len(server.ended) for server in servers.values()] == [1, 0, 0], "it was given back alone"
    await give_back(fresh, tokens["refresh_token"])
    fresh.clock.now += 1
    for server in servers.values():
        await server.poll()
    assert set(servers["T"].ended) == {named(first)}
    assert set(servers["Q"].ended) == {named(second)}
    assert servers["T"].takes(other)


async def test_while_nothing_happens_nothing_is_sent(fresh: Town) -> None:
    server = ResourceServer(fresh)
    tokens = await fresh.tokens()
    await give_back(fresh, tokens["access_token"])
    for _ in range(5):
        fresh.clock.now += 1
        await server.poll()
    assert server.unchanged == 3  # the first told of it, the second of a new place to go on from
    answer = await server.ask()
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert not {"content-length", "transfer-encoding"} & answer.headers.keys()


async def test_nothing_that_happens_in_the_second_of_an_answer_is_lost(fresh: Town) -> None:
    server = ResourceServer(fresh)
    given = [(await fresh.tokens())["access_token"] for _ in range(4)]
    for token in given:
        await give_back(fresh, token)
        await server.poll()
    fresh.clock.now += 1
    await server.poll()
    assert not any(map(server.takes, given))


async def test_who_starts_later_is_told_of_all_that_still_looks_good(fresh: Town) -> None:
    early, late = await fresh.tokens(), await fresh.tokens()
    await give_back(fresh, early["refresh_token"])
    await give_back(fresh, late["access_token"])
    fresh.clock.now += 1
    await fresh.house.ring()  # what the house does for itself forgets neither
    server = ResourceServer(fresh)
    await server.poll()
    assert len(server.ended) == 2
    fresh.clock.now += 3_600
    late_comer = ResourceServer(fresh)
    await late_comer.poll()
    assert late_comer.ended == {}  # they have expired


@requirement("house:ended-tokens-are-told-to-their-resource")
async def test_a_resource_server_hears_of_its_own_tokens_only(fresh: Town) -> None:
    _, secret = await fresh.house.client("a", "S", (OTHER,), **CONFIDENTIAL)
    assert secret is not None
    fresh.secrets["S"] = secret
    tokens = await fresh.tokens()
    await give_back(fresh, tokens["access_token"])
    fresh.clock.now += 1
    servers = ResourceServer(fresh), ResourceServer(fresh, "S")
    for server in servers:
        await server.poll()
    assert [len(server.ended) for server in servers] == [1, 0]
    assert servers[0].since == servers[1].since


async def test_opaque_tokens_are_told_of_too(fresh: Town) -> None:
    await fresh.house.resource("a", "opaque", "https://mcp.test/opaque", token_format="opaque")
    _, secret = await fresh.house.client("a", "S", ("https://mcp.test/opaque",), **CONFIDENTIAL)
    assert secret is not None
    fresh.secrets["S"] = secret
    tokens = await fresh.tokens(changed(AZ, resource="https://mcp.test/opaque"))
    await give_back(fresh, tokens["access_token"])
    fresh.clock.now += 1
    server = ResourceServer(fresh, "S")
    await server.poll()
    assert not server.takes(tokens["access_token"])


async def test_by_post_a_client_may_prove_itself_in_any_way(town: Town) -> None:
    _, secret = await town.house.client(
        "a", "form", ("https://mcp.test/mcp",), **CONFIDENTIAL, token_endpoint_auth_method="client_secret_post"
    )
    form = {"client_id": "form", "client_secret": secret or "", "since": "0.0"}
    answer = await town.ask("POST", "/revocations", form=form)
    assert answer.status_code == 200
    assert answer.json().keys() == {"tokens", "next", "more"}


async def test_whoever_speaks_for_no_resource_is_told_nothing(town: Town) -> None:
    refused(await town.ask("GET", "/revocations", basic=town.basic("K")), 403, "access_denied")
    refused(await town.ask("GET", "/revocations", basic=("R", "wrong")), 401, "invalid_client")
    for query in (f"client_id=R&client_secret={town.secrets['R']}", "client_id=P"):
        refused(await town.ask("GET", f"/revocations?{query}"), 401, "invalid_client")


@pytest.mark.parametrize(
    "since", ["x", "1", "1.", ".1", "-1.0", "1.9223372036854775808", "1.2.3", "%D9%A1.1", "0.0&since=0.0"]
)
async def test_a_place_to_go_on_from_is_one_of_ours(town: Town, since: str) -> None:
    answer = await town.ask("GET", f"/revocations?since={since}", basic=town.basic("R"))
    refused(answer, 400, "invalid_request")
