"""What a provider said of itself, once it says so no more: when that still counts, and when it must not."""

import asyncio
import json
import tracemalloc
from typing import Any

import httpx
import pytest
import pytest_asyncio

from server.outbound import kept
from server.outbound.calls import Calls
from server.outbound.discovery import Discovery
from server.outbound.fetcher import Fetcher, Unreachable
from server.outbound.kept import COOL_DOWN, LIFETIME, MAX_AGE
from tenants.oauth import json_text
from tenants.records import IdentityProvider
from tests.flow.at_provider import Abroad
from tests.support.browser import Browser
from tests.support.clients import is_page, sent_back

pytestmark = pytest.mark.asyncio(loop_scope="module")

METADATA, KEYS = "/.well-known/openid-configuration", "/jwks"
BOTH = pytest.mark.parametrize("path", [METADATA, KEYS])
DOWN = (503, b"<h1>back soon</h1>")


@pytest_asyncio.fixture(loop_scope="module")
async def known(abroad: Abroad) -> Abroad:
    """A provider that somebody came from: what it said then is by now too old to be used unasked."""
    came(await abroad.come_back())
    abroad.town.clock.now += LIFETIME
    return abroad


def came(answer: httpx.Response) -> None:
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith("https://a.test/authorize?")


async def refused(abroad: Abroad, path: str) -> None:
    """Whoever needs what is said at `path` is turned away: before the trip for the metadata, after it for the keys."""
    if path == METADATA:
        answer = await abroad.try_to_depart()
        is_page(answer, 503)
        assert "Corp cannot be reached" in answer.text
    else:
        sent_back(await abroad.come_back(), "server_error")


@pytest.mark.parametrize(
    "of_no_use", ["id_token_signing_alg_values_supported", "userinfo_endpoint", "claims_supported"]
)
async def test_what_is_kept_takes_no_more_room_for_what_is_of_no_use(of_no_use: str) -> None:
    provider = IdentityProvider(
        id="corp",
        kind="oidc",
        display_name="Corp",
        issuer_uri="https://corp.test",
        client_id="us",
        created_at=0,
        updated_at=0,
    )
    said = json.dumps({"issuer": "https://corp.test", of_no_use: [dict[str, Any]() for _ in range(15_000)]}).encode()
    discovery = Discovery(lambda: 0, loopback=False)
    tracemalloc.start()
    try:
        for number in range(3):
            discovery.keep(f"tenant {number}", provider, json_text.parse(said))
        assert tracemalloc.get_traced_memory()[0] < len(said)
    finally:
        tracemalloc.stop()


# --- no answer


@BOTH
@pytest.mark.parametrize("down", [(500, b"{}"), (502, b""), DOWN, (429, b"{}")], ids=str)
async def test_a_provider_that_cannot_answer_is_believed_as_before_and_left_in_peace(
    known: Abroad, path: str, down: tuple[int, bytes]
) -> None:
    known.corp.answers[path] = down
    for _ in range(3):
        came(await known.come_back())
    assert known.corp.asked.count(path) == 2
    known.town.clock.now += COOL_DOWN
    came(await known.come_back())
    assert known.corp.asked.count(path) == 3
    del known.corp.answers[path]
    known.town.clock.now += COOL_DOWN
    for _ in range(3):
        came(await known.come_back())
    assert known.corp.asked.count(path) == 4


@BOTH
async def test_after_a_day_what_it_said_counts_no_more(known: Abroad, path: str) -> None:
    known.corp.answers[path] = DOWN
    known.town.clock.now += MAX_AGE - LIFETIME - 1
    came(await known.come_back())
    known.town.clock.now += 1
    await refused(known, path)
    del known.corp.answers[path]
    came(await known.come_back())


@BOTH
async def test_a_newer_copy_is_not_waited_for_long_and_taken_when_it_comes(
    known: Abroad, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "PATIENCE", 0.05)
    known.corp.silent_at = path
    came(await known.come_back())
    assert known.corp.waiting.is_set()
    monkeypatch.setattr(kept, "PATIENCE", 20.0)
    waits = asyncio.ensure_future(known.come_back())
    known.corp.go_on.set()
    came(await waits)
    came(await known.come_back())
    assert known.corp.asked.count(path) == 2


async def test_a_crowd_waits_for_one_answer_and_none_loses_by_it_that_another_leaves(known: Abroad) -> None:
    known.corp.silent_at = METADATA
    known.corp.answers[METADATA] = DOWN
    crowd = [asyncio.ensure_future(known.depart(Browser(known.town.house))) for _ in range(8)]
    await asyncio.wait_for(known.corp.waiting.wait(), 10)
    crowd.pop(0).cancel()
    known.corp.go_on.set()
    assert len(set(await asyncio.gather(*crowd))) == len(crowd)
    assert known.corp.asked.count(METADATA) == 2


# --- a wrong answer


@BOTH
@pytest.mark.parametrize(
    "said", [(404, b"{}"), (403, b""), (302, b""), (200, b"<h1>welcome</h1>"), (200, b"[]"), (200, b"")], ids=str
)
async def test_what_is_no_such_document_ends_what_was_said_before(
    known: Abroad, path: str, said: tuple[int, bytes]
) -> None:
    known.corp.answers[path] = said
    await refused(known, path)
    known.corp.answers[path] = DOWN  # there is nothing left to go back to
    await refused(known, path)
    del known.corp.answers[path]
    came(await known.come_back())


