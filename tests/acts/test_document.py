"""What a tenant keeps of the documents of clients, and for how many of them."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tenants.acts.document import MAX_UNUSED, learn
from tenants.acts.maintain import Maintenance, maintain
from tenants.oauth.client_document import LEAST, UNSAID, Fetched
from tenants.oauth.refusal import Refusal
from tenants.records import Client, Consent, Policy
from tenants.turn import Turn
from tests.support.requirement import requirement
from tests.support.tenant import ATenant, a_tenant

URL = "https://app.test/client.json"
CALLBACK = "https://app.test/cb"


@pytest_asyncio.fixture
async def t(tmp_path: Path) -> AsyncIterator[ATenant]:
    async with a_tenant(tmp_path) as made:
        yield made


def fetched(t: ATenant, url: str = URL, at: int | None = None, **members: Any) -> Fetched:
    said = {"client_id": url, "client_name": "App", "redirect_uris": [CALLBACK]} | members
    when = t.clock.now if at is None else at
    return Fetched(url, when, {"content-type": "application/json"}, json.dumps(said).encode())


async def found(t: ATenant, url: str = URL) -> Client:
    client = await t.run(lambda turn, _: turn.tx.clients.find(url), None)
    assert client is not None
    return client


async def change(t: ATenant, **changes: Any) -> None:
    client = await found(t)
    assert await t.run(lambda turn, _: turn.tx.clients.change(replace(client, **changes)), None)


async def test_what_is_known_of_a_client_is_what_its_newest_document_says(t: ATenant) -> None:
    await t.run(learn, fetched(t, client_name="First"))
    first = await found(t)
    assert first.document is not None
    assert (first.document.fetched_at, first.document.expires_at) == (t.clock.now, t.clock.now + UNSAID)
    t.clock.forward(UNSAID)
    await t.run(learn, fetched(t, client_name="Second"))
    await t.run(learn, fetched(t, client_name="First", at=t.clock.now - 1))
    second = await found(t)
    assert (second.name, second.created_at) == ("Second", first.created_at)
    assert second.document is not None
    assert second.document.fetched_at == t.clock.now


async def test_a_client_that_the_operator_disabled_stays_disabled(t: ATenant) -> None:
    await t.run(learn, fetched(t))
    await change(t, disabled_at=t.clock.now)
    t.clock.forward(LEAST)
    await t.run(learn, fetched(t, client_name="Another"))
    client = await found(t)
    assert client.name == "Another"
    assert client.disabled_at is not None
    t.clock.forward(LEAST)
    await t.run(learn, fetched(t, "https://app.test/other.json"))
    await t.run(lambda turn, _: turn.tx.clients.keep_documents(0), None)
    t.clock.forward(10 * Policy().unused_client_ttl)
    await t.run(maintain, Maintenance())
    assert (await found(t)).disabled_at is not None, "whatever is forgotten"


async def test_no_document_says_anything_of_a_client_that_was_registered(t: ATenant) -> None:
    await t.run(learn, fetched(t))
    await change(t, origin="registration", document=None, name="Registered")
    t.clock.forward(LEAST)
    await t.run(learn, fetched(t, client_name="Another"))
    assert (await found(t)).name == "Registered"


async def test_a_document_that_came_too_late_is_not_kept(t: ATenant) -> None:
    document = fetched(t)
    await t.policy(lambda policy: replace(policy, client_documents="none"))
    with pytest.raises(Refusal):
        await t.run(learn, document)
    assert await t.run(lambda turn, _: turn.tx.clients.find(URL), None) is None


async def test_the_operator_is_told_that_a_client_that_somebody_allows_something_has_changed(t: ATenant) -> None:
    def allow(turn: Turn, user: str) -> None:
        given = {"client_id": URL, "resource": "r", "redirect_uri": CALLBACK, "scopes": (), "given_at": 1}
        turn.tx.consents.put(Consent(user_id=user, **given))

    def told(turn: Turn, _: None) -> list[Any]:
        return [event for event in turn.tx.events.page(0, 100) if event.type == "client.document_changed"]

    uris = [CALLBACK, "https://app.test/more"]
    await t.run(learn, fetched(t))
    for name in ("First", "Second"):  # nobody has allowed it anything
        t.clock.forward(LEAST)
        await t.run(learn, fetched(t, client_name=name, redirect_uris=uris[: 1 + (name == "First")]))
    assert await t.run(told, None) == []
    for user in ("u1", "u2"):
        await t.run(allow, user)
    t.clock.forward(LEAST)
    await t.run(learn, fetched(t, client_name="Second", redirect_uris=uris))
    (event,) = await t.run(told, None)
    assert (event.actor, event.subject) == (URL, URL)
    assert event.details == {"changed": ["redirect_uris"], "consents_ended": 2}
    assert await t.run(lambda turn, _: turn.tx.consents.of_user("u1"), None) == []


@requirement("house:strangers-do-not-fill-a-file")
async def test_strangers_with_many_web_pages_do_not_fill_the_file(t: ATenant) -> None:
    def flood(turn: Turn, numbers: range) -> None:
        for n in numbers:
            learn(turn, fetched(t, f"https://app.test/{n:05}.json"))

    def kept(turn: Turn, _: None) -> list[str]:
        return [client.id for client in turn.tx.clients.page("", 2 * MAX_UNUSED)]

    await t.run(learn, fetched(t))
    for first in range(0, MAX_UNUSED + 100, 100):
        t.clock.forward(1)
        await t.run(flood, range(first, first + 100))
    left = await t.run(kept, None)
    assert len(left) == MAX_UNUSED
    assert URL not in left, "what was unused for longest has gone"
    assert f"https://app.test/{MAX_UNUSED + 99:05}.json" in left
