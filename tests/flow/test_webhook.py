"""Sign-ins are told to the issuer's webhook: over TLS, to whoever has the secret, and in nobody's way."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from server.outbound import courier
from server.outbound.fetcher import Fetcher
from tenants import listings
from tenants.acts.deliver import PAUSES
from tenants.acts.webhook import WebhookChange, change_webhook, get_webhook
from tenants.records import Webhook
from tests.flow.test_fetcher import ABROAD, Resolver
from tests.flow.town import Town, settle
from tests.support.abroad import Border, Server, answering, certified, hears_nothing, serving
from tests.support.browser import Browser
from tests.support.clients import AZ, authorize, changed
from tests.support.house import FakeClock, running_house
from tests.support.receiver import Message, Receiver, errands_done, receiving

SOON = 0.3
"""Seconds: how long a call may take where it is to fail for that."""
OTHER = "93.184.215.15"
TRUSTING, TLS = certified("hooks.test", "other.test")
SIGN_IN = changed(AZ, prompt="login")


@pytest.fixture
def border(monkeypatch: pytest.MonkeyPatch) -> Border:
    return Border(monkeypatch)


@dataclass
class Place:
    """Issuers A and B in a house whose webhooks are called as in production, and the receiver of A's."""

    town: Town
    secret: str

    async def sign_in(self, user: int = 0, host: str = "a.test") -> Browser:
        browser = Browser(self.town.house, user, host)
        await browser.code(SIGN_IN)
        return browser

    async def set(self, uri: str, host: str = "a") -> str:
        change = WebhookChange(uri=uri, etag="")
        return (await self.town.house.registry.tenant(host).perform(change_webhook, change)).secret

    async def webhook(self) -> Webhook:
        found = (await self.town.house.registry.tenant("a").perform(get_webhook, None)).webhook
        assert found is not None
        return found

    async def waiting(self) -> int:
        return (await self.town.house.registry.tenant("a").perform(get_webhook, None)).waiting

    async def forward(self, seconds: int) -> None:
        """Time passes, and the alarms that come with it ring."""
        await errands_done()
        self.town.clock.now += seconds
        while await self.town.house.registry.ring():
            pass
        await errands_done()

    async def alarm(self) -> int:
        """When A is to be woken, as it is written in the list."""
        return (await self.town.house.registry.perform(listings.get, "a")).alarm_at


@asynccontextmanager
async def place(
    path: Path, border: Border, *servers: Server, names: dict[str, Sequence[Sequence[str]]] | None = None
) -> AsyncGenerator[Place]:
    """The first server is at hooks.test, where A's webhook is; the second at other.test."""
    for address, server in zip((ABROAD, OTHER), servers, strict=False):
        border.leads(address, 443, server.port)
    found = names or {"hooks_test": [[ABROAD]], "other_test": [[OTHER]]}
    post = partial(Fetcher, loopback=False, resolve=Resolver(**found), tls=TRUSTING)
    async with running_house(path, clock=FakeClock(int(time.time())), post=post) as house:
        here = Place(await settle(house), "")
        here.secret = await here.set("https://hooks.test/hook?k=v")
        yield here


# --- a message


