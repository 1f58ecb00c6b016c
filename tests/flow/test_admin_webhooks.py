"""WebhookService over gRPC: where an issuer's messages go, the secret that is told once, and a call to try it out."""

import json
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from protos.admin.v1 import webhook_service_pb2 as pb
from protos.admin.v1.issuer_service_pb2 import DeleteIssuerRequest, DisableIssuerRequest
from protos.admin.v1.webhook_service_pb2 import (
    GetWebhookRequest,
    RotateWebhookSecretRequest,
    UpdateWebhookRequest,
    Webhook,
)
from server.outbound import courier
from server.outbound.fetcher import Fetcher
from tenants.acts.deliver import PAUSES
from tenants.acts.who import start_session
from tests.flow.test_fetcher import ABROAD, Resolver
from tests.support.abroad import Border, certified, hears_nothing, serving
from tests.support.admin import Desk, admin_desk, files, refused
from tests.support.house import EPOCH
from tests.support.receiver import errands_done, receiving
from tests.support.tenant import ALICE

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, GONE = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
HOOK = "https://hooks.test/hook"
TRUSTING, TLS = certified("hooks.test")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Desk]:
    post = partial(Fetcher, loopback=False, resolve=Resolver(hooks_test=[[ABROAD]]), tls=TRUSTING)
    async with admin_desk(tmp_path_factory.mktemp("house"), post=post) as desk:
        for issuer_id in ("a", "b", "called"):
            await desk.issuer(issuer_id, f"https://{issuer_id}.test")
        await desk.issuer("dev", "http://dev.localhost:8080")
        yield desk


@pytest_asyncio.fixture(loop_scope="module")
async def none_yet(desk: Desk) -> None:
    """Issuer A has no webhook."""
    await desk.ask(update("", "uri"))


@pytest.fixture
def border(monkeypatch: pytest.MonkeyPatch) -> Border:
    return Border(monkeypatch)


def name(issuer: str = "a") -> str:
    return f"issuers/{issuer}/webhook"


def update(uri: str, *mask: str, issuer: str = "a", validate_only: bool = False, **more: Any) -> UpdateWebhookRequest:
    given = Webhook(name=name(issuer), uri=uri, **more)
    paths = FieldMask(paths=mask) if mask else None
    return UpdateWebhookRequest(webhook=given, update_mask=paths, validate_only=validate_only)


async def get(desk: Desk, issuer: str = "a") -> Webhook:
    return await desk.ask(GetWebhookRequest(name=name(issuer)))


@pytest.mark.usefixtures("none_yet")
async def test_it_is_always_there_and_may_have_no_address(desk: Desk) -> None:
    none = await get(desk)
    assert none == Webhook(name=name(), etag=none.etag)
    assert none.etag
    made = await desk.ask(update(HOOK))
    assert made.secret.startswith("whsec_")
    moment = Timestamp(seconds=EPOCH)
    rest = {"create_time": moment, "update_time": moment, "etag": made.etag}
    assert made == Webhook(name=name(), uri=HOOK, secret=made.secret, **rest)
    assert await get(desk) == Webhook(name=name(), uri=HOOK, **rest)
    assert await get(desk, "b") == Webhook(name=name("b"), etag=none.etag)
    assert await desk.ask(update("", "uri")) == none == await get(desk)


@pytest.mark.usefixtures("none_yet")
async def test_the_secret_is_in_one_answer_and_nowhere_else(desk: Desk) -> None:
    made = await desk.ask(update(HOOK))
    others = [await desk.ask(request) for request in (update(HOOK), update(f"{HOOK}2"), GetWebhookRequest(name=name()))]
    rotated = await desk.ask(RotateWebhookSecretRequest(name=name()))
    assert [other.secret for other in others] == [""] * 3
    assert rotated.secret not in ("", made.secret)
    kept = b"".join(path.read_bytes() for path in files(desk.house.data_dir)) + desk.logged().encode("utf-8")
    for secret in (made.secret, rotated.secret):
        assert secret.removeprefix("whsec_").encode("ascii") not in kept


