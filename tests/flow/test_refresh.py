"""POST /token for a refresh token: a chain of one, whoever else holds a link of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tenants.acts.client_changes import Named, remove_client
from tests.flow.town import POLICY, Town, disable_user
from tests.support.clients import AZ, PUBLIC, RESOURCE, RF, TK, Pairs, changed, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def rotated(town: Town, token: str, **changes: str | None) -> dict[str, Any]:
    answer = await town.refresh(token, **changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def is_dead(town: Town, *tokens: dict[str, Any]) -> None:
    """Nothing of the grant counts any more."""
    for given in tokens:
        refused(await town.refresh(given["refresh_token"]), 400, "invalid_grant")
        assert await town.introspect(given["access_token"]) == {"active": False}


@pytest.mark.parametrize("later", [pytest.param(61, id="RT-01"), pytest.param(86_400, id="RT-01-a-day")])
async def test_a_spent_token_that_comes_back_ends_the_grant(fresh: Town, later: int) -> None:
    first = await fresh.tokens()
    second = await rotated(fresh, first["refresh_token"])
    fresh.clock.now += later
    refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_grant")
    await is_dead(fresh, second)


@pytest.mark.parametrize("later", [pytest.param(0, id="RT-02"), pytest.param(60, id="RT-02-last-second")])
async def test_a_lost_answer_is_given_again(town: Town, later: int) -> None:
    first = await town.tokens()
    answer = await town.refresh(first["refresh_token"])
    town.clock.now += later
    again = await town.refresh(first["refresh_token"])
    assert again.status_code == 200
    assert again.json() == {**answer.json(), "expires_in": 3_600 - later}
    assert later or again.content == answer.content
    await rotated(town, again.json()["refresh_token"])


@pytest.mark.parametrize("later", [pytest.param(1, id="RT-03")])
async def test_the_window_closes_when_the_successor_is_used(town: Town, later: int) -> None:
    first = await town.tokens()
    second = await rotated(town, first["refresh_token"])
    third = await rotated(town, second["refresh_token"])
    town.clock.now += later
    refused(await town.refresh(first["refresh_token"]), 400, "invalid_grant")
    await is_dead(town, second, third)


@pytest.mark.parametrize("callers", [pytest.param(100, id="RT-04")])
async def test_many_refreshes_at_once_make_one_chain(town: Town, callers: int) -> None:
    first = await town.tokens()
    answers = await asyncio.gather(*(town.refresh(first["refresh_token"]) for _ in range(callers)))
    assert {answer.status_code for answer in answers} == {200}
    [successor] = {answer.json()["refresh_token"] for answer in answers}
    await rotated(town, successor)


@pytest.mark.parametrize("rounds", [pytest.param(20, id="RT-05")])
async def test_no_chain_survives_a_revocation_at_the_same_moment(town: Town, rounds: int) -> None:
    for _ in range(rounds):
        first = await town.tokens()
        token = first["refresh_token"]
        revocation = town.ask("POST", "/revoke", form={"token": token, "client_id": "P"})
        refresh, revoked = await asyncio.gather(town.refresh(token), revocation)
        assert revoked.status_code == 200
        await is_dead(town, first, *([refresh.json()] if refresh.status_code == 200 else []))


@pytest.mark.parametrize("thief", [pytest.param("Q", id="RT-06")])
async def test_a_token_of_one_client_is_nothing_to_another(town: Town, thief: str) -> None:
    await town.house.client("a", thief, **PUBLIC)
    first = await town.tokens()
    second = await rotated(town, first["refresh_token"])
    town.clock.now += 100
    for token in (first, second):
        refused(await town.refresh(token["refresh_token"], client_id=thief), 400, "invalid_grant")
    await rotated(town, second["refresh_token"])  # the stranger has ended nothing


@pytest.mark.parametrize("client_id", [pytest.param(None, id="RT-07"), pytest.param("", id="RT-07-empty")])
async def test_a_client_says_who_it_is(town: Town, client_id: str | None) -> None:
    first = await town.tokens()
    refused(await town.refresh(first["refresh_token"], client_id=client_id), 401, "invalid_client")
    await rotated(town, first["refresh_token"])


@pytest.mark.parametrize("host", [pytest.param("b.test", id="RT-08")])
async def test_a_token_of_one_issuer_is_nothing_to_another(town: Town, host: str) -> None:
    first = await town.tokens()
    form = changed(RF, refresh_token=first["refresh_token"])
    refused(await town.token(form, host=host), 400, "invalid_grant")
    await rotated(town, first["refresh_token"])


@pytest.mark.parametrize(
    ("more", "error"),
    [
        pytest.param([("scope", "mcp admin")], "invalid_scope", id="RT-09"),
        pytest.param([("scope", "admin")], "invalid_scope", id="RT-09-other"),
        pytest.param([("scope", 'm"cp')], "invalid_scope", id="RT-09-malformed"),
        pytest.param([("resource", "https://other.test")], "invalid_target", id="RT-11"),
        pytest.param([("resource", "https://mcp.test/other")], "invalid_target", id="RT-11-offered"),
        pytest.param(
            [("resource", RESOURCE), ("resource", "https://mcp.test/other")], "invalid_target", id="RT-11-two"
        ),
        pytest.param([("refresh_token", "x")], "invalid_request", id="RT-twice"),
    ],
)
async def test_more_than_was_granted_is_refused_and_spends_nothing(town: Town, more: Pairs, error: str) -> None:
    first = await town.tokens()
    form = changed(RF, refresh_token=first["refresh_token"])
    refused(await town.token([*form, *more]), 400, error)
    town.clock.now += 100
    await rotated(town, first["refresh_token"])


@pytest.mark.parametrize("small", [pytest.param("mcp", id="RT-10")])
async def test_a_narrow_access_token_narrows_no_grant(town: Town, small: str) -> None:
    first = await town.tokens(changed(AZ, scope="mcp email"))
    second = await rotated(town, first["refresh_token"], scope=small)
    assert second["scope"] == small
    assert (await town.introspect(second["access_token"]))["scope"] == small
    third = await rotated(town, second["refresh_token"])
    assert third["scope"] == "mcp email"


@pytest.mark.parametrize("later", [pytest.param(61, id="RT-12"), pytest.param(0, id="RT-12-replay")])
async def test_what_was_spent_stays_spent_over_a_restart(fresh: Town, later: int) -> None:
    first = await fresh.tokens()
    second = await rotated(fresh, first["refresh_token"])
    await fresh.house.restart()
    fresh.clock.now += later
    if later:
        refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_grant")
        await fresh.house.restart()
        await is_dead(fresh, first, second)
    else:
        assert await rotated(fresh, first["refresh_token"]) == second


@pytest.mark.parametrize(
    ("idle", "whole", "step", "times"),
    [
        pytest.param(30 * 86_400, 3_600, 1_200, 2, id="RT-13"),
        pytest.param(600, 86_400, 599, 5, id="RT-13-idle"),
    ],
)
async def test_a_grant_ends_however_often_it_is_used(fresh: Town, idle: int, whole: int, step: int, times: int) -> None:
    await fresh.house.set_policy("a", replace(POLICY, refresh_token_ttl=idle, grant_ttl=whole))
    given, born = await fresh.tokens(), fresh.clock.now
    for _ in range(times):
        fresh.clock.now += step
        given = await rotated(fresh, given["refresh_token"])
        assert given["expires_in"] == min(3_600, born + whole - fresh.clock.now)
    fresh.clock.now += min(idle, whole - step * times)
    refused(await fresh.refresh(given["refresh_token"]), 400, "invalid_grant")
    if whole == 3_600:
        assert await fresh.introspect(given["access_token"]) == {"active": False}


@pytest.mark.parametrize("ttl", [pytest.param(0, id="RT-none")])
async def test_an_issuer_may_give_no_refresh_tokens(fresh: Town, ttl: int) -> None:
    await fresh.house.set_policy("a", replace(POLICY, refresh_token_ttl=ttl))
    assert "refresh_token" not in await fresh.tokens()


async def test_without_a_replay_window_a_second_use_ends_the_grant_at_once(fresh: Town) -> None:
    await fresh.house.set_policy("a", replace(POLICY, replay_window=0))
    first = await fresh.tokens()
    second = await rotated(fresh, first["refresh_token"])
    refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_grant")
    await is_dead(fresh, second)


@pytest.mark.parametrize("what", [pytest.param("user", id="RT-14-user"), pytest.param("client", id="RT-14-client")])
async def test_who_is_gone_refreshes_nothing(fresh: Town, what: str) -> None:
    first = await fresh.tokens()
    if what == "user":
        await disable_user(fresh.house, fresh.user.user.email)
        refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_grant")
        return
    await fresh.house.registry.tenant("a").actor.run(remove_client, Named(id="P"))
    refused(await fresh.refresh(first["refresh_token"]), 401, "invalid_client")
    await fresh.house.client("a", "P", **PUBLIC)
    refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_grant")  # the same name is not the same client


async def test_a_refresh_token_is_no_bearer_token(town: Town) -> None:
    first = await town.tokens()
    headers = [("Authorization", f"Bearer {first['refresh_token']}")]
    refused(await town.ask("GET", "/userinfo", headers=headers), 401, "invalid_token")  # RT-15
    refused(await town.refresh(first["access_token"]), 400, "invalid_grant")


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"scope": "email"}, id="RT-16-scope"),
        pytest.param({"scope": "mcp email"}, id="RT-16-wider"),
        pytest.param({"scope": None}, id="RT-16-all"),
    ],
)
async def test_an_answer_is_given_again_for_the_same_question_only(town: Town, other: dict[str, str | None]) -> None:
    first = await town.tokens(changed(AZ, scope="mcp email"))
    second = await rotated(town, first["refresh_token"], scope="mcp")
    refused(await town.refresh(first["refresh_token"], **other), 400, "invalid_grant")
    assert await rotated(town, first["refresh_token"], scope="mcp") == second


@pytest.mark.parametrize("other", [pytest.param("https://mcp.test/other", id="RT-16-resource")])
async def test_an_answer_is_not_given_again_for_another_resource(town: Town, other: str) -> None:
    first = await town.tokens()
    await rotated(town, first["refresh_token"], resource=RESOURCE)
    refused(await town.refresh(first["refresh_token"], resource=other), 400, "invalid_target", "invalid_grant")


@pytest.mark.parametrize(
    "malform",
    [
        pytest.param(lambda token: "A" * 60_000, id="RT-17-long"),
        pytest.param(lambda token: token + "\0", id="RT-17-nul"),
        pytest.param(lambda token: token[:-1], id="RT-17-short"),
        pytest.param(lambda token: token + "==", id="RT-17-padding"),
        pytest.param(lambda token: token[:-2] + "é", id="RT-17-non-ascii"),
        pytest.param(lambda token: "tnr_" + "A" * 48, id="RT-17-forged"),
        pytest.param(lambda token: token.replace("tnr_", "tna_"), id="RT-17-tag"),
    ],
)
async def test_what_is_nearly_a_refresh_token_is_none(town: Town, malform: Callable[[str], str]) -> None:
    first = await town.tokens()
    refused(await town.refresh(malform(first["refresh_token"])), 400, "invalid_grant")
    await rotated(town, first["refresh_token"])


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(b"%ff", 400, id="RT-17-invalid-utf8"),
        pytest.param(b"A" * 1_048_576, 413, id="RT-17-1MiB"),
    ],
)
async def test_a_body_that_is_no_form_is_refused(town: Town, raw: bytes, status: int) -> None:
    answer = await town.token(b"grant_type=refresh_token&client_id=P&refresh_token=" + raw)
    refused(answer, status, "invalid_request")


@pytest.mark.parametrize("back", [pytest.param(3_600, id="RT-18")])
async def test_a_clock_that_is_set_back_revives_nothing(fresh: Town, back: int) -> None:
    first = await fresh.tokens()
    second = await rotated(fresh, first["refresh_token"])
    fresh.clock.now += 61
    await fresh.introspect(second["access_token"])
    fresh.clock.now -= back
    refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_grant")
    await is_dead(fresh, second)
    code = await fresh.user.code()
    assert (await fresh.token(changed(TK, code=code))).status_code == 200


@pytest.mark.parametrize("back", [pytest.param(3_600, id="RT-18-restart")])
async def test_nor_does_it_after_a_restart(fresh: Town, back: int) -> None:
    first = await fresh.tokens()
    await rotated(fresh, first["refresh_token"])
    fresh.clock.now -= back
    await fresh.house.restart()
    refused(await fresh.refresh(first["refresh_token"]), 400, "invalid_grant")