async def test_a_sign_in_is_told_to_who_can_check_that_it_is_true(tmp_path: Path, border: Border) -> None:
    async with receiving(tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        browser = await here.sign_in(1)
        [message] = await receiver.has(1)
        [told] = receiver.told(here.secret)
        assert told["type"] == "user.authenticated"
        data = told["data"]
        assert (data["issuer"], data["provider"], data["first_sign_in"]) == ("https://a.test", "dev", True)
        assert data["user"]["email"] == "v@example.com"
        assert message.target == "/hook?k=v"
        assert message.headers.keys() == {
            *("host", "content-type", "content-length", "user-agent", "accept-encoding", "connection"),
            *("webhook-id", "webhook-timestamp", "webhook-signature"),
        }
        for secret in (here.secret, browser.user.password, *browser.cookies.values()):
            assert secret.encode() not in message.raw
        await errands_done()
        assert await here.waiting() == 0
        await here.sign_in(1)
        await receiver.has(2)
        assert receiver.told(here.secret)[1]["data"]["first_sign_in"] is False


async def test_whoever_goes_on_with_a_session_does_not_sign_in(tmp_path: Path, border: Border) -> None:
    async with receiving(tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        browser = await here.sign_in()
        await browser.code()
        await here.forward(0)
        assert len(receiver.messages) == 1


async def test_a_sign_in_that_fails_is_not_told(tmp_path: Path, border: Border) -> None:
    async with receiving(tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        browser = Browser(here.town.house)
        page = await browser.get(authorize(SIGN_IN))
        answer = await browser.submit(page, email=browser.user.email, password="wrong")
        assert answer.status_code == 401
        await here.forward(0)
        assert receiver.messages == []


# --- what counts as received


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", id="200"),
        pytest.param(b"HTTP/1.1 202 Accepted\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 100_000, id="large"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno", id="compressed"),
        pytest.param(b"HTTP/1.1 299 Odd\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", id="endless"),
    ],
)
async def test_any_2xx_says_that_it_is_received_and_nothing_else_is_read(
    tmp_path: Path, border: Border, answer: bytes
) -> None:
    async with receiving(answer, tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        await here.sign_in()
        await receiver.has(1)
        await errands_done()
        assert (await here.waiting(), (await here.webhook()).last_failure) == (0, "")


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        pytest.param(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "it answered with status 500", id="500"),
        pytest.param(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "it answered with status 404", id="404"),
        pytest.param(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "it answered with status 401", id="401"),
        pytest.param(b"HTTP/1.1 304 No\r\n\r\n", "it answered with status 304", id="304"),
        pytest.param(b"nonsense\r\n\r\n", "hooks.test: the answer breaks off, or is no HTTP/1.1", id="nonsense"),
        pytest.param(b"", "hooks.test: the answer breaks off, or is no HTTP/1.1", id="nothing"),
    ],
)
async def test_what_is_not_received_is_sent_again(tmp_path: Path, border: Border, answer: bytes, because: str) -> None:
    async with receiving(answer, tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        await here.sign_in()
        await receiver.has(1)
        await errands_done()
        assert ((await here.webhook()).last_failure, await here.waiting()) == (because, 1)
        await here.forward(PAUSES[0] - 1)
        assert len(receiver.messages) == 1
        await here.forward(1)
        first, again = await receiver.has(2)
        assert (first.id, first.body) == (again.id, again.body)
        assert int(again.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == PAUSES[0]
        assert len(receiver.told(here.secret)) == 2
        assert ((await here.webhook()).last_failure, await here.waiting()) == ("", 0)


async def test_a_redirect_is_not_followed(tmp_path: Path, border: Border) -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: https://other.test/hook\r\nContent-Length: 0\r\n\r\n"
    async with (
        receiving(moved, tls=TLS) as receiver,
        receiving(tls=TLS) as other,
        place(tmp_path, border, receiver.server, other.server) as here,
    ):
        await here.sign_in()
        await receiver.has(1)
        await errands_done()
        assert (await here.webhook()).last_failure == "it answered with status 307"
        assert other.server.connections == 0


async def test_who_takes_too_long_has_not_received_it(
    tmp_path: Path, border: Border, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "CALL_SECONDS", SOON)
    async with serving(hears_nothing, tls=TLS) as server, place(tmp_path, border, server) as here:
        await here.sign_in()
        await server.reached(lambda server: server.connections == 1)
        await errands_done()
        assert (await here.webhook()).last_failure == f"hooks.test: no whole answer within {SOON} s"
        await here.forward(PAUSES[0])
        assert server.connections == 2


@pytest.mark.parametrize(
    ("line", "waits"), [("120", 120), ("99999999999", PAUSES[-1]), ("soon", PAUSES[0]), ("-1", PAUSES[0]), ("DATE", 90)]
)
async def test_who_asks_for_a_later_time_gets_it(tmp_path: Path, border: Border, line: str, waits: int) -> None:
    async with receiving(tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(here.town.clock.now + 90))
        busy = f"HTTP/1.1 503 Busy\r\nRetry-After: {line.replace('DATE', date)}\r\nContent-Length: 0\r\n\r\n"
        receiver.answers.append(busy.encode("ascii"))
        await here.sign_in()
        await receiver.has(1)
        await errands_done()
        assert (await here.webhook()).retry_at - here.town.clock.now == waits


async def test_who_says_that_they_are_gone_is_asked_again_tomorrow(tmp_path: Path, border: Border) -> None:
    gone = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
    async with receiving(gone, tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        await here.sign_in()
        await receiver.has(1)
        await errands_done()
        assert (await here.webhook()).retry_at - here.town.clock.now == PAUSES[-1]


# --- order, and nobody's way


async def test_messages_arrive_one_after_another_in_the_order_of_the_sign_ins(tmp_path: Path, border: Border) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    async with receiving(busy, busy, tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        for number in range(6):
            await here.sign_in(number % 2)
        await here.forward(PAUSES[0])
        await here.forward(PAUSES[1])
        await receiver.has(2 + 6)
        emails = [told["data"]["user"]["email"] for told in receiver.told(here.secret)]
        assert emails == ["u@example.com"] * 2 + ["u@example.com", "v@example.com"] * 3
        assert receiver.server.most == 1


async def test_a_receiver_that_answers_nothing_holds_up_no_sign_in_and_no_other_issuer(
    tmp_path: Path, border: Border
) -> None:
    async with (
        serving(hears_nothing, tls=TLS) as dead,
        receiving(tls=TLS) as other,
        place(tmp_path, border, dead, other.server) as here,
    ):
        secret = await here.set("https://other.test/", "b")
        await here.sign_in()
        await dead.reached(lambda server: server.open == 1)
        for user in (0, 1):
            await here.sign_in(user)
        for user in (0, 1):
            await here.sign_in(user, "b.test")
        await other.has(2)
        assert [told["data"]["issuer"] for told in other.told(secret)] == ["https://b.test"] * 2
        assert (dead.open, dead.connections) == (1, 1)  # all of it while the first call waits for its answer
        assert await here.waiting() == 3


async def test_messages_of_sign_ins_at_once_all_arrive_once(tmp_path: Path, border: Border) -> None:
    async with receiving(tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        await asyncio.gather(*(here.sign_in(number % 2) for number in range(20)))
        messages = await receiver.has(20)
        assert len({message.id for message in messages}) == 20
        assert len(receiver.told(here.secret)) == 20


# --- whom it calls


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"])
async def test_a_name_that_leads_inside_is_not_called(tmp_path: Path, border: Border, address: str) -> None:
    async with answering(everywhere=True) as inside:
        border.leads(address, 443, inside.port)
        async with place(tmp_path, border, names={"hooks_test": [[ABROAD, address]]}) as here:
            await here.sign_in()
            await errands_done()
            assert (await here.webhook()).last_failure.startswith("hooks.test: not a public address")
            assert await here.waiting() == 1
            await here.forward(PAUSES[0])
            assert (await here.webhook()).failures == 2
        assert inside.connections == 0
        assert {port for _, port in border.dialled} == {here.town.house.port}


async def test_only_who_has_the_certificate_of_the_name_is_told(tmp_path: Path, border: Border) -> None:
    _, elsewhere = certified("hooks.test")
    async with receiving(tls=elsewhere) as receiver, place(tmp_path, border, receiver.server) as here:
        await here.sign_in()
        await errands_done()
        assert (ABROAD, 443) in border.dialled
        assert "certificate is refused" in (await here.webhook()).last_failure
        assert receiver.messages == []


# --- what changes meanwhile


FAILING = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


async def failed_once(here: Place, receiver: Receiver) -> Message:
    receiver.answers.append(FAILING)
    await here.sign_in()
    await errands_done()
    assert await here.waiting() == 1
    return receiver.messages[-1]


async def test_what_waits_goes_to_a_new_address_at_once(tmp_path: Path, border: Border) -> None:
    async with (
        receiving(tls=TLS) as receiver,
        receiving(tls=TLS) as other,
        place(tmp_path, border, receiver.server, other.server) as here,
    ):
        before = await failed_once(here, receiver)
        assert await here.set("https://other.test/hook") == ""
        [after] = await other.has(1)
        assert after.id == before.id
        assert len(other.told(here.secret)) == 1
        assert len(receiver.messages) == 1


async def test_what_waits_is_dropped_with_the_webhook(tmp_path: Path, border: Border) -> None:
    async with receiving(tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        await failed_once(here, receiver)
        await here.set("")
        secret = await here.set("https://hooks.test/hook")
        await here.forward(PAUSES[0])
        assert (len(receiver.messages), await here.waiting()) == (1, 0)
        await here.sign_in()
        await receiver.has(2)
        receiver.messages.pop(0)
        assert len(receiver.told(secret)) == 1


async def test_a_disabled_issuer_still_tells_what_has_happened_and_a_deleted_one_does_not(
    tmp_path: Path, border: Border
) -> None:
    async with receiving(tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        registry = here.town.house.registry
        await failed_once(here, receiver)
        await registry.delete("a")
        await here.forward(PAUSES[0])
        assert len(receiver.messages) == 1
        await registry.undelete("a")
        await registry.disable("a")
        await here.forward(60)
        await receiver.has(2)
        assert await here.waiting() == 0


# --- nothing is lost


async def test_what_is_left_to_be_told_is_in_the_list_of_alarms_before_the_sign_in_is_answered(
    tmp_path: Path, border: Border
) -> None:
    async with serving(hears_nothing, tls=TLS) as dead, place(tmp_path, border, dead) as here:
        assert await here.alarm() > here.town.clock.now
        await here.sign_in()
        assert await here.alarm() <= here.town.clock.now


async def test_what_waits_when_the_house_is_closed_is_sent_after_the_next_start(tmp_path: Path, border: Border) -> None:
    async with receiving(tls=TLS) as receiver, place(tmp_path, border, receiver.server) as here:
        before = await failed_once(here, receiver)
        await here.town.house.restart()
        await here.forward(PAUSES[0])
        assert [message.id for message in await receiver.has(2)] == [before.id] * 2


async def test_what_is_cut_off_in_the_middle_of_a_call_is_sent_after_the_next_start(
    tmp_path: Path, border: Border
) -> None:
    async with (
        serving(hears_nothing, tls=TLS) as dead,
        receiving(tls=TLS) as receiver,
        place(tmp_path, border, dead) as here,
    ):
        await here.sign_in()
        await dead.reached(lambda server: server.open == 1)
        await here.town.house.restart()
        border.leads(ABROAD, 443, receiver.server.port)
        await here.forward(0)
        await receiver.has(1)
        assert len(receiver.told(here.secret)) == 1
        assert dead.connections == 1