@pytest.mark.usefixtures("none_yet")
async def test_ga_11_only_what_is_named_or_set_is_changed(desk: Desk) -> None:
    made = await desk.ask(update(HOOK, "*"))
    made.ClearField("secret")
    for request in (update(""), update("", etag=made.etag)):
        assert await desk.ask(request) == made
    desk.house.clock.now += 5
    moved = await desk.ask(update("https://hooks.test/other"))
    assert (moved.uri, moved.create_time) == ("https://hooks.test/other", made.create_time)
    assert moved.update_time.seconds == made.update_time.seconds + 5
    assert moved.etag != made.etag
    assert (await desk.ask(update("", "*"))).uri == ""


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        *((["bogus"], "UPDATE_MASK_INVALID"), (["uri", "uri"], "UPDATE_MASK_INVALID")),
        *((["*", "uri"], "UPDATE_MASK_INVALID"), ([""], "UPDATE_MASK_INVALID"), (["uri.x"], "UPDATE_MASK_INVALID")),
        *((["secret"], "UPDATE_MASK_INVALID"), (["pending_count"], "UPDATE_MASK_INVALID")),
        *((["etag"], "UPDATE_MASK_INVALID"), (["name"], "FIELD_IMMUTABLE")),
    ],
    ids=str,
)
async def test_ga_11_a_mask_that_names_anything_else_is_refused(desk: Desk, mask: list[str], reason: str) -> None:
    before = await get(desk)
    await refused(desk.ask(update("https://hooks.test/masked", *mask)), INVALID, reason, "update_mask")
    assert await get(desk) == before


