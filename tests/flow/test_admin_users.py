"""UserService over gRPC: who signs in at an issuer, and what their operator says of them, gives and takes."""

import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.field_mask_pb2 import FieldMask

from protos.admin.v1.event_service_pb2 import Event, ListEventsRequest
from protos.admin.v1.grant_service_pb2 import ListGrantsRequest
from protos.admin.v1.session_service_pb2 import DeleteSessionRequest, ListSessionsRequest
from protos.admin.v1.user_service_pb2 import (
    CreateUserRequest,
    DeleteUserRequest,
    DisableUserRequest,
    EnableUserRequest,
    GetUserRequest,
    ListUsersRequest,
    SignOutUserRequest,
    UpdateUserRequest,
    User,
)
from tenants.records import KeptToken, Organization
from tenants.turn import Turn
from tests.flow.town import Town, settle
from tests.support.admin import Desk, admin_desk, refused
from tests.support.browser import Browser
from tests.support.clients import AZ, CALLBACK, TK, authorize, changed
from tests.support.requirement import requirement

INVALID, GONE, TAKEN = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
)
A = "issuers/a"
SESSION = "__Host-session"


@dataclass
class There:
    desk: Desk
    town: Town

    async def ask(self, request: Any) -> Any:
        return await self.desk.ask(request)

    async def users(self, filter: str = "") -> list[User]:
        found, request = list[User](), ListUsersRequest(parent=A, filter=filter)
        for _ in range(100):
            page = await self.ask(request)
            found += page.users
            request.page_token = page.next_page_token
            if not request.page_token:
                return found
        raise AssertionError("there is no last page")

    async def u(self) -> User:
        """The user U of the dev provider, who has signed in."""
        [user] = await self.users("email = U@example.com")
        return user

    async def create(self, user_id: str = "", **members: Any) -> User:
        given = {"identities": [User.Identity(provider="dev", subject=f"subject of {user_id}")], **members}
        return await self.ask(CreateUserRequest(parent=A, user_id=user_id, user=User(**given)))

    async def update(self, user: User, *paths: str, etag: str = "", **members: Any) -> User:
        given = User(name=user.name, etag=etag, **members)
        return await self.ask(UpdateUserRequest(user=given, update_mask=FieldMask(paths=paths)))

    async def events(self, type: str) -> list[Event]:
        return list((await self.ask(ListEventsRequest(parent=A, filter=f'type = "{type}"'))).events)

    async def signs_in(self, who: int = 0) -> Browser:
        """U, or V, in a browser of their own."""
        browser = Browser(self.town.house, who)
        await browser.code()
        return browser

    async def is_signed_in(self, browser: Browser) -> bool:
        cookie = [("Cookie", f"{SESSION}={browser.cookies[SESSION]}")]
        answer = await self.town.ask("GET", authorize(AZ), headers=cookie)
        return answer.status_code == 302 or 'name="password"' not in answer.text


@pytest_asyncio.fixture
async def there(tmp_path: Path) -> AsyncGenerator[There]:
    async with admin_desk(tmp_path) as desk:
        yield There(desk, await settle(desk.house))


# --- who there is


async def test_a_user_who_has_signed_in_is_shown_as_their_provider_says(there: There) -> None:
    user = await there.u()
    assert user.name == f"{A}/users/{user.user_id}"
    assert list(user.identities) == [User.Identity(provider="dev", subject="u@example.com")]
    assert (user.email, user.display_name, list(user.fixed_fields), user.disabled) == ("u@example.com", "U", [], False)
    assert user.create_time == user.last_sign_in_time
    assert await there.ask(GetUserRequest(name=user.name)) == user
    await refused(there.ask(GetUserRequest(name=f"{A}/users/u_nobody")), GONE, "NOT_FOUND")


async def test_users_are_listed_page_by_page_in_the_order_of_their_ids(there: There) -> None:
    for name in ("u_c", "u_a", "u_b"):
        await there.create(name)
    request, ids, sizes = ListUsersRequest(parent=A, page_size=2), list[str](), list[int]()
    while True:
        page = await there.ask(request)
        ids += [user.user_id for user in page.users]
        sizes.append(len(page.users))
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    assert ids == sorted(["u_a", "u_b", "u_c", (await there.u()).user_id])
    assert sizes == [2, 2]