@pytest.mark.parametrize(
    "said", [{"issuer": "https://evil.test"}, {"token_endpoint": "http://evil.test/token"}, {"jwks_uri": 5}], ids=str
)
async def test_a_document_that_cannot_be_believed_is_looked_at_again_but_nothing_older_is(
    known: Abroad, said: dict[str, object]
) -> None:
    known.corp.discovery = said
    for _ in range(3):
        await refused(known, METADATA)
    assert known.corp.asked.count(METADATA) == 2
    known.corp.answers[METADATA] = DOWN
    known.town.clock.now += COOL_DOWN
    for _ in range(3):
        await refused(known, METADATA)
    assert known.corp.asked.count(METADATA) == 3
    known.corp.answers, known.corp.discovery = {}, {}
    known.town.clock.now += COOL_DOWN
    came(await known.come_back())


async def test_a_document_that_names_itself_as_its_keys_proves_nothing(known: Abroad) -> None:
    known.corp.discovery = {"jwks_uri": f"{known.corp.uri}{METADATA}"}
    await refused(known, KEYS)


# --- keys and algorithms that we do not know


async def test_keys_that_are_taken_back_prove_nothing_any_more(known: Abroad) -> None:
    known.corp.shown = []
    await refused(known, KEYS)
    known.corp.answers[KEYS] = DOWN
    known.town.clock.now += LIFETIME
    await refused(known, KEYS)


@pytest.mark.parametrize("age", [COOL_DOWN, LIFETIME])
async def test_an_unknown_key_stays_unknown_while_no_newer_ones_can_be_had(abroad: Abroad, age: int) -> None:
    came(await abroad.come_back())
    abroad.town.clock.now += age
    abroad.corp.shown, abroad.corp.signing = ["first", "second"], "second"
    abroad.corp.answers[KEYS] = DOWN
    for _ in range(3):
        await refused(abroad, KEYS)
    assert abroad.corp.asked.count(KEYS) == 2
    abroad.corp.signing = "first"
    came(await abroad.come_back())
    abroad.corp.signing, abroad.corp.answers = "second", {}
    await refused(abroad, KEYS)  # asked a moment ago
    abroad.town.clock.now += COOL_DOWN
    came(await abroad.come_back())
    assert abroad.corp.asked.count(KEYS) == 3


async def test_whoever_looks_for_a_new_key_is_not_told_of_older_ones_because_another_is(
    known: Abroad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "PATIENCE", 0.05)
    known.corp.silent_at, known.corp.shown = KEYS, ["first", "second"]
    came(await known.come_back())
    known.corp.signing = "second"
    looks = asyncio.ensure_future(known.come_back())
    known.corp.go_on.set()
    came(await looks)  # by what came of the look that the first one did not wait for
    assert known.corp.asked.count(KEYS) == 2


@pytest.mark.parametrize("age", [COOL_DOWN, LIFETIME])
async def test_nobody_is_given_an_older_copy_for_a_fresh_one(abroad: Abroad, age: int) -> None:
    fetcher = Fetcher(loopback=True)
    calls, url = Calls(fetcher, "a"), f"{abroad.corp.uri}{KEYS}"
    asking = Discovery(abroad.town.clock, loopback=True)
    older = await asking.keys(calls, url)
    abroad.town.clock.now += age
    abroad.corp.answers[KEYS] = DOWN
    for _ in range(2):
        with pytest.raises(Unreachable):
            await asking.keys(calls, url, fresh=True)
        assert await asking.keys(calls, url) == older
    assert abroad.corp.asked.count(KEYS) == 2
    await fetcher.close()


async def test_a_provider_may_change_its_algorithm(abroad: Abroad) -> None:
    came(await abroad.come_back())
    abroad.corp.algorithm = "ES256"
    abroad.corp.keys.clear()
    await refused(abroad, KEYS)  # seen a moment ago: we do not look again at once
    abroad.town.clock.now += COOL_DOWN
    came(await abroad.come_back())
    assert (abroad.corp.asked.count(METADATA), abroad.corp.asked.count(KEYS)) == (2, 2)


async def test_an_algorithm_that_is_not_listed_proves_nothing_and_is_looked_for_only_now_and_then(
    abroad: Abroad,
) -> None:
    came(await abroad.come_back())
    abroad.corp.algorithm, abroad.corp.discovery = "ES256", {"id_token_signing_alg_values_supported": ["RS256"]}
    abroad.corp.keys.clear()
    for _ in range(2):
        abroad.town.clock.now += COOL_DOWN
        for _ in range(3):
            await refused(abroad, KEYS)
    assert abroad.corp.asked.count(METADATA) == 3


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_for_an_algorithm_that_proves_nothing_nobody_is_asked(abroad: Abroad, algorithm: str) -> None:
    came(await abroad.come_back())
    abroad.town.clock.now += COOL_DOWN
    abroad.corp.header = {"alg": algorithm, "kid": None}
    await refused(abroad, KEYS)
    assert abroad.corp.asked.count(METADATA) == 1
