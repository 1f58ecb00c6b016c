"""GrantService over gRPC: what users allowed clients, looked at and ended, one or many at once."""

import uuid
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.longrunning import operations_pb2 as longrunning

from protos.admin.v1.event_service_pb2 import ListEventsRequest
from protos.admin.v1.grant_service_pb2 import (
    GetGrantRequest,
    Grant,
    ListGrantsRequest,
    RevokeGrantRequest,
    RevokeGrantsRequest,
    RevokeGrantsResponse,
)
from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest, DisableIssuerRequest
from protos.admin.v1.operation_metadata_pb2 import OperationMetadata
from protos.admin.v1.user_service_pb2 import ListUsersRequest
from server.admin.bulk_revocation import AT_ONCE, BulkRevocation, asked_for
from tenants import operations
from tenants.turn import Turn
from tests.flow.town import Town, settle
from tests.support.admin import Desk, admin_desk, refused
from tests.support.browser import Browser, form_of
from tests.support.clients import AZ, RESOURCE, TK, authorize, changed
from tests.support.requirement import requirement
from tests.support.storage import samples

INVALID, GONE, ABORTED = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ABORTED,
)
A = "issuers/a"
MANY = 700


@dataclass
class There:
    desk: Desk
    town: Town

    async def ask(self, request: Any) -> Any:
        return await self.desk.ask(request)

    async def grants(self, filter: str = "", parent: str = A) -> list[Grant]:
        found, request = list[Grant](), ListGrantsRequest(parent=parent, filter=filter, page_size=1_000)
        for _ in range(100):
            page = await self.ask(request)
            found += page.grants
            request.page_token = page.next_page_token
            if not request.page_token:
                return found
        raise AssertionError("there is no last page")

    async def u(self) -> str:
        [user] = (await self.ask(ListUsersRequest(parent=A, filter="email = u@example.com"))).users
        return user.user_id

    async def tokens(self, scope: str = "mcp offline_access", browser: Browser | None = None) -> dict[str, Any]:
        code = await (browser or self.town.user).code(changed(AZ, scope=scope))
        return (await self.town.token(changed(TK, code=code))).json()

    async def counts(self, tokens: dict[str, Any]) -> bool:
        return (await self.town.introspect(tokens["access_token"]))["active"]

    async def add_many(self, number: int = MANY, issuer: str = "a", **members: Any) -> None:
        """Grants of somebody else, straight into the store."""

        def act(turn: Turn, first: int) -> None:
            at = {"created_at": turn.now, "expires_at": turn.now + 999, "code_expires_at": turn.now + 99}
            for n in range(first, min(first + 100, number)):
                spread = (n + 1) * ((1 << 63) // (number + 2))
                turn.tx.grants.add(replace(samples.grant(spread, **members), **at))

        for first in range(0, number, 100):
            await self.town.house.registry.tenant(issuer).actor.run(act, first)

    async def revoke(self, filter: str = "", **members: Any) -> longrunning.Operation:
        return await self.ask(RevokeGrantsRequest(parent=A, filter=filter, **members))

    async def ended(self, operation: longrunning.Operation) -> longrunning.Operation:
        for _ in range(5):
            operation = await self.ask(longrunning.WaitOperationRequest(name=operation.name))
            if operation.done:
                return operation
        raise AssertionError(operation)

    async def revoked(self, filter: str = "", **members: Any) -> int:
        return count_of(await self.ended(await self.revoke(filter, **members)))


def count_of(operation: longrunning.Operation) -> int:
    assert not operation.HasField("error"), operation
    told = RevokeGrantsResponse()
    assert operation.response.Unpack(told)
    return told.revoked_count


def metadata_of(operation: longrunning.Operation) -> OperationMetadata:
    told = OperationMetadata()
    assert operation.metadata.Unpack(told)
    return told


@pytest_asyncio.fixture
async def there(tmp_path: Path) -> AsyncGenerator[There]:
    async with admin_desk(tmp_path) as desk:
        yield There(desk, await settle(desk.house))


# --- looking


async def test_a_grant_tells_who_allowed_whom_what(there: There) -> None:
    [pending] = await there.grants()
    assert pending.state == Grant.STATE_PENDING
    tokens = await there.tokens()
    [grant] = await there.grants("state = active")
    user = f"{A}/users/{await there.u()}"
    assert (grant.user, grant.client, grant.resource) == (user, f"{A}/clients/P", RESOURCE)
    assert (list(grant.scopes), grant.provider) == (["mcp", "offline_access"], "dev")
    now = there.town.clock.now
    assert (grant.create_time.seconds, grant.last_use_time.seconds) == (now, now)
    assert grant.refresh_expire_time.seconds > now
    there.town.clock.now += 5
    await there.town.refresh(tokens["refresh_token"])
    again = await there.ask(GetGrantRequest(name=grant.name))
    assert again.last_use_time.seconds == now + 5
    assert again.create_time == grant.create_time


@requirement("house:a-session-name-opens-nothing")
async def test_ga_20_nothing_of_a_grant_is_a_token(there: There) -> None:
    tokens = await there.tokens()
    shown = str(await there.grants())
    assert not any(token in shown for token in tokens.values() if isinstance(token, str) and len(token) > 20)
    [grant] = await there.grants("state = active")
    for guess in (grant.name, grant.name.rpartition("/")[2], f"tnr_{grant.name.rpartition('/')[2]}"):
        answer = await there.town.refresh(guess)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_filter_shows_those_of_which_it_holds(there: There) -> None:
    await there.tokens()
    v = Browser(there.town.house, 1)
    await there.tokens("mcp", v)
    u = await there.u()
    [a] = await there.grants(f"user = {u} AND state = active")
    [b] = [grant for grant in await there.grants("state = active") if grant != a]
    for filter, found in (
        (f'user = "{A}/users/{u}" AND state = active', [a]),
        (f"user != {u} AND state = active", [b]),
        ("client = P AND scope:offline_access", [a]),
        (f'client = "{A}/clients/P" AND state = active AND scope:mcp', sorted([a, b], key=id_of)),
        (f'resource = "{RESOURCE}" AND state = revoked', []),
        ("client = K", []),
        ("provider = google", []),
        (f'sid = "{b.sid}" AND state = active', [b]),
        ('create_time < "2027-01-01T00:00:00Z"', []),
    ):
        assert await there.grants(filter) == found, filter
    assert [grant for grant in await there.grants(parent=b.user) if grant.state == Grant.STATE_ACTIVE] == [b]
    of_others = ('user = "issuers/b/users/u_1"', 'client = "issuers/b/clients/app"', f'client = "{A}/users/u_1"')
    for filter in ("state = gone", "user = a OR user = b", "digest = x", *of_others):
        request = ListGrantsRequest(parent=A, filter=filter)
        await refused(there.ask(request), INVALID, "FILTER_INVALID", "filter")


def id_of(grant: Grant) -> int:
    return int(grant.name.rpartition("/")[2])


async def test_many_are_listed_page_by_page_also_where_a_filter_holds_of_few(there: There) -> None:
    await there.add_many(5_000)
    own = await there.u()
    request, sizes, found = ListGrantsRequest(parent=A, filter="user != u1 AND scope:mcp", page_size=10), [], []
    for _ in range(9):
        page = await there.ask(request)
        sizes.append(len(page.grants))
        found += page.grants
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    assert [grant.user for grant in found] == [f"{A}/users/{own}"]
    assert len(sizes) == 2
    assert len(await there.grants("user = u1")) == 5_000


@pytest.mark.parametrize("grant", ["0", "-1", "01", "x", "1" * 20, "1\n", "1.0", ""])
async def test_ga_05_a_name_that_can_be_none_is_refused(there: There, grant: str) -> None:
    for request in (GetGrantRequest, RevokeGrantRequest):
        await refused(there.ask(request(name=f"{A}/grants/{grant}")), INVALID, "REQUEST_INVALID", "name")


@pytest.mark.parametrize("grant", ["1", "9" * 19])
async def test_what_is_not_there_is_not_found(there: There, grant: str) -> None:
    for request in (GetGrantRequest, RevokeGrantRequest):
        await refused(there.ask(request(name=f"{A}/grants/{grant}")), GONE, "NOT_FOUND")


# --- ending one


async def test_a_revoked_grant_is_dead_and_the_user_is_asked_again(there: There) -> None:
    tokens, others = await there.tokens(), await there.tokens("mcp", Browser(there.town.house, 1))
    [grant] = await there.grants(f"user = {await there.u()} AND state = active")
    revoked = await there.ask(RevokeGrantRequest(name=grant.name, reason="lost laptop"))
    assert (revoked.state, revoked.revoke_time.seconds) == (Grant.STATE_REVOKED, there.town.clock.now)
    assert [await there.counts(each) for each in (tokens, others)] == [False, True]
    assert (await there.town.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
    answer = await there.town.user.get(authorize(changed(AZ, scope="mcp offline_access")))
    assert form_of(answer)[0] == "/consent"
    assert await there.ask(RevokeGrantRequest(name=grant.name)) == revoked
    [event] = (await there.ask(ListEventsRequest(parent=A, filter="type = grant.revoked"))).events
    assert (event.actor, event.subject) == ("root", await there.u())
    told = {"grant": grant.name.rpartition("/")[2], "client": "P", "reason": "lost laptop"}
    assert dict(event.details) == told


async def test_ga_19_a_request_that_comes_again_is_done_once(there: There) -> None:
    await there.tokens()
    [grant] = await there.grants("state = active")
    request = RevokeGrantRequest(name=grant.name, request_id=str(uuid.uuid4()))
    assert await there.ask(request) == await there.ask(request)


# --- ending many


@requirement("house:many-grants-end-in-small-steps")
async def test_all_grants_that_a_filter_holds_of_end_and_no_other(there: There) -> None:
    await there.add_many(MANY, client_id="c9")
    await there.add_many(MANY, "b", client_id="c9")
    own = await there.tokens()
    operation = await there.revoke("client = c9", reason="it was stolen")
    assert operation.name.startswith(f"{A}/operations/")
    metadata = metadata_of(operation)
    assert (metadata.verb, metadata.target, metadata.actor) == ("revokeGrants", A, "root")
    assert (metadata.which, metadata.reason) == ("client = c9", "it was stolen")
    done = await there.ended(operation)
    assert count_of(done) == MANY
    metadata = metadata_of(done)
    assert (metadata.progress_percent, metadata.end_time.seconds) == (100, there.town.clock.now)
    assert len(await there.grants("client = c9 AND state = revoked")) == MANY
    assert await there.counts(own)
    elsewhere = await there.ask(ListGrantsRequest(parent="issuers/b", filter="state = revoked"))
    assert len(elsewhere.grants) == 0
    events = (await there.ask(ListEventsRequest(parent=A, filter="type = grant.many_revoked"))).events
    assert sum(event.details["grants_ended"] for event in events) == MANY
    assert {(event.actor, event.details["operation"]) for event in events} == {("root", operation.name)}
    assert {(event.details["which"], event.details["reason"]) for event in events} == {("client = c9", "it was stolen")}
    assert max(event.details["grants_ended"] for event in events) <= AT_ONCE
    of_server = (await there.ask(ListEventsRequest(filter='type = "operation.*"'))).events
    assert [(event.type, event.actor, event.subject) for event in of_server] == [
        ("operation.started", "root", operation.name),
        ("operation.ended", "root", operation.name),
    ]
    started = {"verb": "revokeGrants", "which": "client = c9", "reason": "it was stolen"}
    assert dict(of_server[0].details) == started


async def test_a_count_says_how_many_would_end_and_ends_none(there: There) -> None:
    await there.add_many()
    operation = await there.revoke("user = u1", validate_only=True, request_id=str(uuid.uuid4()))
    assert metadata_of(operation).verb == "countGrants"
    assert count_of(await there.ended(operation)) == MANY
    assert len(await there.grants("state = revoked")) == 0
    assert await there.revoked(validate_only=True) == MANY + 1


@pytest.mark.parametrize(
    "filter",
    ["user = {u}", "client = P", "provider = dev", 'resource = "https://mcp.test/mcp"', "state = active", "scope:mcp"],
)
async def test_they_end_by_user_client_provider_or_resource(there: There, filter: str) -> None:
    tokens = await there.tokens()
    await there.add_many(3, client_id="c9", provider="other", resource="https://else.test")
    wanted = 1 if filter == "state = active" else 2
    assert await there.revoked(filter.format(u=await there.u())) == wanted
    assert not await there.counts(tokens)
    assert len(await there.grants("client = c9 AND state = pending")) == 3


async def test_ga_11_all_of_an_issuer_end_only_where_that_is_meant(there: There) -> None:
    await refused(there.revoke(), INVALID, "REQUEST_INVALID", "force")
    await refused(there.revoke("  "), INVALID, "REQUEST_INVALID", "force")
    await refused(there.revoke("all"), INVALID, "FILTER_INVALID", "filter")
    assert len(await there.grants("state = revoked")) == 0
    assert await there.revoked(force=True) == 1
    [event] = (await there.ask(ListEventsRequest(parent=A, filter="type = grant.many_revoked"))).events
    assert event.details["which"] == "all"
    assert await there.revoked(force=True) == 0


async def test_what_is_allowed_meanwhile_stays(there: There) -> None:
    registry, new = there.town.house.registry, asked_for(RevokeGrantsRequest(parent=A), "a")
    operation = await registry.perform(operations.begin, new)
    there.town.clock.now += 1
    tokens = await there.tokens()

    async def checkpoint(progress: Mapping[str, Any], percent: int) -> None:
        """Nobody stops it."""

    await BulkRevocation(registry)(operation, checkpoint)
    assert len(await there.grants("state = revoked")) == 1
    assert await there.counts(tokens)


async def test_ga_19_a_request_that_comes_again_is_one_operation(there: There) -> None:
    await there.add_many()
    request = RevokeGrantsRequest(parent=A, filter="user = u1", request_id=str(uuid.uuid4()))
    first = await there.ask(request)
    assert count_of(await there.ended(first)) == MANY
    assert (await there.ask(request)).name == first.name
    assert count_of(await there.ended(first)) == MANY


async def test_two_that_would_collide_are_not_under_way_at_once(there: There) -> None:
    await there.add_many(3_000)
    first = await there.revoke("user = u1")
    why = await refused(there.revoke("user = u2"), ABORTED, "OPERATION_IN_PROGRESS")
    assert why.resource == ("admin.tenantry.dev/Operation", first.name)
    assert await there.revoked("user = u1", validate_only=True) <= 3_000
    assert count_of(await there.ended(first)) == 3_000
    assert await there.revoked("user = u2") == 0


async def test_the_issuer_serves_while_many_end(there: There) -> None:
    await there.add_many(6_000)
    operation = await there.revoke("user = u1")
    tokens = await there.tokens()
    assert await there.counts(tokens)
    assert not metadata_of(await there.ask(longrunning.GetOperationRequest(name=operation.name))).HasField("end_time")
    assert count_of(await there.ended(operation)) == 6_000


async def test_they_end_while_the_issuer_is_disabled_and_not_once_it_is_deleted(there: There) -> None:
    await there.ask(DisableIssuerRequest(name=A))
    assert await there.revoked(force=True) == 1
    await there.add_many(3_000)
    operation = await there.revoke("user = u1")
    await there.ask(DeleteIssuerRequest(name=A))
    done = await there.ended(operation)
    assert (done.error.code, done.HasField("response")) == (grpc.StatusCode.FAILED_PRECONDITION.value[0], False)
    await refused(there.revoke(force=True), grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE")
    nobody = RevokeGrantsRequest(parent="issuers/nobody", force=True)
    await refused(there.ask(nobody), GONE, "ISSUER_NOT_FOUND")