async def test_a_page_has_no_more_users_than_fit_into_a_message(there: There) -> None:
    many = [f"{number:03}".ljust(320, "x") for number in range(200)]
    for number in range(40):  # 5 MB, and an answer may have 4
        await there.create(f"u_{number:02}", roles=many, permissions=many)
    page = await there.ask(ListUsersRequest(parent=A, page_size=1_000))
    assert 0 < len(page.users) < 40
    made = [user.user_id for user in await there.users() if user.roles]
    assert made == [f"u_{number:02}" for number in range(40)]


async def test_ga_18_a_page_token_is_good_for_its_own_list_only(there: There) -> None:
    for name in ("u_a", "u_b"):
        await there.create(name)
    token = (await there.ask(ListUsersRequest(parent=A, page_size=1))).next_page_token
    for other in (
        ListUsersRequest(parent="issuers/b", page_token=token),
        ListUsersRequest(parent=A, page_token=token, filter="disabled = true"),
        ListUsersRequest(parent=A, page_token=token[:-2]),
        ListSessionsRequest(parent=A, page_token=token),
        ListGrantsRequest(parent=A, page_token=token),
    ):
        await refused(there.ask(other), INVALID, "PAGE_TOKEN_INVALID", "page_token")


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("", {"u_a", "u_b"}),
        ("email = Ada@Example.com", {"u_a"}),
        ('email = "ada@example.COM" AND disabled = true', set[str]()),
        ("email = ada*", {"u_a"}),
        ("email != ada@example.com", {"u_b"}),
        ("provider:dev", {"u_a", "u_b"}),
        ("provider:other", set[str]()),
        ('subject:"subject of u_b"', {"u_b"}),
        ("disabled = true", {"u_b"}),
        ("disabled = false", {"u_a"}),
        ('role:"chief cook"', {"u_a"}),
        ("permission:x AND role:none", set[str]()),
        ("organization = o1", {"u_a"}),
        ('display_name = "Ada L*"', {"u_a"}),
        ('create_time >= "2027-01-01T00:00:00Z"', {"u_a", "u_b"}),
        ('last_sign_in_time > "2020-01-01T00:00:00Z"', set[str]()),
    ],
)
async def test_a_filter_shows_those_of_whom_it_holds(there: There, filter: str, found: set[str]) -> None:
    await organization(there)
    given = {"display_name": "Ada Lovelace", "roles": ["chief cook"], "organization": "o1"}
    await there.create("u_a", email="ada@example.com", **given)
    await there.create("u_b")
    await there.ask(DisableUserRequest(name=f"{A}/users/u_b"))
    own = {(await there.u()).user_id}
    assert {user.user_id for user in await there.users(filter)} - own == found


@pytest.mark.parametrize(
    "filter", ["email", "name = x", "disabled = maybe", "email = a OR email = b", "provider = dev"]
)
async def test_a_filter_that_is_not_understood_is_refused(there: There, filter: str) -> None:
    await refused(there.ask(ListUsersRequest(parent=A, filter=filter)), INVALID, "FILTER_INVALID", "filter")


async def organization(there: There) -> None:
    def act(turn: Turn, _: None) -> None:
        turn.tx.organizations.add(Organization(id="o1", name="One", created_at=turn.now, updated_at=turn.now))

    await there.town.house.registry.tenant("a").actor.run(act, None)


# --- users before they sign in


@requirement("house:who-was-made-is-who-signs-in")
async def test_who_comes_with_the_identity_of_a_user_that_was_made_is_that_user(there: There) -> None:
    identity = User.Identity(provider="dev", subject="v@example.com")
    made = await there.create("u_v", identities=[identity], roles=["admin"])
    assert (made.name, made.HasField("last_sign_in_time")) == (f"{A}/users/u_v", False)
    await there.signs_in(1)
    now = await there.ask(GetUserRequest(name=made.name))
    assert now.HasField("last_sign_in_time")
    assert (now.email, now.display_name) == ("v@example.com", "V")
    assert (list(now.roles), list(now.fixed_fields)) == (["admin"], ["roles"])
    assert len(await there.users()) == 2


async def test_a_user_without_an_id_gets_one(there: There) -> None:
    made = await there.create()
    assert made.user_id.startswith("u_")
    assert len(made.user_id) == 34