@pytest.mark.usefixtures("none_yet")
async def test_an_older_version_is_not_changed(desk: Desk) -> None:
    none = await get(desk)
    made = await desk.ask(update(HOOK, etag=none.etag))
    rotate = RotateWebhookSecretRequest(name=name(), etag=none.etag)
    for request in (update(f"{HOOK}2", etag=none.etag), update("", "uri", etag="x"), rotate):
        why = await refused(desk.ask(request), grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        assert why.metadata["current_etag"] == made.etag
    assert (await desk.ask(update("", "uri", etag=made.etag))).uri == ""


@pytest.mark.usefixtures("none_yet")
async def test_validating_only_changes_nothing(desk: Desk) -> None:
    would = await desk.ask(update(HOOK, validate_only=True))
    assert (would.uri, would.secret) == (HOOK, "")
    assert (await get(desk)).uri == ""
    wrong = update("http://hooks.test", validate_only=True)
    await refused(desk.ask(wrong), INVALID, "REQUEST_INVALID", "webhook.uri")


@pytest.mark.parametrize(
    "uri",
    [
        *("http://hooks.test", "https://a.test/hook", "https://localhost/x", "https://169.254.169.254/", "hooks.test"),
        *("https://u:p@hooks.test", "https://hooks.test/#x", "https://hooks", f"https://{'x' * 3_000}.test"),
    ],
)
@pytest.mark.usefixtures("none_yet")
async def test_ga_21_an_address_that_must_not_be_called_is_refused(desk: Desk, uri: str) -> None:
    await refused(desk.ask(update(uri)), INVALID, "REQUEST_INVALID", "webhook.uri")
    assert (await get(desk)).uri == ""


async def test_ga_21_an_issuer_in_development_may_use_loopback(desk: Desk) -> None:
    made = await desk.ask(update("http://127.0.0.1:9/hook", issuer="dev"))
    assert made.secret
    wrong = update("http://dev.localhost:8080/hook", issuer="dev")
    await refused(desk.ask(wrong), INVALID, "REQUEST_INVALID", "webhook.uri")


@pytest.mark.parametrize(
    "odd", ["", "a", "issuers/a", "issuers/a/webhooks", "issuers/a/webhook/x", "issuers/A/webhook"]
)
async def test_ga_05_a_name_that_is_none_is_refused(desk: Desk, odd: str) -> None:
    for request in (GetWebhookRequest(name=odd), RotateWebhookSecretRequest(name=odd), pb.TestWebhookRequest(name=odd)):
        await refused(desk.ask(request), INVALID, "REQUEST_INVALID", "name")
    change = UpdateWebhookRequest(webhook=Webhook(name=odd, uri=HOOK))
    await refused(desk.ask(change), INVALID, "REQUEST_INVALID", "webhook.name")


@pytest.mark.usefixtures("none_yet")
async def test_a_former_secret_counts_for_as_long_as_is_said(desk: Desk) -> None:
    await refused(desk.ask(RotateWebhookSecretRequest(name=name())), INVALID, "REQUEST_INVALID", "name")
    await desk.ask(update(HOOK))
    request = RotateWebhookSecretRequest(name=name(), overlap=Duration(seconds=3_600))
    rotated = await desk.ask(request)
    assert rotated.former_secret_expire_time.seconds == desk.house.clock.now + 3_600
    assert (await get(desk)).former_secret_expire_time == rotated.former_secret_expire_time
    assert not (await desk.ask(RotateWebhookSecretRequest(name=name()))).HasField("former_secret_expire_time")
    for overlap in (Duration(seconds=-1), Duration(nanos=1), Duration(seconds=31 * 86_400)):
        request = RotateWebhookSecretRequest(name=name(), overlap=overlap)
        await refused(desk.ask(request), INVALID, "REQUEST_INVALID", "overlap")


# --- trying it out


async def failing(desk: Desk) -> None:
    """A message of issuer B waits, since nobody answered."""
    await desk.ask(update("", "uri", issuer="b"))
    await desk.ask(update(HOOK, issuer="b"))
    await desk.house.registry.tenant("b").perform(lambda turn, _: start_session(turn, ALICE), None)
    await errands_done()


async def test_a_test_that_is_received_says_so_and_what_waits_goes_out(desk: Desk, border: Border) -> None:
    await failing(desk)
    found = await get(desk, "b")
    assert (found.pending_count, found.last_failure) == (1, "hooks.test: no connection")
    assert found.retry_time.seconds == desk.house.clock.now + PAUSES[0]
    async with receiving(tls=TLS) as receiver:
        border.leads(ABROAD, 443, receiver.server.port)
        receipt = await desk.ask(pb.TestWebhookRequest(name=name("b")))
        assert receipt == pb.TestWebhookResponse(status_code=204)
        sent = [json.loads(message.body)["type"] for message in await receiver.has(2)]
        assert sent == ["ping", "user.authenticated"]
    await errands_done()
    found = await get(desk, "b")
    assert (found.pending_count, found.last_failure, found.HasField("retry_time")) == (0, "", False)


async def test_a_test_that_is_not_received_says_why_and_changes_nothing(desk: Desk, border: Border) -> None:
    await failing(desk)
    before = await get(desk, "b")
    async with receiving(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", tls=TLS) as receiver:
        border.leads(ABROAD, 443, receiver.server.port)
        receipt = await desk.ask(pb.TestWebhookRequest(name=name("b")))
        assert receipt == pb.TestWebhookResponse(status_code=401, failure="it answered with status 401")
        await errands_done()
        assert len(receiver.messages) == 1
    assert await get(desk, "b") == before


async def test_a_test_takes_no_longer_than_a_message(
    desk: Desk, border: Border, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "CALL_SECONDS", 0.3)
    async with serving(hears_nothing, tls=TLS) as server:
        border.leads(ABROAD, 443, server.port)
        await desk.ask(update(HOOK, issuer="called"))
        receipt = await desk.ask(pb.TestWebhookRequest(name=name("called")))
    assert receipt == pb.TestWebhookResponse(failure="hooks.test: no whole answer within 0.3 s")


@pytest.mark.usefixtures("none_yet")
async def test_what_is_not_set_cannot_be_tried_out(desk: Desk) -> None:
    await refused(desk.ask(pb.TestWebhookRequest(name=name())), INVALID, "REQUEST_INVALID", "name")


# --- whose it is


async def test_an_issuer_that_is_not_there_has_none(desk: Desk) -> None:
    for request in (
        GetWebhookRequest(name=name("nobody")),
        pb.TestWebhookRequest(name=name("nobody")),
        update(HOOK, issuer="nobody"),
    ):
        await refused(desk.ask(request), GONE, "ISSUER_NOT_FOUND")


async def test_it_can_be_set_while_the_issuer_is_disabled_and_not_once_it_is_deleted(desk: Desk) -> None:
    await desk.issuer("late", "https://late.test")
    await desk.ask(DisableIssuerRequest(name="issuers/late"))
    assert (await desk.ask(update(HOOK, issuer="late"))).secret
    await desk.ask(DeleteIssuerRequest(name="issuers/late"))
    for request in (GetWebhookRequest(name=name("late")), pb.TestWebhookRequest(name=name("late"))):
        await refused(desk.ask(request), grpc.StatusCode.FAILED_PRECONDITION, "ISSUER_STATE")
