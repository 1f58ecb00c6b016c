"""/register/{client}: a client looks after its own registration, and nobody else does (RFC 7592)."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tenants.acts.registration_tokens import NewRegistrationToken, create_registration_token
from tenants.records import RateLimit
from tests.flow.town import POLICY, Town
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, CALLBACK, RF, RG, TK, authorize, changed, is_page, refused, returned
from tests.support.requirement import requirement

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVIL = "https://evil.test/cb"
FEW = RateLimit(per_minute=6, burst=3)


async def registered(town: Town, **more: Any) -> dict[str, Any]:
    answer = await town.ask("POST", "/register", json={**RG, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def manage(
    town: Town, method: str, client_id: str, token: str | None, headers: Iterable[tuple[str, str]] = (), **more: Any
) -> httpx.Response:
    shown = [] if token is None else [("Authorization", f"Bearer {token}")]
    return await town.ask(method, f"/register/{client_id}", headers=[*shown, *headers], **more)


async def update(town: Town, given: dict[str, Any], **members: Any) -> httpx.Response:
    metadata = {**RG, "client_id": given["client_id"], **members}
    return await manage(town, "PUT", given["client_id"], given["registration_access_token"], json=metadata)


async def read(town: Town, given: dict[str, Any], **more: Any) -> httpx.Response:
    return await manage(town, "GET", given["client_id"], given["registration_access_token"], **more)


async def test_a_client_reads_and_changes_itself_where_it_is_told_to(town: Town) -> None:
    given = await registered(town)
    where = urlsplit(given["registration_client_uri"])
    assert (where.scheme, where.netloc, where.path) == ("https", "a.test", f"/register/{given['client_id']}")  # RG-16
    answer = await read(town, given)
    assert (answer.status_code, answer.json()) == (200, given)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    answer = await update(town, given, client_name="Other")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        **given,
        "client_name": "Other",
        "registration_access_token": answer.json()["registration_access_token"],
    }
    assert (await read(town, answer.json())).json() == answer.json()


@requirement("rfc7592:the-token-is-of-one-client")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_who_has_not_the_token_is_told_nothing(town: Town, method: str) -> None:
    mine, other = await registered(town), await registered(town)
    token, body = mine["registration_access_token"], {**RG, "client_id": mine["client_id"]}
    answers = [
        await manage(town, method, client_id, shown, json=body if method == "PUT" else None)
        for client_id, shown in (
            (mine["client_id"], "wrong"),  # RG-12
            (mine["client_id"], other["registration_access_token"]),
            (mine["client_id"], f"{token}x"),
            ("nobody", token),
            ("P", token),
            ("", token),
            (f"{mine['client_id']}/", token),
            ("a/b/c", token),
            ("%00", token),
            ("%63", token),
            ("..", token),
            ("c_" + "0" * 4_000, token),
            (mine["client_id"], "a" * 4_000),
        )
    ]
    for answer in answers:
        refused(answer, 401, "invalid_token")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert answer.content == answers[0].content
    assert (await read(town, mine)).json() == mine


@pytest.mark.parametrize("headers", [[], [("Authorization", "Basic YTpi")], [("Authorization", "Bearer")]])
async def test_who_shows_no_token_is_asked_for_one(town: Town, headers: list[tuple[str, str]]) -> None:
    given = await registered(town)
    for client_id in (given["client_id"], "nobody"):
        answer = await manage(town, "GET", client_id, None, headers)
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_two_tokens_are_none(town: Town) -> None:
    given = await registered(town)
    answer = await read(town, given, headers=[("Authorization", "Bearer x")])
    refused(answer, 400, "invalid_request")


async def test_a_token_of_one_issuer_is_none_at_another(town: Town) -> None:
    given = await registered(town)
    refused(await read(town, given, host="b.test"), 401, "invalid_token")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b"a=b", "application/x-www-form-urlencoded", 400),
        (b'{"client_id":"x","client_id":"y"}', "application/json", 400),
        (b'{"x":"' + b"a" * 65_536 + b'"}', "application/json", 413),
    ],
)
async def test_an_update_that_cannot_be_read_changes_nothing(
    town: Town, content: bytes, kind: str, status: int
) -> None:
    given = await registered(town)
    headers = [("Content-Type", kind)]
    token = given["registration_access_token"]
    answer = await manage(town, "PUT", given["client_id"], token, headers, content=content)
    refused(answer, status, "invalid_client_metadata", "invalid_request")
    assert (await read(town, given)).json() == given


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"client_id": "P"}, id="RG-13-id"),
        pytest.param({"client_secret": "mine"}, id="RG-13-secret"),
        pytest.param({"registration_access_token": "mine"}, id="RG-13-token"),
    ],
)
async def test_an_update_chooses_neither_id_nor_secret(town: Town, members: dict[str, Any]) -> None:
    given = await registered(town, token_endpoint_auth_method="client_secret_post")
    refused(await update(town, given, **members), 400, "invalid_client_metadata")


async def test_what_is_asked_is_named_by_its_method(town: Town) -> None:
    for method in ("POST", "HEAD", "PATCH"):
        answer = await manage(town, method, "nobody", "x")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, PUT, DELETE"
    answer = await manage(town, "OPTIONS", "nobody", None, [("Origin", "https://app.test")])
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-methods"] == "GET, PUT, DELETE"
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("evil", [pytest.param(EVIL, id="RG-14")])
async def test_a_redirect_uri_that_is_added_later_is_asked_about(town: Town, evil: str) -> None:
    given = await registered(town)
    asked = changed(AZ, client_id=given["client_id"])
    browser = Browser(town.house)
    assert await browser.code(asked)
    assert (await browser.get(authorize(asked))).status_code == 302, "it was allowed before"
    assert (await update(town, given, redirect_uris=[CALLBACK, evil])).status_code == 200
    page = await browser.get(authorize(asked))
    assert (page.status_code, form_of(page)[0]) == (200, "/consent")
    page = await browser.get(authorize(changed(asked, redirect_uri=evil)))
    assert (page.status_code, form_of(page)[0]) == (200, "/consent")
    assert "evil.test" in page.text
    assert returned(await browser.allow(page), evil)["code"]


@pytest.mark.parametrize("then", [pytest.param("gone", id="RG-15")])
async def test_a_client_that_ended_its_registration_is_gone(town: Town, then: str) -> None:
    given = await registered(town)
    asked = changed(AZ, client_id=given["client_id"])
    code, unused = await town.user.code(asked), await town.user.code(asked)
    tokens = (await town.token(changed(TK, client_id=given["client_id"], code=code))).json()
    answer = await manage(town, "DELETE", given["client_id"], given["registration_access_token"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers
    refused(await read(town, given), 401, "invalid_token")
    refused(await town.token(changed(TK, client_id=given["client_id"], code=unused)), 401, "invalid_client")
    refresh = changed(RF, client_id=given["client_id"], refresh_token=tokens["refresh_token"])
    refused(await town.token(refresh), 401, "invalid_client")
    is_page(await town.user.get(authorize(asked)))
    about = {"token": tokens["access_token"]}
    told = await town.ask("POST", "/introspect", form=about, basic=town.basic("R"))
    assert told.json() == {"active": False}


async def test_an_issuer_below_a_path_has_its_clients_below_it(fresh: Town) -> None:
    await fresh.house.issuer("below", "https://host.test/team", POLICY)
    made = (await fresh.ask("POST", "/team/register", host="host.test", json=RG)).json()
    assert made["registration_client_uri"] == f"https://host.test/team/register/{made['client_id']}"
    shown = [("Authorization", f"Bearer {made['registration_access_token']}")]
    target = urlsplit(made["registration_client_uri"]).path
    assert (await fresh.ask("GET", target, host="host.test", headers=shown)).json() == made


async def test_where_registration_is_closed_nothing_of_it_is_there(fresh: Town) -> None:
    given = await registered(fresh)
    await fresh.house.set_policy("a", replace(POLICY, registration="closed"))
    refused(await read(fresh, given), 403, "access_denied")
    refused(await update(fresh, given), 403, "access_denied")
    assert await fresh.user.code(changed(AZ, client_id=given["client_id"]))


async def test_updates_count_as_registrations_and_wrong_tokens_as_failures(fresh: Town) -> None:
    await fresh.house.set_policy("a", replace(POLICY, registration_limit=FEW, failure_limit=FEW))
    given = await registered(fresh)
    for _ in range(2):
        assert (await update(fresh, given)).status_code == 200
    refused(await update(fresh, given), 429, "temporarily_unavailable")
    assert (await read(fresh, given)).status_code == 200
    for _ in range(3):
        refused(await manage(fresh, "GET", given["client_id"], "wrong"), 401, "invalid_token")
    answer = await read(fresh, given)
    refused(answer, 429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "10"


async def test_neither_token_nor_client_is_in_log_or_metrics(fresh: Town) -> None:
    given = await registered(fresh)
    assert (await read(fresh, given)).status_code == 200
    assert (await manage(fresh, "GET", "somebody-else", "wrong")).status_code == 401
    log = fresh.house.logged()
    for secret in (given["registration_access_token"], given["client_id"], "somebody-else", "wrong"):
        assert secret not in log
    routes = [json.loads(line)["route"] for line in log.splitlines() if '"route"' in line]
    assert routes[-2:] == ["/register/{client}"] * 2


# --- where a token is asked for


async def a_token(town: Town, uses: int | None) -> str:
    new = NewRegistrationToken(note="", ttl=600, uses=uses)
    return (await town.house.registry.tenant("a").actor.run(create_registration_token, new))[1]


@requirement("rfc7591:initial-access-token")
async def test_a_client_registers_with_a_token_of_the_operator(fresh: Town) -> None:
    await fresh.house.set_policy("a", replace(POLICY, registration="token"))
    metadata = (await fresh.ask("GET", "/.well-known/oauth-authorization-server")).json()
    assert metadata["registration_endpoint"] == "https://a.test/register"
    token = await a_token(fresh, 1)
    for headers in ([], [("Authorization", "Bearer wrong")], [("Authorization", f"Basic {token}")]):
        answer = await fresh.ask("POST", "/register", json=RG, headers=headers)
        refused(answer, 401, "invalid_token")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    shown = [("Authorization", f"Bearer {token}")]
    refused(await fresh.ask("POST", "/register", json={}, headers=shown), 400, "invalid_redirect_uri")
    answer = await fresh.ask("POST", "/register", json=RG, headers=shown)
    assert answer.status_code == 201
    assert (await read(fresh, answer.json())).json() == answer.json()
    refused(await fresh.ask("POST", "/register", json=RG, headers=shown), 401, "invalid_token")
    assert token not in fresh.house.logged()


async def test_who_has_a_token_is_not_held_up_by_other_registrations_but_whoever_guesses_is(fresh: Town) -> None:
    policy = replace(POLICY, registration="token", registration_limit=FEW, failure_limit=FEW)
    await fresh.house.set_policy("a", policy)
    shown = [("Authorization", f"Bearer {await a_token(fresh, None)}")]
    for _ in range(5):
        assert (await fresh.ask("POST", "/register", json=RG, headers=shown)).status_code == 201
    for _ in range(3):
        refused(await fresh.ask("POST", "/register", json=RG), 401, "invalid_token")
    refused(await fresh.ask("POST", "/register", json=RG), 429, "temporarily_unavailable")


async def test_a_token_that_nobody_asked_for_does_no_harm(fresh: Town) -> None:
    for value in ("Bearer whatever", "Basic YTpi"):
        answer = await fresh.ask("POST", "/register", json=RG, headers=[("Authorization", value)])
        assert answer.status_code == 201