async def test_ga_23_an_identity_is_one_users_and_is_never_given_to_another(there: There) -> None:
    u = await there.u()
    why = await refused(there.create("u_x", identities=list(u.identities)), TAKEN, "ALREADY_EXISTS")
    assert why.resource == ("admin.tenantry.dev/User", u.name)
    await there.create("u_y")
    await refused(there.create("u_y", identities=[User.Identity(provider="dev", subject="z")]), TAKEN, "ALREADY_EXISTS")
    victim = [User.Identity(provider="dev", subject="v@example.com")]
    for paths in (("identities",), ("identities.subject",)):
        update = there.update(User(name=f"{A}/users/u_y"), *paths, identities=victim)
        reason = "FIELD_IMMUTABLE" if paths == ("identities",) else "UPDATE_MASK_INVALID"
        await refused(update, INVALID, reason, "update_mask")
    for paths in ((), ("*",)):
        update = there.update(User(name=f"{A}/users/u_y"), *paths, identities=victim)
        await refused(update, INVALID, "FIELD_IMMUTABLE", "user.identities")
    [kept] = (await there.ask(GetUserRequest(name=f"{A}/users/u_y"))).identities
    assert kept.subject == "subject of u_y"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"identities": []}, "user.identities"),
        ({"identities": [User.Identity(provider="nobody", subject="x")]}, "user.identities[0].provider"),
        ({"identities": [User.Identity(provider="dev", subject="x" * 256)]}, "user.identities[0].subject"),
        ({"identities": [User.Identity(provider="dev", subject="x\n")]}, "user.identities[0].subject"),
        ({"identities": [User.Identity(provider="dev", subject="x")] * 2}, "user.identities"),
        ({"email": "nobody"}, "user.email"),
        ({"email": "a b@example.com"}, "user.email"),
        ({"email": "a@b@example.com"}, "user.email"),
        ({"email": "a@ex\N{KELVIN SIGN}mple.com"}, "user.email"),
        ({"email_verified": True}, "user.email_verified"),
        ({"display_name": "a\nb"}, "user.display_name"),
        ({"organization": "nobody"}, "user.organization"),
        ({"roles": ["a", "a"]}, "user.roles"),
        ({"permissions": ["a\u0000"]}, "user.permissions[0]"),
        ({"fixed_fields": ["subject"]}, "user.fixed_fields"),
    ],
)
async def test_what_cannot_be_said_of_a_user_is_refused(there: There, members: dict[str, Any], field: str) -> None:
    await refused(there.create("u_x", **members), INVALID, "REQUEST_INVALID", field)
    assert len(await there.users()) == 1


@pytest.mark.parametrize("user_id", ["x", "u_", "u_/", "u_é", "U_x", "u_x\n", "u_" + "x" * 127])
async def test_ga_05_an_id_that_is_chosen_looks_like_one_of_ours(there: There, user_id: str) -> None:
    await refused(there.create(user_id), INVALID, "REQUEST_INVALID", "user_id")


async def test_validating_only_makes_nobody_and_names_nobody(there: There) -> None:
    given = User(identities=[User.Identity(provider="dev", subject="v@example.com")], roles=["a"])
    shown = await there.ask(CreateUserRequest(parent=A, user=given, validate_only=True))
    assert (shown.name, shown.user_id, list(shown.roles)) == ("", "", ["a"])
    assert len(await there.users()) == 1
    u = await there.u()
    await there.ask(DeleteUserRequest(name=u.name, validate_only=True))
    assert await there.u() == u


# --- what is said of them


@requirement("house:what-the-operator-fixed-no-sign-in-changes")
async def test_what_the_operator_says_stays_when_the_user_signs_in(there: There) -> None:
    u = await there.u()
    changed = await there.update(u, "display_name", "roles", display_name="Your Name", roles=["admin"])
    assert list(changed.fixed_fields) == ["name", "roles"]
    there.town.clock.now += 4_000
    await there.signs_in()
    again = await there.u()
    assert again.last_sign_in_time.seconds > u.last_sign_in_time.seconds
    assert (again.display_name, list(again.roles), again.email) == ("Your Name", ["admin"], "u@example.com")
    free = await there.update(again, "fixed_fields", fixed_fields=["roles"])
    assert (free.display_name, list(free.fixed_fields)) == ("Your Name", ["roles"])
    await there.signs_in()
    last = await there.u()
    assert (last.display_name, list(last.roles)) == ("U", ["admin"])


