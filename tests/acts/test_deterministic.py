"""The same store, instant and chance give the same answer: nothing else reaches an act."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tenants.acts.consent import decide
from tenants.acts.sign_in import sign_in
from tenants.oauth.jwt import verify
from tenants.records import Policy
from tests.acts.test_consent import answer, asked_to_consent, asked_to_sign_in, proof, session_of
from tests.support.tenant import ATenant, FakeClock, Registered, a_house

EDDSA = Policy(signing_algorithm="EdDSA")
"""Its signatures hold no chance of their own, as those of ES256 do."""


async def twice(directory: Path, policy: Policy, what: Callable[[ATenant], Awaitable[Any]]) -> list[Any]:
    """What comes of `what` at two copies of one house, and what the two files then hold."""
    origin = directory / "origin"
    async with a_house(origin) as house:
        t = await house.create("acme", policy)
        await t.client(token_endpoint_auth_method="none")
    told: list[Any] = []
    for name in ("one", "other"):
        shutil.copytree(origin, directory / name)
        async with a_house(directory / name, clock=FakeClock(), seed="again") as house:
            t = house.find("acme")
            told.append((await what(t), await t.dump()))
    return told


async def the_client(t: ATenant) -> Registered:
    [client] = await t.run(lambda turn, _: turn.tx.clients.page("", 10), None)
    return Registered(client.id)


async def whole_flow(t: ATenant) -> list[Any]:
    client = await the_client(t)
    session = await session_of(t, client)
    page = await asked_to_consent(t, client, session, scope="openid email")
    redirect = await t.run(decide, answer(page.ticket, session))
    first = await t.tokens(client, scope="openid email", nonce="n")
    second = await t.refresh(client, first.refresh_token)
    await t.revoke(client, second.access_token)
    return [session, page, redirect, first, second, await t.events()]


async def registration(t: ATenant) -> list[Any]:
    return [await t.client(token_endpoint_auth_method="client_secret_post", client_name="x") for _ in range(3)]


async def one_sign_in(t: ATenant) -> Any:
    return await t.run(sign_in, proof((await asked_to_sign_in(t, await the_client(t))).ticket))


@pytest.mark.parametrize("what", [whole_flow, registration, one_sign_in])
@pytest.mark.parametrize("policy", [EDDSA, Policy(signing_algorithm="EdDSA", token_format="opaque")])
async def test_acts_answer_and_write_the_same(
    tmp_path: Path, policy: Policy, what: Callable[[ATenant], Awaitable[Any]]
) -> None:
    one, other = await twice(tmp_path, policy, what)
    assert one == other


async def test_with_es256_only_the_signature_differs(tmp_path: Path) -> None:
    async def claims(t: ATenant) -> Any:
        token = (await t.tokens(await the_client(t))).access_token
        return await t.run(lambda turn, _: verify(token, turn.tx.signing_keys.all(), typ="at+jwt"), None)

    one, other = await twice(tmp_path, Policy(), claims)
    assert one[0] is not None
    assert one == other
