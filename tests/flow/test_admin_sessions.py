"""SessionService over gRPC: who is signed in where, and how an operator ends it."""

import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio

from protos.admin.v1.event_service_pb2 import ListEventsRequest
from protos.admin.v1.session_service_pb2 import (
    DeleteSessionRequest,
    GetSessionRequest,
    ListSessionsRequest,
    Session,
)
from protos.admin.v1.user_service_pb2 import ListUsersRequest, User
from tenants.oauth.handle import digest
from tenants.turn import Turn
from tests.flow.town import Town, settle
from tests.support.admin import Desk, admin_desk, files, refused
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, authorize, changed
from tests.support.requirement import requirement

INVALID, GONE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
A = "issuers/a"
COOKIE = "__Host-session"


@dataclass
class There:
    desk: Desk
    town: Town
    v: Browser
    """U is in the town's browser, V in this one."""

    async def ask(self, request: Any) -> Any:
        return await self.desk.ask(request)

    async def sessions(self, filter: str = "", parent: str = A) -> list[Session]:
        return list((await self.ask(ListSessionsRequest(parent=parent, filter=filter))).sessions)

    async def user(self, email: str) -> User:
        [user] = (await self.ask(ListUsersRequest(parent=A, filter=f"email = {email}"))).users
        return user

    async def signed_in(self, browser: Browser) -> bool:
        answer = await self.town.ask("GET", authorize(AZ), headers=[("Cookie", f"{COOKIE}={browser.cookies[COOKIE]}")])
        return answer.status_code == 302 or form_of(answer)[0] != "/login"


@pytest_asyncio.fixture
async def there(tmp_path: Path) -> AsyncGenerator[There]:
    async with admin_desk(tmp_path) as desk:
        town = await settle(desk.house)
        v = Browser(desk.house, 1)
        await v.code()
        yield There(desk, town, v)


async def test_a_session_tells_who_is_signed_in_since_when_and_by_which_provider(there: There) -> None:
    u = await there.user("u@example.com")
    [session] = await there.sessions(parent=u.name)
    assert (session.user, session.provider) == (u.name, "dev")
    assert session.authenticate_time.seconds == there.town.clock.now
    assert session.expire_time.seconds > there.town.clock.now
    assert session.sid
    assert await there.ask(GetSessionRequest(name=session.name)) == session
    assert {each.user for each in await there.sessions()} == {u.name, (await there.user("v@example.com")).name}


@requirement("house:a-session-name-opens-nothing")
async def test_ga_20_the_name_of_a_session_is_neither_its_cookie_nor_what_is_kept_of_it(there: There) -> None:
    cookie = there.town.user.cookies[COOKIE]
    [session] = await there.sessions(parent=(await there.user("u@example.com")).name)
    name = session.name.rpartition("/")[2]
    assert name not in cookie
    assert cookie not in str(session)
    assert digest(cookie).hex() not in str(session)
    for guess in (name, name + "0" * 32, session.sid):
        answer = await there.town.ask("GET", authorize(AZ), headers=[("Cookie", f"{COOKIE}={guess}")])
        assert form_of(answer)[0] == "/login"
    assert not any(cookie.encode() in file.read_bytes() for file in files(there.desk.house.data_dir))


async def test_one_of_before_sessions_had_names_for_clients_has_a_name_here(there: There) -> None:
    def act(turn: Turn, _: None) -> None:
        [one] = turn.tx.sessions.of_user(user.user_id)
        turn.tx.sessions.remove(one.digest)
        turn.tx.sessions.add(type(one)(**{**{n: getattr(one, n) for n in one.__slots__}, "sid": ""}))

    user = await there.user("u@example.com")
    await there.town.house.registry.tenant("a").actor.run(act, None)
    [session] = await there.sessions(parent=user.name)
    assert session.sid == ""
    await there.ask(DeleteSessionRequest(name=session.name))
    assert not await there.signed_in(there.town.user)


@requirement("house:an-ended-session-is-as-signed-out")
async def test_a_session_that_is_deleted_is_signed_out_and_the_others_are_not(there: There) -> None:
    stays = await there.town.tokens(changed(AZ, scope="mcp offline_access"))
    goes = await there.town.tokens(AZ)
    u = await there.user("u@example.com")
    [session] = await there.sessions(parent=u.name)
    await there.ask(DeleteSessionRequest(name=session.name))
    assert [await there.signed_in(browser) for browser in (there.town.user, there.v)] == [False, True]
    assert (await there.town.introspect(stays["access_token"]))["active"]
    assert not (await there.town.introspect(goes["access_token"]))["active"]
    events = (await there.ask(ListEventsRequest(parent=A, filter='type = "session.ended"'))).events
    assert [(event.actor, event.subject, dict(event.details)) for event in events] == [
        ("root", u.user_id, {"grants_ended": 2})
    ]
    for request in (GetSessionRequest(name=session.name), DeleteSessionRequest(name=session.name)):
        await refused(there.ask(request), GONE, "NOT_FOUND")


async def test_one_that_has_expired_is_not_shown(there: There) -> None:
    [session, _] = await there.sessions()
    there.town.clock.now = session.expire_time.seconds
    assert await there.sessions() == []
    await refused(there.ask(GetSessionRequest(name=session.name)), GONE, "NOT_FOUND")


async def test_they_are_listed_page_by_page(there: There) -> None:
    request, found = ListSessionsRequest(parent=A, page_size=1), []
    for _ in range(3):
        page = await there.ask(request)
        found += page.sessions
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    assert found == await there.sessions()
    assert len(found) == 2


async def test_a_filter_shows_those_of_which_it_holds(there: There) -> None:
    u = await there.user("u@example.com")
    [own] = await there.sessions(parent=u.name)
    for filter in (f"user = {u.user_id}", f'user = "{u.name}"', f'sid = "{own.sid}" AND provider = dev'):
        assert await there.sessions(filter) == [own]
    assert len(await there.sessions('authenticate_time >= "2027-01-01T00:00:00Z"')) == 2
    for filter in ("provider = google", "user = nobody", "client:P", "amr:otp", "acr = x"):
        assert await there.sessions(filter) == []
    await refused(there.ask(ListSessionsRequest(parent=A, filter="digest = x")), INVALID, "FILTER_INVALID", "filter")


@pytest.mark.parametrize("name", ["x", "0" * 31, "0" * 33, "0" * 64, "G" * 32, "A" * 32, "0" * 31 + "\n", "../x"])
async def test_ga_05_a_name_that_can_be_none_is_refused(there: There, name: str) -> None:
    for request in (GetSessionRequest, DeleteSessionRequest):
        await refused(there.ask(request(name=f"{A}/sessions/{name}")), INVALID, "REQUEST_INVALID", "name")


async def test_a_session_of_another_issuer_is_not_found_here(there: There) -> None:
    [session, _] = await there.sessions()
    elsewhere = session.name.replace("issuers/a", "issuers/b")
    await refused(there.ask(DeleteSessionRequest(name=elsewhere)), GONE, "NOT_FOUND")
    assert len(await there.sessions()) == 2


async def test_ga_19_a_request_that_comes_again_is_done_once(there: There) -> None:
    [session, _] = await there.sessions()
    request = DeleteSessionRequest(name=session.name, request_id=str(uuid.uuid4()))
    for _ in range(2):
        await there.ask(request)
    assert len(await there.sessions()) == 1