async def test_what_does_not_change_is_not_fixed(there: There) -> None:
    u = await there.u()
    same = await there.ask(UpdateUserRequest(user=u))
    assert same == u
    assert await there.events("user.changed") == []


async def test_an_address_that_changes_is_verified_no_more_unless_that_is_said(there: There) -> None:
    u = await there.create("u_x", email="a@example.com", email_verified=True)
    assert (await there.update(u, "email", email="A@example.com")).email_verified is False
    both = await there.update(u, "email", "email_verified", email="b@example.com", email_verified=True)
    assert (both.email, both.email_verified) == ("b@example.com", True)
    assert (await there.update(u, "email")).email == ""


@requirement("house:events-name-no-address")
async def test_an_event_tells_what_changed_but_no_address_and_no_name(there: There) -> None:
    u = await there.u()
    given = {"email": "new@example.com", "display_name": "Somebody", "roles": ["admin"]}
    await there.update(u, *given, **given)
    [event] = await there.events("user.changed")
    assert (event.actor, event.subject) == ("root", u.user_id)
    assert dict(event.details)["after"]["roles"] == ["admin"]
    assert list(dict(event.details)["also_changed"]) == ["email", "name"]
    every = str(list((await there.ask(ListEventsRequest(parent=A, page_size=1_000))).events))
    assert not any(word in every for word in ("new@", "u@example.com", "Somebody"))


async def test_a_change_of_what_was_seen_before_another_change_is_refused(there: There) -> None:
    u = await there.u()
    await there.update(u, "roles", roles=["a"], etag=u.etag)
    late = there.update(u, "roles", roles=["b"], etag=u.etag)
    await refused(late, grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    for request in (DeleteUserRequest, DisableUserRequest, EnableUserRequest):
        await refused(there.ask(request(name=u.name, etag=u.etag)), grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    now = await there.u()
    assert (list(now.roles), now.disabled) == (["a"], False)
    there.town.clock.now += 4_000
    await there.signs_in()
    assert (await there.u()).etag == now.etag, "a sign-in alone is no change"


@pytest.mark.parametrize("path", ["create_time", "etag", "user_id", "disabled", "nothing", "email.x", ""])
async def test_ga_11_a_mask_names_what_can_be_changed(there: There, path: str) -> None:
    u = await there.u()
    await refused(there.update(u, path), INVALID, "UPDATE_MASK_INVALID", "update_mask")


# --- their end


@requirement("house:a-users-end-ends-all-that-they-have")
@pytest.mark.parametrize("how", [DisableUserRequest, DeleteUserRequest])
async def test_with_a_user_all_that_they_have_here_ends(there: There, how: Any) -> None:
    u, browsers = await there.u(), [await there.signs_in(), there.town.user]
    tokens = await there.town.tokens(changed(AZ, scope="mcp offline_access"))
    await kept_token(there, u)
    other = await there.signs_in(1)
    await there.ask(how(name=u.name))
    assert not (await there.town.introspect(tokens["access_token"]))["active"]
    assert (await there.town.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert [await there.is_signed_in(browser) for browser in (*browsers, other)] == [False, False, True]
    assert await left(there, u) == (0, 0, 0, 0)
    [event] = await there.events("user.disabled" if how is DisableUserRequest else "user.removed")
    assert event.actor == "root"
    assert dict(event.details) == {"sessions_ended": 2, "grants_ended": 3, "consents_ended": 1}
    assert {each.actor for each in await there.events("session.ended")} == {"root"}


@requirement("house:a-users-end-ends-all-that-they-have")
@pytest.mark.parametrize("how", [DisableUserRequest, DeleteUserRequest, SignOutUserRequest, DeleteSessionRequest])
async def test_clients_that_asked_for_it_are_told_of_each_session_that_ends(there: There, how: Any) -> None:
    about = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
    await there.town.house.client("a", "rp", **about, backchannel_logout_uri="https://rp.test/told")
    code = await (await there.signs_in()).code(changed(AZ, client_id="rp", scope="openid", resource=None))
    assert (await there.town.token(changed(TK, client_id="rp", code=code))).status_code == 200
    u = await there.u()
    [session] = (await there.ask(ListSessionsRequest(parent=u.name, filter="client:rp"))).sessions
    await there.ask(how(name=session.name if how is DeleteSessionRequest else u.name))

    def act(turn: Turn, _: None) -> int:
        return turn.tx.outbox.count("logout", u.user_id)

    assert await there.town.house.registry.tenant("a").actor.run(act, None) == 1


async def kept_token(there: There, user: User) -> None:
    def act(turn: Turn, _: None) -> None:
        turn.tx.kept_tokens.put(KeptToken(user_id=user.user_id, provider="dev", sealed=b"x", due_at=turn.now + 99))

    await there.town.house.registry.tenant("a").actor.run(act, None)


async def left(there: There, user: User) -> tuple[int, int, int, int]:
    """Sessions, standing grants, consents and kept tokens of a user."""

    def act(turn: Turn, _: None) -> tuple[int, int, int, int]:
        tx, user_id = turn.tx, user.user_id
        grants = [grant for grant in tx.grants.of_user(user_id) if grant.revoked_at is None]
        kept = tx.kept_tokens.find(user_id, "dev")
        return len(tx.sessions.of_user(user_id)), len(grants), len(tx.consents.of_user(user_id)), int(kept is not None)

    return await there.town.house.registry.tenant("a").actor.run(act, None)


async def test_a_disabled_user_comes_in_again_once_they_are_enabled_and_is_asked_anew(there: There) -> None:
    u = await there.u()
    disabled = await there.ask(DisableUserRequest(name=u.name))
    assert (disabled.disabled, disabled.disable_time.seconds) == (True, there.town.clock.now)
    assert await there.ask(DisableUserRequest(name=u.name)) == disabled
    await refused_at_the_door(there)
    enabled = await there.ask(EnableUserRequest(name=u.name))
    assert (enabled.disabled, enabled.HasField("disable_time")) == (False, False)
    assert await there.ask(EnableUserRequest(name=u.name)) == enabled
    assert [len(await there.events(type)) for type in ("user.disabled", "user.enabled")] == [1, 1]
    await there.signs_in()
    assert (await there.u()).user_id == u.user_id


async def refused_at_the_door(there: There) -> None:
    browser = Browser(there.town.house)
    answer = await browser.submit(await browser.get(authorize(AZ)), email="u@example.com", password="correct horse")
    assert "code=" not in answer.headers.get("location", "")
    assert SESSION not in browser.cookies


async def test_who_was_deleted_and_comes_again_is_somebody_new(there: There) -> None:
    u = await there.u()
    await there.ask(DeleteUserRequest(name=u.name))
    await refused(there.ask(GetUserRequest(name=u.name)), GONE, "NOT_FOUND")
    await refused(there.ask(DeleteUserRequest(name=u.name)), GONE, "NOT_FOUND")
    await there.signs_in()
    assert (await there.u()).user_id != u.user_id


async def test_a_user_is_signed_out_everywhere_and_keeps_what_was_given_for_while_they_are_away(there: There) -> None:
    u, browsers = await there.u(), [await there.signs_in(), there.town.user]
    stays = await there.town.tokens(changed(AZ, scope="mcp offline_access"))
    goes = await there.town.tokens(AZ)
    assert (await there.ask(SignOutUserRequest(name=u.name))).sessions_ended == 2
    assert [await there.is_signed_in(browser) for browser in browsers] == [False, False]
    assert (await there.town.introspect(stays["access_token"]))["active"]
    assert not (await there.town.introspect(goes["access_token"]))["active"]
    assert (await there.ask(SignOutUserRequest(name=u.name))).sessions_ended == 0
    await refused(there.ask(SignOutUserRequest(name=f"{A}/users/u_nobody")), GONE, "NOT_FOUND")


async def test_ga_19_a_request_that_comes_again_is_done_once(there: There) -> None:
    given = User(identities=[User.Identity(provider="dev", subject="v@example.com")])
    request = CreateUserRequest(parent=A, user=given, request_id=str(uuid.uuid4()))
    first = await there.ask(request)
    assert await there.ask(request) == first
    request = DeleteUserRequest(name=first.name, request_id=str(uuid.uuid4()))
    for _ in range(2):
        await there.ask(request)
    assert len(await there.users()) == 1
